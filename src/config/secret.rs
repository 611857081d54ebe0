//! Secrets: written in the file, given by the environment, or in a file of their own as systemd's credentials are.

use std::collections::BTreeMap;
use std::path::Path;

use secrecy::SecretString;

use super::toml_file::{Table, Value};

/// Reads secrets.
#[derive(Debug)]
pub(super) struct Secrets<'e> {
    /// Where files start that are no absolute paths: systemd's `$CREDENTIALS_DIRECTORY`, else the folder of
    /// `recado.toml`.
    base: &'e Path,
}

impl<'e> Secrets<'e> {
    pub(super) fn new(base: &'e Path, env: &'e BTreeMap<String, String>) -> Self {
        Self { base: env.get("CREDENTIALS_DIRECTORY").map_or(base, Path::new) }
    }

    /// The secret under `key`, or in the file that `file_key` names. `check` says what is wrong with it, without
    /// repeating it.
    pub(super) fn need(
        &self,
        table: &mut Table<'_, '_>,
        key: &'static str,
        file_key: &'static str,
        check: impl Fn(&str) -> Result<(), &'static str>,
    ) -> Option<SecretString> {
        let (value, file) = (table.get(key), table.get(file_key));
        let from_environment = |v: &Option<Value<'_, '_>>| v.as_ref().is_some_and(Value::is_from_environment);
        // The environment wins, whichever of the two it gives.
        let (value, file) = match (from_environment(&value), from_environment(&file)) {
            (true, false) => (value, None),
            (false, true) => (None, file),
            _ => (value, file),
        };
        let (secret, value) = match (value, file) {
            (None, None) => {
                table.refuse_missing(key);
                return None;
            }
            (Some(_), Some(file)) => {
                file.refuse_key(&format!("does not go with \"{key}\": give one of the two"));
                return None;
            }
            (Some(value), None) => (value.text().map(str::to_owned), value),
            (None, Some(file)) => (self.read(&file), file),
        };
        let secret = secret?;
        match check(&secret) {
            Ok(()) => Some(SecretString::from(secret)),
            Err(error) => {
                value.refuse(error);
                None
            }
        }
    }

    /// The same of a secret that may be left out; `Some(None)`: it is.
    #[expect(clippy::option_option, reason = "None: refused; Some(None): left out")]
    pub(super) fn may(
        &self,
        table: &mut Table<'_, '_>,
        key: &'static str,
        file_key: &'static str,
        check: impl Fn(&str) -> Result<(), &'static str>,
    ) -> Option<Option<SecretString>> {
        if table.get(key).is_none() && table.get(file_key).is_none() {
            return Some(None);
        }
        self.need(table, key, file_key, check).map(Some)
    }

    fn read(&self, file: &Value<'_, '_>) -> Option<String> {
        let path = self.base.join(file.text()?);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) => {
                file.refuse(&format!("names {}, which cannot be read: {error}", path.display()));
                return None;
            }
        };
        // Editors and `echo` end files with a line break that is no part of the secret.
        let secret = text.strip_suffix('\n').map_or(&*text, |t| t.strip_suffix('\r').unwrap_or(t));
        if secret.is_empty() {
            file.refuse(&format!("names {}, which is empty", path.display()));
            return None;
        }
        Some(secret.to_owned())
    }
}
