//! What a template's components ask of a send, read from their wire form; and the rules a new template must meet.

use serde_json::Value;

use super::refusal::Refusal;

mod special;

pub(super) use special::CardShape;

/// Components as far as sends depend on them.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Shape {
    /// Named parameters instead of numbered ones.
    pub is_named: bool,
    /// Header, if any.
    pub header: Option<HeaderShape>,
    /// Body text with its placeholders.
    pub body: String,
    /// Buttons in order.
    pub buttons: Vec<ButtonShape>,
    /// Its offer, if any: what it says, and whether each send says when it ends.
    pub offer: Option<(String, bool)>,
    /// Cards of a carousel.
    pub cards: Vec<CardShape>,
}

/// A header.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum HeaderShape {
    /// Text with its placeholders.
    Text(String),
    /// `image`, `video`, `document`, `location`, `gif` or `product`: given with every send.
    Media(String),
}

/// A button.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct ButtonShape {
    /// `quick_reply`, `url`, `copy_code`, `phone_number`, `catalog`, `mpm`, `flow`, …
    pub kind: String,
    /// Its label.
    pub text: String,
    /// Its address, for `url`.
    pub url: String,
}

impl ButtonShape {
    /// Whether a send must fill it.
    pub fn takes_parameter(&self) -> bool {
        match self.kind.as_str() {
            "url" => !placeholders(&self.url).is_empty(),
            "copy_code" | "mpm" => true,
            _ => false,
        }
    }
}

/// Names between `{{` and `}}`, each once, in order of first appearance.
pub(super) fn placeholders(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("{{") {
        let Some((name, tail)) = after.split_once("}}") else { break };
        if !found.contains(&name.trim()) {
            found.push(name.trim());
        }
        rest = tail;
    }
    found
}

impl Shape {
    /// Reads `components` of a template whose parameters are named or not.
    pub fn read(components: &Value, is_named: bool) -> Result<Self, Refusal> {
        let list = components.as_array().ok_or_else(|| Refusal::new(100, "components must be an array"))?;
        let mut shape =
            Self { is_named, header: None, body: String::new(), buttons: Vec::new(), offer: None, cards: Vec::new() };
        for component in list {
            match word(component, "type").as_str() {
                "header" => shape.header = Some(read_header(component)),
                "body" => text(component, "text").clone_into(&mut shape.body),
                "buttons" => shape.buttons = read_buttons(component),
                "limited_time_offer" => shape.offer = Some(special::read_offer(component)),
                "carousel" => shape.cards = special::read_cards(component)?,
                "footer" => {}
                other => return Err(Refusal::new(100, format!("unknown component type '{other}'"))),
            }
        }
        Ok(shape)
    }

    /// The rules of creation: sizes, placeholders, order of buttons.
    pub fn check(&self) -> Result<(), Refusal> {
        self.check_sizes()?;
        let header = if let Some(HeaderShape::Text(text)) = &self.header { text.as_str() } else { "" };
        if placeholders(header).len() > 1 {
            return Err(created_wrong("a header takes one variable", 2_388_047));
        }
        self.check_names(&self.body)?;
        self.check_names(header)?;
        let body = self.body.trim();
        if body.starts_with("{{") || body.ends_with("}}") {
            return Err(created_wrong("variables can't be at the start or end of the template", 2_388_299));
        }
        if body.contains("}}{{") {
            return Err(created_wrong("variables can't be next to each other", 2_388_293));
        }
        self.check_special()?;
        check_buttons(&self.buttons)
    }

    fn check_sizes(&self) -> Result<(), Refusal> {
        if self.body.is_empty() {
            return Err(created_wrong("a template needs a body", 2_388_072));
        }
        let longest = if self.offer.is_some() { 600 } else { 1024 };
        if self.body.chars().count() > longest {
            return Err(created_wrong("body text is longer than 1024 characters, or 600 under an offer", 2_388_040));
        }
        match &self.header {
            Some(HeaderShape::Text(text)) if text.is_empty() || text.chars().count() > 60 => {
                Err(created_wrong("header text is 1 to 60 characters", 2_388_047))
            }
            _ => Ok(()),
        }
    }

    /// Numbered placeholders run from 1 without a gap; named ones are lower-case words.
    fn check_names(&self, text: &str) -> Result<(), Refusal> {
        let names = placeholders(text);
        let fits = if self.is_named {
            names.iter().all(|n| is_word(n) && !n.starts_with(|c: char| c.is_ascii_digit()))
        } else {
            (1..=names.len()).all(|no| names.contains(&no.to_string().as_str()))
        };
        if fits { Ok(()) } else { Err(created_wrong("variable names do not fit the parameter format", 2_388_073)) }
    }
}

/// How many, in which order, and what they say.
fn check_buttons(buttons: &[ButtonShape]) -> Result<(), Refusal> {
    let count = |kind: &str| buttons.iter().filter(|b| b.kind == kind).count();
    if buttons.len() > 10 || count("url") > 2 || count("phone_number") > 1 || count("copy_code") > 1 {
        return Err(Refusal::new(100, "too many buttons: 10, of which 2 url, 1 phone number, 1 copy code"));
    }
    let groups = buttons.chunk_by(|a, b| (a.kind == "quick_reply") == (b.kind == "quick_reply"));
    if groups.filter(|g| g.iter().any(|b| b.kind == "quick_reply")).count() > 1 {
        return Err(Refusal::new(100, "quick replies must stand together"));
    }
    let has_own_label = |kind: &str| matches!(kind, "copy_code" | "catalog" | "mpm" | "spm");
    if buttons.iter().any(|b| !has_own_label(&b.kind) && (b.text.is_empty() || b.text.chars().count() > 25)) {
        return Err(Refusal::new(100, "button text is 1 to 25 characters"));
    }
    let is_wrong_url = |b: &ButtonShape| !placeholders(&b.url).is_empty() && !b.url.ends_with("{{1}}");
    if buttons.iter().any(is_wrong_url) {
        return Err(Refusal::new(100, "a url takes one variable, {{1}}, at its end"));
    }
    Ok(())
}

/// Whether `name` is of `[a-z0-9_]`, and not empty.
pub(super) fn is_word(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

fn created_wrong(details: &str, subcode: i64) -> Refusal {
    Refusal::new(100, details).with_subcode(subcode)
}

fn read_header(component: &Value) -> HeaderShape {
    match word(component, "format").as_str() {
        "text" | "" => HeaderShape::Text(text(component, "text").to_owned()),
        media => HeaderShape::Media(media.to_owned()),
    }
}

fn read_buttons(component: &Value) -> Vec<ButtonShape> {
    let list = component["buttons"].as_array().map(Vec::as_slice).unwrap_or_default();
    let read = |b: &Value| ButtonShape {
        kind: word(b, "type"),
        text: text(b, "text").to_owned(),
        url: text(b, "url").to_owned(),
    };
    list.iter().map(read).collect()
}

/// The string at `key`, or an empty one.
pub(super) fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

/// The enum word at `key` in lower case: clients send both, and both work.
pub(super) fn word(value: &Value, key: &str) -> String {
    text(value, key).to_ascii_lowercase()
}
