//! What is dialled before a number within its country, and still written: a 0, the digits of a carrier.

use phonenumber::PhoneNumber;
use phonenumber::metadata::DATABASE;

use crate::domain::phone::Phone;

/// Colombia, whose carriers are dialled as 03, 05, 07 and 09: a 0 and the 3 with which every mobile begins look like the
/// first of them.
const COLOMBIA: &str = "57";
const COLOMBIAN_MOBILE: usize = 10;

/// The number behind the 0 that is dialled before numbers of this country, where it is one as it stands. Parsers look for
/// a carrier's digits first, and take them from the number itself.
pub(super) fn behind_zero(code: &str, national: &str) -> Option<Phone> {
    let line = national.strip_prefix('0')?;
    let plans = DATABASE.by_code(&code.parse().ok()?)?;
    let phone = Phone::from_international(&format!("{code}{line}"))?;
    // Elsewhere (Italy, say) a 0 is the first digit of the number.
    let is_dialled = plans.iter().any(|plan| plan.national_prefix() == Some("0"));
    let is_mobile = code == COLOMBIA && line.len() == COLOMBIAN_MOBILE && line.starts_with('3');
    (is_dialled && (is_mobile || is_whole(&phone))).then_some(phone)
}

/// Whether the plan has this number without anything cut off it.
fn is_whole(phone: &Phone) -> bool {
    phonenumber::parse(None, phone.with_plus())
        .is_ok_and(|parsed| parsed.is_valid() && canonical(&parsed) == phone.digits())
}

/// Country code and number of what was parsed.
pub(super) fn canonical(parsed: &PhoneNumber) -> String {
    format!("{}{}", parsed.code().value(), parsed.national())
}

/// Whether digits were cut off for a carrier's, and what is left is no number: they were the number's own.
pub(super) fn was_cut(parsed: &PhoneNumber) -> bool {
    // Where areas and 15 are put in another order, these digits are not gone.
    let plans = || DATABASE.by_code(&parsed.code().value()).unwrap_or_default();
    let are_gone = || plans().iter().all(|plan| plan.national_prefix_transform_rule().is_none());
    parsed.carrier().is_some() && !parsed.is_valid() && are_gone()
}
