//! The times of a campaign with `every` that begin a run. One that falls when it is closed, and that the next one would meet
//! before it opens, begins none: the same people would get the same message twice within a moment.

use super::campaign_file::{CampaignFile, Every};
use super::open_hours::OpenHours;
use crate::domain::schedule;
use crate::domain::time::UnixMs;

/// The times of one campaign.
#[derive(Clone, Copy, Debug)]
pub struct Occasions<'a> {
    campaign: &'a CampaignFile,
    every: &'a Every,
    hours: &'a OpenHours,
}

impl<'a> Occasions<'a> {
    /// Of a campaign with `every`, open at these hours.
    pub fn of(campaign: &'a CampaignFile, hours: &'a OpenHours) -> Option<Self> {
        Some(Self { campaign, every: campaign.every.as_ref()?, hours })
    }

    /// The next time after `after` as the line of cron has it, unless it is past `until`.
    pub fn named_after(&self, after: UnixMs) -> Option<UnixMs> {
        let next = self.every.next(after, self.campaign.timezone.iana_name().unwrap_or("UTC"))?;
        self.campaign.schedule.until.is_none_or(|until| next <= until).then_some(next)
    }

    /// The next of them that begins a run.
    pub fn after(&self, after: UnixMs) -> Option<UnixMs> {
        let mut next = self.named_after(after)?;
        while self.is_met(next) {
            next = self.named_after(next)?;
        }
        Some(next)
    }

    /// Whether what a run of that moment sends would wait until the next time has come: that one takes its place.
    pub fn is_met(&self, at: UnixMs) -> bool {
        let hours = self.hours.in_country(self.campaign.country.as_deref());
        let due = schedule::due(&self.campaign.schedule, None, at, &self.campaign.timezone, hours);
        let opens_at = due.map_or(at, |due| due.due_at);
        opens_at > at && self.named_after(at).is_some_and(|next| next <= opens_at)
    }
}
