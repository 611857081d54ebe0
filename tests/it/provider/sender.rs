//! How a sender stands.

use recado::provider::{ProviderError, SenderStatus};
use wiremock::matchers::{header, method, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::{SENDER, fixture, provider};

async fn status_of(file: &str) -> Result<SenderStatus, ProviderError> {
    let server = MockServer::start().await;
    let fields = "id,display_phone_number,status,quality_rating,platform_type,throughput,\
                  whatsapp_business_manager_messaging_limit,is_on_biz_app";
    Mock::given(method("GET"))
        .and(path(format!("/v26.0/{SENDER}")))
        .and(query_param("fields", fields))
        .and(header("Authorization", "Bearer EAAinventedtoken"))
        .respond_with(ResponseTemplate::new(200).set_body_string(fixture(file)))
        .expect(1)
        .mount(&server)
        .await;
    provider(&format!("{}/v26.0", server.uri())).sender_status(SENDER).await
}

#[tokio::test]
async fn a_senders_throughput_follows_its_level_and_coexistence() {
    for (file, throughput) in [
        ("standard", Some(80)),
        ("high", Some(1_000)),
        ("coexistence", Some(20)),
        ("number_told", Some(200)),
        ("not_applicable", Some(20)),
        ("of_tomorrow", None),
    ] {
        let status = status_of(&format!("senders/{file}.json")).await.unwrap();
        assert_eq!(status.throughput, throughput, "{file}");
    }
}

#[tokio::test]
async fn a_sender_tells_its_number_status_quality_and_tier() {
    let status = status_of("senders/standard.json").await.unwrap();
    let expected = SenderStatus {
        throughput: Some(80),
        status: "CONNECTED".to_owned(),
        quality: "GREEN".to_owned(),
        tier: Some("2K".to_owned()),
        display_number: "+1 555-078-3881".to_owned(),
    };
    assert_eq!(status, expected);
    let bare = status_of("senders/of_tomorrow.json").await.unwrap();
    assert_eq!((bare.tier, bare.display_number.as_str(), bare.status.as_str()), (None, "15550783881", ""));
}

#[tokio::test]
async fn a_refusal_names_the_code_and_the_trace() {
    let error = status_of("answers/100_33.json").await.unwrap_err();
    assert_eq!(error.to_string(), "the provider refused: code 100, HTTP 200, trace AzInvented1a");
    assert!(matches!(status_of("answers/gateway.html").await, Err(ProviderError::Unreadable { .. })));
}
