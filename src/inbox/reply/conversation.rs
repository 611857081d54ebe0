//! The conversation each reply belongs to: the open one, the one it takes up again, or a new one.

use std::collections::BTreeMap;

use super::Understood;
use crate::domain::conversation::{Belongs, Last, belongs};
use crate::domain::id::{ConversationId, PersonId};
use crate::inbox::assign;
use crate::inbox::decide::Decision;
use crate::inbox::routing::{self, Owner};
use crate::store::conversation::{self, Conversation, ConversationState, Happening, NewConversation};
use crate::store::{Result, StoreError, Tx, entry};

/// Where a reply belongs.
pub(super) struct Placed {
    pub(super) id: ConversationId,
    /// Whose team's it is.
    pub(super) team: Option<String>,
    /// Whether the message answered is to stand in the thread before it.
    pub(super) shows_origin: bool,
    /// Whether the person's word ends it.
    pub(super) ends: bool,
}

/// A conversation to begin.
struct Beginning {
    new: NewConversation,
    owner: Owner,
}

/// Finds or begins the conversations of replies of different people, and brings their states up to date.
pub(super) async fn of_all(tx: &mut Tx, round: &[&Understood<'_>]) -> Result<Vec<Placed>> {
    let everybody: Vec<PersonId> = round.iter().flat_map(|u| u.family.iter().copied()).collect();
    conversation::hold_person(tx, &everybody).await?;
    let whose: Vec<(&[PersonId], &str)> =
        round.iter().map(|u| (u.family.as_slice(), u.came.desk.sender.name.as_str())).collect();
    let latest = conversation::latest_of_all(tx, &whose).await?;
    let (mut routes, mut placed, mut beginnings) = (Routes::default(), Vec::new(), Vec::new());
    for (understood, latest) in round.iter().zip(latest) {
        let last = latest.as_ref().map(|c| last(c, understood));
        let noted = understood.decision == Decision::Noted;
        let reopen_within = understood.came.desk.config.conversations.reopen_within;
        match (belongs(last, noted, understood.at, reopen_within), latest) {
            (Belongs::To(_), Some(latest)) => placed.push(Some(go_on(tx, understood, latest).await?)),
            (Belongs::New { previous }, _) => {
                placed.push(None);
                beginnings.push((*understood, beginning(tx, understood, previous, &mut routes).await?));
            }
            (Belongs::To(_), None) => return Err(StoreError::Corrupt { what: "conversation" }),
        }
    }
    let mut begun = begin(tx, beginnings).await?.into_iter();
    let all = placed.into_iter().map(|placed| placed.or_else(|| begun.next()));
    all.collect::<Option<_>>().ok_or(StoreError::Corrupt { what: "conversation" })
}

fn last(c: &Conversation, understood: &Understood<'_>) -> Last {
    let about = understood.about.as_ref().map(|candidacy| candidacy.message.id);
    Last {
        id: c.id,
        is_open: c.state == ConversationState::Open,
        other_message: about.is_some() && c.origin_message_id != about,
        ended_at: c.closed_at.unwrap_or(c.last_at).max(c.last_at),
    }
}

/// The one that is open goes on, the one that has ended is taken up again.
async fn go_on(tx: &mut Tx, understood: &Understood<'_>, latest: Conversation) -> Result<Placed> {
    let (id, at, window_until) = (latest.id, understood.at, understood.window_until());
    let happening =
        if understood.decision.asks() { Happening::Asked { window_until } } else { Happening::Heard { window_until } };
    conversation::step(tx, id, happening, at).await?;
    let was_open = latest.state == ConversationState::Open;
    let shows_origin = match &understood.about {
        Some(about) if was_open => !entry::shows(tx, id, about.message.id).await?,
        _ => false,
    };
    let ends = was_open && matches!(understood.decision, Decision::OptOut { .. } | Decision::OptIn { .. });
    Ok(Placed { id, team: latest.team, shows_origin, ends })
}

/// Whose conversations become by the routes of one round, each looked up once.
#[derive(Default)]
struct Routes(BTreeMap<(String, String, Option<String>), Owner>);

impl Routes {
    async fn owner(&mut self, tx: &mut Tx, understood: &Understood<'_>) -> Result<Owner> {
        let (config, sender) = (understood.came.desk.config, understood.came.desk.sender);
        let (to, starter) = route(understood);
        let key = (sender.name.clone(), to.to_owned(), starter.map(str::to_owned));
        if let Some(owner) = self.0.get(&key) {
            return Ok(owner.clone());
        }
        let owner = routing::route(tx, config, sender, to, starter).await?;
        self.0.insert(key, owner.clone());
        Ok(owner)
    }
}

fn route<'a>(understood: &'a Understood<'_>) -> (&'a str, Option<&'a str>) {
    understood.about.as_ref().map_or(("", None), |c| (c.message.route.as_str(), c.message.starter.as_deref()))
}

async fn beginning(
    tx: &mut Tx,
    understood: &Understood<'_>,
    previous: Option<ConversationId>,
    routes: &mut Routes,
) -> Result<Beginning> {
    let (about, asks, desk) = (understood.about.as_ref(), understood.decision.asks(), &understood.came.desk);
    let owner = routes.owner(tx, understood).await?;
    let new = NewConversation {
        person: understood.person.root(),
        account: desk.sender.account.clone(),
        sender: desk.sender.name.clone(),
        assignee: owner.agent,
        team: owner.team.clone(),
        bot: owner.bot.clone().filter(|_| asks),
        previous,
        ticket: None,
        origin: about.map(|c| (c.message.id, c.message.campaign_id, c.message.run_id)),
        at: understood.at,
        waits: asks,
        window_until: Some(understood.window_until()),
        close_after: about.map_or(desk.config.conversations.close_after, |c| c.rules.close_after),
    };
    Ok(Beginning { new, owner })
}

/// Begins them. An exchange that needs nobody is closed as it begins.
async fn begin(tx: &mut Tx, all: Vec<(&Understood<'_>, Beginning)>) -> Result<Vec<Placed>> {
    let state = |new: &NewConversation| if new.waits { ConversationState::Open } else { ConversationState::Closed };
    let new: Vec<_> = all.iter().map(|(_, beginning)| (&beginning.new, state(&beginning.new))).collect();
    let ids = conversation::begin(tx, &new).await?;
    let mut placed = Vec::with_capacity(all.len());
    for (understood, Beginning { new, owner }) in all {
        let id = *ids.get(&new.person).ok_or(StoreError::Corrupt { what: "conversation" })?;
        if new.waits {
            assign::routed(tx, id, (&owner, route(understood).0), understood.came.desk.received_at).await?;
        }
        placed.push(Placed { id, team: new.team, shows_origin: understood.about.is_some(), ends: false });
    }
    Ok(placed)
}
