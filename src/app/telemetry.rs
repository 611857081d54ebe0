//! Logs: one line per event on standard error, ids yes, people no.

use std::collections::BTreeMap;

use tracing_subscriber::EnvFilter;

/// Dependencies speak only when something is wrong: at debug level some of them would print addresses and headers.
const DEFAULT_FILTER: &str = "recado=info,warn";

/// Starts logging. `RECADO_LOG` in `env` overrides the filter; `RECADO_LOG_FORMAT=json` prints JSON lines.
pub fn start(env: &BTreeMap<String, String>) {
    let filter = env.get("RECADO_LOG").map_or(DEFAULT_FILTER, String::as_str);
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new(DEFAULT_FILTER));
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(true);
    // A second start in one process (tests) keeps the first.
    let _ = if env.get("RECADO_LOG_FORMAT").is_some_and(|f| f == "json") {
        lines.json().try_init()
    } else {
        lines.compact().try_init()
    };
}
