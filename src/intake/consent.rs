//! What a cell says of a person's consent. Only a clear yes is one: a word for it, the date on which it was given, or the
//! paper that it stands on ("form of 3 March"). Whatever else stands there is told, and nobody's yes.

use super::audience::DateOrder;
use super::columns::fold;
use super::rows::when;

/// Words that mean yes, folded.
const YES: &[&str] = &[
    "yes",
    "si",
    "sim",
    "true",
    "ok",
    "acuerdo",
    "acordo",
    "optin",
    "alta",
    "activo",
    "ativo",
    "acepta",
    "acepto",
    "acepte",
    "aceita",
    "aceito",
    "aceitou",
    "verdadero",
    "verdadeiro",
    "given",
    "granted",
    "agreed",
    "agrees",
    "autoriza",
    "autorizo",
    "consiente",
    "consiento",
    "consente",
    "consinto",
    "concorda",
    "concordo",
    "permite",
];

/// Beginnings of words that mean yes.
const YES_BEGINS: &[&str] = &[
    "acept",
    "aceit",
    "autoriz",
    "consent",
    "accept",
    "subscri",
    "suscri",
    "inscri",
    "otorg",
    "conced",
    "firmad",
    "assinad",
    "signed",
    "confirm",
    "afirmativ",
    "concord",
];

/// Letters that mean yes only where they stand alone.
const YES_ALONE: &[&str] = &["y", "s", "x", "v", "t"];

/// Words that mean no.
const NO: &[&str] = &[
    "no",
    "n",
    "nao",
    "not",
    "never",
    "nunca",
    "jamas",
    "jamais",
    "sin",
    "sem",
    "without",
    "none",
    "false",
    "falso",
    "baja",
    "optout",
    "out",
    "stop",
    "ninguno",
    "ninguna",
    "nenhum",
    "nenhuma",
    "desacuerdo",
    "desacordo",
    "disagree",
    "disagrees",
    "disagreed",
];

/// Beginnings of words that mean no, or that a yes has ended.
const NO_BEGINS: &[&str] = &[
    "rechaz",
    "recus",
    "rehus",
    "revoc",
    "revok",
    "revog",
    "reject",
    "refus",
    "declin",
    "denied",
    "deneg",
    "negad",
    "negativ",
    "unsubscri",
    "desuscri",
    "desinscri",
    "cancel",
    "retir",
    "withdr",
    "inactiv",
    "inativ",
    "caduc",
    "vencid",
    "expir",
    "bloque",
];

/// Signs of a yes. What else is no letter may be a cross as well as a tick.
const TICKS: &str = "\u{2713}\u{2714}\u{2705}\u{2611}\u{1f5f8}\u{1f44d}";

/// Signs that stand for nothing.
const NO_MARK: &str = "-?¿–—_./\\…·,;:|()[]\"'\u{2610}\u{25a1}\u{fe0f}\u{200b}\u{feff}";

/// Of them, an empty box and what nobody sees.
const EMPTY_BOX: &str = "\u{2610}\u{25a1}\u{fe0f}\u{200b}\u{feff}";

/// Words that stand for an empty cell.
const NOTHING: &[&str] = &["n_a", "na", "n_d", "nd", "s_d", "sd", "null"];

/// Words that alone say, in a column of those who want no promotions, that this person is none of them.
const NOT_REFUSED: &[&str] = &[
    "no",
    "n",
    "nao",
    "never",
    "nunca",
    "jamas",
    "jamais",
    "none",
    "false",
    "falso",
    "ninguno",
    "ninguna",
    "nenhum",
    "nenhuma",
    "alta",
    "activo",
    "activa",
    "ativo",
    "ativa",
    "subscribed",
    "suscripto",
    "suscrito",
];

/// Words that say yes or no and nothing else.
const PLAIN: &[&str] =
    &["si", "sim", "yes", "y", "s", "no", "n", "nao", "true", "false", "verdadero", "verdadeiro", "falso"];

/// Words that say that nobody knows yet.
const DOUBT: &[&str] = &[
    "na",
    "nd",
    "sd",
    "ns",
    "nc",
    "quizas",
    "quiza",
    "talvez",
    "maybe",
    "perhaps",
    "unknown",
    "consultar",
    "preguntar",
    "perguntar",
    "ask",
    "falta",
    "faltan",
    "waiting",
    "parcial",
    "algunos",
    "depende",
    "depends",
    "revisar",
    "ver",
    "tbc",
    "tbd",
];

/// Beginnings of such words.
const DOUBT_BEGINS: &[&str] = &["pend", "desconoc", "desconhec", "esper", "aguard", "indefin"];

/// Papers that people agree on, by the beginnings of their names.
const BASES: &[&str] = &["form", "contrat", "contract", "ficha", "planilla", "checkbox", "consentim"];

/// What a file says of one person.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Consent {
    /// They have agreed.
    Given,
    /// They have not.
    Refused,
    /// The cell is empty.
    Unsaid,
    /// In a column of those who want no promotions, a mark as people set one where there is nothing to write: `—`, `n/a`.
    Dash,
    /// Something stands there that is neither yes nor no.
    Unclear,
}

impl Consent {
    /// What `cell` says of its person in a column of those who want no promotions: a yes, a day, a "baja" refuses, and nothing
    /// is no refusal.
    pub fn read_refusal(cell: &str) -> Self {
        let is_nought = || cell.contains('0') && cell.chars().filter(|c| c.is_alphanumeric()).all(|c| c == '0');
        match Self::read(cell) {
            // A tick, a cross or a dot marks who wants none; a dash or an empty box marks nobody.
            _ if is_sign(cell) => Self::Refused,
            _ if is_dash(cell) => Self::Dash,
            Self::Unsaid => Self::Unsaid,
            _ if is_nought() || NOT_REFUSED.contains(&fold(cell).as_str()) => Self::Given,
            Self::Given | Self::Refused => Self::Refused,
            Self::Dash | Self::Unclear => Self::Unclear,
        }
    }

    /// Whether `cell` is a word for yes or no, and nothing more.
    pub fn is_yes_or_no(cell: &str) -> bool {
        PLAIN.contains(&fold(cell).as_str())
    }

    /// Whether `cell` is a mark as people set one beside whom they mean.
    pub fn is_mark(cell: &str) -> bool {
        cell.trim().eq_ignore_ascii_case("x") || is_sign(cell)
    }

    /// Whether `cell` says in a word, or by a mark, that nobody knows yet or that there is nothing to say.
    pub fn is_open(cell: &str) -> bool {
        let folded = fold(cell);
        let words: Vec<&str> = folded.split('_').filter(|word| !word.is_empty()).collect();
        is_dash(cell) || is_question(cell) || words.len() <= 2 && is_in_doubt(&words)
    }

    /// What `cell` says.
    pub fn read(cell: &str) -> Self {
        if is_sign(cell) {
            let is_tick = cell.chars().any(|c| TICKS.contains(c));
            return if is_tick { Self::Given } else { Self::Unclear };
        }
        if !cell.chars().any(char::is_alphanumeric) {
            return if is_question(cell) { Self::Unclear } else { Self::Unsaid };
        }
        if let Ok(number) = cell.trim().replace(',', ".").parse::<f64>() {
            return match number {
                0.0 => Self::Refused,
                1.0 => Self::Given,
                _ => Self::Unclear,
            };
        }
        let folded = fold(cell);
        let words: Vec<&str> = folded.split('_').filter(|word| !word.is_empty()).collect();
        let any = |list: &[&str], begins: &[&str]| {
            words.iter().any(|word| list.contains(word) || begins.iter().any(|begin| word.starts_with(begin)))
        };
        // "N/A" and "s/d" say nothing of a no.
        let is_nothing = matches!(words.as_slice(), ["n", "a" | "d" | "s" | "c"] | ["s", "d" | "n"] | ["ns", "nc"]);
        if is_nothing {
            Self::Unclear
        } else if any(NO, NO_BEGINS) {
            Self::Refused
        } else if is_in_doubt(&words) || cell.contains('?') {
            Self::Unclear
        } else if any(YES, YES_BEGINS) || is_opt_in(&words) || is_alone(&words) {
            Self::Given
        } else if when::read(&[cell.trim()], DateOrder::DayFirst).is_ok() || any(&[], BASES) {
            // The day on which they agreed, or what they agreed on.
            Self::Given
        } else {
            Self::Unclear
        }
    }
}

/// Whether it is nothing but signs, and one of them stands for something.
fn is_sign(cell: &str) -> bool {
    !cell.chars().any(char::is_alphanumeric) && cell.chars().any(|c| !c.is_whitespace() && !NO_MARK.contains(c))
}

/// Whether they say that nobody knows yet, or what is still to be done: `a confirmar`, `to be confirmed`.
fn is_in_doubt(words: &[&str]) -> bool {
    let is_doubt = |word: &&str| DOUBT.contains(word) || DOUBT_BEGINS.iter().any(|begin| word.starts_with(begin));
    let is_still = |pair: &[&str]| pair[0] == "por" && pair[1].ends_with('r') || pair == ["to", "be"];
    let begins = matches!(words, ["a" | "para", what, ..] if what.ends_with('r'));
    begins || words.iter().any(is_doubt) || words.windows(2).any(is_still)
}

/// Whether it is a question mark alone: whoever wrote it does not know.
fn is_question(cell: &str) -> bool {
    !cell.chars().any(char::is_alphanumeric) && cell.contains(['?', '\u{bf}'])
}

/// Whether it stands for an empty cell: a dash, a dot, `n/a`. A box that nobody ticked is a no.
fn is_dash(cell: &str) -> bool {
    let is_written = |c: char| NO_MARK.contains(c) && !EMPTY_BOX.contains(c) && !c.is_whitespace();
    match fold(cell).as_str() {
        "" => !is_sign(cell) && !is_question(cell) && cell.chars().any(is_written),
        folded => NOTHING.contains(&folded),
    }
}

fn is_opt_in(words: &[&str]) -> bool {
    words.windows(2).any(|pair| matches!(pair, ["opt" | "opted", "in"]))
}

fn is_alone(words: &[&str]) -> bool {
    matches!(words, [word] if YES_ALONE.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(cells: &str, consent: Consent) {
        for cell in cells.split('|') {
            assert_eq!(Consent::read(cell), consent, "{cell}");
        }
    }

    #[test]
    fn in_a_column_of_refusals_a_yes_refuses_and_nothing_does_not() {
        let all = |cells: &str, consent: Consent| {
            for cell in cells.split('|') {
                assert_eq!(Consent::read_refusal(cell), consent, "{cell}");
            }
        };
        all(
            "Sí|SIM|x|✓|✅|☒|●|1|true|03/04/2025|baja|Unsubscribed|opt-out|no contactar|No, gracias|bloqueado",
            Consent::Refused,
        );
        all("No|Não|0|0,0|false|FALSO|0000-00-00|00/00/0000|activo|Alta", Consent::Given);
        all("|  |☐|□|\u{200b}", Consent::Unsaid);
        all(" - |--|—|–|.|...|/|N/A|n.a.|#N/A|s/d|ND|NULL|-.-", Consent::Dash);
        all("?|¿?|??|- ?|quizás|pendiente|2|n/s|a confirmar|ns/nc|abc", Consent::Unclear);
    }

    #[test]
    fn yes_no_nothing_and_a_basis_are_told_apart() {
        all("Sí|SIM|yes|1|1,0|X|VERDADERO|consent given|De acuerdo|opted in|opt-in 2025", Consent::Given);
        all("Formulario web, 3/3/2026|Formulario 3/3|2024-03-01|03/04/2025", Consent::Given);
        all("Acepta (mostrador)|Autorizado por escrito", Consent::Given);
        all("No|Não|0|0,0|false|NO.|no acepta|No, gracias|No (2025)|não aceita|sem consentimento", Consent::Refused);
        all("revocado|recusou|nunca|opted out|opt-out|negativo|baja|no sabe|no contesta", Consent::Refused);
        all("en desacuerdo|consentimiento vencido|unsubscribed", Consent::Refused);
        all("✓|✔|✔️|✅|☑|👍", Consent::Given);
        all("| - |--|☐|.", Consent::Unsaid);
        all(
            "a confirmar|A autorizar|por aceptar|queda por confirmar|para firmar|to be confirmed|TBC",
            Consent::Unclear,
        );
        all("Autoriza a recibir|confirmado|acepta por escrito", Consent::Given);
        all("?|¿?|✗|☒|●|*|pendiente|N/A|s/d|desconocido|quizás|¿sí?|2|WEB|formulario pendiente|abc", Consent::Unclear);
    }
}
