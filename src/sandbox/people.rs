//! What people do with a message: by the last four digits of their number, or by chance.

use serde::Deserialize;

use super::dice::Dice;

/// How likely people do what. Everything is a share from 0 to 1.
#[derive(Clone, Copy, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct People {
    /// Are not on WhatsApp (131026).
    pub not_on_whatsapp: f64,
    /// Have had enough marketing from everybody today (131049).
    pub capped: f64,
    /// Are part of Meta's holdout (130472), marketing only.
    pub held_out: f64,
    /// Have their phone off and get the message hours later.
    pub late: f64,
    /// Let others see that they have read, of those who receive.
    pub reads: f64,
    /// Tap a button, of those who read and see one.
    pub presses: f64,
    /// Type an answer, of those who read.
    pub writes: f64,
    /// Answer with a voice note, of those who read.
    pub speaks: f64,
    /// Ask for no more, of those who read marketing.
    pub opts_out: f64,
    /// Answers and reading take seconds instead of minutes to hours.
    pub hurried: bool,
}

impl Default for People {
    fn default() -> Self {
        Self::lifelike()
    }
}

impl People {
    /// Most receive, many read, some answer.
    pub const fn lifelike() -> Self {
        Self {
            not_on_whatsapp: 0.02,
            capped: 0.05,
            held_out: 0.005,
            late: 0.02,
            reads: 0.75,
            presses: 0.45,
            writes: 0.05,
            speaks: 0.01,
            opts_out: 0.02,
            hurried: false,
        }
    }

    /// They receive and read within seconds, nothing else.
    pub const fn quiet() -> Self {
        Self {
            not_on_whatsapp: 0.0,
            capped: 0.0,
            held_out: 0.0,
            late: 0.0,
            reads: 1.0,
            presses: 0.0,
            writes: 0.0,
            speaks: 0.0,
            opts_out: 0.0,
            hurried: true,
        }
    }

    /// Each share with its key in `sandbox.toml`.
    pub(super) fn shares(&self) -> [(&'static str, f64); 9] {
        [
            ("people.not_on_whatsapp", self.not_on_whatsapp),
            ("people.capped", self.capped),
            ("people.held_out", self.held_out),
            ("people.late", self.late),
            ("people.reads", self.reads),
            ("people.presses", self.presses),
            ("people.writes", self.writes),
            ("people.speaks", self.speaks),
            ("people.opts_out", self.opts_out),
        ]
    }
}

/// What becomes of a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fate {
    /// Fails with this code.
    Fails(i64),
    /// Is sent, and that is all: the phone is off for good.
    PhoneOff,
    /// Arrives, hours later if `late`.
    Arrives { late: bool },
    /// Arrives and is read.
    IsRead { late: bool },
    /// Is read, and no word of its delivery.
    IsReadUndelivered,
}

/// What a person does after reading.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Act {
    /// Types an answer.
    Writes,
    /// Taps the button at this place among all buttons.
    Presses(usize),
    /// Types that they want no more.
    OptsOut,
    /// Stops marketing in the app's own settings (`user_preferences`).
    Stops,
    /// Sends a voice note.
    Speaks,
}

/// What a person does with one message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Reaction {
    /// What becomes of the message.
    pub fate: Fate,
    /// What the person does then.
    pub act: Option<Act>,
    /// The answer quotes the message (a tapped button always does).
    pub quotes: bool,
}

/// What the person sees.
pub(super) struct Seen<'a> {
    /// Digits of the WhatsApp id.
    pub wa_id: &'a str,
    /// A marketing template.
    pub is_marketing: bool,
    /// A template of any category, not an answer within the window.
    pub is_template: bool,
    /// Places of the quick-reply buttons among all buttons.
    pub quick_replies: &'a [usize],
}

/// Decides, by the number's last four digits where they are scripted, else by `dice`.
pub(super) fn react(people: &People, seen: &Seen<'_>, dice: &mut Dice) -> Reaction {
    let scripted = seen.wa_id.get(seen.wa_id.len().saturating_sub(4)..).and_then(|last| by_number(last, seen));
    scripted.unwrap_or_else(|| by_chance(people, seen, dice))
}

fn by_number(last_four: &str, seen: &Seen<'_>) -> Option<Reaction> {
    let only = |fate| Reaction { fate, act: None, quotes: false };
    let answers = |act| Reaction { fate: Fate::IsRead { late: false }, act, quotes: true };
    // An automatic answer must not be answered, or the two would talk for ever.
    let to_template = |act: Act| seen.is_template.then_some(act);
    Some(match last_four {
        "9901" => only(Fate::Fails(131_026)),
        "9902" if seen.is_template => only(Fate::Fails(131_049)),
        "9903" if seen.is_template => only(Fate::Fails(130_472)),
        "9904" if seen.is_template => only(Fate::Fails(131_050)),
        "9905" => only(Fate::PhoneOff),
        "9906" => only(Fate::IsReadUndelivered),
        "9907" => answers(to_template(Act::Writes)),
        "9908" => answers(seen.quick_replies.first().map(|place| Act::Presses(*place))),
        "9909" => answers(to_template(Act::OptsOut)),
        "9910" => answers(to_template(Act::Speaks)),
        _ => return None,
    })
}

fn by_chance(people: &People, seen: &Seen<'_>, dice: &mut Dice) -> Reaction {
    if let Some(code) = failure(people, seen, dice) {
        return Reaction { fate: Fate::Fails(code), act: None, quotes: false };
    }
    let late = dice.chance(people.late);
    if !dice.chance(people.reads) {
        return Reaction { fate: Fate::Arrives { late }, act: None, quotes: false };
    }
    let act = if seen.is_template { act(people, seen, dice) } else { None };
    Reaction { fate: Fate::IsRead { late }, act, quotes: dice.chance(0.5) }
}

fn failure(people: &People, seen: &Seen<'_>, dice: &mut Dice) -> Option<i64> {
    if seen.is_template && dice.chance(people.not_on_whatsapp) {
        return Some(131_026);
    }
    if seen.is_marketing && dice.chance(people.capped) {
        return Some(131_049);
    }
    (seen.is_marketing && dice.chance(people.held_out)).then_some(130_472)
}

/// The first button is the one most people tap; marketing moves fewer of them, and a lone quick reply of marketing is
/// the way out rather than the invitation.
fn act(people: &People, seen: &Seen<'_>, dice: &mut Dice) -> Option<Act> {
    if seen.is_marketing && dice.chance(people.opts_out) {
        return Some(if dice.chance(0.5) { Act::OptsOut } else { Act::Stops });
    }
    let eagerness = match (seen.is_marketing, seen.quick_replies.len()) {
        (true, 1) => 0.1,
        (true, _) => 0.4,
        (false, _) => 1.0,
    };
    if !seen.quick_replies.is_empty() && dice.chance(people.presses * eagerness) {
        let place = if dice.chance(0.75) { 0 } else { dice.below(seen.quick_replies.len()) };
        return seen.quick_replies.get(place).map(|index| Act::Presses(*index));
    }
    if dice.chance(people.writes) {
        return Some(Act::Writes);
    }
    dice.chance(people.speaks).then_some(Act::Speaks)
}
