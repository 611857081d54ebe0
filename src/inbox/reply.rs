//! A reply comes in: who wrote, what it answers, what it means, and the conversation it belongs to.

mod conversation;
pub(super) mod origin;
pub(super) mod wish;

use std::time::Duration;

use crate::config::{Config, Sender};
use crate::domain::callback::Instance;
use crate::domain::event::{Reply, ReplyContent};
use crate::domain::fill::Content;
use crate::domain::id::{ConversationId, EntryId, MessageId, PersonId};
use crate::domain::recipient::Recipient;
use crate::domain::snapshot::Snapshot;
use crate::domain::time::UnixMs;
use crate::intake::campaign_file::{CampaignFile, Replies};
use crate::locale::{Language, say};
use crate::store::candidate::Candidate;
use crate::store::entry::{self, Direction, NewEntry};
use crate::store::identity;
use crate::store::media::{self, Expected};
use crate::store::outcome::{self, Certainty, NewOutcome};
use crate::store::suppression::{self, SuppressionScope};
use crate::store::unclear::{self, MayAnswer};
use crate::store::{self, Result, Tx};

use super::attribution::Attribution;
use super::decide::{self, Decision, decide};
use super::{away, words};

/// Meta's customer service window: free texts may be sent this long after the person's last message.
pub const WINDOW: Duration = Duration::from_hours(24);

/// Author of automatic answers and of what replies do by themselves.
pub const AUTOMATIC: &str = "automatic";

/// Where a reply came in.
#[derive(Clone, Copy, Debug)]
pub struct Desk<'a> {
    /// Teams and senders.
    pub config: &'a Config,
    /// Our name in buttons' payloads.
    pub instance: &'a Instance,
    /// The sender it was written to.
    pub sender: &'a Sender,
    /// When its webhook came.
    pub received_at: UnixMs,
}

/// What a reply caused.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Taken {
    /// The conversation that shows it.
    pub conversation: ConversationId,
    /// What is to be answered by itself.
    pub answer: Option<AutomaticAnswer>,
}

/// An answer to send within the window.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AutomaticAnswer {
    /// In which conversation.
    pub conversation: ConversationId,
    /// The reply it answers.
    pub entry: EntryId,
    /// To whom.
    pub person: PersonId,
    /// To which number, or to whom without one.
    pub to: Recipient,
    /// Name of the account.
    pub account: String,
    /// Name of the sender.
    pub sender: String,
    /// The text.
    pub body: String,
    /// Who pays: as for the message answered.
    pub cost_centre: String,
    /// The person's time zone, as for the message answered; empty: not known.
    pub timezone: String,
}

/// A message a reply may answer, with what its campaign says about replies.
pub(super) struct Candidacy {
    /// The message.
    pub(super) message: Candidate,
    /// What its campaign says.
    pub(super) rules: Replies,
}

impl Candidacy {
    fn of(message: Candidate) -> Self {
        // The definition was accepted when it was loaded; one that an older version wrote falls back to the defaults.
        let rules = message.definition.as_deref().and_then(|text| CampaignFile::parse(text, "campaign.toml").ok());
        Self { rules: rules.map(|file| file.replies).unwrap_or_default(), message }
    }

    /// Templates wait for a reply; our own free texts are part of a conversation.
    fn waits_at(&self, at: UnixMs) -> bool {
        let template = matches!(serde_json::from_str(&self.message.content), Ok(Content::Template { .. }));
        template && at.since(self.message.reached_at) <= self.rules.close_after
    }

    fn may_be_answered(&self) -> MayAnswer {
        MayAnswer { message: self.message.id, campaign: self.message.campaign_id, run: self.message.run_id }
    }

    /// The run's template, for a message that carries none of its own.
    pub(super) fn snapshot(&self) -> Option<Snapshot> {
        serde_json::from_str(self.message.template.as_deref()?).ok()
    }

    fn language(&self) -> Option<Language> {
        let Ok(Content::Template { fill, template }) = serde_json::from_str(&self.message.content) else { return None };
        let snapshot = self.snapshot().or(template.map(|own| Snapshot::from(*own)))?;
        Some(Language::of_tag(&snapshot.of(fill.language.as_deref()).language))
    }
}

/// What is known about a reply before anything is written.
struct Understood {
    person: identity::Known,
    family: Vec<PersonId>,
    attribution: Attribution,
    /// The messages it may answer, when those are several.
    may_answer: Vec<MayAnswer>,
    /// The message it answers, when that is one.
    about: Option<Candidacy>,
    decision: Decision,
    at: UnixMs,
}

impl Understood {
    fn certainty(&self) -> Option<Certainty> {
        match self.attribution {
            Attribution::Certain(_) => Some(Certainty::Certain),
            Attribution::Likely(_) => Some(Certainty::Likely),
            Attribution::Ambiguous(_) => Some(Certainty::Ambiguous),
            Attribution::None => None,
        }
    }

    fn window_until(&self) -> UnixMs {
        self.at.plus(WINDOW)
    }
}

/// Keeps a reply and what follows from it. `None`: it is here already.
pub async fn take(tx: &mut Tx, desk: &Desk<'_>, reply: &Reply) -> Result<Option<Taken>> {
    if entry::seen(tx, &reply.provider_id).await?.is_some() {
        return Ok(None);
    }
    let understood = understand(tx, desk, reply).await?;
    // Whoever writes can be reached: what failures of their number asked for is over.
    let (scope, strikes) = (SuppressionScope::All, suppression::STRIKES);
    suppression::lift_person(tx, understood.person.root(), scope, strikes, understood.at, AUTOMATIC).await?;
    let conversation = conversation::of(tx, desk, &understood).await?;
    let line = NewEntry {
        conversation,
        direction: Direction::In,
        content: Some(&reply.content),
        provider_id: Some(&reply.provider_id),
        message: understood.about.as_ref().map(|c| c.message.id),
        certainty: understood.certainty(),
        author: "",
        at: understood.at,
        received_at: desk.received_at,
    };
    let entry = entry::add(tx, &line).await?;
    if let ReplyContent::Media(told) = &reply.content {
        let (account, at) = (desk.sender.account.as_str(), desk.received_at);
        media::expect(tx, &Expected { conversation, entry, account, media: told, at }).await?;
    }
    if let Some(quoted) = pointed_at(reply) {
        entry::quote(tx, entry, quoted).await?;
    }
    if let Some(referral) = &reply.referral {
        entry::came_by(tx, entry, referral).await?;
    }
    // Whoever asks for nothing, or to be left alone, has answered none of them.
    if understood.decision.asks() {
        unclear::add(tx, (conversation, entry), &understood.may_answer).await?;
    }
    decided(tx, &understood, entry).await?;
    let answer = match answer(desk, &understood, conversation, entry) {
        None => nobody_here(tx, desk, &understood, (conversation, entry)).await?,
        answer => answer,
    };
    Ok(Some(Taken { conversation, answer }))
}

async fn understand(tx: &mut Tx, desk: &Desk<'_>, reply: &Reply) -> Result<Understood> {
    let mut person = identity::meet(tx, &reply.from, desk.received_at).await?;
    let mut family = identity::family(tx, person.root()).await?;
    let (attribution, mut candidates) = origin::find(tx, desk, reply, &family).await?;
    if let Attribution::Certain(id) = attribution
        && let Some(found) = candidates.iter().find(|c| c.message.id == id)
        && !family.contains(&found.message.person_id)
    {
        // Only the person in that chat can tap or quote: whoever we wrote to is who writes now.
        let other = identity::row(tx, found.message.person_id).await?;
        identity::link(tx, person.root(), other.root()).await?;
        person = identity::row(tx, person.id).await?;
        family = identity::family(tx, person.root()).await?;
    }
    let opt_out: Vec<String> = candidates.iter().flat_map(|c| c.rules.opt_out.iter().cloned()).collect();
    let opt_out: Vec<&str> = opt_out.iter().map(String::as_str).collect();
    let about = attribution.message().and_then(|id| {
        let place = candidates.iter().position(|c| c.message.id == id)?;
        Some(candidates.swap_remove(place))
    });
    let decision = match decide::opts_in(&reply.content) {
        Some(told) if suppression::is_stopped(tx, person.root()).await? => Decision::OptIn { told },
        _ => decide(&reply.content, &attribution, about.as_ref().map(|c| &c.rules), &opt_out),
    };
    let may_answer = match attribution {
        Attribution::Ambiguous(_) => candidates.iter().map(Candidacy::may_be_answered).collect(),
        _ => Vec::new(),
    };
    let at = told_at(reply.at, desk.received_at);
    Ok(Understood { person, family, attribution, may_answer, about, decision, at })
}

/// Writes the outcome, and what the person wishes about promotions.
async fn decided(tx: &mut Tx, understood: &Understood, entry: EntryId) -> Result<()> {
    wish::keep(tx, understood.person.root(), &understood.decision, understood.at).await?;
    let outcome = match &understood.decision {
        Decision::Settled { outcome, .. } => outcome.as_deref(),
        Decision::OptOut { .. } => Some(decide::OPT_OUT),
        Decision::OptIn { .. } | Decision::AskToStop | Decision::Ask { .. } | Decision::Noted => None,
    };
    // A test decides nothing.
    let about = understood.about.as_ref().filter(|about| about.message.test_of.is_none());
    if let (Some(outcome), Some(about), Some(certainty)) = (outcome, about, understood.certainty()) {
        let message: MessageId = about.message.id;
        let new = NewOutcome { message, entry: Some(entry), outcome, certainty, set_by: "", at: understood.at };
        outcome::add(tx, &new).await?;
    }
    Ok(())
}

/// What is answered by itself, where there is a number to answer to.
fn answer(
    desk: &Desk<'_>,
    understood: &Understood,
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
    Some(in_words(desk, understood, (conversation, entry), (to, body)))
}

/// What whoever asks is told by itself while nobody is here, where there is a number to answer to and free texts may be sent.
async fn nobody_here(
    tx: &mut Tx,
    desk: &Desk<'_>,
    understood: &Understood,
    (conversation, entry): (ConversationId, EntryId),
) -> Result<Option<AutomaticAnswer>> {
    let now = desk.received_at;
    let about = understood.about.as_ref();
    let to = about.and_then(|c| Recipient::parse(&c.message.recipient)).or(understood.person.reachable());
    let Some(to) = to.filter(|_| understood.decision.asks() && understood.window_until() > now) else {
        return Ok(None);
    };
    let team = store::conversation::by_id(tx, conversation).await?.and_then(|found| found.team);
    let Some(hours) = away::hours_of(desk.config, team.as_deref(), &desk.sender.name) else { return Ok(None) };
    let language = language(about, words::OptOut { language: None }, &to);
    let body = away::answer(tx, hours, conversation, language, now).await?;
    Ok(body.map(|body| in_words(desk, understood, (conversation, entry), (to, body))))
}

fn in_words(
    desk: &Desk<'_>,
    understood: &Understood,
    (conversation, entry): (ConversationId, EntryId),
    (to, body): (Recipient, String),
) -> AutomaticAnswer {
    let about = understood.about.as_ref();
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

/// When something happened that came in at `received_at`. A provider's clock ahead of ours must not keep a window open
/// longer, and what tells no time happened just now.
pub fn told_at(told: UnixMs, received_at: UnixMs) -> UnixMs {
    if told.0 <= 0 { received_at } else { told.min(received_at) }
}

/// The provider's id of the message that `reply` points at.
fn pointed_at(reply: &Reply) -> Option<&str> {
    match &reply.content {
        ReplyContent::Reaction { to, .. } => Some(to),
        _ => reply.quoted.as_deref(),
    }
}
