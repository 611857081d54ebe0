//! Where a message goes: a number, or a person who shows none.

use std::fmt;

use super::phone::Phone;

/// Whom a message goes to.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Recipient {
    /// A number.
    Phone(Phone),
    /// A business-scoped user id (cloud-api.md 1.5): `AR.1349…`, or `AR.ENT.55…` across portfolios.
    User(String),
}

/// Longest id after the country, in characters.
const LONGEST: usize = 132;

impl Recipient {
    /// Of digits with the country code, or of a business-scoped user id.
    pub fn parse(text: &str) -> Option<Self> {
        Phone::from_international(text).map(Self::Phone).or_else(|| Self::user(text))
    }

    /// Of a business-scoped user id alone.
    pub fn user(text: &str) -> Option<Self> {
        let (country, id) = text.split_once('.')?;
        let is_country = country.len() == 2 && country.bytes().all(|b| b.is_ascii_uppercase());
        let is_id = (1..=LONGEST).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.');
        (is_country && is_id).then(|| Self::User(text.to_owned()))
    }

    /// The number, of whoever has one.
    pub const fn phone(&self) -> Option<&Phone> {
        match self {
            Self::Phone(phone) => Some(phone),
            Self::User(_) => None,
        }
    }

    /// As it is kept with a message.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Phone(phone) => phone.digits(),
            Self::User(id) => id,
        }
    }

    /// The ISO code of the country of a person without a number.
    pub fn country(&self) -> Option<&str> {
        match self {
            Self::Phone(_) => None,
            Self::User(id) => id.get(..2),
        }
    }
}

impl From<Phone> for Recipient {
    fn from(phone: Phone) -> Self {
        Self::Phone(phone)
    }
}

/// An id is personal: what is printed of it is its country.
impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Phone(phone) => phone.fmt(f),
            Self::User(id) => write!(f, "{}.…", &id[..2]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_business_scoped_ids_are_told_apart() {
        let user = |id: &str| Some(Recipient::User(id.to_owned()));
        let phone = Phone::from_international("5491155550123").map(Recipient::Phone);
        for (text, recipient) in [
            ("5491155550123", phone),
            ("AR.13491208655302741918", user("AR.13491208655302741918")),
            ("AR.ENT.55", user("AR.ENT.55")),
            ("ar.1349", None),
            ("AR.", None),
            ("AR", None),
            ("ARG.1", None),
            ("AR.1 2", None),
            ("", None),
        ] {
            assert_eq!(Recipient::parse(text), recipient, "{text}");
        }
        assert_eq!(format!("{:?}", Recipient::parse("AR.1349").unwrap()), "AR.…");
    }
}
