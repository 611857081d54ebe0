//! What the messages of a sheet are billed as, and what they cost together.

use super::cost::{self, Billing, Cost};
use super::reading::Reading;
use super::sheet::SheetInputs;
use crate::domain::kind::CampaignKind;
use crate::domain::money::Currency;
use crate::domain::template::Category;

/// What everything costs, each translation as it is billed.
pub(super) fn costs(inputs: &SheetInputs<'_>, billing: Billing<'_>, reading: &Reading) -> Cost {
    let of_language = |(language, tally): (&String, &cost::Tally)| {
        let template = inputs.translations.iter().find(|t| t.language == *language);
        let billing =
            template.map_or(billing, |t| Billing { category: t.category, time_to_live_s: t.time_to_live_s, ..billing });
        cost::range(billing, tally)
    };
    let own = cost::range(billing, &reading.tally);
    reading.translated.iter().map(of_language).fold(own, Cost::plus)
}

/// What messages are billed as. An unknown account is reckoned in the first currency with a card, an unknown template
/// by what such campaigns usually are.
pub(super) fn billing<'a>(inputs: &SheetInputs<'a>) -> Billing<'a> {
    let usd = || Currency::parse("USD").expect("three upper-case letters");
    let usual = match inputs.campaign.kind {
        CampaignKind::Reminder => Category::Utility,
        CampaignKind::ResumeContact | CampaignKind::Promotion => Category::Marketing,
    };
    Billing {
        cards: inputs.cards,
        currency: inputs.account.map_or_else(usd, |account| account.currency),
        category: inputs.template.map_or(usual, |template| template.category),
        time_to_live_s: inputs.template.and_then(|template| template.time_to_live_s),
    }
}
