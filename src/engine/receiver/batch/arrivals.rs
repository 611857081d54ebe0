//! Several attempts of one message that arrived: the provider bills each of them (cloud-api.md 9), so the message costs them
//! all. Most messages have one attempt, and nothing is kept of them here.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use super::Incoming;
use crate::billing::card::Cards;
use crate::domain::event::ReceiptStatus;
use crate::domain::id::MessageId;
use crate::domain::message::MessageState;
use crate::engine::EngineError;
use crate::engine::receiver::receipts;
use crate::store::Tx;
use crate::store::arrival::{self, Arrival};
use crate::store::receipt::Standing;

/// What is known of the attempts of messages, by their numbers.
#[derive(Default)]
pub(super) struct Arrivals {
    before: Vec<Arrival>,
    of: BTreeMap<MessageId, BTreeMap<i64, Arrival>>,
}

impl Arrivals {
    /// What is known so far.
    pub(super) async fn read(tx: &mut Tx, latest: &BTreeMap<MessageId, Standing>) -> Result<Self, EngineError> {
        let several = latest.values().filter(|standing| standing.attempt > 1);
        let ids: Vec<MessageId> = several.map(|standing| standing.id).collect();
        if ids.is_empty() {
            return Ok(Self::default());
        }
        let before = arrival::of(tx, &ids).await?;
        let mut of: BTreeMap<MessageId, BTreeMap<i64, Arrival>> = BTreeMap::new();
        for one in &before {
            of.entry(one.message_id).or_default().insert(one.no, one.clone());
        }
        Ok(Self { before, of })
    }

    /// A receipt of attempt `no` came; `standing` is as it was before. The first that concerns an earlier attempt has what
    /// the message knew so far kept as the latest's.
    pub(super) fn note(&mut self, standing: &Standing, no: i64, incoming: &Incoming) {
        let (receipt, is_known) = (&incoming.receipt, self.of.contains_key(&standing.id));
        let has_arrived =
            matches!(receipt.status, ReceiptStatus::Delivered | ReceiptStatus::Read | ReceiptStatus::Played);
        let is_telling = has_arrived || receipt.pricing.is_some();
        if !is_telling || (no == standing.attempt && !is_known) {
            return;
        }
        let all = self.of.entry(standing.id).or_insert_with(|| BTreeMap::from([(standing.attempt, own(standing))]));
        let arrival = all.entry(no).or_insert_with(|| nothing(standing.id, no));
        receipts::note_price(&mut arrival.pricing, receipt);
        if has_arrived {
            let at = incoming.at();
            arrival.arrived_at = Some(arrival.arrived_at.map_or(at, |known| known.min(at)));
        }
    }

    /// Books what all attempts of a message cost that arrived, on the day of the first.
    pub(super) fn book(&mut self, standing: &mut Standing, cards: &Cards, zone: &TimeZone) {
        let Some(all) = self.of.get_mut(&standing.id) else { return };
        if !matches!(standing.state, MessageState::Delivered | MessageState::Read) {
            return;
        }
        let (mut sum, mut first) = (0, None);
        for arrival in all.values_mut() {
            let Some(at) = arrival.arrived_at else { continue };
            let Some(charge) = receipts::cost_of(standing, (at, arrival.pricing.as_deref()), cards, zone) else {
                continue;
            };
            arrival.charged = charge.amount.0;
            sum += charge.amount.0;
            first = first.filter(|(first, _)| *first <= at).or(Some((at, charge)));
        }
        let Some((_, first)) = first else { return };
        standing.charged = sum;
        standing.charged_as = Some(first.category);
        standing.charged_day = Some(first.day);
    }

    /// Keeps what is new.
    pub(super) async fn keep(self, tx: &mut Tx) -> Result<(), EngineError> {
        let is_new = |one: &&Arrival| !self.before.contains(one);
        let changed: Vec<&Arrival> = self.of.values().flat_map(BTreeMap::values).filter(is_new).collect();
        Ok(arrival::keep(tx, &changed).await?)
    }
}

/// What the message knows of its latest attempt, before anything of an earlier one was told.
fn own(standing: &Standing) -> Arrival {
    let has_arrived = matches!(standing.state, MessageState::Delivered | MessageState::Read);
    let at = standing.delivered_at.into_iter().chain(standing.read_at).min();
    Arrival {
        arrived_at: at.filter(|_| has_arrived),
        pricing: standing.pricing.clone(),
        charged: standing.charged,
        ..nothing(standing.id, standing.attempt)
    }
}

const fn nothing(message_id: MessageId, no: i64) -> Arrival {
    Arrival { message_id, no, arrived_at: None, pricing: None, charged: 0 }
}
