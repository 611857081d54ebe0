//! Phone numbers as people write them: with and without country code, trunk zero, Argentina's 15, spreadsheets' marks.
//! Nothing is rewritten beyond what makes a number international: one that has its country code stays as it is, and
//! which of two valid ways of writing a person's WhatsApp carries is learned from the provider (see
//! [`Phone::person_key`] for comparing). A local Argentine number does not tell whether it is a mobile; WhatsApp is on
//! mobiles, whose international form has a 9, so it gets one ([`taken_for_mobile`] counts them).

use phonenumber::country;
use phonenumber::metadata::DATABASE;

use crate::domain::exclusion::ExclusionReason;
use crate::domain::kind::CampaignKind;
use crate::domain::phone::Phone;
use crate::domain::template::Category;

mod documents;
mod fast;
mod identity;
mod plans;
mod reach;
mod service;
mod trunk;

pub use documents::{Documents, Look, is_called_document};
pub use identity::{Paper, Papers, paper_instead};
pub use reach::Closed;

use plans::{code_and_rest, is_known, is_possible, is_repetition, split};

/// Where numbers written without a country code are from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Home {
    country: country::Id,
    /// Its calling code.
    code: String,
    area_code: Option<String>,
}

impl Home {
    /// `country` is an ISO 3166 code such as `AR`; `area_code` completes numbers written without one. `None` when the
    /// country is not known.
    pub fn new(country: &str, area_code: Option<&str>) -> Option<Self> {
        let code = DATABASE.by_id(country)?.country_code().to_string();
        let country = country.parse().ok()?;
        let area_code = area_code.map(|a| digits_of(a).trim_start_matches('0').to_owned()).filter(|a| !a.is_empty());
        Some(Self { country, code, area_code })
    }
}

/// Why a cell is not a number that can be sent to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NotAPhone {
    /// The cell is empty.
    #[error("empty")]
    Empty,
    /// No country code, and nothing says which country.
    #[error("no country code")]
    NoCountry,
    /// `5,51E+12`: a spreadsheet rounded the number away.
    #[error("scientific notation")]
    Scientific,
    /// More than one number in the cell.
    #[error("several numbers")]
    Several,
    /// Something else than digits and punctuation.
    #[error("not digits")]
    NotDigits,
    /// A local number, and nothing says which area.
    #[error("no area code")]
    NoAreaCode,
    /// Too few or too many digits for its country.
    #[error("wrong length")]
    WrongLength,
    /// No country has this code, or nobody has this number.
    #[error("no such number")]
    Impossible,
    /// Of a service: toll-free, of shared cost, premium, of a company as a whole.
    #[error("service number")]
    Service,
}

impl NotAPhone {
    /// The reason under which the row is excluded.
    pub const fn reason(self) -> ExclusionReason {
        match self {
            Self::Empty => ExclusionReason::NoPhone,
            Self::NoCountry => ExclusionReason::NoCountry,
            _ => ExclusionReason::BadPhone,
        }
    }

    /// The word of the detail; its sentence is `detail.<word>` of the locales.
    pub const fn detail(self) -> &'static str {
        match self {
            Self::Empty => "",
            Self::NoCountry => "no_country_code",
            Self::Scientific => "scientific_notation",
            Self::Several => "several_numbers",
            Self::NotDigits => "not_digits",
            Self::NoAreaCode => "no_area_code",
            Self::WrongLength => "wrong_length",
            Self::Impossible => "no_such_number",
            Self::Service => "service_number",
        }
    }
}

/// Digits of the longest number without its area.
const LONGEST_LOCAL: usize = 9;

/// Reads a phone number as typed.
pub fn read(typed: &str, home: Option<&Home>) -> Result<Phone, NotAPhone> {
    fast::read(typed, home).map_or_else(|| read_slowly(typed, home), Ok)
}

/// The same by the numbering plans alone: what [`read`] does for numbers that are not of the usual kinds.
fn read_slowly(typed: &str, home: Option<&Home>) -> Result<Phone, NotAPhone> {
    let phone = planned(typed, home)?;
    if service::is_service(&phone) { Err(NotAPhone::Service) } else { Ok(phone) }
}

/// The number, also where it is a service's.
fn planned(typed: &str, home: Option<&Home>) -> Result<Phone, NotAPhone> {
    let text = tidy(typed);
    if text.is_empty() {
        return Err(NotAPhone::Empty);
    }
    if is_scientific(&text) {
        return Err(NotAPhone::Scientific);
    }
    if holds_several(&text) {
        return Err(NotAPhone::Several);
    }
    let plus = text.starts_with('+');
    let rest = text.strip_prefix('+').unwrap_or(&text);
    if !rest.chars().all(|c| c.is_ascii_digit() || is_punctuation(c)) || !rest.chars().any(|c| c.is_ascii_digit()) {
        return Err(NotAPhone::NotDigits);
    }
    let digits = digits_of(rest);
    if let Some(line) = behind_noughts(&text, &digits) {
        return without_area(line, home);
    }
    if plus {
        // "+00 54…" and "+0054…" are written too.
        return international(digits.trim_start_matches("00"));
    }
    if let Some(rest) = digits.strip_prefix("00") {
        return international(rest);
    }
    match home {
        Some(home) => national(&digits, home),
        None => without_country(&digits),
    }
}

/// The number behind an area of noughts, as forms get one that want an area: `(00) 98765-4321`, `00 98765-4321`. What another
/// country has with these digits is that country's.
fn behind_noughts<'a>(text: &str, digits: &'a str) -> Option<&'a str> {
    let line = digits.strip_prefix("00").filter(|line| line.len() <= LONGEST_LOCAL && !line.starts_with('0'))?;
    let in_brackets = text.starts_with("(00)");
    // Taken apart, a cell may have lost the first bracket.
    let stands_apart = text.strip_prefix("00").is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_digit()));
    let is_anothers = || international(line).is_ok_and(|phone| is_known(&phone));
    (in_brackets || stands_apart && !is_anothers()).then_some(line)
}

/// A number without its area, which the campaign may say.
fn without_area(line: &str, home: Option<&Home>) -> Result<Phone, NotAPhone> {
    let home = home.filter(|home| home.area_code.is_some()).ok_or(NotAPhone::NoAreaCode)?;
    national(line, home)
}

/// The cell without what spreadsheets and copying leave around a number.
fn tidy(typed: &str) -> String {
    let seen: String = typed.chars().filter(|c| !is_invisible(*c)).map(|c| if c == '＋' { '+' } else { c }).collect();
    let mut text = seen.trim().trim_start_matches('\'').trim();
    for scheme in ["tel:", "whatsapp:", "https://", "http://", "wa.me/"] {
        if text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)) {
            text = text[scheme.len()..].trim_start();
        }
    }
    // A number column with an empty cell comes out of many exports as decimals: 1155550101.0
    let whole = text.strip_suffix(".0").or_else(|| text.strip_suffix(",0"));
    whole.filter(|w| w.bytes().all(|b| b.is_ascii_digit() || b == b'+')).unwrap_or(text).to_owned()
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}' | '\u{AD}')
}

fn is_punctuation(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '-' | '.' | '(' | ')' | '[' | ']' | '/' | '_' | '\u{2010}'..='\u{2015}' | '\u{2212}')
}

fn digits_of(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

/// `5,51E+12`, `5.4911E12`.
fn is_scientific(text: &str) -> bool {
    let Some((mantissa, exponent)) = text.split_once(['e', 'E']) else { return false };
    let exponent = exponent.strip_prefix('+').unwrap_or(exponent);
    let numeric = |t: &str, more: &str| !t.is_empty() && t.chars().all(|c| c.is_ascii_digit() || more.contains(c));
    numeric(mantissa, ".,") && numeric(exponent, "")
}

/// Two or more stretches of six digits with something between them that separates numbers.
fn holds_several(text: &str) -> bool {
    let pieces = text.split(['/', ';', ',', '|', '\n']).flat_map(|p| p.split(" o ")).flat_map(|p| p.split(" y "));
    pieces.flat_map(|p| p.split(" e ")).filter(|p| digits_of(p).len() >= 6).count() > 1
}

/// Digits that begin with a country code.
fn international(digits: &str) -> Result<Phone, NotAPhone> {
    if let Some(phone) = code_and_rest(digits).and_then(|(code, rest)| trunk::behind_zero(&code.to_string(), rest)) {
        return check(phone);
    }
    let parsed = phonenumber::parse(None, format!("+{digits}")).map_err(|e| match e {
        phonenumber::ParseError::TooShortNsn | phonenumber::ParseError::TooLong => NotAPhone::WrongLength,
        _ => NotAPhone::Impossible,
    })?;
    if trunk::was_cut(&parsed) {
        return Err(NotAPhone::WrongLength);
    }
    let given = Phone::from_international(digits).ok_or(NotAPhone::WrongLength)?;
    let phone = Phone::from_international(&trunk::canonical(&parsed)).ok_or(NotAPhone::WrongLength)?;
    match check(phone) {
        // The metadata no longer knows Mexico's 1 after the country code; people's numbers still carry it.
        Err(NotAPhone::WrongLength) if given.variants().iter().any(is_possible) => Ok(given),
        checked => checked,
    }
}

/// Digits without country code, in a campaign of `home`'s country.
fn national(digits: &str, home: &Home) -> Result<Phone, NotAPhone> {
    let digits = if home.code == "52" { without_old_prefix(digits) } else { digits };
    let behind_code = digits.strip_prefix(home.code.as_str());
    let mut ways = [Some(digits), behind_code].into_iter().flatten();
    if let Some(phone) = ways.find_map(|way| trunk::behind_zero(&home.code, way)) {
        return check(phone).map(|phone| with_mobile_nine(phone, digits));
    }
    let mut tries = vec![digits.to_owned()];
    // A number that begins with the area code has it already; one that then is too short was cut, not local.
    if let Some(area) = home.area_code.as_ref().filter(|area| !digits.trim_start_matches('0').starts_with(*area)) {
        tries.push(format!("{area}{digits}"));
        tries.push(format!("0{area}{digits}"));
    }
    let mut possible = None;
    for text in &tries {
        let Ok(parsed) = phonenumber::parse(Some(home.country), text) else { continue };
        let phone = Phone::from_international(&trunk::canonical(&parsed)).filter(|_| !trunk::was_cut(&parsed));
        let Some(phone) = phone else { continue };
        if parsed.is_valid() && !is_repetition(&parsed.national().to_string()) {
            return Ok(with_mobile_nine(phone, digits));
        }
        if possible.is_none() && is_possible(&phone) {
            possible = Some(phone);
        }
    }
    if let Some(phone) = like_the_country_code(digits, home).or_else(|| with_mexicos_one(digits, home)) {
        return Ok(phone);
    }
    // Another country's number with its code but without the `+`: only where it cannot be one of this country.
    if digits.len() >= 11 && possible.is_none() {
        let phone = international(digits)?;
        // Nobody said that it is another country's: what that country's plan does not know is nobody's number.
        return if phone.variants().iter().any(is_known) { Ok(phone) } else { Err(NotAPhone::Impossible) };
    }
    let phone = possible.ok_or(if digits.len() < 9 && home.area_code.is_none() {
        NotAPhone::NoAreaCode
    } else {
        NotAPhone::WrongLength
    })?;
    check(phone).map(|phone| with_mobile_nine(phone, digits))
}

/// A whole number of home that only begins as its country is called: Brazil's area 55 is in Brazil, with its old mobiles.
fn like_the_country_code(digits: &str, home: &Home) -> Option<Phone> {
    let phone = Phone::from_international(&format!("{}{digits}", home.code))?;
    let is_one = digits.starts_with(&home.code) && phone.variants().iter().any(is_known);
    (is_one && !is_repetition(digits)).then_some(phone)
}

/// A Mexican number with the 1 that was written before mobiles until 2019: no number of the United States, unless it says so.
fn with_mexicos_one(digits: &str, home: &Home) -> Option<Phone> {
    let line = digits.strip_prefix('1').filter(|line| home.code == "52" && line.len() == 10)?;
    let is_one = is_possible(&Phone::from_international(&format!("52{line}"))?) && !is_repetition(line);
    is_one.then(|| Phone::from_international(&format!("52{digits}"))).flatten()
}

/// A Mexican number without 044, 045 or 01, which was dialled before it until 2019 and is still written.
fn without_old_prefix(digits: &str) -> &str {
    let rest = ["044", "045", "01"].iter().find_map(|prefix| digits.strip_prefix(prefix));
    rest.filter(|rest| rest.len() == 10).unwrap_or(digits)
}

/// An Argentine number of which only the area and the line were written, as the mobile it is taken for: 54 9 and both.
fn with_mobile_nine(phone: Phone, written: &str) -> Phone {
    let Some(line) = phone.digits().strip_prefix("54").filter(|line| line.len() == 10) else { return phone };
    let mobile = line.ends_with(written.trim_start_matches('0')).then(|| format!("549{line}"));
    mobile.and_then(|digits| Phone::from_international(&digits)).unwrap_or(phone)
}

/// The line alone of an Argentine mobile as it is dialled within its area: 15 and the six to eight digits of the line.
/// Numbers are searched by it; it is none that could be sent to.
pub fn line_behind_15(digits: &str) -> Option<&str> {
    let line = digits.strip_prefix("15").or_else(|| digits.strip_prefix("015"))?;
    ((6..=8).contains(&line.len()) && line.bytes().all(|b| b.is_ascii_digit())).then_some(line)
}

/// Whether `to` is an Argentine mobile that was written with neither country code nor 9 nor 15: it could be a fixed
/// line as well.
pub fn taken_for_mobile(given: &str, to: &Phone) -> bool {
    let written = digits_of(given);
    to.digits().strip_prefix("549").is_some_and(|line| line.ends_with(written.trim_start_matches('0')))
}

/// Whether it is written in a form that its person's WhatsApp may not carry: an Argentine mobile without its 9, a Brazilian
/// one without the ninth digit, a Mexican one with the old 1. It is sent as it is.
pub fn is_other_form(to: &Phone) -> bool {
    let digits = to.digits();
    let has_variants = || to.variants().len() > 1;
    match digits.as_bytes() {
        [b'5', b'4' | b'5', rest @ ..] => rest.len() == 10 && has_variants(),
        [b'5', b'2', b'1', rest @ ..] => rest.len() == 10,
        _ => false,
    }
}

/// `15-5555-0123`: Argentina's local mobile form. No area code begins with 15.
fn is_local_mobile(phone: &Phone) -> bool {
    phone.digits().starts_with("5415") && phone.digits().len() == 12
}

/// Digits with neither `+` nor a campaign country. Twelve or more cannot be anybody's national number; with fewer, a
/// Brazilian mobile of Porto Alegre reads as a Peruvian one.
fn without_country(digits: &str) -> Result<Phone, NotAPhone> {
    if digits.len() < 12 || digits.starts_with('0') {
        return Err(NotAPhone::NoCountry);
    }
    international(digits).map_err(|_| NotAPhone::NoCountry)
}

fn check(phone: Phone) -> Result<Phone, NotAPhone> {
    let Some((code, national)) = split(&phone) else { return Err(NotAPhone::Impossible) };
    if is_repetition(national) || DATABASE.by_code(&code).is_none() {
        return Err(NotAPhone::Impossible);
    }
    if is_local_mobile(&phone) {
        return Err(NotAPhone::NoAreaCode);
    }
    // That it is a service's says more than its length.
    let is_one = is_possible(&phone) || service::is_service(&phone);
    if is_one { Ok(phone) } else { Err(NotAPhone::WrongLength) }
}

/// The calling code of a country, by its ISO code: `54` for `AR`.
pub fn calling_code(country: &str) -> Option<String> {
    Some(DATABASE.by_id(country)?.country_code().to_string())
}

/// ISO code of the country, where the numbering plan tells it.
pub fn country_of(phone: &Phone) -> Option<String> {
    let parsed = phonenumber::parse(None, phone.with_plus()).ok()?;
    if let Some(id) = parsed.country().id() {
        return Some(id.as_ref().to_owned());
    }
    let regions = DATABASE.region(&parsed.code().value())?;
    match regions.as_slice() {
        [only] if *only != "001" => Some((*only).to_owned()),
        _ => None,
    }
}

/// What is billed as marketing, or will be when the template is not known yet.
pub fn is_marketing(kind: CampaignKind, category: Option<Category>) -> bool {
    category.map_or(kind == CampaignKind::Promotion, |c| c == Category::Marketing)
}
