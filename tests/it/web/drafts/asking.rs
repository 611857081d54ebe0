//! What only a person can say of a file is asked by the fields of the page, never by keys of a file nobody sees.

use axum::http::StatusCode;
use recado::domain::problem::Problem;
use recado::domain::role::Role;
use recado::engine::Loaded;
use recado::locale::{Language, page_problem};

use super::{form, open, upload};
use crate::engine::stage::CAMPAIGN;
use crate::intake::workbook_of;
use crate::support::stores;

#[tokio::test]
async fn what_stands_in_the_way_is_said_by_the_pages_fields() {
    let store = stores().await.remove(0);
    let (_stage, site, visitor) = open(&store).await;
    let totals = "Paciente;Celular;Cantidad\nAna Paz;+54 9 11 5000-0001;1\nEva;+54 9 11 5000-0002;1\nTotal;;2\n";
    upload(&site, &visitor, "/drafts", "Turnos", ("lista.csv", totals)).await;
    let finish = form(&[("action", "finish")]);
    let refused = site.post("/drafts/1", &visitor, &finish).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.body);
    assert!(refused.body.contains("under “1 · The message”"), "{}", refused.body);
    assert!(!refused.body.contains("[variables]"), "{}", refused.body);
    let chosen =
        [("var.1.column", "paciente"), ("var.1.form", "first_name"), ("var.1.otherwise", ""), ("var.1.own", "")];
    let finish = form(&[&chosen[..], &[("action", "finish")]].concat());
    let refused = site.post("/drafts/1", &visitor, &finish).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.body);
    assert!(
        refused.body.contains("Is it left out, or does it get a message?") && !refused.body.contains("[reading]"),
        "{}",
        refused.body
    );
    // The row is not shown, and the page says why.
    let page = site.get("/drafts/1", Some(&visitor)).await;
    assert!(page.body.contains("data-test=\"in-the-way\""), "{}", page.body);
}

#[tokio::test]
async fn a_wrong_length_of_time_is_told_without_the_place_in_a_file() {
    let store = stores().await.remove(0);
    let (_stage, site, visitor) = open(&store).await;
    upload(&site, &visitor, "/drafts", "Turnos", ("lista.csv", super::AUDIENCE)).await;
    let wrong = form(&[("send", "before"), ("distance", "soon"), ("action", "finish")]);
    let refused = site.post("/drafts/1", &visitor, &wrong).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.body);
    assert!(!refused.body.contains("campaign.toml:"), "{}", refused.body);
    assert!(refused.body.contains("is a length of time: 30m, 24h or 2d."), "{}", refused.body);
}

#[tokio::test]
async fn two_columns_of_one_name_are_two_to_choose_from() {
    let store = stores().await.remove(0);
    let (_stage, site, visitor) = open(&store).await;
    let twice = "Paciente;Nota;Nota\nAna Paz;uno;dos\n"
        .replace("Paciente", "Celular;Paciente")
        .replace("Ana", "+54 9 11 5000-0001;Ana");
    upload(&site, &visitor, "/drafts", "Turnos", ("lista.csv", &twice)).await;
    let page = site.get("/drafts/1", Some(&visitor)).await;
    assert!(page.body.contains("value=\"Nota 2\"") && page.body.contains("Nota (2) · dos"), "{}", page.body);
}

#[test]
fn every_sentence_of_a_page_speaks_of_no_key() {
    for (code, args) in [
        ("total_rows", vec![("n", "1"), ("row", "3"), ("line", "4"), ("cell", "Total")]),
        ("several_sheets", vec![("sheets", "A, B")]),
        ("hidden_sheet", vec![("sheet", "Oculta")]),
        ("law_hours", vec![("n", "2"), ("laws", "co_ley_2300")]),
        ("same_audience_waits", vec![("campaign", "otra"), ("run", "3")]),
        ("ambiguous_column", vec![("role", "phone"), ("columns", "A, B")]),
        ("missing_variable", vec![("name", "1")]),
        ("extra_button", vec![("index", "1")]),
        ("header_extra", vec![("given", "a.jpg")]),
        (
            "unknown_name",
            vec![("place_key", "place.variable"), ("entry", "1"), ("line", "5"), ("column", "11"), ("name", "nombr")],
        ),
        (
            "bad_expression",
            vec![("place_key", "place.button"), ("entry", "0"), ("line", "5"), ("column", "11"), ("why", "x")],
        ),
        ("condition_form", vec![("place_key", "place.column"), ("entry", "only"), ("line", "5"), ("column", "11")]),
    ] {
        for language in Language::ALL {
            let said = page_problem(language, &Problem::new(code, &args));
            assert!(!said.contains(['[', '{', '=']) && !said.contains("campaign.toml"), "{said}");
        }
    }
    let placed = Problem::new("campaign_file", &[("detail", "campaign.toml:6:8: \"file\" must name a file")]);
    assert_eq!(page_problem(Language::En, &placed), "\"file\" must name a file");
}

#[tokio::test]
async fn a_question_about_the_file_is_answered_by_a_button() {
    let store = stores().await.remove(0);
    let (_stage, site, visitor) = open(&store).await;
    let totals = "Paciente;Celular;Cantidad\nAna Paz;+54 9 11 5000-0001;1\nEva;+54 9 11 5000-0002;1\nTotal;;2\n";
    upload(&site, &visitor, "/drafts", "Turnos", ("lista.csv", totals)).await;
    let chosen =
        [("var.1.column", "paciente"), ("var.1.form", "first_name"), ("var.1.otherwise", ""), ("var.1.own", "")];
    site.post("/drafts/1", &visitor, &form(&chosen)).await;
    let page = site.get("/drafts/1", Some(&visitor)).await;
    assert!(page.body.contains("data-test=\"answer-total_rows=leave out\""), "{}", page.body);
    // The list of the form says nothing yet, and the button does.
    let answer = [&chosen[..], &[("read.total_rows", ""), ("answer", "total_rows=leave out")]].concat();
    site.post("/drafts/1", &visitor, &form(&answer)).await;
    let page = site.get("/drafts/1", Some(&visitor)).await;
    assert!(!page.body.contains("data-test=\"asked\"") && page.body.contains("Hola Ana"), "{}", page.body);
    // Nothing else of the file is written that way.
    site.post("/drafts/1", &visitor, &form(&[&chosen[..], &[("answer", "kind=promotion")]].concat())).await;
    let kept = recado::store::draft::list(&store).await.unwrap().remove(0).definition;
    assert!(kept.contains("total_rows = \"leave out\"") && !kept.contains("promotion"), "{kept}");
}

#[tokio::test]
async fn any_row_is_gone_to_by_its_number() {
    let store = stores().await.remove(0);
    let (_stage, site, visitor) = open(&store).await;
    upload(&site, &visitor, "/drafts", "Turnos", ("lista.csv", super::AUDIENCE)).await;
    let gone = site.post("/drafts/1", &visitor, &form(&[("go", "2")])).await;
    assert_eq!(gone.leads_to(), "/drafts/1?row=2", "{}", gone.body);
    let page = site.get("/drafts/1?row=2", Some(&visitor)).await;
    assert!(
        page.body.contains("data-test=\"go\"") && page.body.contains("<dd class=\"wrap\">Eva</dd>"),
        "{}",
        page.body
    );
    assert_eq!(site.post("/drafts/1", &visitor, &form(&[("go", "-5")])).await.leads_to(), "/drafts/1?row=1");
}

#[tokio::test]
async fn a_file_is_what_it_holds_whatever_its_name_says() {
    let store = stores().await.remove(0);
    let (_stage, site, visitor) = open(&store).await;
    let names = ["turnos", "turnos.csv.exe", "C:\\\\Datos\\\\turnos.csv", "lista.final"];
    for (no, (name, kept)) in
        names.iter().zip(["turnos.csv", "turnos.csv", "turnos.csv", "lista.final.csv"]).enumerate()
    {
        let begun = upload(&site, &visitor, "/drafts", "Mis turnos", (name, super::AUDIENCE)).await;
        assert_eq!(begun.status, StatusCode::SEE_OTHER, "{name}: {}", begun.body);
        let page = site.get(&format!("/drafts/{}", no + 1), Some(&visitor)).await;
        assert!(
            page.body.contains(&format!("data-test=\"file\">{kept}<")) && page.body.contains("Mis turnos"),
            "{name}"
        );
    }
    let chosen = [("var.1.column", "paciente"), ("var.1.form", ""), ("var.1.otherwise", ""), ("var.1.own", "")];
    let done = site.post("/drafts/1", &visitor, &form(&[&chosen[..], &[("action", "finish")]].concat())).await;
    assert!(done.leads_to().starts_with("/campaigns/"), "{}", done.body);
}

#[tokio::test]
async fn who_answers_offers_those_who_may() {
    let store = stores().await.remove(0);
    let (_stage, site, visitor) = open(&store).await;
    for role in Role::PEOPLE {
        site.visitor(role).await;
    }
    upload(&site, &visitor, "/drafts", "Turnos", ("lista.csv", super::AUDIENCE)).await;
    let page = site.get("/drafts/1", Some(&visitor)).await.body;
    for role in Role::PEOPLE {
        let offered = page.contains(&format!("value=\"agent:{}\"", role.as_str()));
        assert_eq!(offered, role.may(recado::domain::role::Right::Converse), "{}", role.as_str());
    }
}

#[tokio::test]
async fn what_keeps_a_file_from_being_counted_shows_on_the_page_what_is_known() {
    let store = stores().await.remove(0);
    let (stage, site, visitor) = open(&store).await;
    let totals = "nombre,telefono\nAna,+5491150000001\nTotal,\n";
    stage.load("sumas", crate::engine::stage::CAMPAIGN, totals).await;
    let page = site.get("/campaigns/2", Some(&visitor)).await.body;
    assert!(page.contains("not known yet") && !page.contains("USD 0"), "{page}");
    for said in ["data-test=\"file-facts\"", "commas between cells", "Names of columns in row 1: nombre, telefono"] {
        assert!(page.contains(said), "{said}: {page}");
    }
}

#[tokio::test]
async fn what_only_a_person_can_say_of_a_file_is_answered_on_the_campaigns_page() {
    for store in stores().await {
        let (stage, site, visitor) = open(&store).await;
        let rows = "nombre,telefono\nAna,+5491150000001\nTotal,\n";
        stage.load("totals", CAMPAIGN, rows).await;
        let sums = workbook_of(&[("Turnos", HIDDEN.as_bytes())]);
        let campaign = CAMPAIGN.replace("people.csv", "people.xlsx");
        let loaded = stage.engine.load_campaign("book", &campaign, Some(("people.xlsx", sums)), "ana").await.unwrap();
        let Loaded::Version { .. } = loaded else { panic!("{loaded:?}") };
        for (id, answers) in [(2, &["total_rows=leave out"][..]), (3, &["hidden_rows=take", "total_rows=take"])] {
            let path = format!("/campaigns/{id}");
            for (nth, answer) in answers.iter().enumerate() {
                let page = site.get_read(&path, &visitor).await.body;
                let button = format!("data-test=\"answer-{answer}\"");
                assert!(page.contains(&button), "{} {path} {answer}: {page}", store.name());
                let reader = site.visitor(Role::Finance).await;
                let refused = site.post(&format!("{path}/read-as"), &reader, &[("answer", answer)]).await;
                assert_eq!(refused.status, StatusCode::FORBIDDEN, "{}", store.name());
                let other = site.post(&format!("{path}/read-as"), &visitor, &[("answer", "kind=promotion")]).await;
                assert_eq!(other.status, StatusCode::BAD_REQUEST, "nothing else is written that way");
                let kept = site.post(&format!("{path}/read-as"), &visitor, &[("answer", answer)]).await;
                assert_eq!(kept.leads_to(), format!("{path}?done=loaded"), "{} {nth}: {}", store.name(), kept.body);
            }
            let page = site.get_read(&path, &visitor).await.body;
            assert!(!page.contains("data-test=\"asked\""), "{} {path}: {page}", store.name());
            let name = if id == 2 { "totals" } else { "book" };
            let folder = stage.engine.config.campaigns_dir.join(name);
            let written = std::fs::read_to_string(folder.join("campaign.toml")).unwrap();
            for (key, value) in answers.iter().filter_map(|answer| answer.split_once('=')) {
                assert!(written.contains(&format!("{key} = \"{value}\"")), "{written}");
            }
        }
        assert!(recado::store::draft::list(&store).await.unwrap().is_empty(), "{}", store.name());
    }
}

#[tokio::test]
async fn a_sheet_whose_name_has_a_comma_is_one_answer_and_one_choice() {
    let store = stores().await.remove(0);
    let (stage, site, visitor) = open(&store).await;
    let book = workbook_of(&[("Enero, 2026", SHEET.as_bytes()), ("Febrero", SHEET.as_bytes())]);
    let campaign = CAMPAIGN.replace("people.csv", "people.xlsx");
    let loaded = stage.engine.load_campaign("book", &campaign, Some(("people.xlsx", book)), "ana").await.unwrap();
    let Loaded::Version { .. } = loaded else { panic!("{loaded:?}") };
    let page = site.get_read("/campaigns/2", &visitor).await.body;
    for sheet in ["Enero, 2026", "Febrero"] {
        assert!(page.contains(&format!("data-test=\"answer-sheet={sheet}\"")), "{sheet}: {page}");
    }
    assert_eq!(page.matches("data-test=\"answer-sheet=").count(), 2, "{page}");
    let begun = site.post("/campaigns/2/edit", &visitor, &[]).await;
    let draft = site.get_read(begun.leads_to(), &visitor).await.body;
    assert!(draft.contains("<option value=\"Enero, 2026\"") && !draft.contains("<option value=\"2026\""), "{draft}");
    let answer = [("answer", "sheet=Enero, 2026")];
    let kept = site.post("/campaigns/2/read-as", &visitor, &answer).await;
    assert_eq!(kept.leads_to(), "/campaigns/2?done=loaded", "{}", kept.body);
    let page = site.get_read("/campaigns/2", &visitor).await.body;
    assert!(page.contains("Sheet “Enero, 2026”"), "{page}");
}

/// People.
const SHEET: &str = r#"<worksheet><sheetData>
<row r="1"><c r="A1" t="str"><v>nombre</v></c><c r="B1" t="str"><v>telefono</v></c></row>
<row r="2"><c r="A2" t="str"><v>Ana</v></c><c r="B2" t="str"><v>+5491150000001</v></c></row>
</sheetData></worksheet>"#;

/// A hidden row, and one that adds up.
const HIDDEN: &str = r#"<worksheet><sheetData>
<row r="1"><c r="A1" t="str"><v>nombre</v></c><c r="B1" t="str"><v>telefono</v></c></row>
<row r="2"><c r="A2" t="str"><v>Ana</v></c><c r="B2" t="str"><v>+5491150000001</v></c></row>
<row r="3" hidden="1"><c r="A3" t="str"><v>Eva</v></c><c r="B3" t="str"><v>+5491150000002</v></c></row>
<row r="4"><c r="A4" t="str"><v>Total</v></c></row>
</sheetData></worksheet>"#;
