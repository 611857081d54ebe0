//! What replies say, and about what: who wrote each, which message it answers, and what is to be done about it.

use std::collections::{BTreeMap, BTreeSet};

use super::origin::{self, Sought};
use super::{Came, WINDOW, pointed_at, told_at, wish};
use crate::domain::fill::Content;
use crate::domain::id::PersonId;
use crate::domain::snapshot::Snapshot;
use crate::domain::time::UnixMs;
use crate::inbox::attribution::Attribution;
use crate::inbox::decide::{Decision, decide};
use crate::intake::campaign_file::{CampaignFile, Replies};
use crate::locale::Language;
use crate::store::candidate::Candidate;
use crate::store::outcome::Certainty;
use crate::store::unclear::MayAnswer;
use crate::store::{Result, Tx, identity};

/// A message a reply may answer, with what its campaign says about replies.
pub(in crate::inbox) struct Candidacy {
    /// The message.
    pub(in crate::inbox) message: Candidate,
    /// What its campaign says.
    pub(in crate::inbox) rules: Replies,
}

impl Candidacy {
    pub(super) fn of(message: Candidate, book: &mut Rulebook) -> Self {
        Self { rules: book.rules(message.definition.as_deref()), message }
    }

    /// Templates wait for a reply; our own free texts are part of a conversation.
    pub(super) fn is_template(&self) -> bool {
        matches!(serde_json::from_str(&self.message.content), Ok(Content::Template { .. }))
    }

    pub(super) fn waits_at(&self, at: UnixMs) -> bool {
        self.is_template() && at.since(self.message.reached_at) <= self.rules.close_after
    }

    fn may_be_answered(&self) -> MayAnswer {
        MayAnswer { message: self.message.id, campaign: self.message.campaign_id, run: self.message.run_id }
    }

    /// The run's template, for a message that carries none of its own.
    pub(in crate::inbox) fn snapshot(&self) -> Option<Snapshot> {
        serde_json::from_str(self.message.template.as_deref()?).ok()
    }

    pub(super) fn language(&self) -> Option<Language> {
        let Ok(Content::Template { fill, template }) = serde_json::from_str(&self.message.content) else { return None };
        let snapshot = self.snapshot().or(template.map(|own| Snapshot::from(*own)))?;
        Some(Language::of_tag(&snapshot.of(fill.language.as_deref()).language))
    }
}

/// What campaign files say about replies: each is read once for all the messages that it is about.
#[derive(Default)]
pub(in crate::inbox) struct Rulebook(BTreeMap<String, Replies>);

impl Rulebook {
    fn rules(&mut self, definition: Option<&str>) -> Replies {
        let Some(text) = definition else { return Replies::default() };
        if let Some(rules) = self.0.get(text) {
            return rules.clone();
        }
        // It was accepted when it was loaded; one that an older version wrote falls back to the defaults.
        let rules = CampaignFile::parse(text, "campaign.toml").map(|file| file.replies).unwrap_or_default();
        self.0.insert(text.to_owned(), rules.clone());
        rules
    }
}

/// What is known about a reply before it is written into a thread.
pub(super) struct Understood<'a> {
    pub(super) came: Came<'a>,
    pub(super) person: identity::Known,
    pub(super) family: Vec<PersonId>,
    pub(super) attribution: Attribution,
    /// The messages it may answer, when those are several.
    pub(super) may_answer: Vec<MayAnswer>,
    /// The message it answers, when that is one.
    pub(super) about: Option<Candidacy>,
    pub(super) decision: Decision,
    pub(super) at: UnixMs,
}

impl Understood<'_> {
    pub(super) fn certainty(&self) -> Option<Certainty> {
        match self.attribution {
            Attribution::Certain(_) => Some(Certainty::Certain),
            Attribution::Likely(_) => Some(Certainty::Likely),
            Attribution::Ambiguous(_) => Some(Certainty::Ambiguous),
            Attribution::None => None,
        }
    }

    pub(super) fn window_until(&self) -> UnixMs {
        self.at.plus(WINDOW)
    }
}

/// Replies of different people, which can be taken together.
pub(super) struct Round<'a> {
    /// Those understood, with their places.
    pub(super) understood: Vec<(usize, Understood<'a>)>,
    /// Those that come after these: of somebody who has one among these, or from one on that tells that two are one person.
    pub(super) later: Vec<usize>,
}

/// Understands as many of the replies at `places` as are of different people.
pub(super) async fn round<'a>(tx: &mut Tx, came: &[Came<'a>], places: &[usize]) -> Result<Round<'a>> {
    let mut ids_met = BTreeSet::new();
    let (now, mut later) = split(came, places.iter().map(|place| (*place, ())), |place, ()| {
        let ids = identity::ids(&came[place].reply.from);
        let is_new = ids.iter().all(|id| !ids_met.contains(id));
        ids_met.extend(ids);
        is_new
    });
    let who: Vec<_> = now.iter().map(|(place, ())| (&came[*place].reply.from, came[*place].desk.received_at)).collect();
    let people = identity::meet_all(tx, &who).await?;
    let roots: BTreeSet<PersonId> = people.iter().map(identity::Known::root).collect();
    let families = identity::families(tx, &roots.into_iter().collect::<Vec<_>>()).await?;
    let mut met = BTreeSet::new();
    let all = now.into_iter().zip(people).map(|((place, ()), person)| (place, person));
    let (first, others) = split(came, all, |_, person: &identity::Known| met.insert(person.root()));
    later.extend(others);
    let family = |person: &identity::Known| families.get(&person.root()).cloned().unwrap_or_default();
    let sought: Vec<Sought<'_>> =
        first.iter().map(|(place, person)| Sought { came: came[*place], family: family(person) }).collect();
    let found = origin::find_all(tx, &sought).await?;
    let mut all = first.into_iter().zip(sought).zip(found);
    let (mut understood, mut joins) = (Vec::new(), false);
    while !joins && let Some((((place, person), Sought { came, family }), (attribution, candidates))) = all.next() {
        let whose = Whose { person, family };
        let other = other_person(&attribution, &candidates, &whose.family);
        joins = other.is_some();
        let whose = match other {
            // Whatever came before it is taken first, and it by itself.
            Some(_) if !understood.is_empty() => {
                later.push(place);
                continue;
            }
            Some(other) => whose.joined(tx, other).await?,
            None => whose,
        };
        understood.push((place, understand(tx, came, whose, (attribution, candidates)).await?));
    }
    later.extend(all.map(|(((place, _), _), _)| place));
    later.sort_unstable();
    Ok(Round { understood, later })
}

/// Those of `all` that are the first of somebody, and the places of the others. One of the others that taps or quotes may
/// tell that two are one person: whatever comes after it waits for it.
fn split<T>(
    came: &[Came<'_>],
    all: impl Iterator<Item = (usize, T)>,
    mut is_first: impl FnMut(usize, &T) -> bool,
) -> (Vec<(usize, T)>, Vec<usize>) {
    let (mut first, mut others, mut waits) = (Vec::new(), Vec::new(), false);
    for (place, of) in all {
        if !waits && is_first(place, &of) {
            first.push((place, of));
        } else {
            waits |= pointed_at(came[place].reply).is_some();
            others.push(place);
        }
    }
    (first, others)
}

/// Only the person in a chat can tap or quote: whoever we wrote to is who writes now, under an id that we did not know.
fn other_person(attribution: &Attribution, candidates: &[Candidacy], family: &[PersonId]) -> Option<PersonId> {
    let Attribution::Certain(id) = attribution else { return None };
    let found = candidates.iter().find(|c| c.message.id == *id)?;
    (!family.contains(&found.message.person_id)).then_some(found.message.person_id)
}

/// Who wrote, with every row of theirs.
struct Whose {
    person: identity::Known,
    family: Vec<PersonId>,
}

impl Whose {
    /// They are `other` too.
    async fn joined(self, tx: &mut Tx, other: PersonId) -> Result<Self> {
        let other = identity::row(tx, other).await?;
        identity::link(tx, self.person.root(), other.root()).await?;
        let person = identity::row(tx, self.person.id).await?;
        let family = identity::family(tx, person.root()).await?;
        Ok(Self { person, family })
    }
}

async fn understand<'a>(
    tx: &mut Tx,
    came: Came<'a>,
    Whose { person, family }: Whose,
    (attribution, mut candidates): (Attribution, Vec<Candidacy>),
) -> Result<Understood<'a>> {
    let Came { desk, reply } = came;
    let opt_out: Vec<String> = candidates.iter().flat_map(|c| c.rules.opt_out.iter().cloned()).collect();
    let opt_out: Vec<&str> = opt_out.iter().map(String::as_str).collect();
    let about = attribution.message().and_then(|id| {
        let place = candidates.iter().position(|c| c.message.id == id)?;
        Some(candidates.swap_remove(place))
    });
    let at = told_at(reply.at, desk.received_at);
    let decision = decide(&reply.content, &attribution, about.as_ref().map(|c| &c.rules), &opt_out);
    let decision = wish::in_time(tx, person.root(), (&reply.content, at), decision).await?;
    let may_answer = match attribution {
        Attribution::Ambiguous(_) => candidates.iter().map(Candidacy::may_be_answered).collect(),
        _ => Vec::new(),
    };
    Ok(Understood { came, person, family, attribution, may_answer, about, decision, at })
}
