//! Templates for one-time codes: created without texts, listed with WhatsApp's own (authentication templates).

use serde_json::{Value, json};

use super::refusal::Refusal;
use super::template_shape::{text, word};

/// Longest code that a send may carry.
const LONGEST: usize = 15;

/// The components of a creation as they are listed: texts in the template's language, the button as the address that it is
/// on the wire.
pub(super) fn listed(components: &Value, language: &str) -> Result<Value, Refusal> {
    let all = components.as_array().ok_or_else(|| Refusal::new(100, "components must be an array"))?;
    let of = |kind: &str| all.iter().find(|c| word(c, "type") == kind);
    let known = ["body", "footer", "buttons"];
    if all.iter().any(|c| !known.contains(&&*word(c, "type")) || !c["text"].is_null()) {
        return Err(Refusal::new(100, "an authentication template has no texts of its own").with_subcode(2_388_072));
    }
    let is_spanish = language.starts_with("es");
    let body =
        if is_spanish { "Tu código de verificación es *{{1}}*." } else { "*{{1}}* is your verification code." };
    let advice = of("body").is_some_and(|b| b["add_security_recommendation"] == true);
    let said = match (advice, is_spanish) {
        (false, _) => "",
        (true, true) => " Por tu seguridad, no lo compartas.",
        (true, false) => " For your security, do not share this code.",
    };
    let mut listed = vec![json!({"type": "BODY", "text": format!("{body}{said}"),
        "add_security_recommendation": advice, "example": {"body_text": [["123456"]]}})];
    if let Some(minutes) = of("footer").map(|f| &f["code_expiration_minutes"]) {
        let minutes = minutes.as_i64().filter(|m| (1..=90).contains(m));
        let minutes = minutes.ok_or_else(|| Refusal::new(100, "code_expiration_minutes is 1 to 90"))?;
        let said = if is_spanish { "Este código caduca en" } else { "This code expires in" };
        listed.push(json!({"type": "FOOTER", "text": format!("{said} {minutes} min."),
            "code_expiration_minutes": minutes}));
    }
    let button = of("buttons").map_or(&Value::Null, |b| &b["buttons"][0]);
    listed.push(json!({"type": "BUTTONS", "buttons": [read_button(button)?]}));
    Ok(Value::Array(listed))
}

fn read_button(button: &Value) -> Result<Value, Refusal> {
    let way = word(button, "otp_type");
    // What was listed comes back in an edit that changes something else.
    let is_listed = word(button, "type") == "url" && text(button, "url").contains("otp_type=");
    if is_listed {
        return Ok(button.clone());
    }
    if word(button, "type") != "otp" || !["copy_code", "one_tap", "zero_tap"].contains(&way.as_str()) {
        return Err(Refusal::new(100, "an authentication template has one button of type OTP"));
    }
    if way != "copy_code" && button["supported_apps"].as_array().is_none_or(Vec::is_empty) {
        return Err(Refusal::new(100, "supported_apps is required for one-tap and zero-tap"));
    }
    let label = if text(button, "text").is_empty() { "Copy code" } else { text(button, "text") };
    let way = way.to_uppercase();
    Ok(json!({"type": "URL", "text": label,
        "url": format!("https://www.whatsapp.com/otp/code/?otp_type={way}&code=otp{{{{1}}}}"),
        "example": [format!("https://www.whatsapp.com/otp/code/?otp_type={way}&code=otp123456")]}))
}

/// The code of a send: the same in text and button, and no longer than a code is.
pub(super) fn check(components: &Value) -> Result<(), Refusal> {
    let all = components.as_array().map(Vec::as_slice).unwrap_or_default();
    let of =
        |kind: &str| all.iter().find(|c| word(c, "type") == kind).map_or("", |c| text(&c["parameters"][0], "text"));
    let (said, given) = (of("body"), of("button"));
    if said != given {
        return Err(Refusal::new(132_018, "the button gets another code than the text"));
    }
    if said.chars().count() > LONGEST {
        return Err(Refusal::new(132_005, "a code has at most 15 characters"));
    }
    Ok(())
}
