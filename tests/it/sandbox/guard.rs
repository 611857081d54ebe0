use crate::support::sandbox::quiet_sandbox;

#[tokio::test]
async fn foreign_hosts_and_origins_are_refused() {
    let sandbox = quiet_sandbox().await;
    let own = sandbox.address.to_string();
    let own_origin = format!("http://{own}");
    for (host, origin, status) in [
        (own.as_str(), None, 200),
        ("localhost", None, 200),
        ("localhost:9090", None, 200),
        ("[::1]:9090", None, 200),
        (own.as_str(), Some(own_origin.as_str()), 200),
        ("evil.example", None, 403),
        ("127.0.0.1.evil.example", None, 403),
        ("192.168.1.7", None, 403),
        ("localhost@evil.example", None, 403),
        (own.as_str(), Some("https://evil.example"), 403),
        (own.as_str(), Some("http://localhost:1"), 403),
        (own.as_str(), Some("null"), 403),
    ] {
        let mut request = sandbox.request(reqwest::Method::GET, "/_sandbox/stats").header("Host", host);
        if let Some(origin) = origin {
            request = request.header("Origin", origin);
        }
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status().as_u16(), status, "{host} {origin:?}");
    }
}
