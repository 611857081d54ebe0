//! What the sandbox and the daemon of an installation are told.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;

use super::Setup;

/// Zenvia's half minute between two tries would make tests slow.
pub(super) const SANDBOX: &str = "[zenvia]\nretry_s = 1.0\n";

pub(super) fn sandbox_args(setup: &Setup, (at, daemon_at): (SocketAddr, SocketAddr), dir: &Path) -> Vec<String> {
    let webhook = |path: &str| format!("http://{daemon_at}/webhooks/{path}");
    let own: Vec<String> = match setup.provider {
        "zenvia" => vec!["--config".to_owned(), dir.join("sandbox.toml").display().to_string()],
        "gupshup" => [
            "--webhook",
            &webhook("gupshup/a-secret-that-nobody-guesses"),
            "--webhook-header",
            "x-recado-webhook: hello",
        ]
        .map(str::to_owned)
        .to_vec(),
        _ => ["--webhook", &webhook("meta"), "--app-secret", "s3cret", "--verify-token", "hello"]
            .map(str::to_owned)
            .to_vec(),
    };
    let mut all: Vec<String> =
        ["sandbox", "--provider", setup.provider, "--listen", &at.to_string()].map(str::to_owned).to_vec();
    all.extend(own);
    all.extend(setup.clock.iter().flat_map(|clock| ["--clock".to_owned(), clock.clone()]));
    all.extend(setup.sandbox.iter().cloned());
    all
}

pub(super) fn configuration(setup: &Setup, daemon_at: SocketAddr, sandbox_at: SocketAddr) -> String {
    let account = match setup.provider {
        "gupshup" => gupshup(sandbox_at),
        "zenvia" => zenvia(sandbox_at),
        _ => meta(sandbox_at),
    };
    let mut senders = String::new();
    for (no, name) in setup.senders.iter().enumerate() {
        let (id, number) = (format!("10654035224{no:04}"), format!("+54911555501{no:02}"));
        let of = match setup.provider {
            "gupshup" => "account = \"gupshup\"".to_owned(),
            "zenvia" => "account = \"zenvia\"".to_owned(),
            _ => format!("account = \"meta\"\nphone_number_id = \"{id}\""),
        };
        writeln!(senders, "[sender.{name}]\n{of}\nnumber = \"{number}\"").expect("memory");
    }
    format!(
        r#"[server]
listen     = "{daemon_at}"
public_url = "http://{daemon_at}"
data_dir   = "{data_dir}"
[campaigns]
quiet = "0s"
[store]
url = "{store}"
{account}
{senders}
{more}
"#,
        store = setup.database.url(),
        more = setup.more,
        data_dir = setup.data_dir,
    )
}

fn meta(sandbox_at: SocketAddr) -> String {
    format!(
        r#"[account.meta]
provider     = "cloud_api"
base_url     = "http://{sandbox_at}/v26.0"
waba_id      = "102290129340398"
currency     = "USD"
timezone     = "America/Argentina/Buenos_Aires"
access_token = "any"
app_secret   = "s3cret"
verify_token = "hello"
"#
    )
}

fn gupshup(sandbox_at: SocketAddr) -> String {
    format!(
        r#"[account.gupshup]
provider       = "gupshup"
base_url       = "http://{sandbox_at}"
app            = "Rig"
app_id         = "5f1b7a0e-2c1d-4f59-9d0b-6a2f8c7e4d31"
currency       = "USD"
timezone       = "America/Argentina/Buenos_Aires"
api_key        = "any"
webhook_secret = "a-secret-that-nobody-guesses"
webhook_header_secret = "hello"
"#
    )
}

fn zenvia(sandbox_at: SocketAddr) -> String {
    format!(
        r#"[account.zenvia]
provider              = "zenvia"
base_url              = "http://{sandbox_at}/v2"
currency              = "USD"
timezone              = "America/Argentina/Buenos_Aires"
api_token             = "any"
webhook_secret        = "0123456789abcdef01234567"
webhook_header_secret = "s3cret"
requests_per_second   = 300
"#
    )
}
