//! What a cell says of a person's consent: yes, no, nothing, or the basis itself ("form of 3 March").

use super::columns::fold;

/// Words that mean yes, folded.
const YES: [&str; 17] = [
    "yes",
    "y",
    "si",
    "s",
    "sim",
    "true",
    "verdadero",
    "verdadeiro",
    "1",
    "x",
    "ok",
    "acepta",
    "acepto",
    "aceita",
    "aceito",
    "opt_in",
    "optin",
];

/// Words that mean no, folded.
const NO: [&str; 18] = [
    "no",
    "n",
    "nao",
    "false",
    "falso",
    "_0",
    "0",
    "rechaza",
    "recusa",
    "rechazado",
    "recusado",
    "unsubscribed",
    "denied",
    "opt_out",
    "optout",
    "baja",
    "ninguno",
    "nenhum",
];

/// What a file says of one person.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Consent {
    /// They have agreed.
    Given,
    /// They have not.
    Refused,
    /// The cell is empty.
    Unsaid,
}

impl Consent {
    /// What `cell` says. Whatever is no word for no is taken for the basis on which they agreed.
    pub fn read(cell: &str) -> Self {
        let word = fold(cell);
        let bare = word.trim_start_matches('_');
        match bare {
            _ if cell.trim().is_empty() || cell.trim() == "-" => Self::Unsaid,
            _ if YES.contains(&bare) => Self::Given,
            _ if NO.contains(&bare) => Self::Refused,
            _ => Self::Given,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yes_no_nothing_and_a_basis_are_told_apart() {
        for (cell, consent) in [
            ("Sí", Consent::Given),
            ("SIM", Consent::Given),
            ("yes", Consent::Given),
            ("1", Consent::Given),
            ("Formulario web, 3/3/2026", Consent::Given),
            ("No", Consent::Refused),
            ("Não", Consent::Refused),
            ("0", Consent::Refused),
            ("false", Consent::Refused),
            ("", Consent::Unsaid),
            (" - ", Consent::Unsaid),
        ] {
            assert_eq!(Consent::read(cell), consent, "{cell}");
        }
    }
}
