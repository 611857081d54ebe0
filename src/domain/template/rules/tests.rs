//! What the provider would refuse is found before it is asked.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::domain::template::ParameterFormat;
use crate::domain::template::code::CodeTerms;
use crate::domain::template::draft::DraftCard;
use crate::domain::template::parts::Offer;

pub(in crate::domain::template::rules) fn good() -> Draft {
    let examples = [("1", "Ana"), ("2", "20 %")].map(|(k, v)| (k.to_owned(), v.to_owned()));
    Draft {
        name: "spring_sale".to_owned(),
        language: "es_AR".to_owned(),
        category: Category::Marketing,
        format: ParameterFormat::Positional,
        header: Some(DraftHeader::Text { text: "Hola {{1}}".to_owned() }),
        body: "Hola {{1}}, hay {{2}} menos.\nHasta mañana.".to_owned(),
        footer: Some("Responda BAJA para no recibir más".to_owned()),
        buttons: vec![
            DraftButton::QuickReply { text: "No más".to_owned() },
            DraftButton::Url {
                text: "Ver".to_owned(),
                url: "https://x.example/{{1}}".to_owned(),
                example: "https://x.example/a".to_owned(),
            },
            DraftButton::PhoneNumber { text: "Llamar".to_owned(), phone_number: "+54 11 5555-0100".to_owned() },
            DraftButton::CopyCode { example: "SAVE20".to_owned() },
        ],
        examples: BTreeMap::from(examples),
        time_to_live_s: Some(43_200),
        code: None,
        offer: None,
        cards: Vec::new(),
    }
}

fn codes(draft: &Draft) -> Vec<String> {
    check(draft).into_iter().map(|p| p.code).collect()
}

#[test]
fn what_keeps_every_rule_is_taken() {
    assert_eq!(check(&good()), []);
    let named = Draft {
        format: ParameterFormat::Named,
        header: None,
        body: "Hola {{first_name}}, su turno es {{when}}.".to_owned(),
        examples: [("first_name", "Ana"), ("when", "mañana")].map(|(k, v)| (k.to_owned(), v.to_owned())).into(),
        category: Category::Utility,
        time_to_live_s: Some(30),
        ..good()
    };
    assert_eq!(check(&named), []);
}

fn reply(text: &str) -> DraftButton {
    DraftButton::QuickReply { text: text.to_owned() }
}

fn url(url: &str, example: &str) -> DraftButton {
    DraftButton::Url { text: "Ver".to_owned(), url: url.to_owned(), example: example.to_owned() }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of rules")]
fn each_rule_broken_is_told_by_its_own_sentence() {
    let body = |body: &str| Draft { body: body.to_owned(), header: None, ..good() };
    let header = |text: &str| Draft { header: Some(DraftHeader::Text { text: text.to_owned() }), ..good() };
    let buttons = |buttons: Vec<DraftButton>| Draft { buttons, ..good() };
    let example = |text: &str, length: usize| Draft {
        examples: [("1".to_owned(), "x".repeat(length)), ("2".to_owned(), "y".to_owned())].into(),
        ..header(text)
    };
    for (code, draft) in [
        ("template_rule_name_meant", Draft { name: "Promo Verano".to_owned(), ..good() }),
        ("template_rule_name", Draft { name: "¡!".to_owned(), ..good() }),
        ("template_rule_long", Draft { name: "x".repeat(513), ..good() }),
        ("template_rule_language_meant", Draft { language: "es-AR".to_owned(), ..good() }),
        ("template_rule_language", Draft { language: "xx_XX".to_owned(), ..good() }),
        ("template_rule_code_text", Draft { category: Category::Authentication, time_to_live_s: None, ..good() }),
        ("template_rule_code_missing", Draft { category: Category::Authentication, time_to_live_s: None, ..good() }),
        ("template_rule_code_category", Draft { code: Some(CodeTerms::default()), ..good() }),
        ("template_rule_category", Draft { category: Category::Service, time_to_live_s: None, ..good() }),
        ("template_rule_empty", body(" ")),
        ("template_rule_long", Draft { body: "x".repeat(1025), ..good() }),
        ("template_rule_starts", body("{{1}}, hay {{2}} menos.")),
        ("template_rule_ends", body("Hola {{1}}, hay {{2}}")),
        ("template_rule_adjacent", body("Hola {{1}} {{2}}, buen día.")),
        ("template_rule_gap", Draft { header: None, ..body("Hola {{2}}, buen día.") }),
        ("template_rule_named", body("Hola {{1}}, hay {{2}} y {{more}} menos.")),
        (
            "template_rule_variable",
            Draft { format: ParameterFormat::Named, header: None, ..body("Hola {{Nombre}}, sí.") },
        ),
        ("template_rule_braces", body("Hola {{1}}, hay {{2}} menos y {{ eso.")),
        ("template_rule_braces", body("Hola {{1}}, hay {{2}} menos }} eso.")),
        ("template_rule_long", header(&"x".repeat(61))),
        ("template_rule_one_line", header("dos\nlíneas")),
        ("template_rule_header_variables", header("{{1}} y {{2}}")),
        ("template_rule_sample", Draft { header: Some(DraftHeader::Image { sample: String::new() }), ..good() }),
        ("template_rule_footer_variables", Draft { footer: Some("Hola {{1}}".to_owned()), ..good() }),
        ("template_rule_empty", Draft { footer: Some(String::new()), ..good() }),
        ("template_rule_buttons", buttons((0..11).map(|i| reply(&format!("b{i}"))).collect())),
        (
            "template_rule_urls",
            buttons(vec![url("https://a.example", ""), url("https://b.example", ""), url("https://c.example", "")]),
        ),
        ("template_rule_apart", buttons(vec![reply("a"), url("https://a.example", ""), reply("b")])),
        ("template_rule_label", buttons(vec![reply(&"x".repeat(26))])),
        ("template_rule_label", buttons(vec![reply("")])),
        ("template_rule_url", buttons(vec![url("x.example", "")])),
        ("template_rule_url_variable", buttons(vec![url("https://x.example/{{1}}/a", "https://x.example/b/a")])),
        ("template_rule_url_example", buttons(vec![url("https://x.example/{{1}}", " ")])),
        ("template_rule_url_example_other", buttons(vec![url("https://x.example/{{1}}", "https://y.example/a")])),
        ("template_rule_url_example_short", buttons(vec![url("https://x.example/{{1}}", "https://x.example/")])),
        ("template_rule_url_space", buttons(vec![url("https://x.example/a b", "")])),
        ("template_rule_one_line", buttons(vec![reply("dos\nlíneas")])),
        (
            "template_rule_phone",
            buttons(vec![DraftButton::PhoneNumber { text: "Llamar".to_owned(), phone_number: "011".to_owned() }]),
        ),
        ("template_rule_code", buttons(vec![DraftButton::CopyCode { example: "DOS PARTES".to_owned() }])),
        (
            "template_rule_example_line",
            Draft {
                examples: [("1".to_owned(), "a\nb".to_owned()), ("2".to_owned(), "x".to_owned())].into(),
                ..good()
            },
        ),
        ("template_rule_life", Draft { time_to_live_s: Some(30), ..good() }),
        ("template_rule_filled", example("Hola", 1_020)),
        ("template_rule_filled", example("{{1}}, hola", 55)),
    ] {
        let found = codes(&draft);
        assert!(found.iter().any(|c| c == code), "{code}: {found:?}");
    }
    let accents = check(&Draft { name: "Promo Niños".to_owned(), ..good() });
    assert!(accents[0].args.contains(&("meant".to_owned(), "promo_ninos".to_owned())), "{accents:?}");
    let bare = Draft { examples: BTreeMap::new(), ..good() };
    assert_eq!(codes(&bare), ["template_rule_example", "template_rule_example"]);
}

#[test]
fn what_is_too_long_or_cannot_be_seen_is_told_with_its_part_and_by_nothing_else() {
    let buttons = |buttons: Vec<DraftButton>| Draft { buttons, ..good() };
    let long = |start: &str| format!("{start}{}", "x".repeat(LONGEST_URL));
    let bell = |text: &str| format!("{text}\u{7}");
    let examples = |text: String| [("1".to_owned(), text), ("2".to_owned(), "x".to_owned())].into();
    let card = |text: &str| DraftCard { body: text.to_owned(), ..card("Desde {{1}} hoy.") };
    let code = CodeTerms { label: bell("Copiar"), ..CodeTerms::default() };
    let one_time = Draft { code: Some(code), category: Category::Authentication, time_to_live_s: None, ..empty() };
    for (rule, part, draft) in [
        ("long", "button_url", buttons(vec![url(&long("https://x.example/"), "")])),
        ("long", "button_example", buttons(vec![url("https://x.example/{{1}}", &long("https://x.example/"))])),
        ("control", "header", Draft { header: Some(DraftHeader::Text { text: bell("Hola") }), ..good() }),
        ("control", "body", Draft { body: bell("Hola {{1}}, hay {{2}} menos"), ..good() }),
        ("control", "body", Draft { body: "Hola {{1}}, hay {{2}} \0 menos".to_owned(), ..good() }),
        ("control", "footer", Draft { footer: Some(bell("Hola")), ..good() }),
        ("control", "button_label", buttons(vec![reply(&bell("Sí"))])),
        ("control", "button_url", buttons(vec![url(&bell("https://x.example/a"), "")])),
        ("control", "button_example", buttons(vec![url("https://x.example/{{1}}", &bell("https://x.example/a"))])),
        ("control", "button_code", buttons(vec![DraftButton::CopyCode { example: bell("SAVE") }])),
        ("control", "example", Draft { examples: examples(bell("Ana")), ..good() }),
        ("control", "offer", offer(&bell("Hoy"))),
        ("control", "card", carousel(vec![card("Desde {{1}} hoy."), card(&bell("Desde {{1}} hoy"))])),
        ("control", "code_label", one_time),
    ] {
        let found = check(&draft);
        let [only] = found.as_slice() else { panic!("{rule} {part}: {found:?}") };
        assert_eq!(only.code, format!("template_rule_{rule}"), "{part}");
        let key = ("part_key".to_owned(), format!("template_field.{part}"));
        assert!(only.args.contains(&key), "{only:?}");
    }
}

fn empty() -> Draft {
    Draft { header: None, body: String::new(), footer: None, buttons: Vec::new(), examples: BTreeMap::new(), ..good() }
}

#[test]
fn how_long_a_message_may_wait_depends_on_the_category() {
    for (category, seconds, fits) in [
        (Category::Utility, 29, false),
        (Category::Utility, 30, true),
        (Category::Utility, 43_200, true),
        (Category::Utility, 43_201, false),
        (Category::Marketing, 43_199, false),
        (Category::Marketing, 2_592_000, true),
        (Category::Marketing, 2_592_001, false),
        (Category::Utility, MONTH, true),
        (Category::Utility, 0, false),
        (Category::Utility, -2, false),
        (Category::Marketing, MONTH, false),
        (Category::Authentication, MONTH, true),
        (Category::Authentication, 29, false),
        (Category::Authentication, 30, true),
        (Category::Authentication, 900, true),
        (Category::Authentication, 901, false),
    ] {
        let draft = match category {
            Category::Authentication => Draft { code: Some(CodeTerms::default()), ..empty() },
            _ => good(),
        };
        let draft = Draft { category, time_to_live_s: Some(seconds), ..draft };
        assert_eq!(check(&draft).is_empty(), fits, "{category:?} {seconds}");
        let told = draft.template().time_to_live_s;
        assert_eq!(told, Some(seconds).filter(|s| *s != MONTH), "30 days are what a template that says nothing has");
    }
}

proptest! {
    #[test]
    fn no_text_breaks_the_check_or_the_preview(body in ".{0,80}", header in ".{0,20}", url_text in ".{0,30}") {
        let draft = Draft {
            body,
            header: Some(DraftHeader::Text { text: header }),
            buttons: vec![url(&url_text, &url_text)],
            ..good()
        };
        check(&draft);
        draft.shown();
    }

    #[test]
    fn what_is_taken_has_no_variable_at_its_edges_or_side_by_side(words in proptest::collection::vec("[a-z]{0,3}|\\{\\{[12]\\}\\}", 1..8)) {
        let draft = Draft { header: None, body: words.join(" "), ..good() };
        if check(&draft).is_empty() {
            let body = draft.body.trim();
            prop_assert!(!body.starts_with("{{") && !body.ends_with("}}"));
            prop_assert!(!body.contains("}}{{") && !body.contains("}} {{"));
        }
    }
}

fn card(text: &str) -> DraftCard {
    DraftCard {
        header: DraftHeader::Image { sample: "4::a".to_owned() },
        body: text.to_owned(),
        buttons: vec![reply("Me interesa")],
        examples: BTreeMap::from([("1".to_owned(), "$ 9".to_owned())]),
    }
}

fn carousel(cards: Vec<DraftCard>) -> Draft {
    Draft { header: None, footer: None, buttons: Vec::new(), cards, ..good() }
}

fn offer(text: &str) -> Draft {
    let image = DraftHeader::Image { sample: "4::a".to_owned() };
    let buttons = vec![DraftButton::CopyCode { example: "X".to_owned() }, url("https://x.example/a", "")];
    let offer = Some(Offer { text: text.to_owned(), ends: true });
    Draft { header: Some(image), footer: None, buttons, offer, ..good() }
}

#[test]
fn offers_cards_and_catalogs_keep_rules_of_their_own() {
    let (one, catalog) = (card("Desde {{1}} hoy."), vec![DraftButton::Catalog]);
    let products = Draft { buttons: vec![DraftButton::Products], ..good() };
    for draft in [
        carousel(vec![one.clone(), one.clone()]),
        carousel(vec![DraftCard { body: String::new(), ..one.clone() }; 10]),
        offer("¡Solo hoy!"),
        Draft { buttons: catalog.clone(), ..good() },
        products.clone(),
    ] {
        assert_eq!(check(&draft), [], "{draft:?}");
    }
    let two = |other: DraftCard| carousel(vec![one.clone(), other]);
    for (code, draft) in [
        ("template_rule_marketing_only", Draft { category: Category::Utility, time_to_live_s: None, ..offer("Hoy") }),
        ("template_rule_catalog_alone", Draft { buttons: [catalog, vec![reply("Sí")]].concat(), ..good() }),
        ("template_rule_products_header", Draft { header: None, ..products }),
        ("template_rule_offer", offer("Una oferta demasiado larga")),
        ("template_rule_offer", offer(" ")),
        ("template_rule_offer_parts", Draft { footer: Some("pie".to_owned()), ..offer("Hoy") }),
        ("template_rule_offer_parts", Draft { buttons: vec![reply("Sí")], ..offer("Hoy") }),
        ("template_rule_long", Draft { body: "x".repeat(601), ..offer("Hoy") }),
        ("template_rule_cards", carousel(vec![one.clone()])),
        ("template_rule_cards", carousel(vec![one.clone(); 11])),
        ("template_rule_cards_alone", Draft { footer: Some("pie".to_owned()), ..two(one.clone()) }),
        ("template_rule_cards_alike", two(DraftCard { buttons: Vec::new(), ..one.clone() })),
        ("template_rule_cards_alike", two(DraftCard { body: String::new(), ..one.clone() })),
        ("template_rule_card_header", two(DraftCard { header: DraftHeader::Location, ..one.clone() })),
        (
            "template_rule_card_header",
            two(DraftCard { header: DraftHeader::Image { sample: String::new() }, ..one.clone() }),
        ),
        ("template_rule_card_long", two(DraftCard { body: "x".repeat(161), ..one.clone() })),
        (
            "template_rule_card_buttons",
            two(DraftCard { buttons: vec![reply("a"), reply("b"), reply("c")], ..one.clone() }),
        ),
        (
            "template_rule_filled",
            two(DraftCard { examples: BTreeMap::from([("1".to_owned(), "9".repeat(155))]), ..one.clone() }),
        ),
        ("template_rule_starts", two(card("{{1}} hoy."))),
        ("template_rule_example", two(DraftCard { examples: BTreeMap::new(), ..one.clone() })),
        ("template_rule_label", two(DraftCard { buttons: vec![reply("")], ..one.clone() })),
    ] {
        assert!(codes(&draft).iter().any(|found| found == code), "{code}: {:?}", codes(&draft));
    }
}
