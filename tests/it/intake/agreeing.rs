//! Who has agreed to promotions and who wants none, by the columns of a file.

use super::given::Given;

const BASE: &str = "country = \"AR\"\n[template]\nname = \"t\"\nlanguage = \"es_AR\"\n";

fn given(columns: &str) -> Given {
    Given::promotion(&format!("{BASE}[columns]\n{columns}\n"))
}

fn reminder() -> Given {
    Given::campaign(&format!(
        "kind = \"reminder\"\nsender = \"s\"\nfile = \"a.csv\"\ntimezone = \"America/Argentina/Buenos_Aires\"\n{BASE}"
    ))
}

/// The columns that a warning tells of.
fn told_of(given: &Given, code: &str, text: impl AsRef<[u8]>) -> Option<String> {
    let warnings = given.open(text, |rows| rows.warnings()).unwrap_or_else(|p| panic!("{p:?}"));
    warnings.into_iter().find(|w| w.code == code).map(|w| w.args[0].1.clone())
}

fn roles(given: &Given, text: &str) -> Vec<(String, String)> {
    let mut found = given.open(text, |rows| rows.facts().columns.clone()).unwrap_or_else(|p| panic!("{p:?}"));
    found.retain(|(role, _)| role == "consent" || role == "refusal");
    found
}

#[test]
fn columns_of_yes_and_no_are_told_where_nothing_says_who_agreed() {
    let text = |header: &str| {
        format!(
            "Telefono,Nombre,{header},Nota\n1155550101,Ana,sí,sí\n1155550102,Eva,No,llega tarde\n1155550103,Lía,,no\n"
        )
    };
    let told = |given: &Given, header: &str| told_of(given, "yes_or_no_columns", text(header));
    assert_eq!(told(&given(""), "Prefiere"), Some("Prefiere".to_owned()));
    assert_eq!(told(&given(""), "Baja"), None);
    assert_eq!(told(&given(""), "Acepta"), None);
    let beside = "Telefono,Acepta,Prefiere\n1155550101,sí,no\n1155550102,sí,sí\n";
    assert_eq!(told_of(&given(""), "yes_or_no_columns", beside), None, "another column says who agreed");
    assert_eq!(told(&given("only = \"{{ prefiere }}\""), "Prefiere"), None, "something depends on it");
    assert_eq!(told(&given("consent = \"Prefiere\""), "Prefiere"), None);
    assert_eq!(told(&given("refusal = \"Prefiere\""), "Prefiere"), None);
    assert_eq!(told(&reminder(), "Prefiere"), None);
    for (header, cells, is_told) in [
        ("VIP", ["x", "", "✓"], true),
        ("VIP", ["1", "0", "1"], true),
        ("Cantidad", ["1", "1", "1"], false),
        ("Cantidad", ["1", "0", "2"], false),
        ("Prefiere", ["sí", "no", "no"], true),
        ("Plan", ["mensual", "anual", "no"], false),
        ("Newsletter", ["1", "1", ""], true),
        ("Newsletter", ["sí", "pendiente", "a ver"], true),
        ("Newsletter", ["semanal", "diario", ""], false),
    ] {
        is_told_or_not(header, &cells, is_told);
    }
}

#[test]
fn columns_of_yes_no_and_few_other_words_are_told_and_notes_are_not() {
    for (header, cells, is_told) in [
        ("Marcado", "sí|no|pendiente", true),
        ("Marcado", "sí|no|pendiente|sí|no|pendiente", true),
        ("Marcado", "sí|no|?|-|n/a|a confirmar", true),
        ("Marcado", "sim|não|pendente|aguardando|aguardando|aguardando|pendente|pendente|pendente|pendente", true),
        ("Marcado", "sí|no|llamar|sí|no|llamar", true),
        ("Marcado", "sí|no|llamar|sí|no|escribir|llamar|escribir", true),
        // Notes are no two the same, and a yes or a no among them is one of them.
        ("Notas", "sí|no|no|viene con la madre|trae estudios", false),
        ("Notas", "no|no|pendiente|pendiente", false),
        ("Notas", "sí|no|llamar|llamar|escribir|escribir", false),
        ("Zona", "N|S|E|O|N|S|E|O", false),
        ("Talle", "S|M|L|S|M|L|N|S", false),
    ] {
        let cells: Vec<&str> = cells.split('|').collect();
        is_told_or_not(header, &cells, is_told);
    }
}

fn is_told_or_not(header: &str, cells: &[&str], is_told: bool) {
    let rows = cells.iter().enumerate().map(|(no, cell)| format!("115555010{no},Ana,{cell}"));
    let rows = rows.collect::<Vec<_>>().join("\n");
    let found = told_of(&given(""), "yes_or_no_columns", format!("Telefono,Nombre,{header}\n{rows}\n"));
    assert_eq!(found.as_deref(), Some(header).filter(|_| is_told), "{header} {cells:?}");
}

#[test]
fn in_a_column_of_refusals_a_question_is_no_no_and_a_dash_is_told() {
    for header in ["Opt-out", "Baja", "Não perturbe"] {
        let text = |cells: &str| {
            let rows = cells.split('|').enumerate().map(|(no, cell)| format!("115555010{no},{cell}\n"));
            format!("Telefono,{header}\n{}", rows.collect::<String>())
        };
        let unclear = |cell: &str| format!("no_consent (consent_unclear_in: {header}: {cell})");
        let fates = given("").fates(text("?|¿?|a confirmar|—|-|.|n/a||no"));
        let expected = [unclear("?"), unclear("¿?"), unclear("a confirmar")].into_iter();
        let sent = (3..9).map(|no| format!("549115555010{no}"));
        assert_eq!(fates, expected.chain(sent).collect::<Vec<_>>(), "{header}");
        let warnings = given("").open(text("—|x|.|n/a||no"), |mut rows| {
            rows.by_ref().for_each(drop);
            rows.warnings()
        });
        let told = warnings.unwrap_or_else(|p| panic!("{p:?}")).into_iter().find(|w| w.code == "refusal_dashes");
        let args = [("n", "3"), ("example", "—")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(told.expect("it is told").args, args, "{header}");
    }
    // Whoever another column leaves out is not counted: they are not written to.
    let two = "Telefono,Baja,Opt-out\n1155550101,—,x\n";
    assert!(!given("").warnings(two).contains(&"refusal_dashes".to_owned()));
}

#[test]
fn unused_columns_that_sound_like_a_refusal_are_told_with_their_own_key() {
    for header in ["HasOptedOutOfEmail", "Email Opt Out", "Do Not Email", "Unsubscribed from all email", "Inactivo"] {
        let text = format!("Telefono,Nombre,{header},Prefiere\n1155550101,Ana,x,sí\n1155550102,Eva,,no\n");
        assert_eq!(told_of(&given(""), "refusal_columns", &text).as_deref(), Some(header));
        assert_eq!(told_of(&given(""), "yes_or_no_columns", &text).as_deref(), Some("Prefiere"), "{header}");
        let named = given(&format!("refusal = \"{header}\""));
        assert_eq!(told_of(&named, "refusal_columns", &text), None, "{header}");
        let left_out = format!("no_consent (consent_refused_in: {header}: x)");
        assert_eq!(named.fates(&text), [left_out.as_str(), "5491155550102"], "{header}");
    }
}

#[test]
fn columns_of_those_who_want_none_can_be_named() {
    let text = "Telefono,Acepta,Baja,Lista 1,Lista 2\n1155550101,sí,,,\n1155550102,sí,,x,\n1155550103,sí,,no,sí\n\
        1155550104,sí,x,,\n1155550105,no,,,\n1155550106,sí,,a ver,\n";
    let named = given("refusal = [\"Lista 1\", \"lista 2\"]");
    assert_eq!(
        named.fates(text),
        [
            "5491155550101",
            "no_consent (consent_refused_in: Lista 1: x)",
            "no_consent (consent_refused_in: Lista 2: sí)",
            "no_consent (consent_refused_in: Baja: x)",
            "no_consent",
            "no_consent (consent_unclear_in: Lista 1: a ver)",
        ]
    );
    let found = [("consent", "Acepta"), ("refusal", "Baja, Lista 1, Lista 2")];
    assert_eq!(roles(&named, text), found.map(|(role, column)| (role.to_owned(), column.to_owned())));
    assert_eq!(given("refusal = \"Lista 1\"").fates(text)[2], "5491155550103");
    assert_eq!(given("refusal = \"Lsta 1\"").blockers(text), ["unknown_column_meant"]);
    assert_eq!(given("refusal = [\"Lista 1\", \"Otra\"]").blockers(text), ["unknown_column"]);
    // A reminder is no promotion.
    let mut reminder = reminder();
    reminder.campaign.columns.refusals = vec!["Lista 1".to_owned()];
    assert_eq!(reminder.fates(text)[1], "5491155550102");
}

#[test]
fn of_several_columns_of_consents_each_has_to_say_yes() {
    for header in ["Acepta promociones,Acepta WhatsApp", "Opt-in,Opt-in"] {
        let (one, other) = header.split_once(',').unwrap();
        let text = format!(
            "Telefono,{header}\n1155550101,sí,x\n1155550102,no,sí\n1155550103,sí,no\n1155550104,,sí\n1155550105,sí,pendiente\n"
        );
        let expected = [
            "5491155550101".to_owned(),
            format!("no_consent (consent_no_in: {one}: no)"),
            format!("no_consent (consent_no_in: {other}: no)"),
            format!("no_consent (consent_empty: {one})"),
            format!("no_consent (consent_unclear_in: {other}: pendiente)"),
        ];
        assert_eq!(given("").fates(&text), expected, "{header}");
        assert_eq!(roles(&given(""), &text), [("consent".to_owned(), format!("{one}, {other}"))]);
        assert_eq!(given("").drafts(&text)[0].consent, "sí");
        let listed = given(&format!("consent = [\"{one}\", \"{other}\"]"));
        assert_eq!(listed.fates(&text), expected, "{header}");
    }
    let text = "Telefono,Acepta promociones,Acepta WhatsApp\n1155550101,no,sí\n1155550102,sí,no\n";
    let named = given("consent = \"Acepta WhatsApp\"");
    assert_eq!(named.fates(text), ["5491155550101", "no_consent"], "the one that is named counts alone");
    let twice = "Telefono,Opt-in,Opt-in\n1155550101,no,sí\n1155550102,sí,no\n";
    assert_eq!(given("consent = \"Opt-in\"").fates(twice).len(), 2);
    assert!(given("consent = \"Opt-in\"").drafts(twice).is_empty());
    assert_eq!(given("consent = \"Opt-in 2\"").fates(twice), ["5491155550101", "no_consent"]);
    // A reminder goes out, and keeps no basis that one of them denies.
    assert!(reminder().drafts(twice).iter().all(|draft| draft.consent.is_empty()));
    assert_eq!(reminder().drafts(twice).len(), 2);
}

const CONTRARY: &str = "Opt-out|Baja|Excluir|Excluido|Revocado|Quiere baja|Email Opt Out|HasOptedOutOfEmail|\
    Do Not Email|Rechaza publicidad|Recusa marketing|No autorizado|Retiró consentimiento|\
    Falta consentimiento|Consentimiento pendiente|No opt-in|Not opted in|Stop|Suppressed|Inactivo|\
    Se opone|No suscripto|Não recebe promoções|Non-consent|Prohibido contactar|Fallecido|\
    Prefiere no recibir|Prefere não receber|Prefers not to be contacted|DND|Do not disturb|\
    No molestar|Cancelou inscrição|Cancelou|Canceló|Cancelled|Reclamó|Reclamação|Queja|Queixa|\
    Complaint|Removido|Unsub";

#[test]
fn a_column_named_for_the_contrary_of_what_it_is_called_is_a_blocker() {
    for header in CONTRARY.split('|') {
        let text = format!("Telefono,{header}\n1155550101,sí\n1155550102,no\n");
        for named in [format!("\"{header}\""), format!("[\"{header}\"]")] {
            assert_eq!(given(&format!("consent = {named}")).blockers(&text), ["consent_refuses"], "{header}");
            let fates = given(&format!("refusal = {named}")).fates(&text);
            assert!(fates[0].starts_with("no_consent") && fates[1] == "5491155550102", "{header}: {fates:?}");
        }
    }
    let agreed = "Telefono,Acepta marketing\n1155550101,sí\n";
    assert_eq!(given("refusal = \"Acepta marketing\"").blockers(agreed), ["refusal_agrees"]);
    let both = "Telefono,Lista\n1155550101,sí\n";
    assert_eq!(given("consent = \"Lista\"\nrefusal = \"Lista\"").blockers(both), ["consent_and_refusal"]);
    // What says both is told by its cells.
    let alta = "Telefono,Alta/Baja\n1155550101,Alta\n1155550102,Baja\n";
    assert_eq!(given("consent = \"Alta/Baja\"").fates(alta), ["5491155550101", "no_consent"]);
}
