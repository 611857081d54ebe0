//! A reply that could belong to several messages: which they are, and an agent's word on which it answers.

use serde::Serialize;

use super::reply::Candidacy;
use super::reply::origin::waiting;
use super::{Acted, Inbox, write_out};
use crate::domain::fill::{Content, Rendered};
use crate::domain::id::{CampaignId, ConversationId, MessageId, RunId};
use crate::domain::time::UnixMs;
use crate::store::{Result, Tx, campaign, conversation, entry, identity, unclear};

/// A message that an unclear reply may answer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, utoipa::ToSchema)]
pub struct Choice {
    /// Which.
    pub message: MessageId,
    /// Its campaign; none for one sent by hand.
    pub campaign_id: Option<CampaignId>,
    /// That campaign's title.
    pub campaign: Option<String>,
    /// Its run; none for one sent by hand.
    pub run: Option<RunId>,
    /// Its row of the audience; none for one sent by hand.
    pub row: Option<i64>,
    /// When it went out.
    pub sent_at: UnixMs,
    /// The exact text the person received.
    pub text: Rendered,
}

impl Inbox {
    /// The messages that the conversation's last unclear reply may answer, newest first. Empty: no reply is unclear.
    pub async fn choices(&self, id: ConversationId) -> Result<Vec<Choice>> {
        let mut tx = self.store.look().await?;
        let Some(reply) = unclear(&mut tx, id).await? else { return Ok(Vec::new()) };
        drop(tx);
        let mut choices = Vec::with_capacity(reply.may_answer.len());
        for candidacy in reply.may_answer {
            choices.push(self.choice(candidacy).await?);
        }
        Ok(choices)
    }

    /// An agent says that `message` is the one answered: the unclear replies since it went out are about it, and so is
    /// the conversation from now on. Nothing: no reply is unclear, or that message is none of those it may answer.
    pub async fn choose(&self, id: ConversationId, message: MessageId) -> Result<Acted> {
        let mut tx = self.store.begin().await?;
        if let Err(not) = self.hold_own(&mut tx, id).await? {
            return Ok(not);
        }
        let Some(reply) = unclear(&mut tx, id).await? else { return Ok(Acted::Nothing) };
        let Some(Candidacy { message, rules }) = reply.may_answer.into_iter().find(|c| c.message.id == message) else {
            return Ok(Acted::Nothing);
        };
        // The reply may have come before the answer to our request was settled.
        entry::assign(&mut tx, id, message.id, message.reached_at.min(reply.received_at)).await?;
        unclear::settle(&mut tx, id).await?;
        conversation::about(&mut tx, id, (message.id, message.campaign_id, message.run_id), rules.close_after).await?;
        if !entry::shows(&mut tx, id, message.id).await? {
            write_out(&mut tx, id, message.id, &message.author, message.reached_at.min(reply.at)).await?;
        }
        self.done(tx, id).await
    }

    async fn choice(&self, candidacy: Candidacy) -> Result<Choice> {
        let by_hand = candidacy.message.run_id == RunId::BY_HAND;
        let content: Option<Content> = serde_json::from_str(&candidacy.message.content).ok();
        let text = content.and_then(|c| c.rendered(|| candidacy.snapshot())).unwrap_or_default();
        let m = candidacy.message;
        let of = if by_hand { None } else { campaign::get(&self.store, m.campaign_id).await? };
        Ok(Choice {
            message: m.id,
            campaign_id: (!by_hand).then_some(m.campaign_id),
            campaign: of.map(|c| c.title),
            run: (!by_hand).then_some(m.run_id),
            row: (!by_hand).then_some(m.row_no),
            sent_at: m.reached_at,
            text,
        })
    }
}

/// The last reply of a conversation that could belong to several messages.
struct Unclear {
    may_answer: Vec<Candidacy>,
    at: UnixMs,
    received_at: UnixMs,
}

/// Whether it is to be said first which message the last reply answers.
pub(super) async fn is_unclear(tx: &mut Tx, id: ConversationId) -> Result<bool> {
    Ok(unclear(tx, id).await?.is_some_and(|reply| !reply.may_answer.is_empty()))
}

async fn unclear(tx: &mut Tx, id: ConversationId) -> Result<Option<Unclear>> {
    let Some((at, received_at)) = entry::unclear(tx, id).await? else { return Ok(None) };
    let Some(found) = conversation::by_id(tx, id).await? else { return Ok(None) };
    let root = identity::row(tx, found.person_id).await?.root();
    let family = identity::family(tx, root).await?;
    let may_answer = waiting(tx, &found.sender, &family, received_at).await?;
    Ok(Some(Unclear { may_answer, at, received_at }))
}
