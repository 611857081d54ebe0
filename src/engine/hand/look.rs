//! A template by hand before it goes out: the text as the person will see it, what it costs, what stands in the way.

use super::{HandSend, out_of_reach, too_long, values};
use crate::billing::{estimate, market};
use crate::config::Account;
use crate::domain::event::Identity;
use crate::domain::fill::Rendered;
use crate::domain::id::PersonId;
use crate::domain::money::Micros;
use crate::domain::phone::Phone;
use crate::domain::problem::Problem;
use crate::domain::template::Template;
use crate::engine::{Engine, EngineError};
use crate::store::{identity, person, template};

/// Names of parameters that stand for the person's name, in the languages that templates are written in.
const NAMES: [&str; 5] = ["name", "nombre", "nome", "client_name", "customer_name"];

/// What would become of a template sent by hand.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct HandLook {
    /// The number it goes to, with `+`, once one is known.
    pub to: Option<String>,
    /// The person's name, where it is known.
    pub name: Option<String>,
    /// Every value there is by now: those given, those that the default mapping makes, those that are known by their name.
    pub values: Vec<(String, String)>,
    /// The text as the person will see it; what is still missing stands in marks.
    pub text: Rendered,
    /// What it costs if it is delivered today; `None` without a rate or a number.
    pub price: Option<Micros>,
    /// ISO 4217.
    pub currency: String,
    /// What must be mended first.
    pub problems: Vec<Problem>,
}

impl Engine {
    /// What would become of `send`, by what is known of the template here; the provider is asked when it is sent. `None`:
    /// there is no such template. Values that are still empty are no problem yet.
    pub async fn look_by_hand(&self, send: &HandSend) -> Result<Option<HandLook>, EngineError> {
        let (_, account) = self.way_out(&send.sender).map_err(|_| EngineError::Unknown { what: "sender" })?;
        let Some(template) = template::get(&self.store, &account.name, &send.template, &send.language).await? else {
            return Ok(None);
        };
        let mut look = HandLook { currency: account.currency.to_string(), ..HandLook::default() };
        look.problems.extend(out_of_reach(send.wait));
        look.problems.extend(too_long(&send.cost_centre));
        let to = match self.persons_number(&send.sender, &send.to) {
            Ok(to) => Some(to),
            Err(problem) => {
                look.problems.extend((!send.to.trim().is_empty()).then_some(problem));
                None
            }
        };
        look.values.clone_from(&send.values);
        if let Some(to) = &to {
            self.look_at(&mut look, to, (account, &template, send)).await?;
        }
        self.fill_by_name(&mut look, &template).await?;
        let (fill, problems) = values::fill(&template, &look.values, &account.timezone);
        look.problems.extend(problems.into_iter().filter(|problem| problem.code != "value_missing"));
        look.text = template.render(&fill);
        Ok(Some(look))
    }

    /// What only a number tells.
    async fn look_at(
        &self,
        look: &mut HandLook,
        to: &Phone,
        (account, template, send): (&Account, &Template, &HandSend),
    ) -> Result<(), EngineError> {
        look.to = Some(to.with_plus());
        look.name = person::name_of(&self.store, to).await?;
        match self.values_by_hand((&account.name, template), Some(to), &send.values).await? {
            Ok(values) => look.values = values,
            Err(problem) => look.problems.push(problem),
        }
        let (market, day) = (market::of(to), self.clock.now().day_in(&account.timezone));
        look.price = estimate::estimate(&self.cards, account.currency, market.as_str(), template.category, &day);
        if let Some(person) = self.person_with(to).await? {
            look.problems.extend(self.against_by_hand(person, send, template).await?);
        }
        Ok(())
    }

    /// Parameters that are called as a variable is, or as names are, need no typing.
    async fn fill_by_name(&self, look: &mut HandLook, template: &Template) -> Result<(), EngineError> {
        let vars = self.vars().await?;
        for parameter in template.body_parameters() {
            if look.values.iter().any(|(name, text)| *name == parameter && !text.trim().is_empty()) {
                continue;
            }
            let called = look.name.clone().filter(|_| NAMES.contains(&parameter.to_lowercase().as_str()));
            if let Some(text) = called.or_else(|| vars.get(&parameter).cloned()) {
                look.values.retain(|(name, _)| *name != parameter);
                look.values.push((parameter, text));
            }
        }
        Ok(())
    }

    /// Who has a number, where somebody is known to.
    async fn person_with(&self, to: &Phone) -> Result<Option<PersonId>, EngineError> {
        let mut tx = self.store.look().await?;
        let identity = Identity { wa_id: Some(to.digits().to_owned()), ..Identity::default() };
        Ok(identity::find(&mut tx, &identity).await?.map(|known| known.id))
    }
}
