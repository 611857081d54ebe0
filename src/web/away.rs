//! What agents see of office hours.

use crate::inbox::away;
use crate::store::conversation::Conversation;

use super::page::Page;
use super::state::WebState;

/// What is said of the window, and when somebody answers again where nobody is here now.
pub fn beside(state: &WebState, p: &Page, c: &Conversation, window: String) -> String {
    let hours = away::hours_of(state.config(), c.team.as_deref(), &c.sender);
    let opens = hours.and_then(|hours| away::opens_at(hours, p.now).map(|opens| (hours, opens)));
    let Some((hours, opens)) = opens else { return window };
    let when = away::words(p.language, opens, hours, p.now);
    format!("{window} {}", p.say("away.banner", &[("opens", &when)]))
}
