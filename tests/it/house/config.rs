//! `recado.toml`: the shipped example, the environment, secrets, and what is refused.

mod gupshup;
mod laws;
mod reading;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use jiff::civil::date;
use recado::config::{Access, Config, ConfigError, Conversations, MailTls};
use recado::domain::assign::Policy;
use recado::domain::breaker::Limit as Share;
use recado::domain::failure::FailureClass;
use recado::domain::tier::{Limit, Reserve};
use recado::locale::Language;
use secrecy::ExposeSecret;

const EXAMPLE: &str = include_str!("../../../recado.example.toml");

fn env(variables: &[(&str, &str)]) -> BTreeMap<String, String> {
    variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn parse(source: &str, variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    Config::parse(source, "recado.toml", Path::new("/etc/recado"), &env(variables))
}

fn parsed(source: &str, variables: &[(&str, &str)]) -> Config {
    parse(source, variables).unwrap_or_else(|error| panic!("{error}"))
}

fn meta_token(config: &Config) -> &str {
    let Access::CloudApi(access) = &config.accounts["meta"].access else { panic!("another provider") };
    access.access_token.expose_secret()
}

fn problems_with(source: &str, variables: &[(&str, &str)]) -> Vec<String> {
    match parse(source, variables) {
        Err(ConfigError::Problems(problems)) => problems.iter().map(ToString::to_string).collect(),
        other => panic!("{other:?}"),
    }
}

/// The only problem of the example after one change.
fn problem_after(from: &str, to: &str) -> String {
    assert!(EXAMPLE.contains(from), "{from}");
    let problems = problems_with(&EXAMPLE.replacen(from, to, 1), &[]);
    assert_eq!(problems.len(), 1, "{problems:#?}");
    problems[0].clone()
}

#[test]
fn the_shipped_example_is_a_configuration() {
    let config = parsed(EXAMPLE, &[]);
    assert_eq!((config.server.listen.port(), config.server.node.as_deref()), (8080, Some("clinic-1")));
    assert_eq!(config.server.trusted_proxies.len(), 2);
    assert_eq!(config.campaigns_dir, Path::new("/var/lib/recado/campaigns"));
    assert_eq!(config.campaigns_quiet, Duration::from_secs(30), "also the usual value");
    assert_eq!(config.senders["saludcenter"].number.digits(), "5491155550100");
    assert_eq!(config.senders["saludcenter"].throughput.unwrap().get(), 80);
    assert_eq!(config.teams["recepcion"].members, ["ana", "diego"]);
    assert_eq!(config.accounts["meta"].currency.as_str(), "USD");
    assert_eq!(config.teams["recepcion"].assign, Policy::ByHand);
    let unassign_after = Some(Duration::from_mins(30));
    assert_eq!(config.conversations, Conversations { unassign_after, ..Conversations::default() }, "the usual values");
    let portfolio = config.portfolios["saludcenter"];
    assert_eq!(portfolio.tier, Some(Limit::People(2_000)));
    assert_eq!((portfolio.reserve, portfolio.used_at_start), (Reserve::Percent(10), 0));
    assert!(config.holidays["AR"].contains(&date(2026, 12, 25)));
    assert!(!config.is_loopback_only());
}

#[test]
fn a_tier_and_a_reserve_may_be_numbers_too() {
    let source = EXAMPLE.replacen("\"2K\"", "1500", 1).replacen("\"10%\"", "40", 1);
    let portfolio = parsed(&source, &[]).portfolios["saludcenter"];
    assert_eq!((portfolio.tier, portfolio.reserve), (Some(Limit::People(1_500)), Reserve::People(40)));
}

#[test]
fn only_providers_on_this_machine_allow_another_clock() {
    for url in ["http://127.0.0.1:9090", "http://[::1]:9090/v26.0", "http://localhost:9090"] {
        let config = parsed(EXAMPLE, &[("RECADO_ACCOUNT__META__BASE_URL", url)]);
        assert!(config.is_loopback_only(), "{url}");
    }
}

#[test]
fn the_environment_overrides_every_kind_of_key() {
    let config = parsed(
        EXAMPLE,
        &[
            ("RECADO_SERVER__LISTEN", "[::1]:9000"),
            ("RECADO_SENDER__SALUDCENTER__THROUGHPUT", "20"),
            ("RECADO_TEAM__RECEPCION__MEMBERS", "eva, luis"),
            ("RECADO_HOLIDAYS__AR", "2027-05-01"),
            ("RECADO_TEAM__VENTAS__MEMBERS", "eva"),
            ("RECADO_URL", "http://127.0.0.1:8080"),
            ("HOME", "/root"),
        ],
    );
    assert_eq!(config.server.listen.to_string(), "[::1]:9000");
    assert_eq!(config.senders["saludcenter"].throughput.unwrap().get(), 20);
    assert_eq!(config.teams["recepcion"].members, ["eva", "luis"]);
    assert_eq!(config.teams["ventas"].members, ["eva"]);
    assert_eq!(config.holidays["AR"], [date(2027, 5, 1)].into());
}

#[test]
fn a_wrong_variable_is_named() {
    assert_eq!(
        problems_with(EXAMPLE, &[("RECADO_SERVER__LISTN", "x"), ("RECADO_SENDER__SALUDCENTER__THROUGHPUT", "many")]),
        [
            "environment RECADO_SENDER__SALUDCENTER__THROUGHPUT: \"throughput\" must be a whole number",
            "environment RECADO_SERVER__LISTN: unknown key \"listn\" in [server]; did you mean \"listen\"?",
        ]
    );
}

#[test]
fn a_secret_can_be_a_file_among_the_systemd_credentials() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("meta_token"), "from-a-file\n").unwrap();
    let source = EXAMPLE.replacen("access_token = \"change-me\"", "access_token_file = \"meta_token\"", 1);
    let credentials = dir.path().to_str().unwrap();
    let config = parsed(&source, &[("CREDENTIALS_DIRECTORY", credentials)]);
    assert_eq!(meta_token(&config), "from-a-file");

    // Without systemd: beside recado.toml.
    std::fs::write(dir.path().join("recado.toml"), &source).unwrap();
    let config = Config::load(&dir.path().join("recado.toml"), &env(&[])).unwrap();
    assert_eq!(meta_token(&config), "from-a-file");
}

#[test]
fn the_environments_secret_wins_over_the_files() {
    let source = EXAMPLE.replacen("access_token = \"change-me\"", "access_token_file = \"missing\"", 1);
    let config = parsed(&source, &[("RECADO_ACCOUNT__META__ACCESS_TOKEN", "given")]);
    assert_eq!(meta_token(&config), "given");
}

#[test]
fn a_secrets_file_that_is_missing_or_given_twice_is_refused() {
    let line = "app_secret   = \"change-me\"";
    let missing = problem_after(line, "app_secret_file = \"no_such_file\"");
    assert!(missing.contains("names /etc/recado/no_such_file, which cannot be read"), "{missing}");
    let twice = problem_after(line, "app_secret = \"a\"\napp_secret_file = \"b\"");
    assert!(twice.ends_with("\"app_secret_file\" does not go with \"app_secret\": give one of the two"), "{twice}");
    assert!(problem_after(line, "").ends_with("\"app_secret\" is missing in [account.meta]"));
}

#[test]
fn no_secret_is_shown_by_debug_or_by_a_problem() {
    let source = EXAMPLE.replace("change-me", "s3cr3t").replacen("sqlite:recado.db", "postgres://u:s3cr3t@h/d", 1);
    assert!(!format!("{:?}", parsed(&source, &[])).contains("s3cr3t"));
    let wrong = source.replacen("\"s3cr3t\"", "\"s3cr3t s3cr3t\"", 1).replacen("postgres://", "postgre://", 1);
    let problems = problems_with(&wrong, &[]);
    assert!(problems.len() == 2 && !problems.concat().contains("s3cr3t"), "{problems:#?}");
}

/// What is changed in the example, and the end of the only problem.
const REFUSED: &[(&str, &str, &str)] = &[
    ("account         = \"meta\"", "account = \"mete\"", "but there is no [account.mete]; did you mean \"meta\"?"),
    ("team            = \"recepcion\"", "team = \"ventas\"", "but there is no [team.ventas]"),
    ("portfolio    = \"saludcenter\"", "portfolio = \"salud\"", "but there is no [portfolio.salud]"),
    ("\"https://graph.", "\"ftp://graph.", "without user name, ? and #"),
    ("\"USD\"", "\"usd\"", "must be three capital letters, as \"USD\""),
    ("\"+5491155550100\"", "\"1155550100\"", "in international form, as \"+5491155550100\""),
    ("\"106540352242922\"", "106540352242922", "must be text in quotes, not a number"),
    ("\"106540352242922\"", "\"../me\"", "must be an id of digits, in quotes"),
    ("= 80 ", "= 0 ", "must be 1 to 1000 messages per second"),
    ("= 80 ", "= \"80\" ", "must be a whole number, not text"),
    ("[\"127.0.0.1\", \"::1\"]", "[\"localhost\"]", "must be addresses, as \"34.202.224.208\" or \"10.0.0.0/8\""),
    ("\"clinic-1\"", "\"clinic 1\"", "must be at most 40 letters, digits, -, _ and ."),
    ("\"127.0.0.1:8080\"", "\"8080\"", "as \"127.0.0.1:8080\""),
    ("[team.recepcion]", "[team.Ventas]\nmembers = []\n[team.recepcion]", "lower-case letters, digits and _"),
    ("\"cloud_api\"", "\"zenvio\"", "did you mean \"zenvia\"?"),
    ("\"cloud_api\"", "\"cloudapi\"", "did you mean \"cloud_api\"?"),
    ("tier          = \"2K\"", "tier = \"2M\"", "must be a number of people, as 250 or \"2K\", or \"UNLIMITED\""),
    ("reserve       = \"10%\"", "reserve = \"110%\"", "must be a share, as \"10%\", or a number of people"),
    ("used_at_start = 0", "used_at_start = -1", "\"used_at_start\" must be a number of people, 0 or more"),
    ("[vars]", "[errors.x]\ntries = 1\n[vars]", "\"x\" must be a code of the provider, as in [errors.131049]"),
    ("[vars]", "[errors.999999]\ntries = 1\n[vars]", "is a code that Recado does not know: say its \"class\" too"),
    ("[vars]", "[errors.131026]\ntries = 1\n[vars]", "it is never tried again"),
    ("[vars]", "[errors.100]\ntries = 1\n[vars]", "tries again, so it needs \"retry\""),
    ("[vars]", "[errors.100]\nclass = \"hold\"\n[vars]", "needs \"scope\": template, sender or account"),
    ("[vars]", "[errors.100]\nscope = \"sender\"\n[vars]", "\"scope\" goes with class = \"hold\""),
    ("[vars]", "[errors.190]\nsuppress = \"all\"\n[vars]", "\"suppress\" goes with class = \"failed\""),
    ("[vars]", "[errors.100]\nclass = \"fixx\"\n[vars]", "did you mean \"fix\"?"),
    ("[vars]", "[errors.100]\nretries = 1\n[vars]", "unknown key \"retries\" in [errors.100]; did you mean \"tries\"?"),
    ("pause_when_failing    = \"25%\"", "pause_when_failing = \"0%\"", "must be a share, as \"25%\", or \"never\""),
    ("pause_window          = 200", "pause_window = 0", "must be a number of messages, 1 to 1000"),
    ("canary_wait           = \"30m\"", "canary_wait = \"0m\"", "must be a length of time up to \"168h\""),
    ("canary_wait           = \"30m\"", "canary = \"5%\"", "unknown key \"canary\" in [limits]"),
    ("\"https://hooks.", "\"http://hooks.", "must be an https address, without user name and #"),
    ("\"https://hooks.example.org", "\"http://127.0.0.1:9", "where the base_url of every account is on it too"),
    ("\"https://hooks.example.org", "\"https://localhost", "where the base_url of every account is on it too"),
    (
        "pause_at_least        = 50",
        "pause_at_least = 500",
        "is more than the 200 messages of \"pause_window\": it would never be reached",
    ),
    (
        "pause_window          = 200",
        "pause_window = 40",
        "is more than the 40 messages of \"pause_window\": it would never be reached",
    ),
    ("transaction_timeout = \"5s\"", "transaction_timeout = \"5ms\"", "must be from \"1s\" to \"10m\""),
    ("lock_timeout        = \"10s\"", "lock_timeout = \"never\"", "must be a length of time, as \"6h\" or \"90m\""),
    ("restore_after = \"6h\"", "restore_after = \"often\"", "must be a length of time, as \"6h\" or \"90m\""),
    ("whsec_Y2hh", "whsec_Y2", "24 to 64 bytes in base64, as Standard Webhooks has it"),
    ("webhook        =", "# webhook =", "\"webhook_secret\" does nothing without \"webhook\""),
    ("webhook_secret =", "# webhook_secret =", "\"webhook_secret\" is missing in [alerts]"),
    ("[\"/usr/local/bin/page-me\"", "[\"page-me\"", "a program's whole path, as [\"/usr/local/bin/page-me\"]"),
    ("smtp://localhost:25", "localhost:25", "as \"smtps://mail.example.org\" or \"smtp://localhost:25\""),
    ("\"ops@example.org\"", "\"ops\"", "as \"ops@example.org\" or \"Recado <recado@example.org>\""),
    (":25\" }", ":25\", user = \"u\" }", "\"password\" is missing in [alerts.email]"),
    ("disk_free      = \"1GB\"", "disk_free = \"1\"", "must be a size, as \"500MB\" or \"1GB\""),
    ("late           = \"5m\"", "late = \"59s\"", "must be at least 1m"),
    ("for            = \"30s\"", "for = \"soon\"", "must be a length of time, as \"6h\" or \"90m\""),
    ("language       = \"es\"", "language = \"fr\"", "must be \"en\" or \"es\" or \"pt\", not \"fr\""),
    (
        "assign  = \"by_hand\"",
        "assign = \"in turn\"",
        "must be \"by_hand\" or \"round_robin\" or \"least_busy\", not \"in turn\"",
    ),
    ("recontacts     = 1", "recontacts = -1", "must be a number from 0 to 1000"),
    (
        "recontacts     = 1",
        "recontact = 1",
        "unknown key \"recontact\" in [conversations]; did you mean \"recontacts\"?",
    ),
    ("capacity       = 10", "capacity = 0", "must be a number from 1 to 1000"),
    ("unassign_after = \"30m\"", "unassign_after = \"30s\"", "must be a length of time from \"1m\" to \"2160h\""),
    ("bot_silence    = \"5m\"", "bot_silence = \"soon\"", "must be a length of time, as \"6h\" or \"90m\""),
    (
        "texts        = \"13mo\"",
        "texts = \"26mo\"",
        "must not be longer than rows: without its row nobody knows whose a text is",
    ),
    ("raw_webhooks = \"10d\"", "raw_webhooks = \"0d\"", "must be at least \"1d\""),
    (
        "rows         = \"25mo\"",
        "rows = \"soon\"",
        "must be a length of time, as \"10d\", \"13mo\" or \"2y\", or \"never\"",
    ),
];

#[test]
fn what_cannot_be_is_refused_with_the_reason() {
    for (from, to, ends) in REFUSED {
        let problem = problem_after(from, to);
        assert!(problem.ends_with(ends), "{problem}");
    }
}

#[test]
fn a_missing_section_is_named_and_the_misspelt_one_too() {
    let problems = problems_with(&EXAMPLE.replacen("[server]", "[serve]", 1), &[]);
    assert_eq!(problems[0], "recado.toml:1:1: the section [server] is missing");
    assert!(problems[1].ends_with("unknown key \"serve\"; did you mean \"server\"?"), "{problems:?}");
}

#[test]
fn a_store_that_is_not_configured_is_one_sqlite_file() {
    let without = EXAMPLE.replacen("[store]\nurl", "#", 1).replacen("restore_after", "# restore_after", 1);
    let without = without.replacen("transaction_timeout", "# ", 1).replacen("lock_timeout", "# ", 1);
    let config =
        recado::config::Config::parse(&without, "recado.toml", std::path::Path::new("/"), &BTreeMap::default());
    assert_eq!(secrecy::ExposeSecret::expose_secret(&config.unwrap().store_url), "sqlite:recado.db");
}

#[test]
fn two_senders_cannot_have_one_number() {
    let second = EXAMPLE.split("[sender.saludcenter]").nth(1).unwrap();
    let problems = problems_with(&format!("{EXAMPLE}\n[sender.other]{second}"), &[]);
    assert_eq!(problems.len(), 2, "{problems:#?}");
    assert!(problems.iter().all(|p| p.ends_with("belongs to another sender already")), "{problems:#?}");
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let error = Config::load(Path::new("/nowhere/recado.toml"), &env(&[])).unwrap_err();
    assert_eq!(error.to_string(), "cannot read /nowhere/recado.toml");
}

#[test]
fn lines_of_the_error_table_are_overridden_for_every_account() {
    let errors = r#"
[errors.131026]
suppress = "all"
[errors.131008]
class = "hold"
scope = "account"
[errors.131048]
scope = "account"
[errors.424242]
class = "failed"
"#;
    let source = format!("{EXAMPLE}{errors}").replacen("retry = \"24h\"\ntries = 1", "retry = \"48h\"\ntries = 2", 1);
    let config = parsed(&source, &[("RECADO_ERRORS__131009__CLASS", "failed")]);
    let table = &config.accounts["meta"].errors;
    let class = |code| table.class_of(code).map(FailureClass::as_str);
    assert_eq!(
        [131_026, 131_008, 131_048, 424_242, 131_009].map(class),
        ["stop_all", "hold_account", "hold_account", "failed", "failed"].map(Some)
    );
    let later = table.policy(131_049).unwrap();
    assert_eq!((later.class, later.tries), (FailureClass::Later, 2));
    assert_eq!(later.retry_after, Some(std::time::Duration::from_hours(48)));
    assert_eq!(class(131_050), Some("stop_marketing"), "the others stay");
}

#[test]
fn when_runs_stop_by_themselves_is_set_for_every_campaign() {
    let mut source = EXAMPLE.to_owned();
    for (key, value) in [
        ("pause_when_failing    = \"25%\"", "pause_when_failing = \"40%\""),
        ("pause_when_in_review  = \"20%\"", "pause_when_in_review = \"never\""),
        ("pause_window          = 200", "pause_window = 100"),
        ("canary_wait           = \"30m\"", "canary_wait = \"2h\""),
        ("canary_failed         = \"15%\"", "canary_failed = \"5%\""),
    ] {
        assert!(source.contains(key), "{key}");
        source = source.replacen(key, value, 1);
    }
    let usual = parsed(EXAMPLE, &[]);
    let nothing = (recado::domain::breaker::Wanted::default(), recado::domain::canary::Wanted::default());
    assert_eq!(
        (usual.breakers.thresholds(), usual.canary.terms()),
        (nothing.0.thresholds(), nothing.1.terms()),
        "the example shows the usual values"
    );
    let config = parsed(&source, &[]);
    let thresholds = config.breakers.thresholds();
    assert_eq!((thresholds.failing, thresholds.in_review), (Share::Percent(40), Share::Never));
    assert_eq!((thresholds.window, thresholds.at_least, thresholds.first), (100, 50, 20));
    let terms = config.canary.terms();
    assert_eq!((terms.wait, terms.failed, terms.delivered), (std::time::Duration::from_hours(2), 5, 50));
}

#[test]
fn plain_http_is_for_a_provider_on_this_machine() {
    let told = problem_after("https://graph.facebook.com", "http://graph.example.com");
    assert!(told.contains("base_url") || told.contains("must begin with https://"), "{told}");
    for here in ["http://127.0.0.1:9090", "http://localhost:9090", "http://[::1]:9090"] {
        parsed(&EXAMPLE.replacen("https://graph.facebook.com", here, 1), &[]);
    }
}

#[tokio::test]
async fn a_real_provider_is_not_spoken_to_with_the_secrets_of_the_example() {
    use recado::app::daemon::{Daemon, StartError};
    use recado::clock::Clock;

    let dir = tempfile::tempdir().unwrap();
    let source = EXAMPLE.replacen("/var/lib/recado", dir.path().to_str().unwrap(), 1);
    let serve = async |source: &str| Daemon::assemble(parsed(source, &[]), Clock::real()).await;
    let refused = serve(&source).await.unwrap_err();
    assert!(matches!(&refused, StartError::Placeholder { key } if key == "account.meta.access_token"), "{refused:?}");
    let partly = source.replacen("change-me", "EAAx", 1);
    assert!(matches!(serve(&partly).await, Err(StartError::Placeholder { .. })));
    let here = source.replacen("https://graph.facebook.com", "http://127.0.0.1:1", 1);
    assert!(serve(&here).await.is_ok(), "a provider on this machine is a rehearsal");
}

#[test]
fn alerts_name_their_ways_and_a_password_asks_for_a_secret_connection() {
    let alerts = parsed(EXAMPLE, &[]).alerts;
    assert_eq!((alerts.language, alerts.disk_free), (Language::Es, 1_000_000_000));
    assert_eq!((alerts.lasting, alerts.late), (Duration::from_secs(30), Duration::from_mins(5)));
    assert_eq!(alerts.command.unwrap(), ["/usr/local/bin/page-me", "recado"]);
    assert_eq!(alerts.webhook.unwrap().url.as_str(), "https://hooks.example.org/recado");
    let email = alerts.email.unwrap();
    assert_eq!((email.host.as_str(), email.port, email.tls), ("localhost", 25, MailTls::None));
    let with = "smtp = \"smtp://localhost:25\"";
    for (server, tls, port) in [
        ("smtp = \"smtp://mail.example.org\", user = \"u\", password = \"p\"", MailTls::Required, 25),
        ("smtp = \"smtp://mail.example.org:587\"", MailTls::Offered, 587),
        ("smtp = \"smtps://mail.example.org\"", MailTls::Always, 465),
        ("smtp = \"smtp://[::1]:2525\"", MailTls::None, 2525),
    ] {
        let email = parsed(&EXAMPLE.replacen(with, server, 1), &[]).alerts.email.unwrap();
        assert_eq!((email.tls, email.port), (tls, port), "{server}");
    }
    let (head, rest) = EXAMPLE.split_once("[alerts]").unwrap();
    let without = format!("{head}{}", &rest[rest.find("\n[").unwrap()..]);
    let none = parsed(&without, &[]).alerts;
    assert!(none.webhook.is_none() && none.email.is_none() && none.command.is_none());
    let small = EXAMPLE.replacen("\"1GB\"", "\"1.5 MB\"", 1);
    assert_eq!(parsed(&small, &[]).alerts.disk_free, 1_500_000);
}
