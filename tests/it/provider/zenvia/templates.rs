//! Templates as Zenvia lists them, as Recado's.

use serde_json::{Value, json};
use wiremock::matchers::{method, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::{fixture, fixtures, provider};

async fn listing(items: &Value) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(method("GET"))
        .and(path("/templates"))
        .and(query_param("channel", "WHATSAPP"))
        .respond_with(ResponseTemplate::new(200).set_body_json(items))
        .mount(&server)
        .await;
    server
}

/// `templates.expected.json` is written when it is not there, to be looked at.
#[tokio::test]
async fn every_kind_of_template_is_read() {
    let server = listing(&fixture("templates.json")).await;
    let mut read = provider(&server.uri()).templates().await.expect("a list");
    read.sort_by(|a, b| a.provider_id.cmp(&b.provider_id));
    let read = serde_json::to_value(read).expect("JSON");
    let expected = fixtures("templates.expected.json");
    if !expected.exists() {
        std::fs::write(&expected, serde_json::to_string_pretty(&read).expect("JSON") + "\n").expect("written");
        panic!("look at what was written");
    }
    assert_eq!(read, fixture::<Value>("templates.expected.json"));
}

#[tokio::test]
async fn one_is_found_by_its_name_and_language() {
    let server = listing(&fixture("templates.json")).await;
    let provider = provider(&server.uri());
    let found = provider.template("aviso_de_entrega_2", "pt_BR").await.expect("a list").expect("it is there");
    assert_eq!(found.provider_id, "t-display");
    assert_eq!(provider.template("codigo", "es-AR").await.expect("a list").expect("it is there").language, "es_AR");
    assert_eq!(provider.template("aviso_de_entrega_2", "es_AR").await.expect("a list"), None);
}

#[tokio::test]
async fn all_pages_are_read_and_a_server_without_pages_ends_the_reading() {
    let page = |from: usize, n: usize| -> Value {
        (from..from + n)
            .map(|i| json!({"id": format!("t{i}"), "name": format!("n{i}"), "locale": "pt_BR", "status": "APPROVED"}))
            .collect()
    };
    let server = MockServer::start().await;
    for (no, items) in [("1", page(0, 500)), ("2", page(500, 7))] {
        Mock::given(query_param("page", no))
            .respond_with(ResponseTemplate::new(200).set_body_json(items))
            .expect(1)
            .mount(&server)
            .await;
    }
    assert_eq!(provider(&server.uri()).templates().await.expect("pages").len(), 507);
    let same = listing(&page(0, 500)).await;
    assert_eq!(provider(&same.uri()).templates().await.expect("a list").len(), 500);
}
