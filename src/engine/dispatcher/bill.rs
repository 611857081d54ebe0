//! What leaves goes by what its template is billed as then: what was sent by hand waits in line without a run, and what comes back
//! in line (tried again, in doubt) was not there when its run was priced anew.

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

/// Bills messages as their templates are billed now, and keeps that with what has changed since they were priced.
pub(super) async fn bill(of: &Dispatcher, claimed: &mut [Claimed]) -> Result<(), EngineError> {
    let names: BTreeSet<(String, String)> = claimed.iter_mut().filter_map(own).map(|sent| name(sent)).collect();
    let now = template::categories(&of.engine.store, &of.account.name, &names).await?;
    for message in claimed {
        let is = match own(message) {
            Some(sent) => now.get(&name(sent)).copied().inspect(|category| sent.category = *category),
            None => category_in_run(of, message),
        };
        let Some(category) = is.filter(|category| *category != message.category) else { continue };
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

/// What the template of a message's run is billed as, in its language; `None`: it is of no run, or no template.
fn category_in_run(of: &Dispatcher, message: &Claimed) -> Option<Category> {
    let Content::Template { fill, .. } = &message.content else { return None };
    let facts = of.facts_of(message.run_id)?;
    Some(facts.template.of(fill.language.as_deref()).category)
}

/// The template that a message by hand brings along; `None`: it is of a run, or no template.
fn own(message: &mut Claimed) -> Option<&mut Template> {
    match &mut message.content {
        Content::Template { template: Some(own), .. } if message.run_id == RunId::BY_HAND => Some(&mut **own),
        _ => None,
    }
}

fn name(template: &Template) -> (String, String) {
    (template.name.clone(), template.language.clone())
}
