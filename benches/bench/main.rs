//! `make bench`: ratios, each taken in one run with its two sides in alternation, median of the rounds. Prints a table in
//! Markdown. Names of parts as arguments (`sends`, `receipts`, `share`, `memory`, `claims`, `webhooks`) run only those.

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
mod line;
mod memory;
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
    let print = |lines: Vec<Line>| lines.iter().for_each(|line| println!("{line}"));
    runtime.block_on(async {
        if is_wanted("sends") {
            print(sends::measure().await);
        }
        if is_wanted("receipts") {
            print(receipts::measure().await);
        }
        if is_wanted("share") {
            print(share::measure().await);
        }
        if is_wanted("webhooks") {
            print(webhooks::measure().await);
        }
        if is_wanted("memory") {
            print(memory::measure().await);
        }
        if is_wanted("claims") {
            print(claims::measure().await);
        }
    });
}
