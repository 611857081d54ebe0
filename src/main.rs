//! The `recado` command.

use std::io;
use std::process::ExitCode;

use clap::Parser;
use recado::cli::{Cli, run};
use tokio::runtime::Runtime;

fn main() -> io::Result<ExitCode> {
    keep_memory_small();
    let command = Cli::parse();
    Ok(Runtime::new()?.block_on(run(command)))
}

/// With its own choices (heaps for every core, thresholds that grow) glibc keeps much of what was freed: a daemon that sends to
/// a million had 178 MB at its peak, of which 53 were in use and 41 the program itself.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn keep_memory_small() {
    for (choice, value) in
        [(libc::M_ARENA_MAX, 2), (libc::M_MMAP_THRESHOLD, 64 * 1024), (libc::M_TRIM_THRESHOLD, 128 * 1024)]
    {
        #[expect(unsafe_code, reason = "mallopt keeps a number, and no other thread runs yet")]
        // SAFETY: mallopt takes any two numbers, and ignores a choice that it does not know.
        let _ = unsafe { libc::mallopt(choice, value) };
    }
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn keep_memory_small() {}
