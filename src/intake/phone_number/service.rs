//! Numbers of services: toll-free, of shared cost, premium, of companies as a whole. Whoever has one is no person with
//! a mobile, so nothing that a campaign has to say is for them.

use phonenumber::metadata::{DATABASE, Descriptor};

use super::plans::split;
use crate::domain::phone::Phone;

/// Whether the plan of its country has this number, in any way of writing it, for a service and for nobody's line.
pub(super) fn is_service(phone: &Phone) -> bool {
    phone.variants().iter().any(|way| split(way).is_some_and(|(code, national)| is_planned_so(code, national)))
}

fn is_planned_so(code: u16, national: &str) -> bool {
    let Some(plans) = DATABASE.by_code(&code) else { return false };
    // Countries of one code have their services in common; asking each of them would take long.
    let Some(kinds) = plans.iter().find(|plan| plan.is_main_country_for_code()).or(plans.first()) else { return false };
    let kinds = kinds.descriptors();
    let is_one = |kind: Option<&Descriptor>| kind.is_some_and(|kind| is_whole(kind, national));
    let services = [kinds.toll_free(), kinds.premium_rate(), kinds.shared_cost(), kinds.uan()];
    services.into_iter().any(is_one) && ![kinds.mobile(), kinds.fixed_line()].into_iter().any(is_one)
}

/// [`Descriptor::is_match`] takes what only begins as its numbers do: 43 70… of Londrina for a service that is 4370….
fn is_whole(kind: &Descriptor, national: &str) -> bool {
    let is_as_long = kind.possible_length().iter().any(|length| usize::from(*length) == national.len());
    is_as_long
        && kind
            .national_number()
            .find(national)
            .is_some_and(|found| (found.start(), found.end()) == (0, national.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_services_are_told_from_those_of_lines() {
        for (digits, expected) in [
            ("558001234567", true),
            ("5540041234", true),
            ("34900123456", true),
            ("34902123456", true),
            ("548005551234", true),
            // As a number without 9 is completed.
            ("5498005551234", true),
            ("548105551234", true),
            ("528001234567", true),
            ("18005551234", true),
            ("80012345678", true),
            ("5491155550123", false),
            ("541145550123", false),
            ("5511987654321", false),
            // Londrina, where a service's number is as short and begins so.
            ("554370123456", false),
            ("525512345678", false),
            ("13055550123", false),
            ("595981123456", false),
        ] {
            assert_eq!(is_service(&Phone::from_international(digits).unwrap()), expected, "{digits}");
        }
    }
}
