//! Whose a conversation is when it begins.

use crate::config::{Config, Sender};
use crate::domain::id::UserId;
use crate::store::conversation;
use crate::store::{Result, Tx, token};

/// Whose a conversation is.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Owner {
    /// An agent.
    pub agent: Option<UserId>,
    /// A team.
    pub team: Option<String>,
    /// A bot.
    pub bot: Option<String>,
}

/// Finds the owner that `route` names: `agent:NAME`, `team:NAME`, `bot:NAME` or `starter`. Where it names nobody, or
/// somebody who cannot sign in any more, it is the sender's team.
pub async fn route(tx: &mut Tx, config: &Config, sender: &Sender, route: &str, starter: Option<&str>) -> Result<Owner> {
    let team = sender.team.clone();
    let agent = match route.split_once(':') {
        Some(("team", name)) if config.teams.contains_key(name) => {
            return Ok(Owner { team: Some(name.to_owned()), ..Owner::default() });
        }
        Some(("bot", name)) => {
            let bot = token::is_bot(tx, name).await?.then(|| name.to_owned());
            return Ok(Owner { team, bot, agent: None });
        }
        Some(("agent", name)) => Some(name),
        None if route == "starter" => starter,
        _ => None,
    };
    match agent {
        Some(name) => Ok(Owner { agent: conversation::user(tx, name).await?, team, bot: None }),
        None => Ok(Owner { team, ..Owner::default() }),
    }
}
