//! The story of every accepted message: when it is sent, delivered, read, answered, and what the webhook says of it.

use std::collections::VecDeque;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::agenda::Due;
use super::dice::Dice;
use super::hook::{News, Update, contact};
use super::inbound::{File, Letter, Sends};
use super::ledger::{Deed, Message, Progress, Wait};
use super::people::{Act, Fate, Reaction, Seen, react};
use super::phone;
use super::pricing::pricing;
use super::refusal::title;
use super::template_shape::text;
use super::world::{Event, World};
use crate::domain::time::UnixMs;

const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;

impl World {
    /// Books an accepted message and lets its story begin; `is_early`: at once.
    pub fn begin(&mut self, message: Message, is_early: bool, real: Instant, now: UnixMs) {
        self.begin_as(message, is_early, (real, now), |_| ());
    }

    /// The same with a story that `change` makes the provider's own.
    pub fn begin_as(
        &mut self,
        mut message: Message,
        is_early: bool,
        (real, now): (Instant, UnixMs),
        change: impl FnOnce(&mut VecDeque<(Wait, Deed)>),
    ) {
        let mut dice = self.dice_of(&message);
        let quick_replies: Vec<usize> = self.quick_replies(&message).into_iter().map(|(at, ..)| at).collect();
        let seen = Seen {
            wa_id: &message.wa_id,
            is_marketing: message.category == "marketing",
            is_template: message.template.is_some(),
            quick_replies: &quick_replies,
        };
        let mut reaction = react(&self.people, &seen, &mut dice);
        let has_stopped = self.stopped.contains(&(message.account.clone(), message.wa_id.clone()));
        if seen.is_marketing && has_stopped {
            reaction = Reaction { fate: Fate::Fails(131_050), act: None, quotes: false };
        }
        if !self.delivery.off {
            message.story = story(&reaction, self.people.hurried, &mut dice);
            if reaction.fate == Fate::PhoneOff && self.zenvia.has(&message.sender) {
                message.story.extend(self.zenvia.gives_up());
            }
            change(&mut message.story);
        }
        if let Some((wait, _)) = message.story.front_mut().filter(|_| is_early) {
            *wait = Wait::Real(Duration::ZERO);
        }
        self.begin_with(message, real, now);
    }

    /// Books an accepted message whose story is told already.
    pub fn begin_with(&mut self, message: Message, real: Instant, now: UnixMs) {
        let place = self.ledger.accept(message);
        self.schedule(place, real, now);
    }

    /// Whether the send at `place` went through Zenvia.
    fn is_zenvias(&self, place: usize) -> bool {
        self.ledger.get(place).is_some_and(|message| self.zenvia.has(&message.sender))
    }

    fn dice_of(&mut self, message: &Message) -> Dice {
        let name = message.template.as_ref().map_or("", |t| t.name.as_str());
        let turn = self.turns.entry((message.wa_id.clone(), name.to_owned())).or_default();
        *turn += 1;
        Dice::of(self.seed, &[&message.wa_id, name, &turn.to_string()])
    }

    /// Place, label and payload of each quick-reply button the person sees.
    pub fn quick_replies(&self, message: &Message) -> Vec<(usize, String, String)> {
        let Some(used) = &message.template else { return Vec::new() };
        if self.zenvia.has(&message.sender) {
            return self.zenvia.quick_replies(&used.name, &used.language);
        }
        let sent: Value = serde_json::from_str(&message.params).unwrap_or_default();
        let shape = self.templates.find(&used.name, &used.language).map(|t| &t.shape);
        let mut found = Vec::new();
        for at in 0..10 {
            let payload = payload_of(&sent, at);
            let label =
                shape.and_then(|s| s.buttons.get(at)).filter(|b| b.kind == "quick_reply").map(|b| b.text.clone());
            // Of an unknown template only what was sent tells that there is a button.
            let label = label.or_else(|| payload.as_ref().filter(|_| shape.is_none()).map(|_| format!("OK {at}")));
            if let Some(label) = label {
                found.push((at, label.clone(), payload.unwrap_or(label)));
            }
        }
        found
    }

    fn schedule(&mut self, place: usize, real: Instant, now: UnixMs) {
        let Some((wait, _)) = self.ledger.get(place).and_then(|m| m.story.front()) else { return };
        let due = match wait {
            Wait::Real(span) => Due::Real(real + *span),
            Wait::Clock(span) => Due::Clock(now.plus(*span)),
        };
        self.agenda.add(due, Event::Next(place));
    }

    /// The next step in the story of the send at `place`.
    pub fn go_on(&mut self, place: usize, real: Instant, now: UnixMs) {
        let Some((_, deed)) = self.ledger.get_mut(place).and_then(|m| m.story.pop_front()) else { return };
        match deed {
            Deed::Enqueued => self.tell(place, "enqueued", Progress::Accepted, real, now),
            Deed::Sent => self.tell(place, "sent", Progress::Sent, real, now),
            Deed::Delivered => self.tell(place, "delivered", Progress::Delivered, real, now),
            Deed::Read => self.tell(place, "read", Progress::Read, real, now),
            Deed::Failed(code) => self.tell_failure(place, code, real, now),
            Deed::Answers { act, quotes } => self.answer(place, act, quotes, real, now),
        }
        self.schedule(place, real, now);
    }

    fn tell(&mut self, place: usize, word: &str, progress: Progress, real: Instant, now: UnixMs) {
        if self.is_zenvias(place) {
            return self.tell_zenvia(place, progress, real, now);
        }
        let drops_price = self.dice.chance(0.5);
        let Some(message) = self.ledger.get_mut(place) else { return };
        message.progress = progress;
        let mut billed = None;
        let mut status = status_of(message, word, now);
        status["recipient_user_id"] = phone::user_id(&message.wa_id).into();
        if word == "enqueued" {
            message.was_enqueued = true;
        } else if word == "sent" {
            if !drops_price {
                status["pricing"] = pricing(&message.category, message.category == "service");
            }
        } else if !message.was_priced {
            message.was_priced = true;
            status["pricing"] = self.free_service.price(&message.category, &message.sender, now);
            billed = message.gs_id.clone().map(|gs_id| bill(message, &gs_id, &status["pricing"]));
            if billed.is_some() {
                self.gupshup.charge(&message.category);
            }
            let portfolio = self.registry.tier_of(&message.account).0;
            if let Some(reached) = self.reached.get_mut(&portfolio).filter(|_| message.counts_in_tier) {
                reached.delivered(&message.wa_id, now);
            }
        }
        let contact = Some(contact(&message.wa_id));
        let account = message.account.clone();
        let sender = message.sender.clone();
        // Gupshup tells of a number that WhatsApp writes otherwise.
        let other = (word == "enqueued" && message.to != message.wa_id).then(|| status_of(message, "mismatch", now));
        for status in [Some(status), other].into_iter().flatten() {
            let news = News::Status { sender: sender.clone(), status, contact: contact.clone() };
            self.emit(Update { account: account.clone(), news }, real);
        }
        if let Some(value) = billed {
            self.emit(Update { account, news: News::Field { field: "billing-event", value } }, real);
        }
    }

    fn tell_failure(&mut self, place: usize, code: i64, real: Instant, now: UnixMs) {
        if self.is_zenvias(place) {
            return self.tell_zenvia_failure(place, code, real, now);
        }
        self.ledger.fail(place, code);
        let Some(message) = self.ledger.get(place) else { return };
        let mut status = status_of(message, "failed", now);
        status["errors"] = json!([{
            "code": code, "title": title(code), "message": title(code), "error_data": {"details": title(code)},
            "href": "/documentation/business-messaging/whatsapp/support/error-codes",
        }]);
        let portfolio = self.registry.tier_of(&message.account).0;
        if let Some(reached) = self.reached.get_mut(&portfolio).filter(|_| message.counts_in_tier) {
            reached.failed(&message.wa_id);
        }
        let news = News::Status { sender: message.sender.clone(), status, contact: None };
        let update = Update { account: message.account.clone(), news };
        self.emit(update, real);
    }

    fn answer(&mut self, place: usize, act: Act, quotes: bool, real: Instant, now: UnixMs) {
        let Some(message) = self.ledger.get(place) else { return };
        let (from, to, wamid) = (message.wa_id.clone(), message.sender.clone(), message.wamid.clone());
        let mut dice = Dice::of(self.seed, &[&wamid[wamid.len().saturating_sub(12)..], "answer"]);
        let words = Words::of(message.template.as_ref().map_or("", |t| t.language.as_str()));
        let sends = match act {
            Act::Stops => return self.stop_marketing(&from, &to, real, now),
            Act::Writes => Sends::Text(dice.pick(words.answers).to_owned()),
            Act::OptsOut => Sends::Text(dice.pick(words.opt_outs).to_owned()),
            Act::Speaks => Sends::File(File::voice()),
            Act::Presses(at) => match self.quick_replies(message).into_iter().find(|(place, ..)| *place == at) {
                Some((_, text, payload)) => Sends::Button { text, payload },
                None => return,
            },
        };
        let quotes = quotes || matches!(act, Act::Presses(_));
        let quoted = quotes.then_some(wamid.as_str());
        self.receive(&Letter { from: &from, to: &to, quoted, sends, is_hidden: false }, real, now);
    }
}

/// Gupshup's bill of a message: as what, and whether, never how much.
fn bill(message: &Message, gs_id: &str, pricing: &Value) -> Value {
    json!({
        "deductions": {"type": pricing["type"], "model": "PMP", "source": "whatsapp", "billable": pricing["billable"],
            "category": pricing["category"]},
        "references": {"id": message.wamid, "gsId": gs_id, "destination": message.wa_id},
    })
}

fn payload_of(sent: &Value, at: usize) -> Option<String> {
    let is_it = |c: &&Value| {
        let index = c["index"].as_u64().or_else(|| c["index"].as_str().and_then(|i| i.parse().ok()));
        index == Some(at as u64) && text(c, "sub_type").eq_ignore_ascii_case("quick_reply")
    };
    let component = sent.as_array()?.iter().find(is_it)?;
    component["parameters"][0]["payload"].as_str().map(str::to_owned)
}

fn status_of(message: &Message, word: &str, now: UnixMs) -> Value {
    let mut status = json!({
        "id": message.wamid, "status": word, "timestamp": now.0.div_euclid(1000).to_string(),
        "recipient_id": message.wa_id,
    });
    if let Some(gs_id) = &message.gs_id {
        status["gs_id"] = gs_id.as_str().into();
        status["to"] = message.to.as_str().into();
        status["is_template"] = message.template.is_some().into();
        status["was_enqueued"] = message.was_enqueued.into();
    } else if let Some(callback) = &message.callback {
        status["biz_opaque_callback_data"] = callback.as_str().into();
    }
    status
}

/// What a provider does takes real seconds; what a person does takes minutes to hours of the clock, unless hurried.
fn story(reaction: &Reaction, is_hurried: bool, dice: &mut Dice) -> VecDeque<(Wait, Deed)> {
    let real = |dice: &mut Dice, from, to| {
        Wait::Real(if is_hurried { dice.span(from / 20, to / 20) } else { dice.span(from, to) })
    };
    let clock = |dice: &mut Dice, from, to| {
        if is_hurried { Wait::Real(dice.span(50, 1_000)) } else { Wait::Clock(dice.span(from, to)) }
    };
    let mut story = VecDeque::new();
    if let Fate::Fails(code) = reaction.fate {
        story.push_back((real(dice, 500, 5_000), Deed::Failed(code)));
        return story;
    }
    story.push_back((real(dice, 200, 3_000), Deed::Sent));
    match reaction.fate {
        Fate::Arrives { late: true } | Fate::IsRead { late: true } => {
            story.push_back((clock(dice, HOUR, 4 * HOUR), Deed::Delivered));
        }
        Fate::Arrives { .. } | Fate::IsRead { .. } => story.push_back((real(dice, 500, 10_000), Deed::Delivered)),
        Fate::Fails(_) | Fate::PhoneOff | Fate::IsReadUndelivered => {}
    }
    if matches!(reaction.fate, Fate::IsRead { .. } | Fate::IsReadUndelivered) {
        story.push_back((clock(dice, 2 * MINUTE, 3 * HOUR), Deed::Read));
    }
    if let Some(act) = reaction.act {
        story.push_back((clock(dice, MINUTE, 40 * MINUTE), Deed::Answers { act, quotes: reaction.quotes }));
    }
    story
}

/// What people type, in the language they were written to.
struct Words {
    answers: &'static [&'static str],
    opt_outs: &'static [&'static str],
}

impl Words {
    fn of(language: &str) -> &'static Self {
        const ES: Words = Words {
            answers: &[
                "¿Puedo cambiarlo para otro día? 🙏",
                "Sí, confirmo",
                "¿Hay que ir en ayunas?",
                "Ahora no puedo hablar, escríbame mañana por favor",
                "¿Cuál es la dirección?",
            ],
            opt_outs: &["BAJA", "No me manden más mensajes"],
        };
        const PT: Words = Words {
            answers: &[
                "Vale para a loja física também?",
                "Até que dia posso usar o cupom? 😊",
                "Não consegui abrir o link",
            ],
            opt_outs: &["SAIR", "Não quero mais receber mensagens"],
        };
        const EN: Words = Words {
            answers: &["Could we make it another day? 🙏", "Yes, thank you", "Where exactly is it?"],
            opt_outs: &["STOP", "Please stop messaging me"],
        };
        match language.get(..2) {
            Some("es") => &ES,
            Some("pt") => &PT,
            _ => &EN,
        }
    }
}
