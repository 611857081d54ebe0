//! The life of a template over the API, with the sandbox as the provider: written, submitted, reviewed, edited, deleted.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use recado::billing::card::Cards;
use recado::clock::Clock;
use recado::config::Config;
use recado::domain::role::Role;
use recado::engine::receiver::Receiver;
use recado::engine::template::watch::TemplateWatch;
use recado::engine::{Engine, Parts};
use recado::provider::Provider;
use recado::store::{Store, setting, template};
use serde_json::{Value, json};
use tokio::sync::{Notify, broadcast};

use super::site::{Site, TUESDAY};
use crate::support::sandbox::{TestSandbox, sandbox_config, start_sandbox};
use crate::support::stores;

mod examples;

const CONFIG: &str = r#"
[server]
listen     = "127.0.0.1:0"
public_url = "http://recado.test"
data_dir   = "."
[store]
url = "sqlite:recado.db"
[vars]
clinic_phone = "+54 11 5555-0100"
[account.meta]
provider     = "cloud_api"
base_url     = "BASE"
waba_id      = "102290129340398"
app_id       = "9001"
currency     = "USD"
timezone     = "America/Argentina/Buenos_Aires"
access_token = "token"
app_secret   = "app-secret"
verify_token = "verify"
[sender.front]
account         = "meta"
phone_number_id = "106540352242922"
number          = "+5491155550100"
"#;

struct House {
    site: Site,
    sandbox: TestSandbox,
    engine: Engine,
    token: String,
}

impl House {
    async fn open(store: &Store, dir: &std::path::Path) -> Self {
        let clock = Clock::fixed(TUESDAY);
        let sandbox = start_sandbox(sandbox_config("http://127.0.0.1:1/"), clock.clone()).await;
        let config = CONFIG.replace("BASE", &sandbox.base_url());
        let config = Config::parse(&config, "recado.toml", dir, &BTreeMap::new()).unwrap();
        let providers = config.accounts.iter().map(|(n, a)| (n.clone(), Provider::connect(a).unwrap())).collect();
        let engine = Engine::new(Parts {
            store: store.clone(),
            instance: setting::instance(store).await.unwrap(),
            config: Arc::new(config),
            clock,
            providers,
            cards: Arc::new(Cards::of(&[]).unwrap()),
            node: "test".to_owned(),
            changes: broadcast::Sender::new(16),
            wake: Arc::new(Notify::new()),
            inbound: recado::engine::inbound::Inbound::default(),
            limits_changed: Arc::new(Notify::new()),
            counters: recado::engine::counters::Counters::default(),
            refusals: recado::engine::refusals::Refusals::default(),
            wallets: recado::engine::wallet::Wallets::default(),
        });
        let site = Site::over(&engine);
        let token = site.token(Role::Marketing).await;
        Self { site, sandbox, engine, token }
    }

    async fn call(&self, method: Method, path: &str, body: &Value) -> (StatusCode, Value) {
        let answer = self.site.call(method, path, &self.token, &body.to_string(), None).await;
        (answer.status, serde_json::from_str(&answer.body).unwrap_or(Value::Null))
    }

    async fn draft(&self, name: &str, body: &str) -> i64 {
        let draft = json!({"name": name, "language": "es_AR", "category": "utility", "body": body,
            "examples": {"1": "Ana"}, "buttons": [{"kind": "quick_reply", "text": "Gracias"}]});
        let sent = json!({"account": "meta", "draft": draft});
        let (status, kept) = self.call(Method::POST, "/api/v1/template-drafts", &sent).await;
        assert_eq!(status, StatusCode::CREATED, "{kept}");
        kept["id"].as_i64().unwrap()
    }

    async fn submit(&self, id: i64) -> (StatusCode, Value) {
        self.call(Method::POST, &format!("/api/v1/template-drafts/{id}/submit"), &json!({})).await
    }

    /// Lets hours pass at the provider, and reads what its webhooks told.
    async fn pass(&self, hours: u64) {
        for body in self.sandbox.pass(1, hours) {
            let body = body.to_string();
            self.engine.keep_webhook("meta", body.as_bytes(), self.engine.clock.now()).await.unwrap();
        }
        let receiver = Receiver::new(self.engine.clone(), Arc::new(Notify::new()));
        while receiver.step().await.unwrap() > 0 {}
    }

    async fn one(&self, name: &str) -> Value {
        self.call(Method::GET, &format!("/api/v1/templates/meta/{name}/es_AR"), &json!({})).await.1
    }
}

#[tokio::test]
async fn a_template_is_written_submitted_approved_edited_and_deleted() {
    for store in stores().await {
        let house = House::open(&store, store.dir.path()).await;
        let id = house.draft("results_ready", "Hola {{1}}, sus resultados están listos.").await;
        let (_, kept) = house.call(Method::GET, &format!("/api/v1/template-drafts/{id}"), &json!({})).await;
        assert_eq!(
            (&kept["problems"], &kept["shown"]["body"]),
            (&json!([]), &json!("Hola Ana, sus resultados están listos."))
        );
        let (status, made) = house.submit(id).await;
        assert_eq!((status, &made["status"]), (StatusCode::CREATED, &json!("pending")), "{made}");
        assert_eq!(house.submit(id).await.0, StatusCode::NOT_FOUND, "a draft is submitted once");
        house.pass(1).await;
        assert_eq!(house.one("results_ready").await["status"], "approved", "{}", store.name());

        let mut draft = json!({"name": "results_ready", "language": "es_AR", "category": "utility",
            "body": "Hola {{1}}, sus resultados están listos.", "examples": {"1": "Ana"}, "footer": "Laboratorio Norte",
            "buttons": [{"kind": "quick_reply", "text": "Gracias"}]});
        let edit = "/api/v1/templates/meta/results_ready/es_AR/edit";
        let mut other = draft.clone();
        other["body"] = json!("Hola {{1}}, ya puede ver sus resultados.");
        let (status, kept) = house.call(Method::POST, edit, &other).await;
        let code = &kept["errors"][0]["code"];
        assert_eq!((status, code), (StatusCode::UNPROCESSABLE_ENTITY, &json!("template_body_fixed")), "{kept}");
        let (status, edited) = house.call(Method::POST, edit, &draft).await;
        assert_eq!((status, &edited["footer"]), (StatusCode::OK, &draft["footer"]), "{edited}");
        let (status, again) = house.call(Method::POST, edit, &draft).await;
        let code = &again["errors"][0]["code"];
        assert_eq!((status, code), (StatusCode::UNPROCESSABLE_ENTITY, &json!("template_edited_lately")));
        draft["category"] = json!("marketing");
        let (_, frozen) = house.call(Method::POST, edit, &draft).await;
        assert_eq!(frozen["errors"][0]["code"], "template_category_fixed");

        let path = "/api/v1/templates/meta/results_ready/es_AR";
        assert_eq!(house.call(Method::DELETE, path, &json!({})).await.0, StatusCode::NO_CONTENT);
        assert_eq!(house.call(Method::GET, path, &json!({})).await.0, StatusCode::NOT_FOUND);
        let again = house.draft("results_ready", "Hola {{1}}, sus resultados están listos.").await;
        let (_, refused) = house.submit(again).await;
        assert_eq!(refused["errors"][0]["code"], "template_refused", "its name is blocked: {refused}");
    }
}

#[tokio::test]
async fn a_rejection_is_told_with_its_reason_and_can_be_mended() {
    for store in stores().await {
        let house = House::open(&store, store.dir.path()).await;
        let id = house.draft("reject_scam", "Hola {{1}}, mande su clave, por favor.").await;
        assert_eq!(house.submit(id).await.0, StatusCode::CREATED);
        house.pass(1).await;
        let told = house.one("reject_scam").await;
        assert_eq!((&told["status"], &told["reason"]), (&json!("rejected"), &json!("scam")), "{}", store.name());
        assert!(!told["advice"].as_str().unwrap().is_empty());
        // The webhook was lost: reading the list tells the same.
        house.engine.sync_templates("meta").await.unwrap();
        assert_eq!(house.one("reject_scam").await["reason"], "scam");
        let (_, listed) = house.call(Method::GET, "/api/v1/templates?status=rejected&q=clave", &json!({})).await;
        assert_eq!(listed["items"].as_array().unwrap().len(), 1);
        let page =
            house.site.get("/templates/meta/reject_scam/es_AR", Some(&house.site.visitor(Role::Marketing).await)).await;
        assert!(page.body.contains("data-test=\"rejection\""), "{}", page.body);
    }
}

#[tokio::test]
async fn what_breaks_a_rule_is_never_shown_to_the_provider() {
    let store = stores().await.swap_remove(0);
    let house = House::open(&store, store.dir.path()).await;
    let id = house.draft("bad_edges", "{{1}}, hola").await;
    let (status, refused) = house.submit(id).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(
        (&refused["errors"][0]["code"], &refused["errors"][0]["field"]),
        (&json!("template_rule_starts"), &json!("body"))
    );
    let sent = json!({"account": "meta", "draft": {"name": "Promo Verano", "language": "es_AR", "category": "marketing", "body": "Hola."}});
    let (_, refused) = house.call(Method::POST, "/api/v1/template-drafts", &sent).await;
    assert!(refused["errors"][0]["message"].as_str().unwrap().contains("promo_verano"), "{refused}");
}

#[tokio::test]
async fn a_utility_template_taken_for_marketing_says_so() {
    for store in stores().await {
        let house = House::open(&store, store.dir.path()).await;
        let id = house.draft("a_visit", "Hola {{1}}, hay un descuento para usted.").await;
        assert_eq!(house.submit(id).await.1["category"], "utility");
        house.pass(1).await;
        let told = house.one("a_visit").await;
        assert_eq!((&told["status"], &told["category"]), (&json!("approved"), &json!("marketing")), "{}", store.name());
    }
}

#[tokio::test]
async fn templates_are_read_at_the_start_and_while_one_is_in_review_every_few_minutes() {
    for store in stores().await {
        let house = House::open(&store, store.dir.path()).await;
        let watch = TemplateWatch::new(house.engine.clone());
        assert_eq!((watch.step().await.unwrap(), watch.step().await.unwrap()), (1, 0), "{}", store.name());
        assert!(template::get(&store, "meta", "appointment_reminder", "es_AR").await.unwrap().is_some());
        let id = house.draft("in_review", "Hola {{1}}, buen día.").await;
        house.submit(id).await;
        // The sandbox decides, and its webhook is lost.
        house.sandbox.pass(1, 1);
        assert_eq!(watch.step().await.unwrap(), 1, "{}", store.name());
        assert_eq!(house.one("in_review").await["status"], "approved");
        assert_eq!(watch.step().await.unwrap(), 0);
    }
}

#[tokio::test]
async fn groups_and_usual_values_are_recados_own_and_are_sampled() {
    for store in stores().await {
        let house = House::open(&store, store.dir.path()).await;
        house.engine.sync_templates("meta").await.unwrap();
        let path = "/api/v1/templates/meta/appointment_reminder/es_AR";
        let own = json!({"groups": ["turnos", " turnos "], "mapping": {"1": "{{ client_name | first_name }}", "2": "{{ saludo }}"}});
        assert_eq!(house.call(Method::POST, &format!("{path}/own"), &own).await.0, StatusCode::NO_CONTENT);
        let named = json!({"name": "saludo", "value": "buenos días"});
        assert_eq!(house.call(Method::POST, "/api/v1/variables", &named).await.0, StatusCode::NO_CONTENT);
        let told = house.one("appointment_reminder").await;
        assert_eq!(told["groups"], json!(["turnos"]), "{}", store.name());
        let sample = told["sample"]["body"].as_str().unwrap();
        assert!(sample.contains("Ana") && sample.contains("buenos días"), "{sample}");
        let (_, listed) = house.call(Method::GET, "/api/v1/templates?group=turnos", &json!({})).await;
        assert_eq!(listed["items"].as_array().unwrap().len(), 1);
        for (mapping, code) in
            [(json!({"9": "x"}), "template_mapping_extra"), (json!({"1": "{{ a b }}"}), "template_mapping")]
        {
            let (_, refused) = house.call(Method::POST, &format!("{path}/own"), &json!({"mapping": mapping})).await;
            assert_eq!(refused["errors"][0]["code"], code, "{refused}");
        }
        let (_, taken) =
            house.call(Method::POST, "/api/v1/variables", &json!({"name": "clinic_phone", "value": "x"})).await;
        assert_eq!(taken["errors"][0]["code"], "variable_taken");
    }
}

#[tokio::test]
async fn a_paused_template_is_let_go_on_and_one_that_is_not_is_said_so() {
    for store in stores().await {
        let house = House::open(&store, store.dir.path()).await;
        house.engine.sync_templates("meta").await.unwrap();
        let path = "/api/v1/templates/meta/appointment_reminder/es_AR/unpause";
        let (status, refused) = house.call(Method::POST, path, &json!({})).await;
        let code = &refused["errors"][0]["code"];
        assert_eq!((status, code), (StatusCode::UNPROCESSABLE_ENTITY, &json!("template_not_paused")));
        let pause = json!({"name": "appointment_reminder", "language": "es_AR", "status": "PAUSED"});
        assert_eq!(house.sandbox.post("/_sandbox/template", &pause).await.0, 200);
        house.pass(0).await;
        assert_eq!(house.one("appointment_reminder").await["status"], "paused", "{}", store.name());
        let visitor = house.site.visitor(Role::Marketing).await;
        let page = house.site.get("/templates/meta/appointment_reminder/es_AR", Some(&visitor)).await;
        assert!(page.body.contains("data-test=\"unpause\""), "{}", page.body);
        let (status, told) = house.call(Method::POST, path, &json!({})).await;
        assert_eq!((status, &told["status"]), (StatusCode::OK, &json!("approved")), "{told}");
    }
}

/// A form with a file, as a browser sends it.
fn multipart(fields: &[(&str, &str)], file: (&str, &str, &[u8])) -> (String, Vec<u8>) {
    let mut body = Vec::new();
    for (name, text) in fields {
        body.extend(format!("--cut\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n").bytes());
    }
    let (part, name, bytes) = file;
    let head = format!("--cut\r\nContent-Disposition: form-data; name=\"{part}\"; filename=\"{name}\"\r\n\r\n");
    body.extend(head.bytes());
    body.extend_from_slice(bytes);
    body.extend(b"\r\n--cut--\r\n");
    ("multipart/form-data; boundary=cut".to_owned(), body)
}

const PICTURE: &[u8] = b"\x89PNG\r\n\x1a\ninvented";

impl House {
    async fn sample(&self, bytes: &[u8]) -> (StatusCode, Value) {
        let (kind, body) = multipart(&[("account", "meta")], ("file", "banner.png", bytes));
        let request = Request::post("/api/v1/template-samples").header("content-type", kind);
        let request = request.header("authorization", format!("Bearer {}", self.token)).body(Body::from(body)).unwrap();
        let answer = self.site.send(request).await;
        (answer.status, serde_json::from_str(&answer.body).unwrap_or(Value::Null))
    }
}

#[tokio::test]
async fn a_sample_is_uploaded_by_api_and_makes_a_header_that_is_approved() {
    for store in stores().await {
        let house = House::open(&store, store.dir.path()).await;
        let (status, made) = house.sample(PICTURE).await;
        assert_eq!((status, &made["kind"]), (StatusCode::CREATED, &json!("image")), "{made}");
        let draft = json!({"name": "banner", "language": "es_AR", "category": "marketing", "body": "Hola.",
            "header": {"kind": "image", "sample": made["handle"]}});
        let sent = json!({"account": "meta", "draft": draft});
        let (_, kept) = house.call(Method::POST, "/api/v1/template-drafts", &sent).await;
        assert_eq!(house.submit(kept["id"].as_i64().unwrap()).await.0, StatusCode::CREATED, "{}", store.name());
        house.pass(1).await;
        assert_eq!(house.one("banner").await["status"], "approved");
        let (status, refused) = house.sample(b"plain text").await;
        assert_eq!(
            (status, &refused["errors"][0]["code"]),
            (StatusCode::UNPROCESSABLE_ENTITY, &json!("template_sample_kind"))
        );
    }
}

#[tokio::test]
async fn a_sample_is_uploaded_from_the_form_which_keeps_what_was_written() {
    let store = stores().await.swap_remove(0);
    let house = House::open(&store, store.dir.path()).await;
    let visitor = house.site.visitor(Role::Marketing).await;
    let fields = [
        ("csrf", visitor.csrf.as_str()),
        ("action", "/template-drafts"),
        ("account", "meta"),
        ("name", "banner"),
        ("language", "es_AR"),
        ("category", "marketing"),
        ("header_kind", ""),
        ("body", "Hola {{1}}, mire esto."),
        ("variable", "1"),
        ("example", "Ana"),
        ("button_kind", "quick_reply"),
        ("button_text", "Gracias"),
    ];
    let (kind, body) = multipart(&fields, ("sample", "banner.png", PICTURE));
    let request = Request::post("/template-samples").header("content-type", kind).header("cookie", visitor.cookies());
    let page = house.site.send(request.body(Body::from(body)).unwrap()).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    for kept in [
        "value=\"4:sample:",
        "value=\"image\" selected",
        "Hola {{1}}, mire esto.",
        "value=\"Gracias\"",
        "value=\"banner\"",
    ] {
        assert!(page.body.contains(kept), "{kept}: {}", page.body);
    }
}

#[tokio::test]
async fn a_one_time_code_is_written_in_the_form_approved_and_shown() {
    for store in stores().await {
        let house = House::open(&store, store.dir.path()).await;
        let visitor = house.site.visitor(Role::Marketing).await;
        let form = [
            ("account", "meta"),
            ("name", "a_code"),
            ("language", "es_AR"),
            ("category", "authentication"),
            ("code_way", "copy_code"),
            ("code_label", "Copiar"),
            ("code_minutes", "5"),
            ("code_advice", "1"),
            ("body", ""),
        ];
        let kept = house.site.post("/template-drafts", &visitor, &form).await;
        assert_eq!(kept.status, StatusCode::SEE_OTHER, "{}", kept.body);
        let (_, drafts) = house.call(Method::GET, "/api/v1/template-drafts", &json!({})).await;
        let draft = &drafts["items"][0];
        assert_eq!(draft["problems"], json!([]), "{draft}");
        assert!(draft["shown"]["body"].as_str().unwrap().contains("123456"));
        house.submit(draft["id"].as_i64().unwrap()).await;
        house.pass(1).await;
        let told = house.one("a_code").await;
        assert_eq!(
            (&told["status"], &told["category"]),
            (&json!("approved"), &json!("authentication")),
            "{}",
            store.name()
        );
        assert_eq!(told["buttons"][0]["kind"], "one_time_code");
        let page = house.site.get("/templates/meta/a_code/es_AR", Some(&visitor)).await;
        assert!(page.body.contains("Copiar"), "{}", page.body);
        let wrong = json!({"account": "meta", "draft": {"name": "b_code", "language": "es_AR",
            "category": "authentication", "body": "Mi texto", "code": {"good_for_minutes": 100}}});
        let (_, kept) = house.call(Method::POST, "/api/v1/template-drafts", &wrong).await;
        let (_, refused) = house.submit(kept["id"].as_i64().unwrap()).await;
        let codes: Vec<&str> =
            refused["errors"].as_array().unwrap().iter().filter_map(|e| e["code"].as_str()).collect();
        assert_eq!(codes, ["template_rule_code_text", "template_rule_code_minutes"], "{refused}");
    }
}
