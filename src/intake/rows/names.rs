//! What people are called whose row does not say it: asked for the rows of a piece at a time, so that nobody holds every name
//! that is known.

use std::collections::BTreeMap;
use std::fmt::Debug;

use crate::domain::phone::Phone;
use crate::domain::problem::Problem;

/// Who knows people by name.
pub trait Names: Debug + Send + Sync {
    /// Why nobody is known by name, as the code of a problem; `None`: somebody is.
    fn nobody(&self) -> Option<&'static str>;

    /// Those of these numbers that somebody known by a name has, by their digits. What fails is told as a problem, and no row
    /// follows: a name that could not be looked up is not a name that nobody has.
    fn of(&self, phones: &[Phone]) -> Result<BTreeMap<String, String>, Problem>;
}

/// Nobody is known by name.
pub static NOBODY: BTreeMap<String, String> = BTreeMap::new();

/// Names by the digits of their numbers.
impl Names for BTreeMap<String, String> {
    fn nobody(&self) -> Option<&'static str> {
        self.is_empty().then_some("client_name_unknown")
    }

    fn of(&self, phones: &[Phone]) -> Result<BTreeMap<String, String>, Problem> {
        let known = |phone: &Phone| Some((phone.digits().to_owned(), self.get(phone.digits())?.clone()));
        Ok(phones.iter().filter_map(known).collect())
    }
}
