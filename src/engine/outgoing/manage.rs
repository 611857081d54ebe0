//! What an administrator does with endpoints. Who did it is noted by whoever serves them.

use std::collections::BTreeSet;
use std::time::Duration;

use url::{Host, Url};

use super::sign;
use crate::domain::id::EndpointId;
use crate::domain::problem::Problem;
use crate::domain::{address, outgoing};
use crate::engine::{Engine, EngineError};
use crate::store::outgoing::endpoint::{self, NewEndpoint};

/// The old secret signs beside the new one for so long.
pub const BOTH: Duration = Duration::from_hours(24);

/// Longest name of an endpoint, in characters.
const LONGEST_NAME: usize = 60;

/// An endpoint as somebody wants it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Wanted {
    /// What it is called.
    pub name: String,
    /// Where it is.
    pub url: String,
    /// What it is told.
    pub kinds: BTreeSet<String>,
}

/// An endpoint that was made, or that has another secret.
#[derive(Clone)]
pub struct Made {
    /// Which.
    pub id: EndpointId,
    /// What its posts are signed with; shown once.
    pub secret: String,
}

impl Engine {
    /// Makes an endpoint; or what is to be mended first.
    ///
    /// # Errors
    /// The store.
    pub async fn add_endpoint(&self, wanted: &Wanted, by: &str) -> Result<Result<Made, Vec<Problem>>, EngineError> {
        let name = wanted.name.trim();
        let mut problems = self.endpoint_problems(wanted);
        if name.is_empty() || name.chars().count() > LONGEST_NAME || name.contains('\0') {
            problems.insert(0, Problem::new("endpoint_name", &[("limit", &LONGEST_NAME.to_string())]));
        }
        if !problems.is_empty() {
            return Ok(Err(problems));
        }
        let (secret, at) = (sign::draw(), self.clock.now());
        let new = NewEndpoint { name, url: wanted.url.trim(), kinds: &wanted.kinds, by, at };
        let made = endpoint::add(&self.store, &new, &secret).await?;
        let taken = || vec![Problem::new("endpoint_taken", &[("name", name)])];
        Ok(made.map(|id| Made { id, secret }).ok_or_else(taken))
    }

    /// Tells an endpoint something else, or somewhere else; or what is to be mended first.
    ///
    /// # Errors
    /// There is none; the store.
    pub async fn change_endpoint(&self, id: EndpointId, wanted: &Wanted) -> Result<Vec<Problem>, EngineError> {
        let problems = self.endpoint_problems(wanted);
        if problems.is_empty() && !endpoint::change(&self.store, id, wanted.url.trim(), &wanted.kinds).await? {
            return Err(EngineError::Unknown { what: "endpoint" });
        }
        Ok(problems)
    }

    /// Gives an endpoint a new secret; the old one goes on signing for [`BOTH`].
    ///
    /// # Errors
    /// There is none; the store.
    pub async fn rotate_endpoint(&self, id: EndpointId) -> Result<Made, EngineError> {
        let secret = sign::draw();
        if !endpoint::rotate(&self.store, id, &secret, self.clock.now().plus(BOTH)).await? {
            return Err(EngineError::Unknown { what: "endpoint" });
        }
        Ok(Made { id, secret })
    }

    fn endpoint_problems(&self, wanted: &Wanted) -> Vec<Problem> {
        let known = outgoing::kinds();
        let mut problems = Vec::new();
        if !is_address(wanted.url.trim(), self.config.is_loopback_only()) {
            problems.push(Problem::new("endpoint_url", &[]));
        }
        if wanted.kinds.is_empty() {
            problems.push(Problem::new("endpoint_kinds", &[]));
        }
        let unknown = wanted.kinds.iter().filter(|kind| !known.contains(kind));
        problems.extend(unknown.map(|kind| Problem::new("endpoint_kind", &[("kind", kind)])));
        problems
    }
}

/// https to what may be public, or on this machine where that is allowed. Where its name leads is seen when it is posted
/// to; an address that stands there itself is judged at once.
fn is_address(text: &str, loopback: bool) -> bool {
    let Ok(url) = Url::parse(text) else { return false };
    let (is_here, is_public) = match url.host() {
        Some(Host::Ipv4(address)) => (address.is_loopback(), address::is_public(address.into())),
        Some(Host::Ipv6(address)) => (address.is_loopback(), address::is_public(address.into())),
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            let is_here = name == "localhost" || name.ends_with(".localhost");
            (is_here, !is_here)
        }
        None => return false,
    };
    let is_safe = match url.scheme() {
        "https" => is_public || (is_here && loopback),
        "http" => is_here && loopback,
        _ => false,
    };
    is_safe && url.fragment().is_none() && url.username().is_empty() && url.password().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_an_https_address_or_on_this_machine_where_all_is() {
        for (url, anywhere, here) in [
            ("https://hooks.example.org/a?b=c", true, true),
            ("http://127.0.0.1:9/x", false, true),
            ("http://localhost/", false, true),
            ("http://hooks.example.org/", false, false),
            ("https://user:pw@hooks.example.org/", false, false),
            ("https://hooks.example.org/#a", false, false),
            ("ftp://hooks.example.org/", false, false),
            ("hooks.example.org", false, false),
            ("https://1.1.1.1/", true, true),
            ("https://[2606:4700::1111]/", true, true),
            ("https://127.0.0.1/", false, true),
            ("https://[::1]/", false, true),
            ("https://localhost/", false, true),
            ("https://localhost./", false, true),
            ("https://10.0.0.1/", false, false),
            ("https://0x0a.1/", false, false),
            ("https://169.254.169.254/", false, false),
            ("https://[fd00::1]/", false, false),
            ("https://0.0.0.0/", false, false),
            ("https://[64:ff9b::a00:1]/", false, false),
            ("https://[::ffff:192.168.0.1]/", false, false),
        ] {
            assert_eq!((is_address(url, false), is_address(url, true)), (anywhere, here), "{url}");
        }
    }
}
