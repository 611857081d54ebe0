use std::num::NonZeroU32;

use recado::clock::Clock;
use recado::sandbox::{SandboxAccount, SandboxNumber, Tier};
use serde_json::json;

use crate::support::sandbox::{
    ACCOUNT, Receiver, SENDER, TUESDAY, VERIFY_TOKEN, quiet_sandbox, reminder, sandbox_config, start_sandbox,
};

#[tokio::test]
async fn a_number_reports_what_it_is_granted() {
    let mut config = sandbox_config("http://127.0.0.1:1/");
    config.throughput = NonZeroU32::new(1000).expect("not 0");
    config.tier = Tier::People(2000);
    let sandbox = start_sandbox(config, Clock::fixed(TUESDAY)).await;
    let fields = "id,display_phone_number,throughput,whatsapp_business_manager_messaging_limit,status,quality_rating";
    let (status, node) = sandbox.get(&format!("/v26.0/{SENDER}?fields={fields}")).await;
    assert_eq!(status, 200);
    assert_eq!(node["id"], SENDER);
    assert_eq!(node["throughput"], json!({"level": "HIGH", "messages_per_second": 1000}));
    assert_eq!(node["whatsapp_business_manager_messaging_limit"], "TIER_2K");
    assert_eq!((&node["status"], &node["quality_rating"]), (&json!("CONNECTED"), &json!("GREEN")));
    assert!(node["display_phone_number"].as_str().expect("a number").starts_with('+'));
    assert_eq!(node.get("verified_name"), None, "only the fields asked for");
}

#[tokio::test]
async fn the_number_of_the_shipped_configurations_is_the_one_they_say() {
    let sandbox = quiet_sandbox().await;
    for source in [include_str!("../../../recado.example.toml"), include_str!("../../../docs/try.toml")] {
        let told: toml::Table = toml::from_str(source).unwrap();
        let sender = &told["sender"]["saludcenter"];
        let id = sender["phone_number_id"].as_str().unwrap();
        let (_, node) = sandbox.get(&format!("/v26.0/{id}?fields=display_phone_number")).await;
        let digits: String =
            node["display_phone_number"].as_str().unwrap().chars().filter(char::is_ascii_digit).collect();
        assert_eq!(format!("+{digits}"), sender["number"].as_str().unwrap());
    }
}

#[tokio::test]
async fn an_account_and_its_numbers_exist_once_used() {
    let sandbox = quiet_sandbox().await;
    sandbox.send(&reminder("+5491155550123", "r1.test.1.1")).await;
    let (_, account) = sandbox.get(&format!("/v26.0/{ACCOUNT}?fields=id,name,currency,timezone_id")).await;
    assert_eq!((&account["id"], &account["currency"]), (&json!(ACCOUNT), &json!("USD")));
    let (_, numbers) = sandbox.get(&format!("/v26.0/{ACCOUNT}/phone_numbers")).await;
    assert_eq!(numbers["data"][0]["id"], SENDER);
}

#[tokio::test]
async fn an_edge_that_is_not_served_is_refused_and_changes_nothing() {
    let sandbox = quiet_sandbox().await;
    let number = format!("/v26.0/{SENDER}?fields=verified_name,throughput");
    let (_, before) = sandbox.get(&number).await;
    let (status, refused) = sandbox.get(&format!("/v26.0/{SENDER}/whatsapp_business_profile?fields=about")).await;
    assert_eq!((status, &refused["error"]["code"], &refused["error"]["error_subcode"]), (400, &json!(100), &json!(33)));
    let (_, after) = sandbox.get(&number).await;
    assert_eq!(after, before);
    assert!(before["verified_name"].is_string(), "{before}");
}

#[tokio::test]
async fn with_configured_accounts_nothing_else_exists() {
    let mut config = sandbox_config("http://127.0.0.1:1/");
    let number = |id: &str| SandboxNumber {
        id: id.to_owned(),
        number: "+54 9 11 5555-0100".to_owned(),
        name: Some("Laboratorio Norte".to_owned()),
        throughput: NonZeroU32::new(20),
    };
    let account = |id: &str, token: &str, numbers| SandboxAccount {
        id: id.to_owned(),
        tokens: vec![token.to_owned()],
        portfolio: None,
        tier: Some(Tier::People(250)),
        currency: Some("BRL".to_owned()),
        numbers,
    };
    config.accounts = vec![account("1", "token", vec![number("11")]), account("2", "other", vec![number("22")])];
    let sandbox = start_sandbox(config, Clock::fixed(TUESDAY)).await;
    let (_, node) = sandbox.get("/11").await;
    assert_eq!(
        (&node["display_phone_number"], &node["throughput"]["messages_per_second"]),
        (&json!("+54 9 11 5555-0100"), &json!(20))
    );
    assert_eq!(node["whatsapp_business_manager_messaging_limit"], "TIER_250");
    assert_eq!(sandbox.get("/1").await.1["currency"], "BRL");
    for path in ["/22", "/2", "/33", "/2/phone_numbers"] {
        let (status, refused) = sandbox.get(path).await;
        assert_eq!((status, &refused["error"]["error_subcode"]), (400, &json!(33)), "{path}: {refused}");
    }
    let stranger =
        crate::support::sandbox::plain_client().get(format!("{}/11", sandbox.base_url())).bearer_auth("stolen");
    let refused = stranger.send().await.expect("an answer");
    assert_eq!(refused.status().as_u16(), 401);
    let (_, to_self) = sandbox.post("/11/messages", &reminder("+5491155550100", "r1.test.1.1")).await;
    assert_eq!(to_self["error"]["code"], 131_021);
}

#[tokio::test]
async fn an_account_can_have_its_webhooks_elsewhere_on_this_machine_or_nowhere() {
    let sandbox = quiet_sandbox().await;
    let receiver = Receiver::start().await;
    let path = format!("/v26.0/{ACCOUNT}/subscribed_apps");
    for (address, token, code) in [("http://10.1.2.3/hook", VERIFY_TOKEN, 100), (receiver.url.as_str(), "wrong", 2200)]
    {
        let (status, refused) =
            sandbox.post(&path, &json!({"override_callback_uri": address, "verify_token": token})).await;
        assert_eq!((status, &refused["error"]["code"]), (400, &json!(code)));
    }
    let wish = json!({"override_callback_uri": receiver.url, "verify_token": VERIFY_TOKEN});
    assert_eq!(sandbox.post(&path, &wish).await, (200, json!({"success": true})));
    assert_eq!(sandbox.get(&path).await.1["data"][0]["override_callback_uri"], receiver.url);

    sandbox.send(&reminder("+5491155550123", "r1.test.1.1")).await;
    let posts = sandbox.sandbox.step(tokio::time::Instant::now() + std::time::Duration::from_secs(5), TUESDAY, 10);
    assert_eq!(posts[0].url.as_str(), receiver.url);

    assert_eq!(sandbox.delete(&path).await.0, 200);
    assert_eq!(sandbox.get(&path).await.1["data"], json!([]));
    sandbox.send(&reminder("+5491155550124", "r1.test.2.1")).await;
    assert_eq!(sandbox.pass_all(), Vec::<serde_json::Value>::new());
}

#[tokio::test]
async fn uploaded_media_can_be_sent_and_looked_up() {
    let sandbox = quiet_sandbox().await;
    let file =
        reqwest::multipart::Part::bytes(b"png".to_vec()).file_name("a.png").mime_str("image/png").expect("a type");
    let form = reqwest::multipart::Form::new()
        .text("messaging_product", "whatsapp")
        .text("type", "image/png")
        .part("file", file);
    let answer = sandbox.request(reqwest::Method::POST, &format!("/v26.0/{SENDER}/media")).multipart(form).send().await;
    let answer: serde_json::Value = answer.expect("an answer").json().await.expect("JSON");
    let path = format!("/v26.0/{}", answer["id"].as_str().expect("an id"));
    let (_, info) = sandbox.get(&path).await;
    assert_eq!((&info["mime_type"], &info["file_size"]), (&json!("image/png"), &json!("3")));
    assert_eq!(sandbox.delete(&path).await, (200, json!({"success": true})));
    assert_eq!(sandbox.delete(&path).await.0, 400);
}

#[tokio::test]
async fn the_use_of_the_management_quota_is_reported() {
    let sandbox = quiet_sandbox().await;
    let request = sandbox.request(reqwest::Method::GET, &format!("/{ACCOUNT}/phone_numbers"));
    let answer = request.send().await.expect("an answer");
    let usage = answer.headers()["x-business-use-case-usage"].to_str().expect("text");
    let usage: serde_json::Value = serde_json::from_str(usage).expect("JSON");
    assert_eq!(usage[ACCOUNT][0]["type"], "whatsapp_business_management");
}
