//! `[errors.*]`: lines of the error table as the operator wants them.

use std::collections::BTreeMap;

use super::checks;
use super::toml_file::{Table, Value};
use crate::domain::failure::{Change, FailureClass, Policy, known};

/// What `class` may say; a hold needs its scope besides.
const CLASSES: [(&str, Word); 7] = [
    ("retry", Word::Class(FailureClass::Retry)),
    ("retry_pair", Word::Class(FailureClass::RetryPair)),
    ("ambiguous", Word::Class(FailureClass::Ambiguous)),
    ("later", Word::Class(FailureClass::Later)),
    ("failed", Word::Class(FailureClass::Failed)),
    ("fix", Word::Class(FailureClass::Fix)),
    ("hold", Word::Hold),
];

/// What a hold stops.
const SCOPES: [(&str, FailureClass); 3] = [
    ("template", FailureClass::HoldTemplate),
    ("sender", FailureClass::HoldSender),
    ("account", FailureClass::HoldAccount),
];

/// What a failure does to its person, or to the person's country.
const SUPPRESSIONS: [(&str, FailureClass); 5] = [
    ("nothing", FailureClass::Failed),
    ("strike", FailureClass::Strike),
    ("marketing", FailureClass::StopMarketing),
    ("all", FailureClass::StopAll),
    ("country", FailureClass::StopCountry),
];

#[derive(Clone, Copy)]
enum Word {
    Class(FailureClass),
    Hold,
}

/// `[errors]`: a table for each code.
pub(super) fn read(table: &mut Table<'_, '_>) -> Option<BTreeMap<i64, Policy>> {
    let read = table.entries().into_iter().map(|value| {
        let Ok(code) = value.key().parse::<i64>() else {
            value.refuse_key("must be a code of the provider, as in [errors.131049]");
            return None;
        };
        Some((code, value.table(|t| line(t, &value, known(code))).flatten()?))
    });
    read.collect::<Vec<_>>().into_iter().collect()
}

fn line(table: &mut Table<'_, '_>, whole: &Value<'_, '_>, before: Option<Policy>) -> Option<Policy> {
    let (class, scope) = (table.get("class"), table.get("scope"));
    let suppress = table.get("suppress");
    let retry_after = match table.get("retry") {
        Some(value) => Some(value.parsed(checks::length)?),
        None => None,
    };
    let tries = match table.get("tries") {
        Some(value) => Some(tries(&value)?),
        None => None,
    };
    let class = self::class((class.as_ref(), scope.as_ref(), suppress.as_ref()), before.map(|p| p.class))?;
    let change = Change { class, retry_after, tries };
    change.apply(before).map_err(|refused| whole.refuse_key(&refused.to_string())).ok()
}

/// The class that the three words make together; `Some(None)`: they say nothing.
#[expect(clippy::option_option, reason = "None: refused; Some(None): nothing is said, the table's stays")]
fn class(
    (class, scope, suppress): (Option<&Value<'_, '_>>, Option<&Value<'_, '_>>, Option<&Value<'_, '_>>),
    before: Option<FailureClass>,
) -> Option<Option<FailureClass>> {
    use FailureClass::{Failed, HoldAccount, HoldSender, HoldTemplate, StopAll, StopCountry, StopMarketing, Strike};
    let word = match class {
        Some(value) => Some(value.choice(&CLASSES)?),
        None => None,
    };
    let said = match word {
        Some(Word::Class(class)) => Some(class),
        _ => before,
    };
    let holds = matches!(word, Some(Word::Hold))
        || (word.is_none() && matches!(before, Some(HoldTemplate | HoldSender | HoldAccount)));
    let of_person = !holds && matches!(said, Some(Failed | Strike | StopMarketing | StopAll | StopCountry));
    match (scope, suppress) {
        (Some(value), _) if !holds => {
            value.refuse_key("goes with class = \"hold\"");
            None
        }
        (_, Some(value)) if !of_person => {
            value.refuse_key("goes with class = \"failed\"");
            None
        }
        (Some(value), _) => value.choice(&SCOPES).map(Some),
        (_, Some(value)) => value.choice(&SUPPRESSIONS).map(Some),
        (None, None)
            if matches!(word, Some(Word::Hold)) && !matches!(before, Some(HoldTemplate | HoldSender | HoldAccount)) =>
        {
            class?.refuse("needs \"scope\": template, sender or account");
            None
        }
        (None, None) => Some(if holds { before } else { said }),
    }
}

fn tries(value: &Value<'_, '_>) -> Option<u32> {
    let tries = value.integer()?;
    let fits = u32::try_from(tries).ok().filter(|n| *n <= 100);
    if fits.is_none() {
        value.refuse("must be 0 to 100");
    }
    fits
}
