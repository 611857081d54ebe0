//! An account at Gupshup.

use recado::config::Access;

use super::{EXAMPLE, parsed, problems_with};

const GUPSHUP: &str = r#"
[account.gupshup]
provider       = "gupshup"
base_url       = "https://api.gupshup.io"
app            = "SaludCenter"
app_id         = "5f1b7a0e-2c1d-4f59-9d0b-6a2f8c7e4d31"
currency       = "USD"
timezone       = "America/Sao_Paulo"
api_key        = "k3y"
webhook_secret = "a-secret-that-nobody-guesses"
webhook_header_secret = "s3cret"
[sender.gupshup]
account = "gupshup"
number  = "+5511900000001"
"#;

#[test]
fn an_app_at_gupshup_is_configured_with_one_of_three_credentials_and_one_number() {
    let config = parsed(&format!("{EXAMPLE}{GUPSHUP}"), &[]);
    let Access::Gupshup(access) = &config.accounts["gupshup"].access else { panic!("another provider") };
    assert!(!access.credentials.is_partner());
    assert_eq!((access.wallet_low.0, access.wire.requests_per_second), (5_000_000, 10));
    assert_eq!(access.webhook.header.as_ref().unwrap().0, "x-recado-webhook");
    assert_eq!(config.senders["gupshup"].phone_number_id, "5511900000001");
    assert!(!format!("{config:?}").contains("k3y"));
    let partner = "[account.gupshup.partner]\nemail = \"ops@example.org\"\nclient_secret = \"s\"\n[sender.gupshup]";
    let section = GUPSHUP.replace("api_key        = \"k3y\"\n", "").replace("[sender.gupshup]", partner);
    let config = parsed(&format!("{EXAMPLE}{section}"), &[]);
    let Access::Gupshup(access) = &config.accounts["gupshup"].access else { panic!("another provider") };
    assert_eq!(access.wire.template_path, "/partner/app/{app_id}/template/msg");
}

#[test]
fn partners_mark_as_read_where_it_is_said_and_take_templates_over_where_it_is_documented() {
    let wire = |source: &str| {
        let config = parsed(&format!("{EXAMPLE}{source}"), &[]);
        let Access::Gupshup(access) = config.accounts["gupshup"].access.clone() else { panic!("another provider") };
        (access.wire.read_path, access.wire.sync_path)
    };
    let path = |path: &str| Some(path.to_owned());
    assert_eq!(wire(GUPSHUP), (path("/wa/app/{app_id}/msg/{id}/read"), None));
    let partner = GUPSHUP.replace("api_key        = \"k3y\"", "app_token = \"sk_1\"");
    assert_eq!(wire(&partner), (None, path("/partner/app/{app_id}/template/sync")));
    let own = "[account.gupshup.wire]\nread_path = \"/partner/app/{app_id}/msg/{id}/read\"\n[sender.gupshup]";
    assert_eq!(wire(&partner.replace("[sender.gupshup]", own)).0, path("/partner/app/{app_id}/msg/{id}/read"));
}

/// What is changed in Gupshup's account, and the end of the only problem.
const REFUSED_AT_GUPSHUP: &[(&str, &str, &str)] = &[
    ("api_key        = \"k3y\"", "", "\"api_key\" is missing in [account.gupshup]"),
    (
        "api_key        = \"k3y\"",
        "api_key = \"k\"\napp_token = \"sk_1\"",
        "give one of \"api_key\", \"app_token\" and [partner]",
    ),
    ("webhook_secret = \"a-secret-that-nobody-guesses\"", "", "\"webhook_secret\" is missing in [account.gupshup]"),
    (
        "\"a-secret-that-nobody-guesses\"",
        "\"short\"",
        "must be at least 24 letters, digits, - or _: it stands in an address",
    ),
    ("webhook_header_secret = \"s3cret\"", "", "\"webhook_header_secret\" is missing in [account.gupshup]"),
    ("webhook_header_secret = \"s3cret\"", "webhook_addresses = []", "leave it out to take webhooks from anywhere"),
    ("api_key ", "webhook_version = \"4\"\napi_key ", "must be \"2\" or \"3\", not \"4\"; did you mean \"2\"?"),
    ("api_key ", "wallet_low = \"5 BRL\"\napi_key ", "\"wallet_low\" is not in the account's currency"),
    ("api_key ", "wallet_low = \"5\"\napi_key ", "must be an amount with its currency, as \"5 USD\""),
    (
        "api_key ",
        "waba_id = \"1\"\napi_key ",
        "unknown key \"waba_id\" in [account.gupshup]; it belongs in [account.meta]",
    ),
    (
        "number  =",
        "phone_number_id = \"1\"\nnumber  =",
        "unknown key \"phone_number_id\" in [sender.gupshup]; it belongs in [sender.saludcenter]",
    ),
    (
        "[sender.gupshup]",
        "[account.gupshup.wire]\ntemplate_path = \"../x\"\n[sender.gupshup]",
        "must be a path below base_url, as \"/wa/api/v1/template/msg\"",
    ),
    (
        "[sender.gupshup]",
        "[account.gupshup.wire]\nread_path = \"/partner/app/{app_id}/read\"\n[sender.gupshup]",
        "must be a path below base_url with {id} in it, as \"/partner/app/{app_id}/msg/{id}/read\"",
    ),
    (
        "[sender.gupshup]",
        "[account.gupshup.wire]\npassthrough = true\n[sender.gupshup]",
        "\"passthrough\" is of the partner surface: give app_token or [partner] in place of api_key",
    ),
    (
        "[sender.gupshup]",
        "[sender.second]\naccount = \"gupshup\"\nnumber = \"+5511900000002\"\n[sender.gupshup]",
        "has a sender already: an app at Gupshup has one number",
    ),
    (
        "\"5f1b7a0e-2c1d-4f59-9d0b-6a2f8c7e4d31\"",
        "\"../x\"",
        "must be an id of letters, digits and -, as Gupshup shows it",
    ),
];

#[test]
fn what_cannot_be_at_gupshup_is_refused_with_the_reason() {
    for (from, to, ends) in REFUSED_AT_GUPSHUP {
        assert!(GUPSHUP.contains(from), "{from}");
        let problems = problems_with(&format!("{EXAMPLE}{}", GUPSHUP.replacen(from, to, 1)), &[]);
        assert_eq!(problems.len(), 1, "{problems:#?}");
        assert!(problems[0].ends_with(ends), "{problems:?} {ends}");
    }
}
