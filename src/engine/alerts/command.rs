//! A program that tells whoever it wants: the alert as JSON on its standard input, plain words in its environment.

use std::process::Stdio;

use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use tokio::time::timeout;

use super::ways::{Notice, TIMEOUT, Untold};

/// Where the program finds other programs. Nothing else of our environment reaches it: that may hold secrets.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Runs it once, never through a shell. Only status 0 is success; one that takes too long is killed.
pub(super) async fn tell(words: &[String], notice: &Notice) -> Result<(), Untold> {
    let (program, args) = words.split_first().ok_or(Untold::NotConfigured)?;
    let mut child = Command::new(program)
        .args(args)
        .env_clear()
        .env("PATH", PATH)
        .env("RECADO_ALERT", format!("{} {}", notice.text, notice.url))
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(Untold::Program)?;
    let run = async {
        if let Some(mut input) = child.stdin.take() {
            // A program that needs no more than its environment may close it unread.
            drop(input.write_all(notice.json().as_bytes()).await);
        }
        child.wait().await.map_err(Untold::Program)
    };
    let status = timeout(TIMEOUT, run).await.map_err(|_| Untold::Late)??;
    if status.success() { Ok(()) } else { Err(Untold::Ended(status)) }
}
