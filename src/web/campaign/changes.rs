//! What a new file does to what was planned, line by line.

use crate::preflight::diff::Changes;
use crate::web::page::Page;
use crate::web::run::row_list;

/// One kind of change.
pub(super) struct Change {
    /// The key's word.
    pub word: &'static str,
    /// How many.
    pub n: i64,
    /// Which rows or ids.
    pub which: String,
}

/// Every kind, those of which there may be many first.
pub(super) fn lines(c: &Changes, p: &Page) -> Vec<Change> {
    let rows = |rows: &[i64], n: i64| match rows {
        [] => String::new(),
        rows => p.say("feed.rows_named", &[("rows", &row_list(rows, n))]),
    };
    let because = c
        .removed_because
        .iter()
        .map(|(why, n)| format!("{}: {}", p.t(&format!("feed.because.{}", why.as_str())), p.number(*n)));
    let ids = c.removed_ids.join(", ");
    let removed = because.chain((!ids.is_empty()).then(|| p.say("feed.ids_named", &[("ids", &ids)])));
    let of = |word: &'static str, n: i64, which: String| Change { word, n, which };
    let numbers = [
        of("number", c.number, rows(&c.number_rows, c.number)),
        of("elsewhere", c.elsewhere, rows(&c.elsewhere_rows, c.elsewhere)),
    ];
    let mut all = vec![
        of("added", c.added, rows(&c.added_rows, c.added)),
        of("changed", c.changed, rows(&c.changed_rows, c.changed)),
        of("moved", c.moved, rows(&c.moved_rows, c.moved)),
        of("removed", c.removed, removed.collect::<Vec<_>>().join(" · ")),
        of("same", c.same, String::new()),
        of("already_sent", c.already_sent, String::new()),
    ];
    // Numbers are seldom corrected.
    all.splice(3..3, numbers.into_iter().filter(|change| change.n > 0));
    all
}
