//! A sheet's figures in words, and what saying yes means: once, or again and again.

use super::SheetView;
use crate::preflight;
use crate::web::file_facts;
use crate::web::page::Page;

impl SheetView {
    /// A figure, or that it is not known: something keeps the file from being read.
    fn known(p: &Page, figure: Option<i64>) -> String {
        figure.map_or_else(|| p.t("preflight.not_known"), |n| p.number(n))
    }

    pub(super) fn rows_read(&self, p: &Page) -> String {
        Self::known(p, self.sheet.rows_read)
    }

    pub(super) fn messages(&self, p: &Page) -> String {
        Self::known(p, self.sheet.messages)
    }

    pub(super) fn left_out(&self, p: &Page) -> String {
        Self::known(p, self.sheet.left_out())
    }

    /// What the button that starts it says.
    pub(super) fn start(&self, p: &Page) -> String {
        self.sheet.messages.map_or_else(|| p.t("web.check.start_unknown"), |n| p.n("web.check.start", n))
    }

    /// What the button that sends it says.
    pub(super) fn confirm(&self, p: &Page) -> String {
        self.sheet.messages.map_or_else(|| self.start(p), |n| p.n("web.check.start_confirm", n))
    }

    /// What was found out about the file, each guess with what tells it.
    pub(super) fn file(&self, p: &Page) -> Vec<String> {
        self.sheet.facts.as_ref().map(|facts| file_facts::told(p, facts)).unwrap_or_default()
    }

    /// How it comes again, and what all of it costs.
    pub(super) fn repeats(&self, p: &Page) -> Option<(String, String)> {
        let repeats = self.sheet.repeats.as_ref()?;
        let times = preflight::repeat_words(p.language, repeats, &p.clock_time(&repeats.counted_until));
        let cost = match (repeats.likely, repeats.high) {
            (Some(likely), Some(high)) => {
                let [likely, high] = [likely, high].map(|amount| p.money(&amount, &self.sheet.cost.currency));
                p.say(repeats.cost_key(), &[("likely", &likely), ("high", &high)])
            }
            _ => p.t("web.cost_unknown"),
        };
        Some((times, cost))
    }

    /// What saying yes means, in messages and money.
    pub(super) fn consequence(&self, p: &Page) -> String {
        if let (Some(repeats), Some((times, cost))) = (&self.sheet.repeats, self.repeats(p)) {
            let (n, first) = (self.messages(p), p.clock_time(&repeats.first_at));
            let args = [("n", &*n), ("first", &first), ("times", &times), ("cost", &cost)];
            return p.say("repeat.means", &args);
        }
        let high = self.sheet.cost.high;
        let high = high.map_or_else(|| p.t("web.cost_unknown"), |h| p.money(&h, &self.sheet.cost.currency));
        let n = self.messages(p);
        p.say("web.start_means", &[("n", &n), ("cost", &high), ("sender", &self.sheet.sender)])
    }
}
