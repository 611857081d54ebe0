//! Passwords: argon2id, one at a time, so that sign-ins cannot take the machine's memory and cores.

use std::sync::Arc;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use tokio::sync::Mutex;

/// Fewer characters than this are refused.
pub const MIN_LENGTH: usize = 10;
/// More than this is not a password but an attack on the hash.
pub const MAX_LENGTH: usize = 1_000;

/// A hash that no password has; checked when the name is unknown, so that the answer takes as long.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$Qh0gq3zR2rB9hJqkU0zq3o2m4m0m8t4b0b3u4u2J3wk";

/// Why a password cannot be hashed.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// Too short or too long.
    #[error("a password has {MIN_LENGTH} to {MAX_LENGTH} characters")]
    Length,
    /// The hash function refused.
    #[error("argon2 failed")]
    Hash(#[source] argon2::password_hash::Error),
    /// The work was cancelled by a stop of the daemon.
    #[error("the hashing was cancelled")]
    Cancelled(#[from] tokio::task::JoinError),
}

/// Whose turn it is.
#[derive(Clone, Debug, Default)]
pub struct Turnstile(Arc<Mutex<()>>);

impl Turnstile {
    /// The hash to store.
    pub async fn hash(&self, password: &str) -> Result<String, PasswordError> {
        if !(MIN_LENGTH..=MAX_LENGTH).contains(&password.chars().count()) {
            return Err(PasswordError::Length);
        }
        let _turn = self.0.lock().await;
        let password = password.to_owned();
        let hashed = tokio::task::spawn_blocking(move || {
            Argon2::default().hash_password(password.as_bytes()).map(|h| h.to_string())
        });
        hashed.await?.map_err(PasswordError::Hash)
    }

    /// Whether `password` has this hash; without a hash the work is done all the same and the answer is no.
    pub async fn verify(&self, password: &str, hash: Option<String>) -> Result<bool, PasswordError> {
        if password.chars().count() > MAX_LENGTH {
            return Ok(false);
        }
        let _turn = self.0.lock().await;
        let password = password.to_owned();
        let verified = tokio::task::spawn_blocking(move || {
            let known = hash.is_some();
            let stored = hash.unwrap_or_else(|| NOBODY.to_owned());
            let Ok(parsed) = PasswordHash::new(&stored) else { return false };
            Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok() && known
        });
        Ok(verified.await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_opens_its_own_hash_only() {
        let turnstile = Turnstile::default();
        let hash = turnstile.hash("correct horse battery").await.unwrap();
        assert!(turnstile.verify("correct horse battery", Some(hash.clone())).await.unwrap());
        assert!(!turnstile.verify("correct horse batterz", Some(hash)).await.unwrap());
        assert!(!turnstile.verify("correct horse battery", None).await.unwrap());
    }

    #[tokio::test]
    async fn a_short_password_is_refused() {
        assert!(matches!(Turnstile::default().hash("short").await, Err(PasswordError::Length)));
    }

    #[test]
    fn the_hash_that_nobody_has_costs_as_much_as_a_real_one() {
        let parsed = PasswordHash::new(NOBODY).unwrap();
        let params = argon2::Params::try_from(&parsed).unwrap();
        assert_eq!(params.m_cost(), argon2::Params::default().m_cost());
        assert_eq!(params.t_cost(), argon2::Params::default().t_cost());
    }
}
