//! One confirmation before a deed that costs, with the consequence in figures.

use std::io::{BufRead, IsTerminal};

use super::eprint;

/// What came of the question.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Agreement {
    /// Yes, or `--yes`.
    Yes,
    /// No.
    No,
    /// Nobody can be asked here.
    Nobody,
}

/// Asks on the terminal, unless `yes` was said already.
pub fn agreed(question: &str, yes: bool) -> std::io::Result<Agreement> {
    if yes {
        return Ok(Agreement::Yes);
    }
    if !std::io::stdin().is_terminal() {
        eprint(&format!("{question}\nrecado: nobody can be asked here: look at the figures, then use --yes"));
        return Ok(Agreement::Nobody);
    }
    eprint(&format!("{question} [y/N]"));
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    let says_yes = matches!(line.trim().to_lowercase().as_str(), "y" | "yes" | "s" | "sí" | "si" | "sim");
    Ok(if says_yes { Agreement::Yes } else { Agreement::No })
}
