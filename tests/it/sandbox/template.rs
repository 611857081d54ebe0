use recado::clock::Clock;
use serde_json::{Value, json};

use crate::support::sandbox::{ACCOUNT, TUESDAY, quiet_sandbox, reminder, sandbox_config, start_sandbox};

fn path() -> String {
    format!("/v26.0/{ACCOUNT}/message_templates")
}

fn new_template(name: &str, body: &str) -> Value {
    json!({"name": name, "language": "es_AR", "category": "utility", "parameter_format": "positional",
        "components": [{"type": "BODY", "text": body, "example": {"body_text": [["Ana"]]}}]})
}

#[tokio::test]
async fn the_sample_campaigns_templates_are_listed_with_their_components() {
    let sandbox = quiet_sandbox().await;
    let (_, listed) = sandbox.get(&path()).await;
    let named =
        |name: &str| listed["data"].as_array().expect("a list").iter().find(|t| t["name"] == name).expect(name).clone();
    let reminder = named("appointment_reminder");
    assert_eq!((&reminder["status"], &reminder["category"]), (&json!("APPROVED"), &json!("UTILITY")));
    assert_eq!(
        (&reminder["parameter_format"], &reminder["message_send_ttl_seconds"]),
        (&json!("POSITIONAL"), &json!(43200))
    );
    let buttons = &reminder["components"].as_array().expect("components").last().expect("buttons")["buttons"];
    assert_eq!((&buttons[0]["text"], &buttons[1]["text"]), (&json!("Confirmo"), &json!("Cancelar")));
    assert_eq!(named("resume_contact")["parameter_format"], "NAMED");
    assert_eq!(named("promo_verao")["language"], "pt_BR");
}

#[tokio::test]
async fn a_list_is_filtered_paged_and_trimmed_to_the_fields_asked_for() {
    let sandbox = quiet_sandbox().await;
    let (_, found) = sandbox.get(&format!("{}?name=promo_verao&language=pt_BR&fields=name,status", path())).await;
    let id = found["data"][0]["id"].clone();
    assert_eq!(found["data"], json!([{"id": id, "name": "promo_verao", "status": "APPROVED"}]));
    assert_eq!(sandbox.get(&format!("{}?name=promo_verao&language=es_AR", path())).await.1["data"], json!([]));

    let (mut names, mut next) = (Vec::new(), Some(format!("{}?limit=2&fields=name", path())));
    while let Some(path) = next {
        let (_, page) = sandbox.get(&path).await;
        names.extend(page["data"].as_array().expect("a list").iter().map(|t| t["name"].clone()));
        let own = format!("http://{}", sandbox.address);
        next = page["paging"]["next"].as_str().map(|n| n.strip_prefix(&own).expect("its own address").to_owned());
    }
    assert_eq!(names.len(), 3);
    assert_eq!(sandbox.get(&format!("{}?after=bad!", path())).await.1["error"]["code"], 131_059);
}

#[tokio::test]
async fn a_new_template_is_reviewed_and_the_webhook_tells() {
    let sandbox = quiet_sandbox().await;
    let (status, created) =
        sandbox.post(&path(), &new_template("results_ready", "Hola {{1}}, sus resultados están listos.")).await;
    assert_eq!((status, &created["status"]), (200, &json!("PENDING")), "{created}");
    let mut send = reminder("+5491155550123", "r1.test.1.1");
    send["template"] = json!({"name": "results_ready", "language": {"code": "es_AR"},
        "components": [{"type": "body", "parameters": [{"type": "text", "text": "Ana"}]}]});
    assert_eq!(sandbox.send(&send).await.1["error"]["code"], 132_001, "in review");
    let bodies = sandbox.pass(1, 1);
    let change = &bodies[0]["entry"][0]["changes"][0];
    assert_eq!(
        (&change["field"], &change["value"]["event"]),
        (&json!("message_template_status_update"), &json!("APPROVED"))
    );
    assert!(change["value"]["message_template_id"].is_u64(), "ids are numbers here");
    assert!(bodies[0]["entry"][0]["time"].is_i64());
    assert_eq!(sandbox.send(&send).await.0, 200);

    let node = format!("/v26.0/{}", created["id"].as_str().expect("an id"));
    let edit = json!({"components": [{"type": "BODY", "text": "Hola {{1}}, ya puede ver sus resultados."}]});
    assert_eq!(sandbox.post(&node, &edit).await.1["success"], true);
    assert_eq!(sandbox.get(&node).await.1["components"], edit["components"]);
    assert_eq!(sandbox.post(&node, &edit).await.1["error"]["error_subcode"], 2_388_039, "one edit in 24 hours");
    assert_eq!(sandbox.delete(&format!("{}?name=results_ready", path())).await, (200, json!({"success": true})));
    assert_eq!(sandbox.send(&send).await.1["error"]["code"], 132_001);
}

#[tokio::test]
async fn a_new_template_must_keep_the_rules() {
    let sandbox = quiet_sandbox().await;
    let buttons = |kinds: &[&str]| {
        let mut template = new_template("with_buttons", "Hola {{1}}, buen día.");
        let list: Vec<Value> =
            kinds.iter().map(|k| json!({"type": k, "text": "Ver", "url": "https://x.example/"})).collect();
        template["components"].as_array_mut().expect("a list").push(json!({"type": "BUTTONS", "buttons": list}));
        template
    };
    for (what, template) in [
        ("a name", new_template("Promo Verano", "Hola {{1}}, buen día.")),
        ("a variable at the end", new_template("ends", "Hola {{1}}")),
        ("a variable at the start", new_template("starts", "{{1}}, buen día.")),
        ("a gap", new_template("gap", "Hola {{1}} y {{3}}, buen día.")),
        ("variables side by side", new_template("side", "Hola {{1}}{{2}}, buen día.")),
        ("no body", new_template("empty", "")),
        ("a body too long", new_template("long", &"x".repeat(1025))),
        ("quick replies apart", buttons(&["QUICK_REPLY", "URL", "QUICK_REPLY"])),
        ("three urls", buttons(&["URL", "URL", "URL"])),
        ("a name that exists", new_template("appointment_reminder", "Hola {{1}}, buen día.")),
    ] {
        let (status, refused) = sandbox.post(&path(), &template).await;
        assert_eq!((status, &refused["error"]["code"]), (400, &json!(100)), "{what}: {refused}");
    }
    assert_eq!(sandbox.post(&path(), &buttons(&["QUICK_REPLY", "QUICK_REPLY", "URL"])).await.0, 200);
}

#[tokio::test]
async fn paused_and_disabled_templates_are_not_sent() {
    let sandbox = quiet_sandbox().await;
    sandbox.get(&path()).await;
    let set = |status: &str| json!({"name": "appointment_reminder", "language": "es_AR", "status": status});
    for (status, code) in [("PAUSED", 132_015), ("DISABLED", 132_016), ("PENDING", 132_001)] {
        assert_eq!(sandbox.post("/_sandbox/template", &set(status)).await.0, 200);
        assert_eq!(sandbox.send(&reminder("+5491155550123", "r1.test.1.1")).await.1["error"]["code"], code, "{status}");
    }
    let told: Vec<Value> =
        sandbox.pass(1, 0).iter().flat_map(|b| b["entry"][0]["changes"].as_array().expect("changes").clone()).collect();
    assert!(told.iter().any(|c| c["value"]["event"] == "PAUSED"), "{told:?}");
    let (_, set_again) = sandbox.post("/_sandbox/template", &set("PAUSED")).await;
    let node = format!("/{}", set_again["id"].as_str().expect("an id"));
    assert_eq!(sandbox.post(&format!("{node}/unpause"), &json!({})).await.1["success"], true);
    assert_eq!(sandbox.send(&reminder("+5491155550123", "r1.test.1.1")).await.0, 200);
}

#[tokio::test]
async fn with_any_template_every_name_is_approved_and_its_parameters_unknown() {
    let mut config = sandbox_config("http://127.0.0.1:1/");
    config.any_template = true;
    let sandbox = start_sandbox(config, Clock::fixed(TUESDAY)).await;
    let (_, found) = sandbox.get(&format!("{}?name=whatever_it_is&language=es_MX", path())).await;
    assert_eq!((&found["data"][0]["status"], &found["data"][0]["language"]), (&json!("APPROVED"), &json!("es_MX")));
    assert_eq!(found["data"][0].get("components"), None);
    let mut send = reminder("+5491155559908", "r1.test.1.1");
    send["template"]["name"] = json!("whatever_it_is");
    assert_eq!(sandbox.send(&send).await.0, 200);
    let tapped = crate::support::sandbox::items(&sandbox.pass_all(), "messages");
    assert_eq!(tapped[0]["button"]["payload"], "r1.test.1.1.yes", "buttons are known from the payloads sent");
    send["to"] = json!("+5491155550124");
    send["template"]["components"][0]["parameters"][0]["text"] = json!("a\nb");
    assert_eq!(sandbox.send(&send).await.1["error"]["code"], 132_018);
}

/// The values of the updates of one field.
fn told(bodies: &[Value], field: &str) -> Vec<Value> {
    let changes = bodies.iter().flat_map(|b| b["entry"][0]["changes"].as_array().expect("changes").clone());
    changes.filter(|c| c["field"] == field).map(|c| c["value"].clone()).collect()
}

#[tokio::test]
async fn a_review_rejects_with_a_reason_and_is_begun_again_by_an_edit() {
    let sandbox = quiet_sandbox().await;
    let mut bare = new_template("no_examples", "Hola {{1}}, buen día.");
    bare["components"][0].as_object_mut().expect("a component").remove("example");
    for (template, reason) in
        [(new_template("reject_scam_please", "Hola {{1}}, buen día."), "SCAM"), (bare, "INVALID_FORMAT")]
    {
        let (_, created) = sandbox.post(&path(), &template).await;
        let update = told(&sandbox.pass(1, 1), "message_template_status_update").pop().expect("a verdict");
        assert_eq!((&update["event"], &update["reason"]), (&json!("REJECTED"), &json!(reason)));
        assert!(update["rejection_info"]["recommendation"].as_str().is_some_and(|advice| !advice.is_empty()));
        let node = format!("/{}", created["id"].as_str().expect("an id"));
        assert_eq!(sandbox.get(&node).await.1["rejected_reason"], reason);
        let edit = json!({"components": template["components"], "category": "MARKETING"});
        assert_eq!(sandbox.post(&node, &edit).await.1["success"], true);
        let again = sandbox.get(&node).await.1;
        assert_eq!((&again["status"], &again["category"]), (&json!("PENDING"), &json!("MARKETING")));
        sandbox.pass(1, 1);
    }
}

#[tokio::test]
async fn a_utility_template_that_promotes_is_approved_as_marketing() {
    let sandbox = quiet_sandbox().await;
    let (_, created) = sandbox.post(&path(), &new_template("a_gift", "Hola {{1}}, hay un descuento.")).await;
    assert_eq!(created["category"], "UTILITY");
    let bodies = sandbox.pass(1, 1);
    assert_eq!(told(&bodies, "template_category_update")[0]["new_category"], "MARKETING");
    assert_eq!(told(&bodies, "message_template_status_update")[0]["event"], "APPROVED");
}

#[tokio::test]
async fn a_disliked_template_is_paused_for_three_hours_then_six_then_for_good() {
    let sandbox = quiet_sandbox().await;
    sandbox.get(&path()).await;
    let red = json!({"name": "appointment_reminder", "language": "es_AR", "quality": "RED"});
    for (hours, title) in [(3, "FIRST_PAUSE"), (6, "SECOND_PAUSE")] {
        assert_eq!(sandbox.post("/_sandbox/template", &red).await.1["status"], "PAUSED");
        let bodies = sandbox.pass(1, hours - 1);
        assert_eq!(told(&bodies, "message_template_quality_update")[0]["new_quality_score"], "RED");
        assert_eq!(told(&bodies, "message_template_status_update")[0]["other_info"]["title"], title);
        let over = told(&sandbox.pass(1, 1), "message_template_status_update");
        assert_eq!((&over[0]["event"], &over[0]["other_info"]["title"]), (&json!("APPROVED"), &json!("UNPAUSE")));
    }
    assert_eq!(sandbox.post("/_sandbox/template", &red).await.1["status"], "DISABLED");
    let (status, refused) = sandbox.delete(&format!("{}?name=appointment_reminder", path())).await;
    assert_eq!((status, &refused["error"]["error_subcode"]), (400, &json!(2_388_039)), "it stays");
}

#[tokio::test]
async fn a_deleted_name_is_taken_for_thirty_days_and_lists_are_searched_by_text() {
    let sandbox = quiet_sandbox().await;
    let template = new_template("results_ready", "Hola {{1}}, sus resultados están listos.");
    let (_, created) = sandbox.post(&path(), &template).await;
    sandbox.pass(1, 1);
    let (_, found) = sandbox.get(&format!("{}?name_or_content=resultados&summary=total_count", path())).await;
    assert_eq!((found["data"].as_array().map(Vec::len), &found["summary"]["total_count"]), (Some(1), &json!(1)));
    let ids = format!("{}?hsm_ids=[{}]", path(), created["id"].as_str().expect("an id"));
    assert_eq!(sandbox.delete(&ids).await, (200, json!({"success": true})));
    assert_eq!(sandbox.post(&path(), &template).await.1["error"]["error_subcode"], 2_388_023);
    sandbox.pass(1, 24 * 30);
    assert_eq!(sandbox.post(&path(), &template).await.0, 200);
}
