//! Templates with a carousel, an offer, products, a flow, a place: read as listed, filled, shown, and sent as
//! cloud-api.md 1.3 has it; each file of `sends/` was written by hand from there. The sandbox takes every one of them.

use jiff::tz::TimeZone;
use recado::domain::fill::Fill;
use recado::domain::template::slot::{self, Slot};
use recado::domain::template::{Template, TemplateStatus};
use recado::provider::{Body, SendRequest};
use serde_json::{Value, json};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::{SENDER, WABA, callback, fixture, fixtures, person, provider};
use crate::support::sandbox::quiet_sandbox;

fn cases() -> Vec<(String, Value)> {
    let files = std::fs::read_dir(fixtures("sends")).unwrap();
    let mut names: Vec<String> = files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert!(names.len() >= 11, "the recorded sends are missing: {names:?}");
    let read = |name: String| {
        let case = serde_json::from_str(&fixture(&format!("sends/{name}"))).expect("JSON");
        (name, case)
    };
    names.into_iter().map(read).collect()
}

async fn listed(case: &Value) -> Template {
    let server = MockServer::start().await;
    let page = ResponseTemplate::new(200).set_body_json(json!({"data": [case["listed"]]}));
    Mock::given(method("GET")).and(path(format!("/{WABA}/message_templates"))).respond_with(page).mount(&server).await;
    provider(&server.uri()).templates().await.unwrap().remove(0)
}

fn fill(case: &Value) -> Fill {
    let mut fill: Fill = serde_json::from_value(case["fill"].clone()).expect("values");
    let slots = case["slots"].as_object().expect("places");
    let slots = slots.iter().map(|(name, text)| {
        (Slot::parse(name).unwrap_or_else(|| panic!("{name}")), text.as_str().expect("a text").to_owned())
    });
    slot::put(&mut fill, slots.collect(), (&TimeZone::UTC, &[])).expect("values that fit");
    fill
}

fn shown(template: &Template, fill: &Fill) -> Vec<String> {
    let seen = template.render(fill);
    let button = |b: &recado::domain::fill::RenderedButton| match &b.target {
        Some(target) => format!("[{}] {target}", b.text),
        None => format!("[{}]", b.text),
    };
    let offer = seen.offer.map(|o| o.ends_at.map_or(o.text.clone(), |at| format!("{} ({at})", o.text)));
    let mut lines: Vec<String> = [seen.header, offer, Some(seen.body)].into_iter().flatten().collect();
    lines.extend(seen.buttons.iter().map(button));
    for (card, no) in seen.cards.iter().zip(1..) {
        let said = [card.header.clone().unwrap_or_default(), card.body.clone()];
        let said: Vec<String> = said.into_iter().filter(|part| !part.is_empty()).collect();
        lines.push(format!("({no}) {}", said.join(" ")));
        lines.extend(card.buttons.iter().map(button));
    }
    lines
}

#[tokio::test]
async fn what_cards_and_codes_were_approved_with_is_read() {
    let mut case: Value = serde_json::from_str(&fixture("sends/carousel.json")).unwrap();
    let code = json!({"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": "No"}, {"type": "COPY_CODE", "example": "SAVE20"}]});
    case["listed"]["components"].as_array_mut().unwrap().push(code);
    let template = listed(&case).await;
    let examples: Vec<(&str, &str)> = template.examples.iter().map(|(of, text)| (of.as_str(), text.as_str())).collect();
    assert_eq!(
        examples,
        [
            ("1", "Ana"),
            ("button.1", "SAVE20"),
            ("cards.0.variables.1", "Té"),
            ("cards.0.variables.2", "20%"),
            ("cards.0.buttons.1", "te"),
            ("cards.1.variables.1", "Café"),
            ("cards.1.variables.2", "10%"),
            ("cards.1.buttons.1", "cafe"),
        ]
    );
    let unfilled = template.render(&Fill::default());
    assert_eq!(unfilled.cards[0].buttons[1].target.as_deref(), Some("https://x.example/{{1}}"));
    assert_eq!(unfilled.cards[0].body, "{{1}} con {{2}} menos, hoy.");
}

#[tokio::test]
async fn every_kind_of_component_is_read_filled_shown_and_sent_as_documented() {
    for (name, case) in cases() {
        let template = listed(&case).await;
        assert_eq!(template.status, TemplateStatus::Approved, "{name}");
        let fill = fill(&case);
        let wanted: Vec<String> = template.slots().iter().map(ToString::to_string).collect();
        let given = case["slots"].as_object().unwrap();
        assert!(wanted.iter().all(|slot| given.contains_key(slot)), "{name}: {wanted:?}");
        assert!(given.keys().all(|slot| template.has_slot(&Slot::parse(slot).unwrap())), "{name}");
        assert_eq!(json!(shown(&template, &fill)), case["shown"], "{name}");
        let stored: Fill = serde_json::from_str(&serde_json::to_string(&fill).unwrap()).unwrap();
        assert_eq!(stored, fill, "{name}: what is kept is what was filled in");
        let kept: Template = serde_json::from_str(&serde_json::to_string(&template).unwrap()).unwrap();
        assert_eq!(kept, template, "{name}");

        let server = MockServer::start().await;
        let endpoint = case["path"].as_str().unwrap_or("messages");
        Mock::given(method("POST"))
            .and(path(format!("/{SENDER}/{endpoint}")))
            .respond_with(ResponseTemplate::new(200).set_body_string(fixture("answers/accepted.json")))
            .expect(1)
            .mount(&server)
            .await;
        let (to, body) = (person(), Body::Template { template: &template, fill: &fill });
        let request = SendRequest { sender_ref: SENDER, to: &to, callback: callback(), body };
        provider(&server.uri()).send(&request).await;
        let requests = server.received_requests().await.expect("recording is on");
        let sent: Value = requests[0].body_json().expect("JSON");
        assert_eq!(sent, case["sent"], "{name}");
    }
}

#[tokio::test]
async fn the_sandbox_takes_each_and_refuses_what_does_not_fit() {
    let sandbox = quiet_sandbox().await;
    for (name, case) in cases() {
        let mut creation = case["listed"].clone();
        creation.as_object_mut().unwrap().remove("id");
        // A header is reviewed with a sample; what is reviewed with one is not what is looked at here.
        for component in creation["components"].as_array_mut().unwrap() {
            if component["type"] == "HEADER" && component["format"] == "IMAGE" {
                let (_, session) = sandbox
                    .post("/v26.0/9001/uploads?file_name=a.png&file_length=4&file_type=image/png", &json!({}))
                    .await;
                let upload =
                    sandbox.request(reqwest::Method::POST, &format!("/v26.0/{}", session["id"].as_str().unwrap()));
                let upload = upload.header("file_offset", "0").body(vec![0x89, b'P', b'N', b'G']);
                let told: Value = upload.send().await.unwrap().json().await.unwrap();
                component["example"] = json!({"header_handle": [told["h"]]});
            }
        }
        let made = sandbox.post(&format!("/v26.0/{WABA}/message_templates"), &creation).await;
        assert_eq!(made.0, 200, "{name}: {}", made.1);
        sandbox.pass(1, 1);
        let endpoint = format!("/v26.0/{SENDER}/{}", case["path"].as_str().unwrap_or("messages"));
        let (status, answer) = sandbox.post(&endpoint, &case["sent"]).await;
        assert_eq!(status, 200, "{name}: {answer}");
        sandbox.pass(10, 0);
        for (what, spoilt) in spoilt(&case["sent"]) {
            let (status, refused) = sandbox.post(&endpoint, &spoilt).await;
            assert!((400..500).contains(&status), "{name}: {what} is taken: {refused}");
            sandbox.pass(10, 0);
        }
    }
}

/// The same send with something missing or wrong.
fn spoilt(sent: &Value) -> Vec<(&'static str, Value)> {
    let components = sent["template"]["components"].as_array().cloned().unwrap_or_default();
    let mut all = Vec::new();
    for (at, component) in components.iter().enumerate() {
        let with = |changed: Option<Value>| {
            let mut sent = sent.clone();
            let list = sent["template"]["components"].as_array_mut().unwrap();
            match changed {
                Some(changed) => list[at] = changed,
                None => drop(list.remove(at)),
            }
            sent
        };
        let change = |path: &str, value: Value| {
            let mut changed = component.clone();
            *changed.pointer_mut(path).unwrap_or_else(|| panic!("{path}")) = value;
            with(Some(changed))
        };
        match component["type"].as_str().unwrap() {
            "carousel" => {
                all.push(("no cards", with(None)));
                let cards = component["cards"].as_array().unwrap();
                all.push(("a card too few", change("/cards", json!(cards[..1]))));
                all.push(("a card twice", change("/cards/1/card_index", json!(0))));
                all.push(("a card without its parts", change("/cards/0/components", json!([]))));
            }
            "limited_time_offer" => {
                all.push(("no end", with(None)));
                let end = "/parameters/0/limited_time_offer/expiration_time_ms";
                all.push(("an end in seconds", change(end, json!(1_796_587_200))));
            }
            "header" if component["parameters"][0]["type"] == "location" => {
                all.push(("no address", change("/parameters/0/location/address", json!(""))));
                all.push(("no degrees", change("/parameters/0/location/latitude", json!("norte"))));
            }
            "header" => all.push(("no header", with(None))),
            "button" if component["sub_type"] == "mpm" => {
                all.push(("no products", change("/parameters/0/action/sections", json!([]))));
                all.push(("a title missing", change("/parameters/0/action/sections/1/title", json!(""))));
            }
            "button" if component["sub_type"] == "catalog" => {
                all.push(("no product", change("/parameters/0/action", json!({}))));
            }
            "button" if component["sub_type"] == "flow" => {
                all.push(("data that is none", change("/parameters/0/action", json!({"flow_action_data": []}))));
            }
            _ => {}
        }
    }
    all
}
