//! Headers of columns that say who has agreed to promotions.

use super::super::words;
use super::parts;

/// Words that alone say that somebody agrees, folded.
const AGREES: &[&str] = &[
    "acepta",
    "acepto",
    "aceita",
    "aceito",
    "accepts",
    "accepted",
    "autoriza",
    "autorizo",
    "autorizacion",
    "autorizacao",
    "permite",
    "consent",
    "consents",
    "consented",
    "consiente",
    "consentimiento",
    "consente",
    "consentimento",
    "optin",
    "suscripto",
    "suscripta",
    "suscrito",
    "suscrita",
    "subscribed",
    "lgpd",
    "rgpd",
    "gdpr",
];

/// Two words that say so.
const AGREE_TOGETHER: &[[&str; 2]] = &[["opt", "in"], ["opted", "in"], ["habeas", "data"]];

/// What somebody may agree to, and the words between.
pub(super) const TO_WHAT: &[&str] = &[
    "marketing",
    "promo",
    "promos",
    "promociones",
    "promocoes",
    "promotions",
    "publicidad",
    "publicidade",
    "advertising",
    "comunicaciones",
    "comunicacoes",
    "communications",
    "comercial",
    "comerciales",
    "comerciais",
    "mensajes",
    "mensagens",
    "messages",
    "whatsapp",
    "wsp",
    "wpp",
    "novedades",
    "novidades",
    "ofertas",
    "offers",
    "contacto",
    "contato",
    "recibir",
    "receber",
    "receive",
    "tratamiento",
    "tratamento",
    "uso",
    "datos",
    "dados",
    "personales",
    "pessoais",
    "de",
    "del",
    "do",
    "da",
    "el",
    "la",
    "las",
    "los",
    "por",
    "para",
    "a",
    "al",
    "y",
    "e",
    "to",
    "via",
];

/// Beginnings of words that may speak of who agreed, or of what.
const PERHAPS: &[&str] = &[
    "acept",
    "aceit",
    "accept",
    "autoriz",
    "authoriz",
    "consent",
    "consient",
    "permis",
    "permit",
    "suscri",
    "subscri",
    "inscri",
    "optin",
    "optout",
    "lgpd",
    "rgpd",
    "gdpr",
    "newsletter",
    "contactable",
    "contactar",
    "contatar",
    "marketing",
    "promo",
    "publicid",
    "recib",
    "receb",
    "receive",
    "mailing",
];

/// Whether a yes in it is a yes.
pub(super) fn says_yes(folded: &str) -> bool {
    if words::CONSENT.contains(&folded) {
        return true;
    }
    let mut parts = parts(folded);
    let count = parts.len();
    parts.retain(|word| !AGREES.contains(word));
    for pair in AGREE_TOGETHER {
        if let Some(at) = parts.windows(2).position(|two| two == pair) {
            parts.drain(at..at + 2);
        }
    }
    parts.len() < count && parts.iter().all(|word| TO_WHAT.contains(word))
}

/// Whether it may speak of who agreed, though its name alone is not enough.
pub(super) fn may_say_so(folded: &str) -> bool {
    let parts = parts(folded);
    let together = parts.windows(2).any(|two| matches!(two, ["opt" | "opted", "in" | "out"]));
    together || parts.iter().any(|word| PERHAPS.iter().any(|begin| word.starts_with(begin)))
}
