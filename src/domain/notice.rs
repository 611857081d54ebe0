//! News of an account or a number that stop nothing by themselves, and that somebody should know of: what they are, and
//! for how long they stand (cloud-api.md 3.3, 3.7; gupshup-zenvia.md 1.7).

use std::time::Duration;

use super::event::{AccountEffect, AccountNews};
use super::time::UnixMs;

/// News of which nobody says when they are over stand for so long.
const USUAL: Duration = Duration::from_hours(7 * 24);

/// Good news are told and pass.
const SHORT: Duration = Duration::from_hours(24);

/// A ban is announced with its day, weeks ahead; another review takes as long.
const LONG: Duration = Duration::from_hours(30 * 24);

/// The word of a restriction of utility templates.
pub const UTILITY: &str = "restricted_utility";

/// What the provider may restrict beside the templates that it stops itself.
const RESTRICTIONS: [&str; 5] = ["restriction", UTILITY, "restricted_people", "restricted_texts", "restricted_numbers"];

/// The word of a restriction of that kind.
fn restriction(kind: &str) -> &'static str {
    let [other, utility, people, texts, numbers] = RESTRICTIONS;
    match kind {
        "RESTRICTED_UTILITY_TEMPLATES" => utility,
        "RESTRICTED_CUSTOMER_INITIATED_MESSAGING" => people,
        "RESTRICTED_DIRECT_SEND_UTILITY_TEMPLATES" => texts,
        "RESTRICTED_ADD_PHONE_NUMBER_ACTION" | "RESTRICTION_ADD_PHONE_NUMBER_ACTION" => numbers,
        _ => other,
    }
}

/// What a restriction of that kind does to sending, until then if that is said.
pub fn effect_of(kind: &str, until: Option<UnixMs>) -> AccountEffect {
    match kind {
        "RESTRICTED_BIZ_INITIATED_MESSAGING" => AccountEffect::Restricted { until },
        "RESTRICTED_UTILITY_TEMPLATES" => AccountEffect::UtilityRestricted { until },
        _ => AccountEffect::None,
    }
}

/// What follows from news.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Notice {
    /// It stands for that long.
    Begins {
        /// Its word: the locales' keys are `notice.<word>` and, where something can be done, `notice_do.<word>`.
        word: &'static str,
        /// For how long, unless it ends earlier.
        lasts: Duration,
        /// Those are over with it.
        instead_of: &'static [&'static str],
    },
    /// Those are over.
    Ends(&'static [&'static str]),
    /// Violations, restrictions and a ban ahead are over.
    Reinstated,
}

impl Notice {
    /// What is over with it.
    pub fn over(&self) -> Vec<&'static str> {
        match self {
            Self::Begins { instead_of, .. } => instead_of.to_vec(),
            Self::Ends(words) => words.to_vec(),
            Self::Reinstated => RESTRICTIONS.into_iter().chain(["ban_ahead", "violation"]).collect(),
        }
    }
}

/// Words of what other news may end. Of those on one of them the latest by its own time counts.
const ENDED: [&str; 5] = ["ban_ahead", "violation", "alert", "review", "review_refused"];

/// Whether other news may end what that word tells.
pub fn is_ended(word: &str) -> bool {
    RESTRICTIONS.contains(&word) || ENDED.contains(&word)
}

/// What `news` say beside their effect; `None`: their effect says it all.
pub fn of(news: &AccountNews) -> Option<Notice> {
    let begins = |word, lasts| Some(Notice::Begins { word, lasts, instead_of: &[] });
    let event = news.event.to_ascii_uppercase();
    match (news.field.as_str(), event.as_str()) {
        ("account_update" | "status-event", "ACCOUNT_VIOLATION") => begins("violation", USUAL),
        ("account_update" | "status-event", "ACCOUNT_RESTRICTION" | "ACCOUNT_RESTRICTED") => {
            begins(restriction(&news.detail), USUAL)
        }
        ("account_update", "DISABLED_UPDATE") if news.detail.starts_with("SCHEDULE_FOR_DISABLE") => {
            begins("ban_ahead", LONG)
        }
        ("account_update", "DISABLED_UPDATE") if news.detail.starts_with("REINSTATE") => Some(Notice::Reinstated),
        ("status-event", "REINSTATE" | "ACCOUNT_VERIFIED") => Some(Notice::Reinstated),
        ("account_update", "VOLUME_BASED_PRICING_TIER_UPDATE") => begins("volume_tier", SHORT),
        ("account_update", "AUTH_INTL_PRICE_ELIGIBILITY_UPDATE") => begins("auth_international", SHORT),
        ("account_update", "BUSINESS_PRIMARY_LOCATION_COUNTRY_UPDATE") => begins("location", SHORT),
        ("account_update", "MM_LITE_TERMS_SIGNED") => begins("marketing_terms", SHORT),
        ("account_alerts", _) if news.detail.ends_with("ACTIVE") => begins("alert", USUAL),
        ("account_alerts", _) => Some(Notice::Ends(&["alert"])),
        ("account_review_update" | "review-event", "PENDING" | "DEFERRED") => begins("review", USUAL),
        ("account_review_update" | "review-event", "REJECTED") => {
            Some(Notice::Begins { word: "review_refused", lasts: LONG, instead_of: &["review"] })
        }
        ("account_review_update" | "review-event", "APPROVED") => Some(Notice::Ends(&["review", "review_refused"])),
        ("phone_number_name_update" | "pndn-event", "APPROVED") => begins("name_approved", SHORT),
        ("phone_number_name_update" | "pndn-event", _) => begins("name_refused", USUAL),
        ("security", _) => begins("security", USUAL),
        ("payment_configuration_update", _) => begins("payment", USUAL),
        ("template_correct_category_detection", _) => begins("misused_category", USUAL),
        ("business_username_updates", _) => begins("username", SHORT),
        ("flows", _) => begins("flow", USUAL),
        ("messaging_handovers" | "standby", _) => begins("routing", USUAL),
        ("smb_message_echoes" | "message_echoes", _) => begins("echoes", SHORT),
        ("errors", _) => begins("error", SHORT),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn news(field: &str, event: &str, detail: &str) -> AccountNews {
        AccountNews {
            account_ref: "1".to_owned(),
            field: field.to_owned(),
            event: event.to_owned(),
            detail: detail.to_owned(),
            number: String::new(),
            effect: AccountEffect::None,
            at: UnixMs(0),
        }
    }

    #[test]
    fn news_begin_a_notice_or_end_it_or_say_it_all_by_their_effect() {
        let word = |field, event, detail| match of(&news(field, event, detail)) {
            Some(Notice::Begins { word, .. }) => word,
            Some(Notice::Ends(_) | Notice::Reinstated) => "ends",
            None => "",
        };
        for (field, event, detail, expected) in [
            ("account_update", "ACCOUNT_VIOLATION", "SPAM", "violation"),
            ("account_update", "ACCOUNT_RESTRICTION", "RESTRICTED_UTILITY_TEMPLATES", UTILITY),
            ("status-event", "ACCOUNT_RESTRICTED", "RESTRICTION_ADD_PHONE_NUMBER_ACTION", "restricted_numbers"),
            ("account_update", "ACCOUNT_RESTRICTION", "RESTRICTED_SOMETHING_NEW", "restriction"),
            ("account_update", "DISABLED_UPDATE", "SCHEDULE_FOR_DISABLE April 17, 2025", "ban_ahead"),
            ("account_update", "DISABLED_UPDATE", "DISABLE April 17, 2025", ""),
            ("account_update", "DISABLED_UPDATE", "REINSTATE", "ends"),
            ("account_alerts", "X", "WARNING ACTIVE", "alert"),
            ("account_alerts", "X", "WARNING RESOLVED", "ends"),
            ("account_review_update", "DEFERRED", "", "review"),
            ("review-event", "REJECTED", "", "review_refused"),
            ("account_review_update", "APPROVED", "", "ends"),
            ("phone_number_name_update", "APPROVED", "", "name_approved"),
            ("phone_number_name_update", "REJECTED", "NAME_FORMAT_UNACCEPTABLE", "name_refused"),
            ("pndn-event", "rejected", "", "name_refused"),
            ("security", "PIN_CHANGED", "", "security"),
            ("errors", "131042", "Business eligibility payment issue", "error"),
            ("business_capability_update", "capability", "TIER_2K", ""),
            ("of_tomorrow", "X", "", ""),
        ] {
            assert_eq!(word(field, event, detail), expected, "{field} {event}");
        }
    }
}
