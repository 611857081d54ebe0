//! Logs: one line per event on standard error, ids yes, people no.

use std::collections::BTreeMap;
use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// A demo speaks to the person at the terminal; its log only says when something is wrong.
pub const QUIET_FILTER: &str = "warn";
/// What the daemon and the other commands log. Dependencies speak only when something is wrong: at debug level some of
/// them print addresses and headers.
pub const DAEMON_FILTER: &str = "recado=info,warn";

/// Starts logging with `filter`. `RECADO_LOG` in `env` overrides the filter; `RECADO_LOG_FORMAT=json` prints JSON lines.
pub fn start(env: &BTreeMap<String, String>, filter: &str) {
    let asked = env.get("RECADO_LOG").and_then(|asked| EnvFilter::try_new(asked).ok());
    let filter = asked.unwrap_or_else(|| EnvFilter::new(filter));
    let colours = std::io::stderr().is_terminal();
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(colours);
    // A second start in one process (tests) keeps the first.
    let _ = if env.get("RECADO_LOG_FORMAT").is_some_and(|f| f == "json") {
        lines.json().try_init()
    } else {
        lines.compact().try_init()
    };
}
