//! `[retention]`: how long things are kept that name people.

use jiff::{Span, tz::TimeZone};

use super::toml_file::{Table, Value};
use crate::domain::time::UnixMs;

/// How long something is kept; `None`: for ever.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Kept {
    months: u32,
    days: u32,
    is_for_ever: bool,
}

impl Kept {
    const fn months(months: u32) -> Self {
        Self { months, days: 0, is_for_ever: false }
    }

    const fn days(days: u32) -> Self {
        Self { months: 0, days, is_for_ever: false }
    }

    /// A number of days, weeks, months or years, as `10d` or `13mo`; or `never`, for what never goes.
    fn parse(text: &str) -> Result<Self, &'static str> {
        let wrong = "must be a length of time, as \"10d\", \"13mo\" or \"2y\", or \"never\"";
        let text = text.trim();
        if text == "never" {
            return Ok(Self { is_for_ever: true, ..Self::days(0) });
        }
        let at = text.find(|c: char| !c.is_ascii_digit()).ok_or(wrong)?;
        let (number, unit) = text.split_at(at);
        let number: u32 = number.parse().map_err(|_| wrong)?;
        let number = if number <= 1_200 { number } else { return Err(wrong) };
        match unit.trim() {
            "d" => Ok(Self::days(number)),
            "w" => Ok(Self::days(number * 7)),
            "mo" => Ok(Self::months(number)),
            "y" => Ok(Self::months(number * 12)),
            _ => Err(wrong),
        }
    }

    /// What is older than this has been kept long enough; `None`: nothing ever is.
    pub fn before(self, now: UnixMs) -> Option<UnixMs> {
        if self.is_for_ever {
            return None;
        }
        let span = Span::new().months(i64::from(self.months)).days(i64::from(self.days));
        let at = now.in_zone(&TimeZone::UTC).checked_sub(span).ok()?;
        Some(UnixMs::from(at.timestamp()))
    }

    /// Days, a month reckoned as thirty.
    fn about(self) -> u64 {
        if self.is_for_ever { u64::MAX } else { u64::from(self.months) * 30 + u64::from(self.days) }
    }
}

/// `[retention]`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Retention {
    /// Webhooks as they came in.
    pub raw_webhooks: Kept,
    /// What messages said and people wrote, with its media.
    pub texts: Kept,
    /// Whom messages went to, and the audiences they came from.
    pub rows: Kept,
}

impl Default for Retention {
    fn default() -> Self {
        Self { raw_webhooks: Kept::days(10), texts: Kept::months(13), rows: Kept::months(25) }
    }
}

/// A day: what a provider repeats is told from what is new by it.
const WEBHOOKS_AT_LEAST: u64 = 1;
/// While a conversation goes on, and an answer may still be awaited.
const TEXTS_AT_LEAST: u64 = 7;
/// While receipts still come and answers name messages.
const ROWS_AT_LEAST: u64 = 60;

/// Reads the section. What is left out is kept as long as is usual.
pub(super) fn read(table: &mut Table<'_, '_>) -> Retention {
    let usual = Retention::default();
    let raw_webhooks = kept(table.get("raw_webhooks"), WEBHOOKS_AT_LEAST, "at least \"1d\"");
    let texts = kept(table.get("texts"), TEXTS_AT_LEAST, "at least \"7d\"");
    let place = table.get("rows");
    let rows = kept(place, ROWS_AT_LEAST, "at least \"60d\"");
    let retention = Retention {
        raw_webhooks: raw_webhooks.unwrap_or(usual.raw_webhooks),
        texts: texts.unwrap_or(usual.texts),
        rows: rows.unwrap_or(usual.rows),
    };
    if retention.texts.about() > retention.rows.about()
        && let Some(value) = table.get("texts")
    {
        value.refuse("must not be longer than rows: without its row nobody knows whose a text is");
    }
    retention
}

fn kept(value: Option<Value<'_, '_>>, at_least: u64, least: &str) -> Option<Kept> {
    let value = value?;
    let kept = value.parsed(Kept::parse)?;
    if kept.about() < at_least {
        value.refuse(&format!("must be {least}"));
        return None;
    }
    Some(kept)
}

#[cfg(test)]
mod tests {
    use super::Kept;
    use crate::domain::time::UnixMs;

    #[test]
    fn a_length_of_time_is_reckoned_by_the_calendar() {
        // 2026-11-24T13:00:00Z
        let now = UnixMs(1_795_525_200_000);
        for (text, before) in
            [("10d", "2026-11-14"), ("13mo", "2025-10-24"), ("2y", "2024-11-24"), ("2w", "2026-11-10")]
        {
            let at = Kept::parse(text).unwrap().before(now).unwrap();
            assert_eq!(at.day_in(&jiff::tz::TimeZone::UTC), before, "{text}");
        }
        assert_eq!(Kept::parse("never").unwrap().before(now), None);
        for wrong in ["", "10", "10x", "-1d", "d", "99999d"] {
            assert!(Kept::parse(wrong).is_err(), "{wrong}");
        }
    }
}
