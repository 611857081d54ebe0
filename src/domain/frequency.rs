//! `at_most`: how often one person may get messages of a kind, across campaigns.

use jiff::ToSpan;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::kind::CampaignKind;
use super::time::UnixMs;

/// A period of the person's calendar.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    /// From midnight to midnight.
    Day,
    /// From Monday to Sunday.
    Week,
    /// A month of the calendar.
    Month,
}

/// At most `times` messages of `kind` in one `period`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AtMost {
    /// How many; at least one.
    pub times: u32,
    /// Of what; `None`: of any campaign.
    pub kind: Option<CampaignKind>,
    /// In what.
    pub per: Period,
}

impl AtMost {
    /// Reads `1 promotion per day`, `2 messages per week`.
    pub fn parse(text: &str) -> Option<Self> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let (times, what, period) = match words.as_slice() {
            [times, what, "per" | "a", period] => (*times, (*what).to_owned(), *period),
            [times, "resumed", what, "per" | "a", period] => (*times, format!("resumed {what}"), *period),
            _ => return None,
        };
        let times = times.parse().ok().filter(|n| (1..=1_000).contains(n))?;
        let kind = match what.trim_end_matches('s') {
            "promotion" => Some(CampaignKind::Promotion),
            "reminder" => Some(CampaignKind::Reminder),
            "resumed contact" => Some(CampaignKind::ResumeContact),
            "message" => None,
            _ => return None,
        };
        let per = match period {
            "day" => Period::Day,
            "week" => Period::Week,
            "month" => Period::Month,
            _ => return None,
        };
        Some(Self { times, kind, per })
    }

    /// When a person who has got messages of the kind at `sent` may get one more, seen at `now`: `None`: now.
    pub fn not_before(self, sent: &[UnixMs], now: UnixMs, zone: &TimeZone) -> Option<UnixMs> {
        let (began, ends) = self.edges(now, zone);
        let in_period = sent.iter().filter(|at| **at >= began && **at < ends).count();
        (in_period >= self.times as usize).then_some(ends)
    }

    /// The longest time a period lasts, DST days included: messages before that need not be looked at.
    pub const fn longest(self) -> std::time::Duration {
        std::time::Duration::from_hours(match self.per {
            Period::Day => 25,
            Period::Week => 7 * 24 + 1,
            Period::Month => 31 * 24 + 1,
        })
    }

    fn edges(self, now: UnixMs, zone: &TimeZone) -> (UnixMs, UnixMs) {
        let today = now.in_zone(zone).date();
        let back = match self.per {
            Period::Day => 0,
            Period::Week => i64::from(today.weekday().to_monday_zero_offset()),
            Period::Month => i64::from(today.day()) - 1,
        };
        let span = match self.per {
            Period::Day => 1.day(),
            Period::Week => 1.week(),
            Period::Month => 1.month(),
        };
        let first = today.saturating_sub(back.days());
        // A midnight that does not exist (a day that begins at 1:00) is the first instant after it.
        let midnight =
            |day: jiff::civil::Date| day.to_zoned(zone.clone()).map_or(now, |at| UnixMs::from(at.timestamp()));
        (midnight(first), midnight(first.saturating_add(span)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> UnixMs {
        UnixMs::from(text.parse::<jiff::Timestamp>().unwrap())
    }

    fn zone() -> TimeZone {
        TimeZone::get("America/Sao_Paulo").unwrap()
    }

    #[test]
    fn it_is_read_as_people_write_it() {
        let read = |text| AtMost::parse(text);
        let promotion = Some(CampaignKind::Promotion);
        assert_eq!(read("1 promotion per day"), Some(AtMost { times: 1, kind: promotion, per: Period::Day }));
        assert_eq!(read("2 promotions a week"), Some(AtMost { times: 2, kind: promotion, per: Period::Week }));
        assert_eq!(read("3 messages per month"), Some(AtMost { times: 3, kind: None, per: Period::Month }));
        let resumed = Some(CampaignKind::ResumeContact);
        assert_eq!(read("1 resumed contact per week"), Some(AtMost { times: 1, kind: resumed, per: Period::Week }));
        for wrong in ["", "1", "0 promotions per day", "1 promotion", "one promotion per day", "1 promotion per year"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_second_promotion_of_a_day_waits_for_midnight_on_the_persons_clock() {
        let rule = AtMost::parse("1 promotion per day").unwrap();
        let now = at("2026-11-24T20:00:00-03:00");
        assert_eq!(rule.not_before(&[at("2026-11-23T23:59:00-03:00")], now, &zone()), None);
        let next = rule.not_before(&[at("2026-11-24T00:00:00-03:00")], now, &zone());
        assert_eq!(next, Some(at("2026-11-25T00:00:00-03:00")));
    }

    #[test]
    fn weeks_begin_on_monday_and_months_on_the_first() {
        let (week, month) =
            (AtMost::parse("2 messages per week").unwrap(), AtMost::parse("1 message per month").unwrap());
        let now = at("2026-11-29T12:00:00-03:00");
        let sent = [at("2026-11-23T00:00:00-03:00"), at("2026-11-28T12:00:00-03:00")];
        assert_eq!(week.not_before(&sent, now, &zone()), Some(at("2026-11-30T00:00:00-03:00")));
        assert_eq!(week.not_before(&sent[1..], now, &zone()), None);
        assert_eq!(month.not_before(&sent[..1], now, &zone()), Some(at("2026-12-01T00:00:00-03:00")));
    }
}
