//! Broken connections: what proves that nothing left, and what leaves the message in doubt.

use recado::domain::answer::Answer;
use recado::provider::Provider;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::{account, hello, person, provider};

/// What the peer does once the whole request has come.
#[derive(Clone, Copy, Debug)]
enum Peer {
    Closes,
    Resets,
    BreaksOff,
    TalksNonsense,
}

async fn read_request(stream: &mut TcpStream) {
    let mut request = Vec::new();
    let mut piece = [0; 4096];
    while !request.windows(4).any(|w| w == b"Hola") {
        let n = stream.read(&mut piece).await.expect("the connection works");
        request.extend_from_slice(&piece[..n]);
    }
}

async fn answer_once(listener: &TcpListener, peer: Peer) {
    let (mut stream, _) = listener.accept().await.expect("the connection works");
    read_request(&mut stream).await;
    match peer {
        Peer::Closes => {}
        Peer::Resets => stream.set_zero_linger().expect("the connection works"),
        Peer::BreaksOff => {
            stream
                .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"messages\":[{\"id\":")
                .await
                .expect("the connection works");
        }
        Peer::TalksNonsense => stream.write_all(b"SSH-2.0-something\r\n\r\n").await.expect("the connection works"),
    }
}

#[tokio::test]
async fn a_message_is_in_doubt_when_the_connection_breaks_after_the_request_was_written_and_it_is_written_once() {
    for (peer, reason) in [
        (Peer::Closes, "the connection broke before the answer"),
        (Peer::Resets, "the connection broke before the answer"),
        (Peer::BreaksOff, "the answer broke off"),
        (Peer::TalksNonsense, "the connection broke before the answer"),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let provider = provider(&format!("http://{}", listener.local_addr().unwrap()));
        let to = person();
        let request = hello(&to);
        let (answer, ()) = tokio::join!(provider.send(&request), answer_once(&listener, peer));
        assert_eq!(answer, Answer::Unknown { reason: reason.to_owned(), pause: None }, "{peer:?}");
        // A second try of the client's own would be waiting to be accepted.
        let again = std::future::poll_fn(|cx| std::task::Poll::Ready(listener.poll_accept(cx).is_ready())).await;
        assert!(!again, "{peer:?}: the request was written twice");
    }
}

#[tokio::test]
async fn nothing_was_sent_when_no_connection_was_made() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let refusing = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let answer = provider(&refusing).send(&hello(&person())).await;
    assert_eq!(answer, Answer::NotSent { reason: "no connection".to_owned() });
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = MockServer::start().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(200)).expect(0).mount(&elsewhere).await;
    for status in [301, 307] {
        let server = MockServer::start().await;
        let redirect = ResponseTemplate::new(status).insert_header("Location", elsewhere.uri());
        Mock::given(any()).respond_with(redirect).expect(1).mount(&server).await;
        let answer = provider(&server.uri()).send(&hello(&person())).await;
        assert!(matches!(answer, Answer::Unknown { .. }), "{answer:?}");
    }
}

#[test]
fn an_account_that_no_request_can_carry_is_refused_without_telling_the_token() {
    let mut bad = account("http://127.0.0.1:9");
    super::cloud_api(&mut bad).access_token = "secret\ntoken".into();
    let error = Provider::connect(&bad).unwrap_err();
    assert!(error.to_string().contains("account meta") && !format!("{error:?}").contains("secret"), "{error:?}");
    assert!(Provider::connect(&account("mailto:someone@example.org")).is_err());
}

#[test]
fn a_provider_hides_its_secrets_when_printed() {
    let printed = format!("{:?}", provider("http://127.0.0.1:9"));
    for secret in ["EAAinventedtoken", "test_app_secret", "test_verify_token"] {
        assert!(!printed.contains(secret), "{printed}");
    }
}
