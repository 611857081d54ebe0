//! A template's parameter as people choose it on a page: a column, how it is written, and what stands where it is empty.
//! Anything else is an expression of one's own.

use super::expression::WHEN;

/// How a column's value can be written: the filters that take a text or a date and need nothing else.
pub const FORMS: [&str; 8] = ["first_name", "title", "upper", "lower", "day", "date", "time", "money"];

/// What fills a parameter.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Variable {
    /// Folded name of the column, or `when`; empty: it is `own`, or nothing yet.
    pub column: String,
    /// One of [`FORMS`]; empty: as it stands.
    pub form: String,
    /// What stands where the cell is empty; empty: such rows are left out.
    pub otherwise: String,
    /// A text or an expression of one's own.
    pub own: String,
}

impl Variable {
    /// Reads an expression of a campaign file.
    pub fn read(source: &str) -> Self {
        Self::simple(source).unwrap_or_else(|| Self { own: source.to_owned(), ..Self::default() })
    }

    fn simple(source: &str) -> Option<Self> {
        let code = source.trim().strip_prefix("{{")?.strip_suffix("}}")?.trim();
        let (code, otherwise) = match code.split_once("| default(") {
            Some((code, rest)) => (code.trim(), unquoted(rest.strip_suffix(')')?)?),
            None => (code, String::new()),
        };
        let (column, form) = code.split_once('|').map_or((code, ""), |(column, form)| (column.trim(), form.trim()));
        let is_form = form.is_empty() || FORMS.contains(&form);
        let found = Self { column: column.to_owned(), form: form.to_owned(), otherwise, own: String::new() };
        (is_form && is_name(column)).then_some(found)
    }

    /// The expression; empty while nothing is chosen.
    pub fn source(&self) -> String {
        if self.column.is_empty() {
            return self.own.clone();
        }
        let mut code = self.column.clone();
        if FORMS.contains(&self.form.as_str()) {
            code = format!("{code} | {}", self.form);
        }
        if !self.otherwise.is_empty() && self.column != WHEN {
            code = format!("{code} | default({})", quoted(&self.otherwise));
        }
        format!("{{{{ {code} }}}}")
    }

    /// Whether nothing is chosen yet.
    pub fn is_open(&self) -> bool {
        self.source().trim().is_empty()
    }
}

fn is_name(text: &str) -> bool {
    let starts = text.starts_with(|c: char| c.is_alphabetic() || c == '_');
    starts && text.chars().all(|c| c.is_alphanumeric() || c == '_')
}

/// As expressions write texts. Line ends are none that a message could have.
fn quoted(text: &str) -> String {
    let one_line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    format!("\"{}\"", one_line.replace('\\', "\\\\").replace('"', "\\\""))
}

fn unquoted(code: &str) -> Option<String> {
    let inner = code.trim().strip_prefix('"')?.strip_suffix('"')?;
    let (mut out, mut escaped) = (String::new(), false);
    for c in inner.chars() {
        match c {
            _ if escaped => {
                out.push(c);
                escaped = false;
            }
            '\\' => escaped = true,
            '"' => return None,
            _ => out.push(c),
        }
    }
    (!escaped).then_some(out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{FORMS, Variable};

    #[test]
    fn what_people_choose_is_read_back_and_anything_else_is_their_own() {
        for (source, column, form, otherwise) in [
            ("{{ nombre }}", "nombre", "", ""),
            ("{{nombre|first_name}}", "nombre", "first_name", ""),
            ("{{ when | day }}", "when", "day", ""),
            ("{{ nombre | first_name | default(\"cliente\") }}", "nombre", "first_name", "cliente"),
        ] {
            let read = Variable::read(source);
            assert_eq!((&*read.column, &*read.form, &*read.otherwise), (column, form, otherwise), "{source}");
            assert_eq!(read.own, "", "{source}");
        }
        for own in
            ["{{ a }} y {{ b }}", "10 %", "{{ a ~ b }}", "{{ a | replace('x', 'y') }}", "{{ a | default('x') }}", ""]
        {
            assert_eq!(Variable::read(own), Variable { own: own.to_owned(), ..Variable::default() }, "{own}");
        }
    }

    proptest! {
        #[test]
        fn a_choice_survives_the_file(
            column in "[a-z_][a-z0-9_]{0,12}", form in 0..=FORMS.len(), otherwise in "[^\\s]{0,3}( [^\\s]{1,8}){0,2}",
        ) {
            let form = FORMS.get(form).copied().unwrap_or_default().to_owned();
            // Blanks at the ends are taken off, as the form does.
            let otherwise = otherwise.trim().to_owned();
            let chosen = Variable { column, form, otherwise, own: String::new() };
            prop_assume!(chosen.column != "when" || chosen.otherwise.is_empty());
            prop_assert_eq!(Variable::read(&chosen.source()), chosen);
        }
    }
}
