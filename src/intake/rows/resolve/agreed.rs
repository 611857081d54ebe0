//! Whether a row's person has agreed to promotions.

use std::sync::Arc;

use super::super::super::consent::Consent;
use super::super::super::content::Picked;
use super::{Resolver, Why, beginning};
use crate::domain::exclusion::ExclusionReason;
use crate::domain::kind::CampaignKind;
use crate::domain::template::Category;

impl Resolver<'_> {
    /// On what basis the person has agreed to promotions. Where the file has columns for it, whoever has not in each of them
    /// gets none: exports leave a box empty that nobody ticked.
    pub(super) fn consent(&mut self, cells: &[String], picked: Picked) -> Result<String, Why> {
        let category = self.plan.contents.at(picked).category;
        let marketing = self.request.campaign.kind == CampaignKind::Promotion || category == Some(Category::Marketing);
        if marketing {
            self.not_refused(cells)?;
        }
        let plan = Arc::clone(&self.plan);
        let places = plan.columns.consents.as_slice();
        let mut basis = None;
        for place in places.iter().copied() {
            let cell = cells.get(place).map_or("", |cell| beginning(cell));
            match Consent::read(cell) {
                Consent::Given => basis = basis.or(Some(cell)),
                _ if !marketing => return Ok(String::new()),
                Consent::Unclear | Consent::Dash => return Err(self.unclear(place, cell)),
                said => return Err((ExclusionReason::NoConsent, self.not_agreed(said, (place, cell), places.len()))),
            }
        }
        Ok(basis.unwrap_or_default().to_owned())
    }

    /// The detail of whoever has not agreed; of several columns that have to say it, which one does not.
    fn not_agreed(&self, said: Consent, (place, cell): (usize, &str), columns: usize) -> String {
        match (said, columns) {
            (Consent::Unsaid, 1) => "consent_unsaid".to_owned(),
            (Consent::Unsaid, _) => format!("consent_empty: {}", self.header(place)),
            (_, 1) => String::new(),
            _ => format!("consent_no_in: {}: {cell}", self.header(place)),
        }
    }

    /// Whoever a column of those who want none names gets none.
    fn not_refused(&mut self, cells: &[String]) -> Result<(), Why> {
        let plan = Arc::clone(&self.plan);
        let mut dash = None;
        for place in plan.columns.refusals.iter().copied() {
            let cell = cells.get(place).map_or("", |cell| beginning(cell));
            match Consent::read_refusal(cell) {
                Consent::Given | Consent::Unsaid => {}
                Consent::Dash => dash = dash.or(Some(cell)),
                Consent::Refused => {
                    let detail = format!("consent_refused_in: {}: {cell}", self.header(place));
                    return Err((ExclusionReason::NoConsent, detail));
                }
                Consent::Unclear => return Err(self.unclear(place, cell)),
            }
        }
        if let Some(cell) = dash {
            self.tally.dashes.see(cell);
        }
        Ok(())
    }

    /// Counts a person of whom the file does not tell whether they want any.
    fn unclear(&mut self, place: usize, cell: &str) -> Why {
        self.tally.consent_unclear += 1;
        self.tally.unclear_consent.get_or_insert_with(|| cell.to_owned());
        (ExclusionReason::NoConsent, format!("consent_unclear_in: {}: {cell}", self.header(place)))
    }
}
