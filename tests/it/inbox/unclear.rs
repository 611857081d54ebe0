//! A reply that could be the answer to several messages counts for each of them until an agent has said which it is.

use axum::http::Method;
use recado::domain::id::{MessageId, RunId};
use recado::domain::role::Role;
use recado::store::run;
use recado::store::view::result;
use recado::store::view::tally;

use super::office::{ANA, Office, REPLIES};
use crate::support::stores;
use crate::web::site::Site;

/// Two children on one phone: two messages of one run.
async fn two_of_one_run(office: &Office) -> (RunId, MessageId, MessageId) {
    let run = office.run("es_AR", REPLIES).await;
    let (first, second) = (office.message(run, ANA).await, office.message(run, ANA).await);
    office.change("UPDATE message SET state = 'delivered', delivered_at = accepted_at").await;
    (run, first, second)
}

/// How many answers each message of a run may have, in the order of the messages.
async fn answered(office: &Office, of: RunId) -> Vec<i64> {
    let told = result::of_run(office.store(), (of, 0), MessageId(0), 100).await.unwrap();
    told.iter().map(|told| told.conversations).collect()
}

#[tokio::test]
async fn an_answer_that_several_messages_may_have_is_to_be_read_for_each_of_them() {
    for store in stores().await {
        let office = Office::new(&store);
        let (of, ..) = two_of_one_run(&office).await;
        assert_eq!(tally::answers(&store, of).await.unwrap().no_answer, 2, "{}", store.name());
        let before = result::pulse(&store, of).await.unwrap();
        office.writes(ANA, "Cancelar").await;
        let answers = tally::answers(&store, of).await.unwrap();
        assert_eq!((answers.to_be_read, answers.no_answer), (2, 0), "{}", store.name());
        assert_eq!(answered(&office, of).await, [1, 1], "the files say so of each");
        assert_ne!(result::pulse(&store, of).await.unwrap(), before, "the files are written anew");
        let known = office.conversations().await.remove(0);
        let campaign = run::get(&store, of).await.unwrap().unwrap().campaign_id;
        assert_eq!((known.campaign_id, known.run_id, known.origin_message_id), (Some(campaign), Some(of), None));
    }
}

#[tokio::test]
async fn once_an_agent_has_said_which_it_is_the_others_have_no_answer_again() {
    for store in stores().await {
        let office = Office::new(&store);
        let (of, first, _) = two_of_one_run(&office).await;
        office.writes(ANA, "Cancelar").await;
        let id = office.conversations().await[0].id;
        let site = Site::over(&office.engine);
        let token = site.token(Role::Agent).await;
        let body = format!("{{\"message\":{first}}}");
        site.call(Method::POST, &format!("/api/v1/conversations/{id}/about"), &token, &body, None).await;
        assert_eq!(answered(&office, of).await, [1, 0], "{}", store.name());
        let answers = tally::answers(&store, of).await.unwrap();
        assert_eq!((answers.to_be_read, answers.no_answer), (1, 1), "{}", store.name());
    }
}

#[tokio::test]
async fn an_answer_between_two_campaigns_waits_in_the_figures_of_both() {
    for store in stores().await {
        let office = Office::new(&store);
        let (one, other) = (office.run("es_AR", REPLIES).await, office.run("es_AR", REPLIES).await);
        office.message(one, ANA).await;
        office.message(other, ANA).await;
        office.writes(ANA, "mañana no puedo ir").await;
        for of in [one, other] {
            let answers = tally::answers(&store, of).await.unwrap();
            assert_eq!(answers.to_be_read, 1, "{}", store.name());
        }
        assert_eq!(office.conversations().await[0].campaign_id, None, "nobody knows which");
    }
}

/// Where the figure of that word leads, for whoever looks.
fn leads_to(page: &str, word: &str) -> Option<String> {
    let tile = page.split("class=\"tile\"").find(|tile| tile.contains(&format!("data-test=\"outcome-{word}\"")))?;
    let link = tile.split('>').next()?.split("href=\"").nth(1)?.split('"').next()?;
    Some(link.replace("&#38;", "&").replace("&amp;", "&"))
}

#[tokio::test]
async fn what_is_to_be_read_and_who_did_not_answer_lead_to_just_those_for_whoever_looks() {
    const BEA: &str = "5491155550124";
    const EVA: &str = "5491155550125";
    for store in stores().await {
        let office = Office::new(&store);
        let (of, ..) = two_of_one_run(&office).await;
        let other = office.run("es_AR", REPLIES).await;
        office.message(of, BEA).await;
        office.message(of, EVA).await;
        office.message(other, "5491155550126").await;
        office.change("UPDATE message SET state = 'delivered', delivered_at = accepted_at").await;
        for (who, text) in [(ANA, "Cancelar"), (BEA, "¿qué llevo?"), ("5491155550126", "¿y yo?")] {
            office.writes(who, text).await;
        }
        let answers = tally::answers(&store, of).await.unwrap();
        assert_eq!((answers.to_be_read, answers.no_answer), (3, 1), "{}", store.name());
        let site = Site::over(&office.engine);
        let shown = async |role: Role, word: &str, line: &str| {
            let visitor = site.visitor(role).await;
            let run = site.get(&format!("/runs/{of}"), Some(&visitor)).await.body;
            let link = leads_to(&run, word).unwrap_or_else(|| panic!("{role:?} {word}: {run}"));
            let page = site.get(&link, Some(&visitor)).await;
            assert_eq!(page.status, 200, "{role:?} {link}");
            page.body.matches(&format!("data-test=\"{line}\"")).count()
        };
        assert_eq!(shown(Role::Agent, "to_be_read", "conversation").await, 2, "{}", store.name());
        assert_eq!(shown(Role::Marketing, "to_be_read", "row").await, 3, "{}", store.name());
        for role in [Role::Agent, Role::Marketing, Role::Operator, Role::Admin] {
            assert_eq!(shown(role, "no_answer", "row").await, 1, "{} {role:?}", store.name());
        }
        let token = site.token(Role::Agent).await;
        for (path, n) in [
            (format!("/api/v1/runs/{of}/messages?outcome=no_answer"), 1),
            (format!("/api/v1/runs/{of}/messages?outcome=to_be_read"), 3),
            (format!("/api/v1/conversations?run={of}"), 2),
            (format!("/api/v1/conversations?run={other}"), 1),
        ] {
            let told = site.call(Method::GET, &path, &token, "", None).await.json();
            assert_eq!(told["items"].as_array().map(Vec::len), Some(n), "{} {path} {told}", store.name());
        }
        let finance = site.visitor(Role::Finance).await;
        let run = site.get(&format!("/runs/{of}"), Some(&finance)).await.body;
        assert_eq!((leads_to(&run, "to_be_read"), leads_to(&run, "no_answer")), (None, None), "{run}");
    }
}

#[tokio::test]
async fn who_was_answered_and_decided_nothing_is_told_alike_by_the_run_and_by_its_file() {
    const PHONES: [&str; 4] = [ANA, "5491155550124", "5491155550125", "5491155550126"];
    for store in stores().await {
        let office = Office::new(&store);
        let of = office.run("es_AR", REPLIES).await;
        for phone in PHONES {
            let id = office.message(of, phone).await;
            office.change(&format!("UPDATE message SET external_id = 'T-{phone}' WHERE id = {id}")).await;
        }
        office.change("UPDATE message SET state = 'delivered', delivered_at = accepted_at").await;
        office.writes(PHONES[0], "sí").await;
        office.writes(PHONES[1], "¿qué llevo?").await;
        office.writes(PHONES[2], "¿dónde es?").await;
        let before = result::pulse(&store, of).await.unwrap();
        let read = office.conversations().await[1].id;
        assert!(office.inbox.close(read, "ana", office.clock.now()).await.unwrap().is_done());
        assert_ne!(result::pulse(&store, of).await.unwrap(), before, "{}: the files are written anew", store.name());
        let answers = tally::answers(&store, of).await.unwrap();
        assert_eq!(answers.outcomes, [("confirmed".to_owned(), 1)], "{}", store.name());
        assert_eq!((answers.to_be_read, answers.answered, answers.no_answer), (1, 1, 1), "{}", store.name());
        let site = Site::over(&office.engine);
        let token = site.token(Role::Admin).await;
        for (word, phone) in [("to_be_read", PHONES[2]), ("answered", PHONES[1]), ("no_answer", PHONES[3])] {
            let path = format!("/api/v1/runs/{of}/messages?outcome={word}");
            let told = site.call(Method::GET, &path, &token, "", None).await.json();
            let items = told["items"].as_array().unwrap();
            assert_eq!((items.len(), told.to_string().contains(phone)), (1, true), "{} {word} {told}", store.name());
        }
        let told = result::of_run(&store, (of, 0), MessageId(0), 9).await.unwrap();
        let told: Vec<(i64, i64)> = told.iter().map(|told| (told.conversations, told.waiting)).collect();
        assert_eq!(told, [(1, 0), (1, 0), (1, 1), (0, 0)], "{}: the file says so too", store.name());
        let page = site.get(&format!("/runs/{of}"), Some(&site.visitor(Role::Agent).await)).await.body;
        assert_eq!(leads_to(&page, "answered").as_deref(), Some(format!("/runs/{of}/rows?outcome=answered").as_str()));
    }
}
