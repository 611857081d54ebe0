//! `make bench`: ratios, each taken in one run with its two sides in alternation, median of the rounds. Prints a table in
//! Markdown. Names of parts as arguments (`sends`, `receipts`, `share`, `memory`, `claims`, `webhooks`, `intake`, `inbox`,
//! `inbound`) run only those.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a program of the workshop: it prints and stops at the first surprise"
)]

#[path = "../../tests/rig/rig.rs"]
#[expect(dead_code, reason = "each program uses its part of the rig")]
mod rig;

mod bare;
mod claims;
mod inbound;
mod inbox;
mod intake;
mod line;
mod memory;
#[path = "../../fuzz/src/package.rs"]
#[expect(dead_code, reason = "each program uses its part of it")]
mod package;
mod receipts;
mod sends;
mod share;
mod webhooks;

use line::Line;

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
    let is_wanted = |part: &str| wanted.is_empty() || wanted.iter().any(|w| w == part);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    println!("{}", Line::HEADER);
    let print = |line: &Line| println!("{line}");
    runtime.block_on(async {
        if is_wanted("sends") {
            sends::measure(&print).await;
        }
        if is_wanted("receipts") {
            receipts::measure(&print).await;
        }
        if is_wanted("share") {
            share::measure(&print).await;
        }
        if is_wanted("webhooks") {
            webhooks::measure(&print).await;
        }
        if is_wanted("intake") {
            intake::measure(&print).await;
        }
        if is_wanted("inbox") {
            inbox::measure(&print).await;
        }
        if is_wanted("inbound") {
            inbound::measure(&print).await;
        }
        if is_wanted("memory") {
            memory::measure(&print).await;
        }
        if is_wanted("claims") {
            claims::measure(&print).await;
        }
    });
}
