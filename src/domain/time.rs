//! Instants and days. Every instant in Recado is a [`UnixMs`]; calendars appear only where a person's clock matters.

use std::fmt;
use std::time::Duration;

use jiff::{Timestamp, Zoned, tz::TimeZone};
use serde::{Deserialize, Serialize};

/// An instant: milliseconds since 1970-01-01T00:00:00Z. The same in code, database and API.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema,
)]
#[serde(transparent)]
#[sqlx(transparent, no_pg_array)]
pub struct UnixMs(pub i64);

impl UnixMs {
    /// This instant plus `span`.
    #[must_use]
    pub fn plus(self, span: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))
    }

    /// This instant minus `span`.
    #[must_use]
    pub fn minus(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))
    }

    /// Time passed since `earlier`; zero when `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// The wall clock of `zone` at this instant.
    pub fn in_zone(self, zone: &TimeZone) -> Zoned {
        self.timestamp().to_zoned(zone.clone())
    }

    /// `2026-11-24 10:50 (America/Argentina/Buenos_Aires)`: the wall clock of `zone`, in no language.
    pub fn said_in(self, zone: &TimeZone) -> String {
        format!("{} ({})", self.in_zone(zone).strftime("%Y-%m-%d %H:%M"), zone.iana_name().unwrap_or("UTC"))
    }

    /// As a jiff timestamp. Instants outside jiff's range (years -9999 to 9999) are clamped.
    pub fn timestamp(self) -> Timestamp {
        Timestamp::from_millisecond(self.0).unwrap_or(if self.0 < 0 { Timestamp::MIN } else { Timestamp::MAX })
    }

    /// The calendar day of `zone`, as `2026-11-24`: the form in which charges are booked.
    pub fn day_in(self, zone: &TimeZone) -> String {
        self.in_zone(zone).date().to_string()
    }
}

/// For `serialize_with`: as people read it, RFC 3339 in UTC.
pub fn told<S: serde::Serializer>(at: &UnixMs, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(at)
}

/// The same of one that may not be there.
pub fn told_if_any<S: serde::Serializer>(at: &Option<UnixMs>, to: S) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => told(at, to),
        None => to.serialize_none(),
    }
}

impl From<Timestamp> for UnixMs {
    fn from(t: Timestamp) -> Self {
        Self(t.as_millisecond())
    }
}

impl fmt::Debug for UnixMs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.timestamp())
    }
}

/// RFC 3339 in UTC.
impl fmt::Display for UnixMs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.timestamp())
    }
}
