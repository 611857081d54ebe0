//! What saying yes means: once, or again and again.

use super::SheetView;
use crate::preflight;
use crate::web::page::Page;

impl SheetView {
    /// How it comes again, and what all of it costs.
    pub(super) fn repeats(&self, p: &Page) -> Option<(String, String)> {
        let repeats = self.sheet.repeats.as_ref()?;
        let times = preflight::repeat_words(p.language, repeats, &p.clock_time(&repeats.counted_until));
        let cost = match (repeats.likely, repeats.high) {
            (Some(likely), Some(high)) => {
                let [likely, high] = [likely, high].map(|amount| p.money(&amount, &self.sheet.cost.currency));
                p.say("repeat.cost", &[("likely", &likely), ("high", &high)])
            }
            _ => p.t("web.cost_unknown"),
        };
        Some((times, cost))
    }

    /// What saying yes means, in messages and money.
    pub(super) fn consequence(&self, p: &Page) -> String {
        if let (Some(repeats), Some((times, cost))) = (&self.sheet.repeats, self.repeats(p)) {
            let (n, first) = (p.number(self.sheet.messages), p.clock_time(&repeats.first_at));
            let args = [("n", &*n), ("first", &first), ("times", &times), ("cost", &cost)];
            return p.say("repeat.means", &args);
        }
        let high = self.sheet.cost.high;
        let high = high.map_or_else(|| p.t("web.cost_unknown"), |h| p.money(&h, &self.sheet.cost.currency));
        let n = p.number(self.sheet.messages);
        p.say("web.start_means", &[("n", &n), ("cost", &high), ("sender", &self.sheet.sender)])
    }
}
