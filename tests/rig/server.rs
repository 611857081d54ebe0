//! A PostgreSQL server of our own, which can be killed.

use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tokio::process::Command;

use super::{Database, free_address, signal};

/// A server on loopback. Gone with its data when dropped.
pub struct Server {
    dir: TempDir,
    bin: PathBuf,
    port: u16,
}

impl Server {
    /// Starts one; `None` where PostgreSQL is not installed. Under CI it must be.
    pub async fn start() -> Option<Self> {
        let bin = newest();
        assert!(bin.is_some() || std::env::var("CI").is_err(), "PostgreSQL is not installed: run `make test`");
        let dir = tempfile::tempdir().expect("a temporary directory");
        let server = Self { dir, bin: bin?, port: free_address().port() };
        if is_root() {
            run(Command::new("chown").arg("postgres").arg(server.dir.path())).await;
        }
        let data = server.data();
        run(server.tool("initdb").arg("-D").arg(&data).args(["-A", "trust", "-E", "UTF8", "-U", "postgres"])).await;
        server.go_on().await;
        Some(server)
    }

    /// The database on it.
    pub fn database(&self) -> Database {
        Database::Postgres(format!("postgres://postgres@127.0.0.1:{}/postgres", self.port))
    }

    /// The power fails: the server and whatever it was doing is gone.
    pub async fn kill(&self) {
        let pid = std::fs::read_to_string(self.data().join("postmaster.pid")).expect("it runs");
        signal("-KILL", pid.lines().next().expect("its id")).await;
    }

    /// Starts it on what is there, recovering from its log.
    pub async fn go_on(&self) {
        let options = format!("-p {} -k {} -c listen_addresses=127.0.0.1", self.port, self.dir.path().display());
        let mut start = self.tool("pg_ctl");
        start.arg("-D").arg(self.data()).arg("-l").arg(self.dir.path().join("log")).args(["-s", "-w", "-o", &options]);
        run(start.arg("start")).await;
    }

    fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// A program of the server, which refuses to run as root.
    fn tool(&self, name: &str) -> Command {
        let program = self.bin.join(name);
        let mut command = if is_root() {
            let mut runuser = Command::new("runuser");
            runuser.args(["-u", "postgres", "--"]).arg(program);
            runuser
        } else {
            Command::new(program)
        };
        command.current_dir("/");
        command
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let pid = std::fs::read_to_string(self.data().join("postmaster.pid")).unwrap_or_default();
        if let Some(pid) = pid.lines().next() {
            drop(std::process::Command::new("kill").args(["-QUIT", pid]).status());
        }
    }
}

fn newest() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?.flatten();
    versions.map(|version| version.path().join("bin")).filter(|bin| bin.join("initdb").is_file()).max()
}

fn is_root() -> bool {
    std::fs::metadata(Path::new("/proc/self")).is_ok_and(|me| std::os::unix::fs::MetadataExt::uid(&me) == 0)
}

async fn run(command: &mut Command) {
    let done = command.stdout(std::process::Stdio::null()).status().await.expect("the program starts");
    assert!(done.success(), "{command:?}");
}
