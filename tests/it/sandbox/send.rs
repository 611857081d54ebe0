use serde_json::{Value, json};

use crate::support::sandbox::{SENDER, items, quiet_sandbox, reminder};

#[tokio::test]
async fn an_accepted_template_is_answered_as_meta_answers() {
    let sandbox = quiet_sandbox().await;
    let (status, answer) = sandbox.send(&reminder("+5491155550123", "r1.test.1.1")).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["contacts"], json!([{"input": "+5491155550123", "wa_id": "5491155550123"}]));
    assert_eq!(answer["messages"][0]["message_status"], "accepted");
    assert!(answer["messages"][0]["id"].as_str().expect("an id").starts_with("wamid."));
}

#[tokio::test]
async fn any_version_in_the_path_or_none_is_taken() {
    let sandbox = quiet_sandbox().await;
    for (no, version) in ["", "/v21.0", "/v26.0", "/v99.12"].into_iter().enumerate() {
        let body = reminder(&format!("+549115555020{no}"), &format!("r1.test.{no}.1"));
        assert_eq!(sandbox.post(&format!("{version}/{SENDER}/messages"), &body).await.0, 200, "{version}");
    }
}

#[tokio::test]
async fn the_whatsapp_id_may_differ_from_what_was_typed() {
    let sandbox = quiet_sandbox().await;
    let (_, answer) = sandbox.send(&reminder("+54 11 5555-0123", "r1.test.1.1")).await;
    assert_eq!(answer["contacts"][0], json!({"input": "+54 11 5555-0123", "wa_id": "5491155550123"}));
}

/// Changes the reminder at a JSON pointer; `null` removes.
fn with(pointer: &str, value: Value) -> Value {
    let mut body = reminder("+5491155550123", "r1.test.1.1");
    if value.is_null() {
        let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
        match body.pointer_mut(parent).expect("there") {
            Value::Object(map) => drop(map.remove(key)),
            Value::Array(list) => drop(list.remove(key.parse().expect("an index"))),
            _ => panic!("{pointer} names nothing"),
        }
    } else {
        *body.pointer_mut(pointer).expect("there") = value;
    }
    body
}

#[tokio::test]
async fn what_does_not_fit_the_template_is_refused_with_metas_code() {
    let name = "/template/components/0/parameters/0";
    let cases = [
        ("no product", with("/messaging_product", Value::Null), 100, 400),
        ("no recipient", with("/to", Value::Null), 131_008, 400),
        ("no template", with("/template", Value::Null), 131_008, 400),
        ("no language", with("/template/language", Value::Null), 131_008, 400),
        ("an unknown type", with("/type", json!("hologram")), 131_051, 400),
        ("not a number", with("/to", json!("hello")), 131_009, 400),
        ("callback data too long", with("/biz_opaque_callback_data", json!("x".repeat(513))), 100, 400),
        ("an unknown name", with("/template/name", json!("nobody_knows")), 132_001, 404),
        ("another language", with("/template/language/code", json!("es")), 132_001, 404),
        ("a parameter missing", with(name, Value::Null), 132_000, 400),
        ("no parameters", with("/template/components/0", Value::Null), 132_000, 400),
        (
            "another kind",
            with(name, json!({"type": "image", "image": {"link": "https://x.example/a.png"}})),
            132_012,
            400,
        ),
        (
            "a name in a positional template",
            with(name, json!({"type": "text", "parameter_name": "a", "text": "b"})),
            132_012,
            400,
        ),
        ("an empty text", with(name, json!({"type": "text", "text": ""})), 131_008, 400),
        ("a newline", with(name, json!({"type": "text", "text": "Ana\nMaría"})), 132_018, 400),
        ("a tab", with(name, json!({"type": "text", "text": "Ana\tMaría"})), 132_018, 400),
        ("five spaces", with(name, json!({"type": "text", "text": "Ana     María"})), 132_018, 400),
        ("a body too long", with(name, json!({"type": "text", "text": "x".repeat(1000)})), 132_005, 400),
        ("another button", with("/template/components/1/sub_type", json!("url")), 132_012, 400),
        ("a button too many", with("/template/components/1/index", json!("2")), 132_000, 400),
        (
            "a payload too long",
            with("/template/components/1/parameters/0/payload", json!("x".repeat(129))),
            131_009,
            400,
        ),
    ];
    for (what, body, code, status) in cases {
        let sandbox = quiet_sandbox().await;
        let (got, answer) = sandbox.send(&body).await;
        assert_eq!((got, &answer["error"]["code"]), (status, &json!(code)), "{what}: {answer}");
        assert_eq!(sandbox.stats().await["rejected"], json!({code.to_string(): 1}), "{what}");
    }
}

#[tokio::test]
async fn named_parameters_are_taken_in_any_order_and_must_be_those_of_the_template() {
    let sandbox = quiet_sandbox().await;
    let send = |to: &str, names: [&str; 2]| {
        let parameters = names.map(|n| json!({"type": "text", "parameter_name": n, "text": "Ana"}));
        json!({"messaging_product": "whatsapp", "to": to, "type": "TEMPLATE".to_lowercase(),
            "template": {"name": "resume_contact", "language": {"code": "es_AR", "policy": "deterministic"},
                "components": [{"type": "BODY", "parameters": parameters}]}})
    };
    assert_eq!(sandbox.send(&send("+5491155550201", ["agent_name", "first_name"])).await.0, 200);
    let (_, other) = sandbox.send(&send("+5491155550202", ["agent_name", "nickname"])).await;
    assert_eq!(other["error"]["code"], 132_000);
    let (_, unnamed) = sandbox.send(&send("+5491155550203", ["", "first_name"])).await;
    assert_eq!(unnamed["error"]["code"], 132_012);
}

#[tokio::test]
async fn a_url_button_needs_its_suffix() {
    let sandbox = quiet_sandbox().await;
    let send = |to: &str, button: Value| {
        let mut components = vec![json!({"type": "body", "parameters": [
            {"type": "text", "text": "Ana"}, {"type": "text", "text": "20% de desconto"}]})];
        components.extend(button.as_array().cloned().unwrap_or_default());
        json!({"messaging_product": "whatsapp", "to": to, "type": "template",
            "template": {"name": "promo_verao", "language": {"code": "pt_BR"}, "components": components}})
    };
    let (_, missing) = sandbox.send(&send("+5511955550201", Value::Null)).await;
    assert_eq!(missing["error"]["code"], 131_008);
    let coupon =
        json!([{"type": "button", "sub_type": "URL", "index": 0, "parameters": [{"type": "text", "text": "VERAO20"}]}]);
    assert_eq!(sandbox.send(&send("+5511955550202", coupon)).await.0, 200);
    let spaced = json!([{"type": "button", "sub_type": "url", "index": "0", "parameters": [{"type": "text", "text": "VERAO 20"}]}]);
    assert_eq!(sandbox.send(&send("+5511955550203", spaced)).await.1["error"]["code"], 131_009);
}

#[tokio::test]
async fn free_text_goes_out_only_within_the_window() {
    let sandbox = quiet_sandbox().await;
    let text = json!({"messaging_product": "whatsapp", "to": "+5491155550123", "type": "text", "text": {"body": "Claro, ¿qué día?"}});
    let (status, closed) = sandbox.send(&text).await;
    assert_eq!((status, &closed["error"]["code"]), (400, &json!(131_047)));
    let wrote = json!({"from": "5491155550123", "to": SENDER, "text": "Hola"});
    let (_, said) = sandbox.post("/_sandbox/reply", &wrote).await;
    let (status, answer) = sandbox.send(&text).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["messages"][0].get("message_status"), None);
    let priced: Vec<Value> = items(&sandbox.pass(30, 0), "statuses").iter().map(|s| s["pricing"].clone()).collect();
    assert!(priced.iter().any(|p| p["type"] == "free_customer_service" && p["category"] == "service"), "{priced:?}");

    let mark = |id: &Value| json!({"messaging_product": "whatsapp", "status": "read", "message_id": id});
    assert_eq!(sandbox.send(&mark(&said["id"])).await, (200, json!({"success": true})));
    assert_eq!(sandbox.send(&mark(&json!("wamid.other"))).await.0, 400);

    sandbox.pass(60, 25);
    assert_eq!(sandbox.send(&text).await.1["error"]["code"], 131_047);
}

#[tokio::test]
async fn a_send_without_token_is_401() {
    let sandbox = quiet_sandbox().await;
    let url = format!("{}/{SENDER}/messages", sandbox.base_url());
    let client = crate::support::sandbox::plain_client();
    let answer = client.post(url).json(&reminder("+5491155550123", "r1.test.1.1")).send().await.expect("an answer");
    assert_eq!(answer.status().as_u16(), 401);
    assert_eq!(answer.json::<Value>().await.expect("JSON")["error"]["code"], 190);
}
