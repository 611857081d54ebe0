//! What is worth a look in a file that was read.

use crate::domain::problem::Problem;

use super::{Rows, zones};

impl Rows<'_> {
    /// What is worth a look; complete after the last row.
    pub fn warnings(&self) -> Vec<Problem> {
        let mut all = self.warnings.clone();
        let mut counted = |count: u64, code: &str, more: &[(&str, &str)]| {
            if count > 0 {
                let count = count.to_string();
                let args = [&[("n", count.as_str())], more].concat();
                all.push(Problem::new(code, &args));
            }
        };
        let rows = self.not_utf8.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        counted(self.tally.not_utf8, "rows_not_utf8", &[("rows", &rows)]);
        counted(self.tally.taken_for_mobiles, "taken_for_mobiles", &[]);
        counted(self.tally.several_phones, "several_phones", &[]);
        counted(self.tally.flattened, "flattened", &[]);
        counted(self.tally.other_forms, "other_forms", &[]);
        counted(self.tally.papers, "papers", &[]);
        counted(self.tally.services, "services", &[]);
        counted(self.tally.fell_back, "fell_back", &[("language", &self.request.campaign.template.language)]);
        counted(self.tally.goes_earlier, "goes_earlier", &[]);
        counted(self.tally.goes_later, "goes_later", &[]);
        let laws = self.tally.laws.iter().cloned().collect::<Vec<_>>().join(", ");
        counted(self.tally.lawful, "law_hours", &[("laws", &laws)]);
        counted(self.tally.overdue, "overdue", &[]);
        counted(self.tally.misses_latest, "misses_latest", &[]);
        counted(self.tally.closed_until_latest, "closed_until_latest", &[]);
        let example = self.unknown_zone.as_deref().unwrap_or_default();
        let zone = zones::name(&self.request.campaign.timezone);
        counted(self.batch.unknown_zones(), "unknown_timezones", &[("example", example), ("timezone", &zone)]);
        counted(self.tally.unknown_routes, "unknown_routes", &[]);
        let unclear = self.tally.unclear_consent.as_deref().unwrap_or_default();
        counted(self.tally.consent_unclear, "consent_unclear", &[("example", unclear)]);
        let dash = self.tally.dashes.refusal_dash.as_deref().unwrap_or_default();
        counted(self.tally.dashes.refusal_dashes, "refusal_dashes", &[("example", dash)]);
        counted(self.tally.dates.without_time, "dates_without_time", &[]);
        let example = self.tally.dates.other_weekday.as_deref().unwrap_or_default();
        counted(self.tally.dates.other_weekdays, "other_weekdays", &[("example", example)]);
        counted(self.lines.cells_beside(), "cells_beside", &[]);
        counted(self.lines.taken_short(), "short_rows", &[]);
        let phones = self.facts.columns.iter().find(|(role, _)| role == "phone");
        all.extend(self.few_numbers.problem(phones.map_or("", |(_, column)| column)));
        all.extend(self.far_ahead.problem(&self.request.campaign.timezone));
        all.extend(self.conflicts.problem("ids_conflict"));
        if self.lines.failure().is_some() {
            all.push(Problem::new("audience_cut_short", &[("rows", &self.tally.rows.to_string())]));
        }
        all
    }
}
