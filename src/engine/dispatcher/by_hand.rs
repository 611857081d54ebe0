//! What was sent by hand waits in line without a run: it goes by what its template is billed as when it leaves, not when it
//! was written.

use std::collections::BTreeSet;

use super::Dispatcher;
use crate::billing::{estimate, market};
use crate::domain::fill::Content;
use crate::domain::id::RunId;
use crate::domain::recipient::Recipient;
use crate::domain::template::{Category, Template};
use crate::engine::EngineError;
use crate::store::message::{self, Claimed};
use crate::store::template;

/// Bills what was sent by hand as its template is billed now, and keeps that with what has changed since.
pub(super) async fn bill(of: &Dispatcher, claimed: &mut [Claimed]) -> Result<(), EngineError> {
    let names: BTreeSet<(String, String)> = claimed.iter_mut().filter_map(own).map(|(_, own)| name(own)).collect();
    let now = template::categories(&of.engine.store, &of.account.name, &names).await?;
    for message in claimed {
        let Some((was, sent)) = own(message) else { continue };
        let Some(category) = now.get(&name(sent)).copied() else { continue };
        sent.category = category;
        if was == category {
            continue;
        }
        message.category = category;
        let market = Recipient::parse(&message.recipient).map(|to| market::of_recipient(&to));
        let day = of.engine.clock.now().day_in(&of.account.timezone);
        let price = market.and_then(|market| {
            estimate::estimate(&of.engine.cards, of.account.currency, market.as_str(), category, &day)
        });
        message::rebill(&of.engine.store, message.id, (category, price.unwrap_or_default())).await?;
    }
    Ok(())
}

/// The template that a message brings along, and what the message was billed as; `None`: it is of a run, or no template.
fn own(message: &mut Claimed) -> Option<(Category, &mut Template)> {
    match &mut message.content {
        Content::Template { template: Some(own), .. } if message.run_id == RunId::BY_HAND => {
            Some((message.category, &mut **own))
        }
        _ => None,
    }
}

fn name(template: &Template) -> (String, String) {
    (template.name.clone(), template.language.clone())
}
