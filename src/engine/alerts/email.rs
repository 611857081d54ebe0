//! A mail of the alert.

use lettre::message::header::{ContentType, HeaderName, HeaderValue, MIME_VERSION_1_0};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use secrecy::ExposeSecret;
use tokio::time::timeout;

use super::ways::{Notice, TIMEOUT, Untold};
use crate::config::{AlertEmail, MailTls};

/// Says that no person wrote it, so that no absence is answered (RFC 3834).
const AUTO_SUBMITTED: HeaderName = HeaderName::new_from_ascii_str("Auto-Submitted");

/// A subject is shown in one line.
const SUBJECT_LENGTH: usize = 150;

/// Hands it to the mail server once.
pub(super) async fn tell(email: &AlertEmail, notice: &Notice) -> Result<(), Untold> {
    let message = message(email, notice).map_err(Untold::Mail)?;
    let transport = transport(email).map_err(Untold::Smtp)?;
    timeout(TIMEOUT, transport.send(message)).await.map_err(|_| Untold::Late)?.map_err(Untold::Smtp)?;
    Ok(())
}

fn message(email: &AlertEmail, notice: &Notice) -> Result<Message, lettre::error::Error> {
    let first = notice.text.lines().next().unwrap_or_default();
    let subject: String = format!("[Recado] {first}").chars().take(SUBJECT_LENGTH).collect();
    let domain = email.from.email.domain();
    let mut builder = Message::builder()
        .from(email.from.clone())
        .subject(subject)
        .header(MIME_VERSION_1_0)
        .header(ContentType::TEXT_PLAIN)
        .message_id(Some(format!("<{}@{domain}>", notice.id)));
    for to in &email.to {
        builder = builder.to(to.clone());
    }
    let mut message = builder.body(format!("{}\n\n{}\n", notice.text, notice.url))?;
    message.headers_mut().insert_raw(HeaderValue::new(AUTO_SUBMITTED, "auto-generated".to_owned()));
    Ok(message)
}

fn transport(email: &AlertEmail) -> Result<AsyncSmtpTransport<Tokio1Executor>, lettre::transport::smtp::Error> {
    let parameters = || TlsParameters::new(email.host.clone());
    let tls = match email.tls {
        MailTls::Always => Tls::Wrapper(parameters()?),
        MailTls::Required => Tls::Required(parameters()?),
        MailTls::Offered => Tls::Opportunistic(parameters()?),
        MailTls::None => Tls::None,
    };
    let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(email.host.clone())
        .port(email.port)
        .tls(tls)
        .timeout(Some(TIMEOUT));
    if let Some((user, password)) = &email.login {
        builder = builder.credentials(Credentials::new(user.clone(), password.expose_secret().to_owned()));
    }
    Ok(builder.build())
}

/// Why, without the server's own words: they may quote addresses.
pub(super) fn reason(error: &lettre::transport::smtp::Error) -> String {
    match error.status() {
        Some(code) => format!("the mail server answered {code}"),
        None if error.is_timeout() => "the mail server did not answer in time".to_owned(),
        None if error.is_tls() => "no secure connection to the mail server".to_owned(),
        None if error.is_client() => {
            "the mail server cannot do what is asked of it (STARTTLS, or a way to sign in)".to_owned()
        }
        None => "no connection to the mail server".to_owned(),
    }
}
