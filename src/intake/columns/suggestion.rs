//! What somebody may have meant.

use super::fold;

/// The candidate most like `written`, if one is like enough to be worth asking about.
pub fn nearest<'a>(written: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let written = fold(written);
    let best = candidates
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(&written, &fold(candidate)), candidate))
        .max_by(|a, b| a.0.total_cmp(&b.0))?;
    (best.0 >= 0.8).then_some(best.1)
}
