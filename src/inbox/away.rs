//! Whoever writes when nobody is here is told so, once in a closed time.

use crate::config::{Config, OfficeHours};
use crate::domain::id::ConversationId;
use crate::domain::time::UnixMs;
use crate::locale::{Language, say};
use crate::store::audit::{self, Deed};
use crate::store::{Result, Tx, away};

/// Whose hours count for a conversation: those of its team (one that has none is of its sender's), else those of its sender.
pub fn hours_of<'a>(config: &'a Config, team: Option<&str>, sender: &str) -> Option<&'a OfficeHours> {
    let sender = config.senders.get(sender);
    let team = team.or_else(|| sender?.team.as_deref());
    let team = team.and_then(|team| config.teams.get(team)).and_then(|team| team.hours.as_deref());
    config.office.get(team.or_else(|| sender?.hours.as_deref())?)
}

/// When somebody is here again; `None`: somebody is, or hours are not told.
pub fn opens_at(hours: &OfficeHours, now: UnixMs) -> Option<UnixMs> {
    if hours.hours.is_open(now, &hours.timezone) {
        return None;
    }
    hours.hours.next_open(now, &hours.timezone)
}

/// What is to be answered by itself in a conversation at `now`, where nobody is here and nobody has said so in this closed
/// time yet. Asking takes the answer: it is given once.
pub async fn answer(
    tx: &mut Tx,
    hours: &OfficeHours,
    conversation: ConversationId,
    language: Language,
    now: UnixMs,
) -> Result<Option<String>> {
    let (Some(opens), Some((language, text))) = (opens_at(hours, now), hours.away_in(language)) else {
        return Ok(None);
    };
    if !away::first(tx, conversation, opens).await? {
        return Ok(None);
    }
    let subject = format!("conversation {conversation}");
    let deed = Deed { actor: audit::ITSELF, action: "conversation.away", subject: &subject, detail: &hours.name };
    audit::write_in(tx, now, deed).await?;
    Ok(Some(text.replace("{opens}", &words(language, opens, hours, now))))
}

/// `Monday at 08:00`, or `today at 08:00` on the same day; with the date when it is more than six days away.
pub fn words(language: Language, opens: UnixMs, hours: &OfficeHours, now: UnixMs) -> String {
    let (there, here) = (opens.in_zone(&hours.timezone), now.in_zone(&hours.timezone));
    let time = there.strftime("%H:%M").to_string();
    if there.date() == here.date() {
        return say(language, "away.today", &[("time", &time)]);
    }
    let day = there.weekday().to_monday_one_offset().to_string();
    let day = say(language, &format!("away.weekday.{day}"), &[]);
    let days = here.date().until(there.date()).map_or(0, |span| span.get_days());
    if days <= 6 {
        return say(language, "away.day", &[("day", &day), ("time", &time)]);
    }
    let (of_month, month) = (there.day().to_string(), there.month().to_string());
    say(language, "away.date", &[("day", &day), ("date", &of_month), ("month", &month), ("time", &time)])
}
