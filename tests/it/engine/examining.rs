//! `recado doctor`, line by line: what each word of a provider makes it say, with what to do.

use std::time::Duration;

use recado::clock::Clock;
use recado::engine::doctor::{self, AccountReport, Verdict};
use recado::engine::tier;
use recado::locale::Language;
use serde_json::{Value, json};
use wiremock::matchers::{method, path_regex};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::stage::Stage;
use crate::support::stores;

/// What the provider says in one case; what it leaves out is as it should be.
#[derive(Clone)]
struct Says {
    node: Value,
    templates: Value,
    apps: Value,
    headers: Vec<(&'static str, String)>,
    status: u16,
    /// What it answers in place of its list of templates.
    unlisted: Option<(u16, Value)>,
    /// More of the account's and the sender's configuration.
    account: &'static str,
    sender: &'static str,
    more: &'static str,
}

impl Default for Says {
    fn default() -> Self {
        let node = json!({"display_phone_number": "+54 9 11 5555-0199", "status": "CONNECTED", "quality_rating": "GREEN",
            "throughput": {"level": "STANDARD"}});
        Self {
            node,
            templates: json!([template("a", "APPROVED")]),
            apps: json!([{"whatsapp_business_api_data": {"id": "7"}}]),
            headers: Vec::new(),
            status: 200,
            unlisted: None,
            account: "",
            sender: "",
            more: "",
        }
    }
}

fn template(name: &str, status: &str) -> Value {
    json!({"id": name, "name": name, "language": "es_AR", "status": status, "category": "UTILITY",
        "components": [{"type": "BODY", "text": "Hola"}]})
}

async fn provider(says: &Says) -> MockServer {
    let server = MockServer::start().await;
    for (path, body) in [
        ("/777/message_templates$", json!({"data": says.templates})),
        ("/777/subscribed_apps$", json!({"data": says.apps})),
        ("/888$", says.node.clone()),
        ("^/$", json!({})),
    ] {
        let other = says.unlisted.clone().filter(|_| path.contains("templates"));
        let (status, body) = other.unwrap_or((says.status, body));
        let mut answer = ResponseTemplate::new(status).set_body_json(body);
        for (name, value) in &says.headers {
            answer = answer.insert_header(*name, value.as_str());
        }
        Mock::given(method("GET")).and(path_regex(path)).respond_with(answer).mount(&server).await;
    }
    server
}

async fn report(says: &Says) -> AccountReport {
    let server = provider(says).await;
    let store = stores().await.swap_remove(0);
    let sender = if says.sender == "none" {
        String::new()
    } else {
        format!(
            "[sender.other]\naccount = \"other\"\nphone_number_id = \"888\"\nnumber = \"+5491155550199\"\n{}",
            says.sender
        )
    };
    let more = format!(
        "[account.other]\nprovider = \"cloud_api\"\nbase_url = \"{}\"\nwaba_id = \"777\"\ncurrency = \"USD\"\n\
         timezone = \"UTC\"\naccess_token = \"t\"\napp_secret = \"s\"\nverify_token = \"v\"\n{}\n{sender}\n{}",
        server.uri(),
        says.account,
        says.more
    );
    let stage = Stage::with(&store, store.dir.path(), &more).await;
    tier::begin(&stage.engine).await.unwrap();
    doctor::examine(&stage.engine, Some("other")).await.unwrap().swap_remove(0)
}

/// Every finding but those of the webhook, which lies elsewhere, as its code and verdict.
fn codes(report: &AccountReport) -> Vec<(String, Verdict)> {
    let senders = report.senders.iter().flat_map(|sender| &sender.findings);
    let all = report.findings.iter().chain(senders).filter(|f| f.aspect != "webhook");
    for finding in all.clone() {
        for language in Language::ALL {
            let told = finding.told(language);
            assert!(!told.message.contains('{') && !told.message.contains("doctor."), "{told:?}");
            assert_eq!(told.advice.is_some(), finding.verdict >= Verdict::Poor, "{told:?}");
        }
    }
    all.map(|f| (f.code.clone(), f.verdict)).collect()
}

async fn has(says: Says, expected: &[(&str, Verdict)]) {
    let report = report(&says).await;
    let found = codes(&report);
    for (code, verdict) in expected {
        assert!(found.contains(&((*code).to_owned(), *verdict)), "{code} {verdict:?} is not in {found:?}");
    }
}

#[tokio::test]
async fn a_number_that_is_as_it_should_be_is_good_in_every_line() {
    let found = codes(&report(&Says { more: "[portfolio.other]\ntier = \"2K\"\n", ..Says::default() }).await);
    let expected = [
        "credentials_good",
        "clock_good",
        "currency_good",
        "subscription_active",
        "templates_sendable",
        "number_good",
        "standing_good",
        "quality_green",
        "throughput_good",
        "tier_good",
    ];
    let told: Vec<&str> = found.iter().map(|(code, _)| code.as_str()).filter(|code| *code != "usage_good").collect();
    assert_eq!(told, expected);
    assert!(found.iter().all(|(_, verdict)| *verdict == Verdict::Good), "{found:?}");
}

#[tokio::test]
async fn each_word_on_a_number_has_its_line() {
    use Verdict::{Bad, Good, Poor, Unknown};
    let node = |more: Value| {
        let mut node = json!({"display_phone_number": "+54 9 11 5555-0199", "status": "CONNECTED"});
        node.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        Says { node, ..Says::default() }
    };
    has(
        node(json!({"display_phone_number": "+54 9 11 5555-0777", "status": "FLAGGED", "quality_rating": "YELLOW"})),
        &[("number_other", Bad), ("standing_bad", Bad), ("quality_yellow", Poor), ("throughput_unknown", Unknown)],
    )
    .await;
    has(node(json!({"status": "BANNED", "quality_rating": "RED"})), &[("standing_bad", Bad), ("quality_red", Bad)])
        .await;
    has(
        node(json!({"display_phone_number": "", "status": "", "quality_rating": "NA"})),
        &[("number_unknown", Unknown), ("standing_unknown", Unknown), ("quality_unknown", Unknown)],
    )
    .await;
    let coexisting = node(json!({"is_on_biz_app": true, "throughput": {"level": "STANDARD"}}));
    has(Says { sender: "throughput = 80\n", ..coexisting }, &[("throughput_above", Poor)]).await;
    let limit = |more| Says { more, ..Says::default() };
    has(limit("[portfolio.other]\ntier = \"250\"\nused_at_start = 240\n"), &[("tier_full", Poor)]).await;
    has(limit("[portfolio.other]\ntier = \"unlimited\"\n"), &[("tier_unlimited", Good)]).await;
}

#[tokio::test]
async fn each_trouble_of_an_account_has_its_line() {
    use Verdict::{Bad, Good, Poor, Unknown};
    has(Says { sender: "none", ..Says::default() }, &[("credentials_no_sender", Poor)]).await;
    has(Says { node: json!([1]), ..Says::default() }, &[("credentials_unread", Bad)]).await;
    let refused = json!({"error": {"message": "expired", "type": "OAuthException", "code": 190, "fbtrace_id": "t"}});
    has(Says { node: refused, ..Says::default() }, &[("credentials_refused", Bad)]).await;
    has(
        Says { status: 500, ..Says::default() },
        &[("credentials_unread", Bad), ("templates_unread", Poor), ("subscription_unread", Unknown)],
    )
    .await;
    let unlisted = |status, body| Says { unlisted: Some((status, body)), ..Says::default() };
    let denied = json!({"error": {"message": "no", "type": "OAuthException", "code": 200, "fbtrace_id": "t"}});
    has(unlisted(403, denied), &[("credentials_good", Good), ("templates_refused", Poor)]).await;
    has(unlisted(200, json!([1])), &[("credentials_good", Good), ("templates_garbled", Poor)]).await;
    let apps = |apps| Says { apps, ..Says::default() };
    has(apps(json!([])), &[("subscription_missing", Bad)]).await;
    let elsewhere = json!([{"whatsapp_business_api_data": {"id": "7"}, "override_callback_uri": "https://x.example/"}]);
    has(apps(elsewhere), &[("subscription_inactive", Bad)]).await;
    let used = |percent: u32| Says {
        headers: vec![("X-App-Usage", json!({"call_count": percent}).to_string())],
        ..Says::default()
    };
    has(used(28), &[("usage_good", Good)]).await;
    has(used(81), &[("usage_high", Poor)]).await;
    let over = json!({"777": [{"type": "whatsapp_business_management", "call_count": 100, "estimated_time_to_regain_access": 9}]});
    let over = vec![("X-Business-Use-Case-Usage", over.to_string())];
    has(Says { headers: over, ..Says::default() }, &[("usage_over", Poor)]).await;
}

#[tokio::test]
async fn templates_that_cannot_be_sent_are_named_each_with_what_to_do() {
    use Verdict::{Good, Poor};
    let list = |templates| Says { templates, ..Says::default() };
    has(list(json!([])), &[("templates_none", Poor)]).await;
    let all = ["PENDING", "REJECTED", "PAUSED", "DISABLED", "LIMIT_EXCEEDED"].map(|word| template(word, word));
    has(
        list(json!(all)),
        &[
            ("templates_unsendable", Poor),
            ("template_pending", Good),
            ("template_rejected", Poor),
            ("template_paused", Poor),
            ("template_disabled", Poor),
            ("template_other", Poor),
        ],
    )
    .await;
    let many: Vec<Value> = (0..23).map(|n| template(&format!("t{n}"), "PAUSED")).collect();
    has(list(json!(many)), &[("templates_more", Poor)]).await;
}

#[tokio::test]
async fn a_clock_that_is_off_is_told_by_how_much() {
    let dated = |off: i64| {
        let now = Clock::real().now().0 + off * 1_000;
        let at = jiff::Timestamp::from_millisecond(now).unwrap().to_zoned(jiff::tz::TimeZone::UTC);
        let date = at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        Says { headers: vec![("Date", date)], ..Says::default() }
    };
    let (minutes, seconds) = (Duration::from_mins(10).as_secs() as i64, 30);
    has(dated(minutes), &[("clock_behind", Verdict::Bad)]).await;
    has(dated(seconds), &[("clock_behind", Verdict::Poor)]).await;
    has(dated(-minutes), &[("clock_ahead", Verdict::Bad)]).await;
    has(dated(-seconds), &[("clock_ahead", Verdict::Poor)]).await;
}
