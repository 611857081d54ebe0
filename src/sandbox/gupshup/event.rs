//! Updates in Gupshup's words: one a POST, v2 in its own envelope, v3 in Meta's.

use serde_json::{Value, json};

use crate::domain::time::UnixMs;
use crate::sandbox::hook::{News, Update};
use crate::sandbox::template_shape::text;
use crate::sandbox::world::World;

/// Files are handed out for a week.
const FILE_LIFE_S: i64 = 7 * 24 * 3_600;

/// Chance of a time in seconds written as text.
const TIME_AS_TEXT: f64 = 0.3;

/// The body of a POST with `update`; `None`: Gupshup tells nothing of it.
pub(in crate::sandbox) fn body(update: &Update, world: &mut World, version: u8, now: UnixMs) -> Option<Vec<u8>> {
    let app = &update.account;
    let told = match (&update.news, version) {
        (News::Status { status, .. }, 3) if status["status"] == "mismatch" => return None,
        (News::Status { sender, status, .. }, 3) => v3(world, app, sender, ("statuses", &status_v3(status)), now),
        (News::Message { sender, message, contact }, 3) => {
            let mut body = v3(world, app, sender, ("messages", &message_v3(world, message)), now);
            body["entry"][0]["changes"][0]["value"]["contacts"] = json!([contact]);
            body
        }
        (News::Status { status, .. }, _) => {
            let at = status["timestamp"].as_str().and_then(|s| s.parse::<i64>().ok()).map_or(now.0, |s| s * 1_000);
            let payload = status_v2(world, status);
            v2(app, "message-event", &payload, at)
        }
        (News::Message { message, contact, .. }, _) => {
            let at = text(message, "timestamp").parse::<i64>().map_or(now.0, |s| s * 1_000);
            v2(app, "message", &message_v2(world, message, contact), at)
        }
        // A wish told to WhatsApp is no event here; the next send shows it.
        (News::Preference { .. }, _) => return None,
        (News::Field { field, value }, _) => of_field(app, field, value, now)?,
    };
    Some(told.to_string().into_bytes())
}

fn v2(app: &str, kind: &str, payload: &Value, at: i64) -> Value {
    json!({"app": app, "timestamp": at, "version": 2, "type": kind, "payload": payload})
}

fn v3(world: &World, app: &str, sender: &str, (list, item): (&str, &Value), now: UnixMs) -> Value {
    let display = world.registry.known_number(sender).map(|n| n.digits.clone()).unwrap_or_default();
    let value = json!({"messaging_product": "whatsapp",
        "metadata": {"display_phone_number": display, "phone_number_id": "1"}, list: [item]});
    json!({"gs_app_id": app, "object": "whatsapp_business_account", "entry": [
        {"id": app, "time": now.0.div_euclid(1_000), "changes": [{"field": "messages", "value": value}]}]})
}

/// Ids by the rules of Gupshup's documentation: its own alone until WhatsApp has one, then both.
fn status_v2(world: &mut World, status: &Value) -> Value {
    let (gs, wamid, word) = (&status["gs_id"], &status["id"], text(status, "status"));
    if word == "enqueued" {
        let kind = if status["is_template"] == true { "template" } else { "session" };
        return json!({"id": gs, "type": word, "destination": status["to"],
            "payload": {"whatsappMessageId": wamid, "type": kind}});
    }
    if word == "mismatch" {
        let payload = json!({"wa_id": status["recipient_id"], "phone": status["to"]});
        return json!({"id": gs, "type": word, "destination": status["to"], "payload": payload});
    }
    let mut payload = json!({"id": wamid, "gsId": gs, "type": word, "destination": status["recipient_id"]});
    if word == "failed" {
        let error = &status["errors"][0];
        payload["payload"] = json!({"code": error["code"], "reason": error["title"]});
        if status["was_enqueued"] != true {
            payload = json!({"id": gs, "type": word, "destination": status["to"], "payload": payload["payload"]});
        }
        return payload;
    }
    let seconds = text(status, "timestamp").parse::<i64>().unwrap_or_default();
    let as_text = world.dice.chance(TIME_AS_TEXT);
    payload["payload"] = json!({"ts": if as_text { json!(seconds.to_string()) } else { json!(seconds) }});
    if word == "sent" && status["pricing"].is_object() {
        let pricing = &status["pricing"];
        payload["pricing"] = json!({"policy": "PMP", "category": pricing["category"], "type": pricing["type"]});
    }
    let share = world.delivery.missing_ids;
    if world.dice.chance(share)
        && let Some(object) = payload.as_object_mut()
    {
        object.remove("gsId");
    }
    payload
}

fn status_v3(status: &Value) -> Value {
    let mut told = status.clone();
    let word = text(status, "status").to_owned();
    if let Some(object) = told.as_object_mut() {
        for ours in ["to", "is_template", "was_enqueued", "recipient_user_id"] {
            object.remove(ours);
        }
        if word != "sent" {
            object.remove("pricing");
        }
    }
    if word == "enqueued" {
        let seconds = text(status, "timestamp").parse::<i64>().unwrap_or_default();
        told["timestamp"] = (seconds * 1_000).into();
        told["recipient_id"] = status["to"].clone();
        told["type"] = if status["is_template"] == true { "template".into() } else { "session".into() };
    } else if word == "failed" && status["was_enqueued"] != true {
        // Flat, where it is Gupshup's own word.
        told["code"] = status["errors"][0]["code"].clone();
        told["reason"] = status["errors"][0]["title"].clone();
        told["id"] = status["gs_id"].clone();
        if let Some(object) = told.as_object_mut() {
            object.remove("errors");
        }
    }
    told
}

fn gs_id_of(world: &World, message: &Value) -> Option<String> {
    let quoted = text(&message["context"], "id");
    world.ledger.find(quoted).and_then(|place| world.ledger.get(place))?.gs_id.clone()
}

fn message_v3(world: &World, message: &Value) -> Value {
    let mut told = message.clone();
    if let Some(id) = gs_id_of(world, message) {
        told["context"]["gs_id"] = id.into();
    }
    let kind = text(&told, "type").to_owned();
    let url = told[&kind]["id"].as_str().map(|id| world.open_address(id));
    if let Some(url) = url {
        told[&kind]["url"] = url.into();
    }
    told
}

fn message_v2(world: &World, message: &Value, contact: &Value) -> Value {
    let from = text(message, "from");
    let (kind, inner) = match text(message, "type") {
        "button" => {
            let tapped = &message["button"];
            ("quick_reply", json!({"text": tapped["text"], "type": "button", "postbackText": tapped["payload"]}))
        }
        kind @ ("audio" | "image" | "video" | "document" | "sticker") => {
            let part = &message[kind];
            let seconds = text(message, "timestamp").parse::<i64>().unwrap_or_default();
            let mut inner = json!({"url": world.open_address(text(part, "id")), "contentType": part["mime_type"],
                "urlExpiry": (seconds + FILE_LIFE_S) * 1_000});
            for (ours, theirs) in [("caption", "caption"), ("filename", "name")] {
                if part[ours].is_string() {
                    inner[theirs] = part[ours].clone();
                }
            }
            (if kind == "document" { "file" } else { kind }, inner)
        }
        "location" => ("location", message["location"].clone()),
        _ => ("text", json!({"text": message["text"]["body"]})),
    };
    let mut told = json!({"id": message["id"], "source": from, "type": kind, "payload": inner,
        "sender": {"phone": from, "name": contact["profile"]["name"], "country_code": from.get(..2),
            "dial_code": from.get(2..)}});
    if let Some(id) = gs_id_of(world, message) {
        told["context"] =
            json!({"id": message["context"]["id"], "gsId": id, "forwarded": false, "frequently_forwarded": false});
    }
    told
}

/// What is told of a template, by Gupshup's own id of it.
fn of_template(field: &str, value: &Value) -> Value {
    let id = super::template::uuid(&value["message_template_id"].to_string());
    let mut told = json!({"id": id, "elementName": value["message_template_name"],
        "languageCode": value["message_template_language"]});
    match field {
        "template_category_update" => {
            told["type"] = "category-update".into();
            told["category"] = match value["correct_category"].as_str() {
                Some(correct) => json!({"current": value["new_category"], "correct": correct}),
                None => json!({"old": value["previous_category"], "new": value["new_category"]}),
            };
        }
        "message_template_quality_update" => {
            told["type"] = "quality-update".into();
            told["quality"] = value["new_quality_score"].clone();
        }
        _ => {
            told["type"] = "status-update".into();
            told["status"] = text(value, "event").to_lowercase().into();
            told["rejectedReason"] = value["reason"].clone();
        }
    }
    told
}

/// What is told outside of messages: always in v2's envelope, except the check of the connection.
fn of_field(app: &str, field: &str, value: &Value, now: UnixMs) -> Option<Value> {
    let event = |kind: &str, payload: &Value| Some(v2(app, kind, payload, now.0));
    match field {
        "billing-event" | "user-event" => event(field, value),
        "platform-event" => Some(json!({"gs_app_id": app, "object": "whatsapp_business_account", "entry": [
            {"id": app, "time": now.0.div_euclid(1_000), "changes": [{"field": field, "value": value}]}]})),
        "message_template_status_update" | "template_category_update" | "message_template_quality_update" => {
            event("template-event", &of_template(field, value))
        }
        "account_update" => event(
            "account-event",
            &json!({"type": "status-event", "payload": {
                "status": match text(value, "event") {
                    "ACCOUNT_RESTRICTION" => "ACCOUNT_RESTRICTED",
                    "DISABLED_UPDATE" => match text(&value["ban_info"], "waba_ban_state") {
                        "REINSTATE" => "REINSTATE",
                        _ => "DISABLE",
                    },
                    other => other,
                },
                "restrictionInfo": value["restriction_info"].as_array().map(|all| all.iter().map(|r| json!({
                    "restrictionType": r["restriction_type"], "expiration": r["expiration"]})).collect::<Vec<_>>()),
            }}),
        ),
        "phone_number_quality_update" => event(
            "account-event",
            &json!({"type": "tier-event", "payload": {
            "event": value["event"], "oldLimit": value["old_limit"], "currentLimit": value["current_limit"]}}),
        ),
        _ => None,
    }
}
