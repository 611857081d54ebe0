//! What only a person can say of a file is asked by the fields of the page, never by keys of a file nobody sees.

use axum::http::StatusCode;
use recado::domain::problem::Problem;
use recado::locale::{Language, page_problem};

use super::{form, open, upload};
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
    assert!(refused.body.contains("under “The file”") && !refused.body.contains("[reading]"), "{}", refused.body);
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
        ("ambiguous_column", vec![("role", "phone"), ("columns", "A, B")]),
        ("missing_variable", vec![("name", "1")]),
    ] {
        for language in Language::ALL {
            let said = page_problem(language, &Problem::new(code, &args));
            assert!(!said.contains(['[', '{', '=']), "{said}");
        }
    }
    let placed = Problem::new("campaign_file", &[("detail", "campaign.toml:6:8: \"file\" must name a file")]);
    assert_eq!(page_problem(Language::En, &placed), "\"file\" must name a file");
}
