//! What is answered by itself.

use super::conversation::Placed;
use super::understood::{Candidacy, Understood};
use super::{AutomaticAnswer, words};
use crate::domain::id::{ConversationId, EntryId};
use crate::domain::recipient::Recipient;
use crate::inbox::away;
use crate::inbox::decide::Decision;
use crate::locale::{Language, say};
use crate::store::{Result, Tx};

/// What is answered by itself, where there is a number to answer to.
pub(super) fn said(
    understood: &Understood<'_>,
    conversation: ConversationId,
    entry: EntryId,
) -> Option<AutomaticAnswer> {
    let about = understood.about.as_ref();
    let to = about.and_then(|c| Recipient::parse(&c.message.recipient)).or(understood.person.reachable())?;
    let body = match &understood.decision {
        Decision::Settled { answer, .. } | Decision::Ask { answer } => answer.clone()?,
        Decision::OptOut { answer: Some(answer), .. } => answer.clone(),
        Decision::OptOut { told, answer: None } => say(language(about, *told, &to), "inbox.opted_out", &[]),
        Decision::OptIn { told } => say(language(about, *told, &to), "inbox.opted_in", &[]),
        Decision::AskToStop | Decision::Noted => return None,
    };
    Some(in_words(understood, (conversation, entry), (to, body)))
}

/// What whoever asks is told by itself while nobody is here, where there is a number to answer to and free texts may be sent.
pub(super) async fn nobody_here(
    tx: &mut Tx,
    understood: &Understood<'_>,
    placed: &Placed,
    entry: EntryId,
) -> Result<Option<AutomaticAnswer>> {
    let desk = &understood.came.desk;
    let now = desk.received_at;
    let about = understood.about.as_ref();
    let to = about.and_then(|c| Recipient::parse(&c.message.recipient)).or(understood.person.reachable());
    let Some(to) = to.filter(|_| understood.decision.asks() && understood.window_until() > now) else {
        return Ok(None);
    };
    let Some(hours) = away::hours_of(desk.config, placed.team.as_deref(), &desk.sender.name) else { return Ok(None) };
    let language = language(about, words::OptOut { language: None }, &to);
    let body = away::answer(tx, hours, placed.id, language, now).await?;
    Ok(body.map(|body| in_words(understood, (placed.id, entry), (to, body))))
}

fn in_words(
    understood: &Understood<'_>,
    (conversation, entry): (ConversationId, EntryId),
    (to, body): (Recipient, String),
) -> AutomaticAnswer {
    let (about, desk) = (understood.about.as_ref(), &understood.came.desk);
    AutomaticAnswer {
        conversation,
        entry,
        person: about.map_or(understood.person.id, |c| c.message.person_id),
        to,
        account: desk.sender.account.clone(),
        sender: desk.sender.name.clone(),
        body,
        cost_centre: about.map(|c| c.message.cost_centre.clone()).unwrap_or_default(),
        timezone: about.map(|c| c.message.timezone.clone()).unwrap_or_default(),
    }
}

/// The person's language: that of what they received, else of their own words, else of their number.
fn language(about: Option<&Candidacy>, told: words::OptOut, to: &Recipient) -> Language {
    let language = about.and_then(Candidacy::language).or(told.language);
    language.unwrap_or_else(|| match to {
        Recipient::Phone(phone) => words::language_of_number(phone.digits()),
        Recipient::User(_) => words::language_of_country(to.country().unwrap_or_default()),
    })
}
