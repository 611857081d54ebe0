//! Doubts and retries through the API and the pages.

use recado::domain::id::{MessageId, RunId};
use recado::domain::message::MessageState;
use recado::domain::role::Role;
use recado::store::audit;
use reqwest::Method;
use serde_json::{Value, json};

use crate::cli::recado;
use crate::engine::stage::{CAMPAIGN, people};
use crate::engine::{change, force};
use crate::support::{TestStore, stores};
use crate::web::daemon::{Site, Told, told};

/// A run of `n` whose messages are all in doubt.
async fn doubtful(site: &Site, store: &TestStore, name: &str, n: usize) -> (RunId, Vec<i64>) {
    let run = site.stage.run(name, CAMPAIGN, &people(n)).await;
    let listed = site.get(Role::Operator, &format!("/api/v1/runs/{run}/messages")).await.body;
    let ids: Vec<i64> = listed["items"].as_array().unwrap().iter().map(|m| m["id"].as_i64().unwrap()).collect();
    for id in &ids {
        force(store, MessageId(*id), MessageState::InDoubt).await;
    }
    change(store, "UPDATE message SET claimed_at = created_at, attempt = 1 WHERE state = 'in_doubt'").await;
    (run, ids)
}

async fn last_deed(store: &TestStore) -> (String, String, String) {
    let line = audit::page(store, i64::MAX, "", "", 1).await.unwrap().remove(0);
    (line.action, line.subject, line.detail)
}

async fn page(site: &Site, role: Role, path: &str) -> Told {
    told(site.request(role, Method::GET, path)).await
}

async fn form(site: &Site, path: &str, fields: &[(&str, &str)]) -> Told {
    let mut body = url::form_urlencoded::Serializer::new(String::new());
    body.extend_pairs(fields);
    let request = site.request(Role::Operator, Method::POST, path);
    told(request.header("content-type", "application/x-www-form-urlencoded").body(body.finish())).await
}

#[tokio::test]
async fn doubts_tell_why_they_stand_and_are_settled_by_sender_or_all_after_their_figures() {
    for store in stores().await {
        let site = Site::open(&store, store.dir.path()).await;
        let (run, ids) = doubtful(&site, &store, "turnos", 3).await;
        let listed = site.get(Role::Operator, "/api/v1/doubt?sender=front&limit=2").await.body;
        let (first, why) = (&listed["items"][0], &listed["items"][0]["why"]);
        assert_eq!((&first["message"], &first["run"]), (&json!(ids[0]), &json!(run)), "{}", store.name());
        assert_eq!((&why["code"], why["until"].is_i64()), (&json!("wait"), true), "{listed}");
        assert!(why["message"].as_str().unwrap().starts_with("A receipt may still come; checking until "), "{why}");
        assert!(listed["next"].is_string());
        assert_eq!(site.get(Role::Operator, "/api/v1/doubt?sender=back").await.body["items"], json!([]));

        let check = json!({"sender": "front", "settlement": "send_again", "check": true});
        let would = site.post(Role::Operator, "/api/v1/doubt", &check).await.body;
        assert_eq!(would["settled"], 0);
        assert_eq!((&would["would"]["messages"], &would["would"]["people"]), (&json!(3), &json!(3)));
        let worst = &would["would"]["worst_extra_cost"][0];
        assert_eq!((&worst["currency"], &worst["amount"]), (&json!("USD"), &json!("0.1854")), "{would}");
        let one = json!({"messages": [ids[0]], "settlement": "sent"});
        assert_eq!(site.post_once(Role::Operator, "/api/v1/doubt", "k", &one).await.body, json!({"settled": 1}));
        assert_eq!(site.post_once(Role::Operator, "/api/v1/doubt", "k", &one).await.body, json!({"settled": 1}));
        let deed = ("doubt.sent".to_owned(), "1 messages".to_owned(), ids[0].to_string());
        assert_eq!(last_deed(&store).await, deed, "{}", store.name());
        let mut shown = would["shown"].clone();
        assert_eq!(shown["messages"], 3, "{would}");
        shown["messages"] = json!(1);
        let more = json!({"sender": "front", "settlement": "send_again", "shown": shown});
        let refused = site.post(Role::Operator, "/api/v1/doubt", &more).await;
        assert_eq!(refused.status, 409, "two were in doubt then: {:?}", refused.body);
        shown["as_of"] = json!(0);
        change(&store, "UPDATE message SET doubt_at = 5 WHERE state = 'in_doubt'").await;
        let before = json!({"all": true, "settlement": "send_again", "shown": shown});
        assert_eq!(site.post(Role::Operator, "/api/v1/doubt", &before).await.body, json!({"settled": 0}));
        let rest = json!({"all": true, "settlement": "send_again"});
        assert_eq!(site.post(Role::Operator, "/api/v1/doubt", &rest).await.body, json!({"settled": 2}));
        assert_eq!(site.stage.states(run).await, [("accepted", 1), ("queued", 2)].into());
        let both = json!({"all": true, "run": run, "settlement": "leave"});
        assert_eq!(site.post(Role::Operator, "/api/v1/doubt", &both).await.status, 422);
    }
}

#[tokio::test]
async fn a_page_settles_one_doubt_at_once_and_more_after_one_confirmation_with_the_figures() {
    for store in stores().await {
        let site = Site::open(&store, store.dir.path()).await;
        let (run, ids) = doubtful(&site, &store, "turnos", 3).await;
        let shown = page(&site, Role::Operator, &format!("/doubt?run={run}")).await;
        let text = shown.body.as_str().unwrap();
        assert_eq!(text.matches("data-test=\"doubt\"").count(), 3, "{text}");
        assert!(text.contains("A receipt may still come; checking until "), "{text}");
        let first = ids[0].to_string();
        let (run, all) = (run.to_string(), [("run", run.to_string()), ("all", "send_again".to_owned())]);
        let done = form(&site, "/doubt", &[("run", &run), ("how", "leave"), ("message", &first)]).await;
        assert!(done.body.as_str().unwrap().contains("Settled: one message."), "{:?}", done.body);
        let all: Vec<(&str, &str)> = all.iter().map(|(k, v)| (*k, v.as_str())).collect();
        let asked = form(&site, "/doubt", &all).await;
        let text = asked.body.as_str().unwrap();
        assert!(asked.status == 200 && text.contains("Send 2 messages again?"), "{text}");
        assert!(text.contains("2 people might get the message twice.") && text.contains("0.1236"), "{text}");
        assert_eq!(site.stage.states(RunId(run.parse().unwrap())).await["in_doubt"], 2, "nothing is done yet");
        let hidden = |name: &str| {
            let (_, rest) = text.split_once(&format!("name=\"{name}\" value=\"")).unwrap();
            rest.split_once('"').unwrap().0.to_owned()
        };
        let (as_of, shown) = (hidden("as_of"), hidden("shown"));
        let one_less = (shown.parse::<i64>().unwrap() - 1).to_string();
        let confirmed = |more: [(&'static str, String); 2]| {
            let own = all.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
            let more = more.into_iter().map(|(k, v)| (k.to_owned(), v));
            own.chain([("confirmed".to_owned(), "1".to_owned())]).chain(more).collect::<Vec<_>>()
        };
        let press = async |fields: Vec<(String, String)>| {
            let fields: Vec<(&str, &str)> = fields.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
            form(&site, "/doubt", &fields).await
        };
        // What the question did not show is asked for anew, and what came into doubt after it stays.
        let again = press(confirmed([("as_of", as_of.clone()), ("shown", one_less)])).await;
        assert!(again.body.as_str().unwrap().contains("Send 2 messages again?"), "{:?}", again.body);
        let later = as_of.parse::<i64>().unwrap() + 1;
        let forgotten = MessageId(ids[0]);
        force(&store, forgotten, MessageState::InDoubt).await;
        change(&store, &format!("UPDATE message SET doubt_at = {later} WHERE id = {forgotten}")).await;
        let done = press(confirmed([("as_of", as_of), ("shown", shown)])).await;
        assert!(done.body.as_str().unwrap().contains("Settled: 2 messages."), "{}", store.name());
        assert_eq!(site.stage.states(RunId(run.parse().unwrap())).await["queued"], 2);
        assert_eq!(form(&site, "/doubt", &[("how", "send_again")]).await.status, 400);
    }
}

/// A closed run with two failures that pass and one that does not, and one that came too late.
async fn failed(site: &Site, store: &TestStore) -> RunId {
    let run = site.stage.run("turnos", CAMPAIGN, &people(4)).await;
    for sql in [
        "UPDATE message SET state = 'failed', failure_code = 131000, attempt = 1, claimed_at = created_at, ended_at = created_at",
        "UPDATE message SET failure_code = 131026 WHERE id = (SELECT MAX(id) FROM message)",
        "UPDATE message SET state = 'expired', failure_code = NULL WHERE id = (SELECT MIN(id) FROM message)",
    ] {
        change(store, sql).await;
    }
    site.stage.janitor().await;
    run
}

#[tokio::test]
async fn failed_messages_are_tried_again_by_cause_once_per_key_and_it_is_written_down() {
    for store in stores().await {
        let site = Site::open(&store, store.dir.path()).await;
        let run = failed(&site, &store).await;
        let path = format!("/api/v1/runs/{run}/retry");
        let would = site.post(Role::Marketing, &path, &json!({"check": true})).await.body;
        assert_eq!((&would["retried"], &would["would"], &would["expired"]), (&json!(0), &json!(2), &json!(1)));
        assert_eq!((&would["cost"]["low"], &would["cost"]["high"]), (&json!("0.0442"), &json!("0.1236")), "{would}");
        let causes = would["causes"].as_array().unwrap();
        let told: Vec<_> = causes.iter().map(|c| (&c["code"], &c["n"], &c["help"], &c["chosen"])).collect();
        let (yes, no) = (json!(true), json!(false));
        let expected =
            [(&json!(131_000), &json!(2), &json!("likely"), &yes), (&json!(131_026), &json!(1), &json!("no"), &no)];
        assert_eq!(told, expected, "{}", store.name());
        assert_eq!(causes[0]["message"], "WhatsApp had a problem of its own", "a code is told by its class");

        let unknown = site.post(Role::Marketing, &path, &json!({"codes": [5]})).await;
        assert_eq!((unknown.status, &unknown.body["errors"][0]["field"]), (422, &json!("codes")));
        let done = site.post_once(Role::Marketing, &path, "k", &json!({})).await;
        assert_eq!(done.body["retried"], 2, "{:?}", done.body);
        assert_eq!(site.post_once(Role::Marketing, &path, "k", &json!({})).await.body, done.body);
        let (action, subject, detail) = last_deed(&store).await;
        assert_eq!((action.as_str(), subject), ("run.retry", format!("run {run}")));
        assert_eq!(detail, "2 messages; codes 131000; run started by ana", "{}", store.name());
        let told = site.get(Role::Marketing, &format!("/api/v1/runs/{run}")).await.body;
        assert_eq!((&told["state"], &told["states"]["queued"]), (&json!("running"), &json!(2)), "counts are fresh");
        let campaign = "/api/v1/campaigns/turnos/retry";
        let rest = site.post(Role::Marketing, campaign, &json!({"codes": [131_026]})).await.body;
        assert_eq!(rest["retried"], 1);
        site.post(Role::Marketing, &format!("/api/v1/runs/{run}/cancel"), &json!({})).await;
        assert_eq!(site.post(Role::Marketing, &path, &json!({})).await.status, 409);
    }
}

#[tokio::test]
async fn the_page_of_a_retry_counts_what_is_chosen_and_says_what_is_not_part_of_it() {
    for store in stores().await {
        let site = Site::open(&store, store.dir.path()).await;
        let run = failed(&site, &store).await;
        let shown = page(&site, Role::Finance, &format!("/runs/{run}")).await;
        assert!(shown.body.as_str().unwrap().contains("Retry failed (3)"), "{}", store.name());
        let path = format!("/runs/{run}/retry");
        let text = page(&site, Role::Operator, &path).await.body.as_str().unwrap().to_owned();
        assert!(text.contains("Retry failed (2), USD") && text.contains("One message is not part of this"), "{text}");
        assert!(text.contains("Not worth it"), "{text}");
        let chosen = page(&site, Role::Operator, &format!("{path}?chosen=1&code=131026&code=131000")).await;
        assert!(chosen.body.as_str().unwrap().contains("Retry failed (3), USD"));
        let none = page(&site, Role::Operator, &format!("{path}?chosen=1")).await;
        assert!(none.body.as_str().unwrap().contains("Nothing is chosen"));
        let finance = page(&site, Role::Finance, &path).await;
        assert!(finance.body.as_str().unwrap().contains("Your role may not do this"));
        let done = form(&site, &path, &[("code", "131000")]).await;
        assert!(done.body.as_str().unwrap().contains("2 messages are tried again."), "{:?}", done.body);
        assert_eq!(site.stage.states(run).await["queued"], 2, "{}", store.name());
        assert_eq!(form(&site, &path, &[]).await.status, 400);
    }
}

#[tokio::test]
async fn what_people_may_have_got_is_left_out_of_a_retry_and_told_with_its_count_until_it_is_named() {
    for store in stores().await {
        // Not tried again by itself: nobody knows whether WhatsApp took it.
        let site = Site::with(&store, store.dir.path(), "[errors.131016]\ntries = 0\n").await;
        let run = failed(&site, &store).await;
        change(&store, "UPDATE message SET failure_code = 131016 WHERE failure_code = 131026").await;
        let path = format!("/api/v1/runs/{run}/retry");
        let would = site.post(Role::Marketing, &path, &json!({"check": true})).await.body;
        let told = |body: &Value| ["would", "would_twice", "unsure"].map(|key| body[key].as_i64().unwrap());
        assert_eq!(told(&would), [2, 0, 1], "{would}");
        assert_eq!((&would["causes"][1]["help"], &would["causes"][1]["chosen"]), (&json!("unsure"), &json!(false)));
        let named = site.post(Role::Marketing, &path, &json!({"check": true, "codes": [131_016]})).await.body;
        assert_eq!(told(&named), [1, 1, 0], "{named}");

        let text = page(&site, Role::Operator, &format!("/runs/{run}/retry")).await.body.as_str().unwrap().to_owned();
        let says = |text: &str, mark: &str| text.contains(&format!("data-test=\"{mark}\""));
        assert!(says(&text, "unsure") && !says(&text, "twice"), "{text}");
        assert!(text.contains("Retry failed (2), USD") && text.contains("the person may have it"), "{text}");
        let ticked = page(&site, Role::Operator, &format!("/runs/{run}/retry?chosen=1&code=131016")).await;
        let text = ticked.body.as_str().unwrap();
        assert!(says(text, "twice") && !says(text, "unsure") && text.contains("gets it twice"), "{text}");

        let url = format!("http://{}", site.address);
        let run_no = run.to_string();
        let asked = recado(&url, Some(site.token(Role::Marketing)), &["retry", "--run", &run_no]).await;
        assert!(asked.out.contains("not part of it: 1 that people may have got; --code=131016"), "{}", asked.out);
        assert!(asked.err.contains("Messages to try again: 2,") && !asked.err.contains("twice"), "{}", asked.err);
        let named = ["retry", "--run", &run_no, "--code=131016"];
        let asked = recado(&url, Some(site.token(Role::Marketing)), &named).await;
        assert!(asked.err.contains("whether 1 of them have arrived: those may come twice"), "{}", asked.err);
        let done = site.post(Role::Marketing, &path, &json!({})).await.body;
        assert_eq!(done["retried"], 2, "{} {done}", store.name());
    }
}

#[tokio::test]
async fn what_the_rule_has_sent_again_is_counted_apart_on_page_api_and_results() {
    for store in stores().await {
        let site = Site::open(&store, store.dir.path()).await;
        let run = site.stage.run("turnos", CAMPAIGN, &people(2)).await;
        for sql in [
            "INSERT INTO attempt (message_id, no, state, claimed_at, ended_at, released_by)
                SELECT MIN(id), 1, 'in_doubt', 1, 2, 'rule' FROM message",
            "INSERT INTO attempt (message_id, no, state, claimed_at, ended_at, released_by)
                SELECT MAX(id), 1, 'in_doubt', 1, 2, 'person' FROM message",
        ] {
            change(&store, sql).await;
        }
        let told = site.get(Role::Operator, &format!("/api/v1/runs/{run}")).await.body;
        assert_eq!(told["resent_unsure"], 1, "{}", store.name());
        let shown = page(&site, Role::Operator, &format!("/runs/{run}")).await;
        assert!(shown.body.as_str().unwrap().contains("data-test=\"resent\">1<"), "{}", store.name());
        let file = page(&site, Role::Operator, &format!("/api/v1/runs/{run}/results.csv")).await;
        let lines: Vec<Vec<&str>> = file.body.as_str().unwrap().lines().map(|l| l.split(',').collect()).collect();
        let column = lines[0].iter().position(|name| *name == "resent_unsure").unwrap();
        assert_eq!((lines[1][column], lines[2][column]), ("1", "0"), "{}", store.name());
    }
}
