//! Whether a row's person has agreed to promotions.

use std::sync::Arc;

use super::super::super::consent::Consent;
use super::super::super::content::Picked;
use super::{Resolver, Why, beginning};
use crate::domain::exclusion::ExclusionReason;
use crate::domain::kind::CampaignKind;
use crate::domain::template::Category;

impl Resolver<'_> {
    /// On what basis the person has agreed to promotions. Where the file has a column for it, whoever has not gets none.
    pub(super) fn consent(&mut self, cells: &[String], picked: Picked) -> Result<String, Why> {
        let category = self.plan.contents.at(picked).category;
        let marketing = self.request.campaign.kind == CampaignKind::Promotion || category == Some(Category::Marketing);
        if marketing {
            self.not_refused(cells)?;
        }
        let place = self.plan.columns.consent;
        let Some((place, cell)) = place.and_then(|place| Some((place, cells.get(place)?))) else {
            return Ok(String::new());
        };
        let cell = beginning(cell);
        match Consent::read(cell) {
            Consent::Given => Ok(cell.to_owned()),
            Consent::Refused if marketing => Err((ExclusionReason::NoConsent, String::new())),
            Consent::Unsaid if marketing => Err((ExclusionReason::NoConsent, "consent_unsaid".to_owned())),
            Consent::Unclear if marketing => Err(self.unclear(place, cell)),
            Consent::Refused | Consent::Unsaid | Consent::Unclear => Ok(String::new()),
        }
    }

    /// Whoever a column of those who want none names gets none.
    fn not_refused(&mut self, cells: &[String]) -> Result<(), Why> {
        let plan = Arc::clone(&self.plan);
        for place in plan.columns.refusals.iter().copied() {
            let cell = cells.get(place).map_or("", |cell| beginning(cell));
            match Consent::read_refusal(cell) {
                Consent::Given | Consent::Unsaid => {}
                Consent::Refused => {
                    let detail = format!("consent_refused_in: {}: {cell}", self.header(place));
                    return Err((ExclusionReason::NoConsent, detail));
                }
                Consent::Unclear => return Err(self.unclear(place, cell)),
            }
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
