//! The handshake and the signature of webhooks.

use super::provider;

/// Computed with openssl for the secret `test_app_secret`.
const SIGNED: [(&str, &str); 2] = [
    (
        r#"{"object":"whatsapp_business_account","entry":[]}"#,
        "sha256=dec6a680679a968e7e0319355b23599cbfc54502c0784668e9618baa0c633756",
    ),
    (
        r#"{"object": "whatsapp_business_account", "entry": []}"#,
        "sha256=56cbbaf4961c6cfdae48b7f116c047e5eb513d2c931baae63a2bc1afd26f803a",
    ),
];

#[test]
fn a_webhook_is_authentic_when_its_raw_bytes_are_signed() {
    let provider = provider("http://127.0.0.1:9");
    for (body, signature) in SIGNED {
        assert!(provider.is_authentic(Some(signature), body.as_bytes()), "{body}");
    }
    // The same JSON in other bytes.
    assert!(!provider.is_authentic(Some(SIGNED[0].1), SIGNED[1].0.as_bytes()));
}

#[test]
fn a_webhook_without_the_right_signature_is_not_authentic() {
    let provider = provider("http://127.0.0.1:9");
    let (body, signature) = SIGNED[0];
    let hex = signature.strip_prefix("sha256=").unwrap();
    for header in [
        None,
        Some(""),
        Some("sha256="),
        Some(hex),
        Some(&signature[..signature.len() - 2]),
        Some("sha256=zz"),
        Some("sha1=00"),
    ] {
        assert!(!provider.is_authentic(header, body.as_bytes()), "{header:?}");
    }
}

#[test]
fn an_account_without_secrets_believes_nobody() {
    let mut account = super::account("http://127.0.0.1:9");
    super::cloud_api(&mut account).app_secret = "".into();
    super::cloud_api(&mut account).verify_token = "".into();
    let provider = recado::provider::Provider::connect(&account).unwrap();
    // HMAC of the empty body under the empty key.
    let signature = "sha256=b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad";
    assert!(!provider.is_authentic(Some(signature), b""));
    assert_eq!(provider.handshake("subscribe", "", "1158201444"), None);
}

#[test]
fn the_handshake_gives_the_challenge_back_to_whoever_knows_the_token() {
    let provider = provider("http://127.0.0.1:9");
    let challenge = Some("1158201444".to_owned());
    assert_eq!(provider.handshake("subscribe", "test_verify_token", "1158201444"), challenge);
    assert_eq!(provider.handshake("subscribe", "another", "1158201444"), None);
    assert_eq!(provider.handshake("unsubscribe", "test_verify_token", "1158201444"), None);
}
