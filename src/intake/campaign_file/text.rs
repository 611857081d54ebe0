//! The bytes of a campaign file as text.

use crate::config::toml_file::TomlProblem;

/// The text of `bytes`; `name` is what the problem calls the file.
///
/// # Errors
/// It is not UTF-8: the place of the first character that is none.
pub fn text(bytes: Vec<u8>, name: &str) -> Result<String, TomlProblem> {
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let before = String::from_utf8_lossy(&error.as_bytes()[..at]);
        let line_start = before.rfind('\n').map_or(0, |n| n + 1);
        TomlProblem {
            file: name.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            message: "this character is not UTF-8".to_owned(),
            hint: Some("save the file as UTF-8".to_owned()),
        }
    })
}
