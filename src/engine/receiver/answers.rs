//! Automatic answers: ordinary messages of the highest priority, within the window the reply has just opened.

use crate::billing::{market, service};
use crate::domain::fill::Content;
use crate::domain::id::{CampaignId, MessageId, RunId};
use crate::domain::kind::Priority;
use crate::domain::template::Category;
use crate::domain::time::UnixMs;
use crate::engine::{Engine, EngineError};
use crate::inbox;
use crate::inbox::reply::{AUTOMATIC, AutomaticAnswer, WINDOW};
use crate::store::Tx;
use crate::store::message::{self, NewMessage};

/// Puts an answer in line and shows it in its conversation. An account that is not configured any more answers nobody.
pub(super) async fn queue(
    tx: &mut Tx,
    engine: &Engine,
    answer: AutomaticAnswer,
    now: UnixMs,
) -> Result<Option<MessageId>, EngineError> {
    let Some(account) = engine.config.accounts.get(&answer.account) else { return Ok(None) };
    let market = market::of_recipient(&answer.to);
    let price = service::estimate(tx, &engine.cards, (account, &answer.sender), market.as_str(), now).await?;
    let own_zone = || account.timezone.iana_name().unwrap_or("UTC").to_owned();
    let new = NewMessage {
        run_id: RunId::BY_HAND,
        campaign_id: CampaignId::BY_HAND,
        row_no: 0,
        // One answer to one reply, however often its webhook is read.
        key: format!("a:{}", answer.entry),
        person_id: answer.person,
        recipient: answer.to.as_str().to_owned(),
        name: String::new(),
        account: answer.account,
        sender: answer.sender,
        priority: Priority::AGENT,
        content: NewMessage::content_of(&Content::Text { body: answer.body, quoted: None }),
        conversation_id: Some(answer.conversation),
        author: AUTOMATIC.to_owned(),
        route: String::new(),
        cost_centre: answer.cost_centre,
        external_id: None,
        happens_at: None,
        timezone: if answer.timezone.is_empty() { own_zone() } else { answer.timezone },
        created_at: now,
        revision: 0,
        due_at: now,
        // Outside the window the provider would refuse it.
        latest_at: Some(now.plus(WINDOW)),
        market: market.as_str().to_owned(),
        category: Category::Service,
        currency: account.currency.as_str().to_owned(),
        estimated: price,
    };
    let queued = message::insert_batch(tx, &[new]).await?;
    let Some((id, _)) = queued.first() else { return Ok(None) };
    inbox::write_out(tx, answer.conversation, *id, AUTOMATIC, now).await?;
    Ok(Some(*id))
}
