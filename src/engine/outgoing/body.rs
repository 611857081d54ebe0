//! What is posted of an event: `type`, `timestamp` and `data`, as Standard Webhooks has it. docs/webhooks.md shows each.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::domain::event::{Referral, ReplyContent};
use crate::domain::time::UnixMs;
use crate::engine::{Engine, EngineError};
use crate::inbox::label;
use crate::store::Tx;
use crate::store::outgoing::event::Event;
use crate::store::outgoing::facts::{self, ConversationFacts, MessageFacts, TicketFacts};

/// What a trigger keeps of a row that may be another later.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Detail {
    state: Option<String>,
    attempt: Option<i64>,
    code: Option<i64>,
    reason: Option<String>,
    assignee: Option<i64>,
    team: Option<String>,
    by: Option<String>,
    until: Option<UnixMs>,
    event: Option<i64>,
}

/// The bodies of a batch; what they have in common is read together.
pub(super) struct Bodies {
    messages: BTreeMap<i64, MessageFacts>,
    conversations: BTreeMap<i64, ConversationFacts>,
}

impl Bodies {
    /// Reads what the bodies of `events` are made of.
    pub(super) async fn of(tx: &mut Tx, events: &[Event]) -> Result<Self, EngineError> {
        let ids = events.iter().filter(|event| event.kind.starts_with("message.")).map(|event| event.subject);
        let messages = facts::messages(tx, &ids.collect::<Vec<_>>()).await?;
        let ids: Vec<i64> = events.iter().filter_map(|event| event.conversation_id).collect();
        let conversations = facts::conversations(tx, &ids).await?;
        Ok(Self {
            messages: messages.into_iter().map(|facts| (facts.id, facts)).collect(),
            conversations: conversations.into_iter().map(|facts| (facts.id, facts)).collect(),
        })
    }

    /// The body of one of them, which happened at `at`.
    pub(super) async fn write(
        &mut self,
        engine: &Engine,
        tx: &mut Tx,
        event: &Event,
        at: UnixMs,
    ) -> Result<String, EngineError> {
        let detail: Detail = serde_json::from_str(&event.detail).unwrap_or_default();
        let data = match event.kind.split_once('.') {
            Some(("message", _)) => self.message(event, &detail),
            Some(("reply", _)) => self.reply(engine, tx, event).await?,
            Some(("conversation", _)) => self.conversation(tx, event, &detail).await?,
            Some(("outcome", _)) => self.outcome(tx, event).await?,
            Some(("ticket", _)) => ticket(tx, event, &detail).await?,
            Some(("hold", _)) => hold(tx, event, &detail).await?,
            _ => serde_json::from_str(&event.detail).unwrap_or_default(),
        };
        Ok(json!({"type": event.kind, "timestamp": at.to_string(), "data": data}).to_string())
    }

    fn message(&self, event: &Event, detail: &Detail) -> Value {
        let mut data = json!({
            "message": event.subject,
            "state": detail.state,
            "attempt": detail.attempt,
            "code": detail.code,
            "reason": detail.reason,
            "conversation": event.conversation_id,
        });
        join(&mut data, self.messages.get(&event.subject).map(of_message));
        data
    }

    async fn reply(&self, engine: &Engine, tx: &mut Tx, event: &Event) -> Result<Value, EngineError> {
        let Some(reply) = facts::reply(tx, event.subject).await? else { return Ok(json!({"reply": event.subject})) };
        let content: Option<ReplyContent> = serde_json::from_str(&reply.content).ok();
        let text = content.as_ref().map(|content| label::line(engine.config.alerts.language, content));
        let referral: Option<Referral> = reply.referral.as_deref().and_then(|json| serde_json::from_str(json).ok());
        let mut data = json!({
            "reply": event.subject,
            "provider_id": reply.provider_id,
            "content": content,
            "text": text,
            "message": reply.message_id,
            "certainty": reply.certainty,
        });
        if let Some(referral) = referral {
            data["referral"] = json!(referral);
        }
        join(&mut data, self.of_conversation(event));
        Ok(data)
    }

    async fn conversation(&self, tx: &mut Tx, event: &Event, detail: &Detail) -> Result<Value, EngineError> {
        let assignee = match detail.assignee {
            Some(id) => facts::user(tx, id).await?,
            None => None,
        };
        let of = self.conversations.get(&event.subject);
        let mut data = json!({
            "state": detail.state,
            "assignee": assignee,
            "team": detail.team,
            "by": detail.by,
            "message": of.and_then(|facts| facts.origin_message_id),
            "waiting_since": of.and_then(|facts| facts.waiting_since),
            "window_until": of.and_then(|facts| facts.window_until),
        });
        join(&mut data, self.of_conversation(event));
        Ok(data)
    }

    async fn outcome(&self, tx: &mut Tx, event: &Event) -> Result<Value, EngineError> {
        let Some(outcome) = facts::outcome(tx, event.subject).await? else { return Ok(json!({})) };
        let mut data = json!({
            "outcome": outcome.outcome,
            "message": outcome.message_id,
            "reply": outcome.entry_id,
            "conversation": event.conversation_id,
            "certainty": outcome.certainty,
            "by": outcome.set_by,
        });
        let of = facts::messages(tx, &[outcome.message_id]).await?;
        join(&mut data, of.first().map(of_message));
        Ok(data)
    }

    fn of_conversation(&self, event: &Event) -> Option<Value> {
        let facts = self.conversations.get(&event.conversation_id?)?;
        Some(json!({
            "conversation": facts.id,
            "from": facts.phone.as_ref().or(facts.wa_id.as_ref()).map(|digits| international(digits)),
            "name": facts.name,
            "account": facts.account,
            "sender": facts.sender,
            "campaign": facts.campaign,
            "title": facts.title,
            "run": facts.run_id,
        }))
    }
}

async fn ticket(tx: &mut Tx, event: &Event, detail: &Detail) -> Result<Value, EngineError> {
    let mut data = json!({"ticket": event.subject});
    let of = match detail.event {
        Some(id) => facts::ticket(tx, id).await?,
        None => None,
    };
    join(&mut data, of.as_ref().map(of_ticket));
    Ok(data)
}

fn of_ticket(facts: &TicketFacts) -> Value {
    let happened: Value = serde_json::from_str(&facts.detail).unwrap_or_default();
    json!({
        "subject": facts.subject,
        "state": facts.state,
        "priority": facts.priority,
        "assignee": facts.assignee,
        "source": facts.source,
        "external_id": facts.external_id,
        "from": facts.phone.as_deref().map(international),
        "name": facts.name,
        "by": facts.author,
        "conversation": facts.conversation_id,
        "event": happened,
    })
}

async fn hold(tx: &mut Tx, event: &Event, detail: &Detail) -> Result<Value, EngineError> {
    let mut data = json!({"hold": event.subject, "until": detail.until, "by": detail.by});
    let of = facts::hold(tx, event.subject).await?;
    join(&mut data, of.map(|h| json!({"scope": h.scope, "key": h.scope_key, "cause": h.cause, "code": h.code})));
    Ok(data)
}

fn of_message(facts: &MessageFacts) -> Value {
    json!({
        "to": international(&facts.recipient),
        "name": facts.name,
        "campaign": facts.campaign,
        "title": facts.title,
        "run": facts.run_id,
        "row": facts.row_no,
        "id": facts.external_id,
        "happens_at": facts.happens_at,
        "cost_centre": facts.cost_centre,
        "account": facts.account,
        "sender": facts.sender,
        "author": facts.author,
    })
}

fn international(digits: &str) -> String {
    if digits.is_empty() { String::new() } else { format!("+{digits}") }
}

fn join(data: &mut Value, more: Option<Value>) {
    if let (Value::Object(data), Some(Value::Object(more))) = (data, more) {
        data.extend(more);
    }
}
