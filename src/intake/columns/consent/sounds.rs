//! Headers that sound as if a yes below them were a no: never a column of those who agreed, though not every one of them is of
//! promotions.

use super::refuses::{NO, NO_WHAT, NO_WHAT_OF, WITHOUT, is_out, says_no};
use super::{begins, parts};

/// Words, and beginnings of words, that sound as if a yes beside them were a no.
const SOUNDS: &[&str] = &["baja", "bajas", "stop", "nunca", "never", "robinson", "dnc", "negra", "opone", "opoe"];
const SOUNDS_BEGINS: &[&str] = &[
    "unsubscri",
    "desuscri",
    "desinscri",
    "descadastr",
    "optout",
    "excluir",
    "excluid",
    "exclude",
    "exclui",
    "revoc",
    "revog",
    "revok",
    "retirad",
    "retirou",
    "rechaz",
    "recus",
    "rehus",
    "refus",
    "declin",
    "deneg",
    "denied",
    "negad",
    "withdr",
    "suppress",
    "suprim",
    "prohib",
    "proib",
    "fallec",
    "falec",
    "deceas",
    "difunt",
    "bloque",
    "block",
    "blacklist",
    "inactiv",
    "inativ",
];

/// The same, where it may be about anything: an order that was cancelled, a complaint about a bill.
const OF_ANYTHING: &[&str] = &[
    "dnd", "queja", "quejas", "quejo", "queixa", "queixas", "queixou", "spam", "sair", "saiu", "salio", "veto",
    "vetado", "vetada", "ban", "banned", "baneado", "baneada", "banido", "banida", "mute", "muted", "objeta",
    "objetou", "obito", "muerto", "muerta", "morto", "morta", "dead",
];
const OF_ANYTHING_BEGINS: &[&str] = &[
    "cancel",
    "anulad",
    "anulo",
    "anulou",
    "reclam",
    "complain",
    "denunci",
    "desafil",
    "desvincul",
    "desist",
    "renunci",
    "remov",
    "elimin",
    "borrad",
    "borrar",
    "quitar",
    "quitad",
    "objec",
    "oposici",
    "oppos",
    "suspend",
    "suspens",
    "silenci",
    "desinter",
    "uninterest",
    "disinterest",
    "desacuerdo",
    "desacordo",
    "disagree",
    "discorda",
    "desactiv",
    "desativ",
    "deshabilit",
    "desabilit",
    "disabl",
    "unsub",
];

/// Words between a no and what it refuses, and more of what.
const BETWEEN: &[&str] =
    &["to", "be", "me", "le", "lo", "la", "se", "nos", "lhe", "que", "ser", "mas", "mais", "any", "more"];
const NOT_TO: &[&str] = &[
    "contact",
    "contacted",
    "contacten",
    "contacte",
    "contatem",
    "contactado",
    "contactada",
    "contatado",
    "contatada",
    "call",
    "called",
    "message",
    "messages",
    "market",
    "receive",
    "recibe",
    "recibiendo",
    "llamado",
    "llamada",
    "llamen",
    "escriban",
    "escrevam",
    "enviem",
    "enviarle",
    "contactarlo",
    "contactarla",
    "molesten",
    "molestarlo",
    "whatsapp",
    "email",
    "sms",
];

/// Pairs of a name that says both, so that its cells tell.
const BOTH: &[[&str; 2]] = &[["alta", "baja"], ["in", "out"]];

/// Whether a name sounds as if a yes in it meant that they want none, also by another way of getting in touch.
pub(super) fn sounds_like_no(folded: &str) -> bool {
    let all = parts(folded);
    if says_both(&all) {
        return false;
    }
    let begins_with_no = matches!(all.as_slice(), ["do", "not", ..] | ["don", "t", ..])
        || matches!(all.as_slice(), [first, _, ..] if NO.contains(first) || WITHOUT.contains(first));
    let is_word = |word: &&str| SOUNDS.contains(word) || begins(word, SOUNDS_BEGINS);
    says_no(folded) || begins_with_no || is_out(&all) || all.iter().any(is_word)
}

/// Whether a name cannot be that of those who agreed, be it of promotions or of anything else.
pub(super) fn sounds_contrary(folded: &str) -> bool {
    let all = parts(folded);
    let is_word = |word: &&str| OF_ANYTHING.contains(word) || begins(word, OF_ANYTHING_BEGINS);
    let is_contrary = || all.iter().any(is_word) || says_no_to_it(&all);
    sounds_like_no(folded) || !says_both(&all) && is_contrary()
}

/// Whether it has a no before what is refused: `prefiere_no_recibir`, `cliente_no_acepta`, `asked_us_not_to_send`.
fn says_no_to_it(all: &[&str]) -> bool {
    let is_what = |word: &&str| NO_WHAT.contains(word) || NO_WHAT_OF.contains(word) || NOT_TO.contains(word);
    let mut after = all.iter().skip_while(|word| !NO.contains(word)).skip(1);
    after.by_ref().find(|word| !BETWEEN.contains(word)).is_some_and(is_what)
}

fn says_both(all: &[&str]) -> bool {
    BOTH.iter().any(|pair| pair.iter().all(|word| all.contains(word)))
}
