//! Headers of columns that say who wants no promotions.

use super::agrees::{TO_WHAT, says_yes};
use super::{begins, parts};

/// Columns of those who want none, or to whom nobody sends any, by their whole names.
const REFUSES: &[&str] = &[
    "bloqueado",
    "bloqueada",
    "bloqueados",
    "blocked",
    "blacklist",
    "lista_negra",
    "lista_robinson",
    "robinson",
    "dnc",
    "stop",
    "revocado",
    "revocada",
    "revogado",
    "revogada",
    "revoked",
    "suppressed",
    "suppression",
    "suppression_list",
    "suprimido",
    "suprimida",
    "se_opone",
    "se_opoe",
    "fallecido",
    "fallecida",
    "falecido",
    "falecida",
    "difunto",
    "difunta",
    "deceased",
];

/// Beginnings of words that say it wherever they stand.
const REFUSES_BEGINS: &[&str] = &["unsubscri", "desuscri", "desinscri", "descadastr", "optout"];

/// What may stand beside a `baja` that somebody asked for.
const OF_BAJA: &[&str] = &[
    "de",
    "del",
    "la",
    "el",
    "se",
    "dar",
    "darse",
    "dado",
    "dada",
    "dio",
    "fecha",
    "pidio",
    "pide",
    "pedido",
    "quiere",
    "solicito",
    "solicita",
    "solicitud",
    "whatsapp",
    "marketing",
    "promociones",
    "publicidad",
    "mensajes",
    "lista",
];

/// What somebody may be excluded from.
const FROM_WHAT: &[&str] = &[
    "de",
    "del",
    "do",
    "da",
    "la",
    "los",
    "las",
    "from",
    "envio",
    "envios",
    "campana",
    "campanas",
    "campanha",
    "campanhas",
    "campaign",
    "campaigns",
    "lista",
    "list",
    "promociones",
    "promocoes",
    "marketing",
    "publicidad",
    "whatsapp",
    "mensajes",
];

/// Words of a no at the beginning of a name, and words behind one: `no_contactar`, `nao_perturbe`. Whole words, as `No. envío`
/// and `Nº contacto` are numbers.
pub(super) const NO: &[&str] = &["no", "nao", "not", "non", "dont", "nunca"];
pub(super) const NO_WHAT: &[&str] = &[
    "contactar",
    "contatar",
    "molestar",
    "enviar",
    "envie",
    "envien",
    "mandar",
    "llamar",
    "llame",
    "escribir",
    "escrever",
    "perturbe",
    "perturbar",
    "incomodar",
    "incomode",
    "disturb",
    "send",
    "acepta",
    "acepto",
    "aceita",
    "aceito",
    "accept",
    "autoriza",
    "autorizo",
    "permite",
    "consiente",
    "consente",
    "quiere",
    "quer",
    "desea",
    "deseja",
    "recibir",
    "receber",
    "promociones",
    "promocoes",
    "publicidad",
    "publicidade",
    "marketing",
];

/// The same where nothing else than promotions is spoken of: `no_recibe_promociones`, but not `no_recibe_factura`.
pub(super) const NO_WHAT_OF: &[&str] = &[
    "autorizado",
    "autorizada",
    "suscripto",
    "suscripta",
    "suscrito",
    "suscrita",
    "subscribed",
    "inscripto",
    "inscrito",
    "recibe",
    "recebe",
    "receives",
    "interesado",
    "interesada",
    "interessado",
    "interessada",
    "interested",
    "consent",
    "consented",
    "opt",
    "opted",
    "optin",
];

/// The same of `do_not_contact`, and of `sin_consentimiento`.
const NOT_WHAT: &[&str] = &["contact", "call", "message", "disturb", "send", "market"];
pub(super) const WITHOUT: &[&str] = &["sin", "sem", "without", "falta"];

/// What is refused by a verb before it: `rechaza_publicidad`.
const REJECTS: &[&str] =
    &["rechaza", "rechazo", "recusa", "recusou", "rehusa", "rehuso", "refuses", "declines", "opone", "opoe", "opposes"];

/// Beginnings of words by which a yes has ended, or has not come yet: `consentimiento_retirado`, `consentimiento_pendiente`.
const ENDED: &[&str] = &[
    "retirad", "retiro", "revoc", "revog", "revok", "rechaz", "recus", "withdr", "negad", "denied", "deneg", "cancel",
    "vencid", "expir", "pendient", "pendent", "pending",
];

/// Other ways of getting in touch: who wants no mail may want messages.
const OTHER_WAYS: &[&str] = &["email", "emails", "mail", "mailing", "correo", "correos", "newsletter", "sms", "fax"];

/// Whether a yes in it means that they want none.
pub(super) fn says_no(folded: &str) -> bool {
    let all = parts(folded);
    if all.iter().any(|word| OTHER_WAYS.contains(word)) {
        return false;
    }
    let are_of = |words: &[&str], known: &[&str]| words.iter().all(|word| known.contains(word));
    let is_phrase = match all.as_slice() {
        ["do", "not", what, ..] | ["don", "t", what, ..] => NOT_WHAT.contains(what),
        [without, what @ ..] if WITHOUT.contains(without) => says_yes(&what.join("_")),
        [no, what, of @ ..] if NO.contains(no) && NO_WHAT_OF.contains(what) => are_of(of, TO_WHAT) || of == ["in"],
        [no, what, ..] if NO.contains(no) => NO_WHAT.contains(what),
        ["se", verb, what @ ..] | [verb, what @ ..] if REJECTS.contains(verb) => {
            !what.is_empty() && are_of(what, TO_WHAT)
        }
        [prohibited, what, ..] if begins(prohibited, &["prohib", "proib"]) => {
            NO_WHAT.contains(what) || TO_WHAT.contains(what)
        }
        [excluded, from @ ..] if begins(excluded, &["excluir", "excluid", "exclude"]) => are_of(from, FROM_WHAT),
        _ => false,
    };
    let is_baja = all.iter().any(|word| matches!(*word, "baja" | "bajas"))
        && all.iter().all(|word| matches!(*word, "baja" | "bajas") || OF_BAJA.contains(word));
    let is_word = REFUSES.contains(&folded) || all.iter().any(|word| begins(word, REFUSES_BEGINS));
    is_phrase || is_baja || is_out(&all) || is_word || has_ended(&all)
}

pub(super) fn is_out(all: &[&str]) -> bool {
    let is_denied = all.first().is_some_and(|first| NO.contains(first));
    !is_denied && all.windows(2).any(|two| matches!(two, ["opt" | "opted", "out"]))
}

/// Whether a yes in it means that a yes is over, or has not come.
fn has_ended(all: &[&str]) -> bool {
    let rest: Vec<&str> = all.iter().copied().filter(|word| !begins(word, ENDED)).collect();
    rest.len() < all.len() && says_yes(&rest.join("_"))
}
