//! A process of ours: started, stopped as an operator stops it, or killed as a power cut does.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::{Child, Command};
use tokio::time::timeout;

/// How long a process may take to end after SIGTERM: the daemon cuts off what is not finished after half a minute, and says what.
const PATIENCE: Duration = Duration::from_mins(1);

/// A running `recado`. Killed when dropped.
pub struct Process {
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts `recado` with `args`; what it says goes to the end of `log`.
    pub fn start(args: &[String], log: &Path) -> Self {
        let file = File::options().create(true).append(true).open(log).expect("a log file");
        let child = Command::new(env!("CARGO_BIN_EXE_recado"))
            .args(args)
            .stdin(Stdio::null())
            .stdout(file.try_clone().expect("a second handle"))
            .stderr(file)
            .env("RECADO_LOG", "recado=info,warn")
            .kill_on_drop(true)
            .spawn()
            .expect("the binary starts");
        Self { child, log: log.to_owned() }
    }

    /// Ends it at once (SIGKILL): nothing is flushed, nothing said.
    pub async fn kill(mut self) {
        self.child.start_kill().expect("it runs");
        self.child.wait().await.expect("it ends");
    }

    /// Asks it to end (SIGTERM) and waits; whether it ended well.
    pub async fn stop(mut self) -> bool {
        let pid = self.pid().to_string();
        let asked = Command::new("kill").args(["-TERM", &pid]).status().await.expect("kill(1)");
        assert!(asked.success(), "process {pid} is gone");
        let ended = timeout(PATIENCE, self.child.wait()).await;
        ended.expect("it ends in time").expect("it ends").success()
    }

    /// Its id.
    pub fn pid(&self) -> u32 {
        self.child.id().expect("it runs")
    }

    /// Panics with the end of its log when it has ended by itself.
    pub fn must_run(&mut self) {
        if let Some(status) = self.child.try_wait().expect("a child") {
            panic!("{status}: {}", self.log_tail());
        }
    }

    /// The last lines it has said.
    pub fn log_tail(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(30)..].join("\n")
    }

    /// Memory in use at most so far, in kibibytes (`VmHWM`).
    pub fn peak_memory_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0 kB");
        line.trim().trim_end_matches(" kB").parse().unwrap_or(0)
    }
}
