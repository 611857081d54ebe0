//! Which columns say who has agreed to promotions, and which who wants none.

use super::{Search, words};

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
const AGREE_TOGETHER: &[[&str; 2]] = &[["opt", "in"], ["habeas", "data"]];

/// What somebody may agree to, and the words between.
const TO_WHAT: &[&str] = &[
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

/// Columns of those who want none, by their whole names.
const REFUSES: &[&str] = &[
    "baja",
    "bajas",
    "de_baja",
    "dado_de_baja",
    "dada_de_baja",
    "fecha_baja",
    "fecha_de_baja",
    "pidio_baja",
    "pidio_la_baja",
    "solicito_baja",
    "solicito_la_baja",
    "baja_whatsapp",
    "baja_marketing",
    "baja_promociones",
    "baja_publicidad",
    "bloqueado",
    "bloqueada",
    "bloqueados",
    "blocked",
    "blacklist",
    "lista_negra",
    "lista_robinson",
    "robinson",
    "dnc",
];

/// Beginnings of words that say it wherever they stand.
const REFUSES_BEGINS: &[&str] = &["unsubscri", "desuscri", "desinscri", "descadastr", "optout"];

/// Words of a no at the beginning of a name, and words behind one: `no_contactar`, `nao_perturbe`. Whole words, as `No. envío`
/// and `Nº contacto` are numbers.
const NO: &[&str] = &["no", "nao", "not", "dont"];
const NO_WHAT: &[&str] = &[
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

/// The same of `do_not_contact`, and of `sin_consentimiento`.
const NOT_WHAT: &[&str] = &["contact", "call", "message", "disturb", "send", "market"];
const WITHOUT: &[&str] = &["sin", "sem", "without"];

/// Beginnings of words by which a yes has ended: `consentimiento_retirado`.
const ENDED: &[&str] = &[
    "retirad", "revoc", "revog", "revok", "rechaz", "recus", "withdr", "negad", "denied", "deneg", "cancel", "vencid",
    "expir",
];

/// Other ways of getting in touch: who wants no mail may want messages.
const OTHER_WAYS: &[&str] = &["email", "emails", "mail", "mailing", "correo", "correos", "newsletter", "sms", "fax"];

impl Search<'_> {
    /// The column of those who have agreed, and those of whoever wants none, which count whichever column the campaign names.
    /// The one that it names counts for what its name says.
    pub(super) fn consents(&mut self, named: Option<&String>) -> (Option<usize>, Vec<usize>) {
        let Some(name) = named else {
            let agreed =
                self.first(words::CONSENT).or_else(|| self.places(|i, s| says_yes(&s.folded[i])).first().copied());
            return (agreed, self.places(|i, s| says_no(&s.folded[i])));
        };
        let mut refusals = self.places(|i, s| says_no(&s.folded[i]));
        match self.named(name) {
            Some(place) if says_no(&self.folded[place]) => (None, refusals),
            place => {
                refusals.retain(|refusal| Some(*refusal) != place);
                (place, refusals)
            }
        }
    }
}

/// Whether a folded header is that of a column of those who have agreed, or of those who want none.
pub(super) fn is_consent(folded: &str) -> bool {
    says_yes(folded) || says_no(folded)
}

fn parts(folded: &str) -> Vec<&str> {
    folded.split('_').filter(|word| !word.is_empty()).collect()
}

fn begins(word: &str, with: &[&str]) -> bool {
    with.iter().any(|begin| word.starts_with(begin))
}

/// Whether a yes in it is a yes.
fn says_yes(folded: &str) -> bool {
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

/// Whether a yes in it means that they want none.
fn says_no(folded: &str) -> bool {
    if REFUSES.contains(&folded) {
        return true;
    }
    let all = parts(folded);
    if all.iter().any(|word| OTHER_WAYS.contains(word)) {
        return false;
    }
    let is_ended = || {
        let rest: Vec<&str> = all.iter().copied().filter(|word| !begins(word, ENDED)).collect();
        rest.len() < all.len() && says_yes(&rest.join("_"))
    };
    let is_no = match all.as_slice() {
        ["do", "not", what, ..] => NOT_WHAT.contains(what),
        [without, what @ ..] if WITHOUT.contains(without) => says_yes(&what.join("_")),
        [no, what, ..] => NO.contains(no) && NO_WHAT.contains(what),
        _ => false,
    };
    let is_out = |two: &[&str]| matches!(two, ["opt" | "opted", "out"]);
    is_no || all.iter().any(|word| begins(word, REFUSES_BEGINS)) || all.windows(2).any(is_out) || is_ended()
}

#[cfg(test)]
mod tests {
    use super::super::fold;
    use super::*;

    fn all(headers: &str, is_it: fn(&str) -> bool) {
        for header in headers.split('|') {
            assert!(is_it(&fold(header)), "{header}");
        }
    }

    #[test]
    fn headers_say_who_agrees_and_who_wants_none() {
        let agrees = "Consent|Consentimiento|Opt-in|Acepta promociones|Accepts Marketing|Aceita marketing| \
            Consentimento marketing|Acepta|Autoriza|Autorización|Autorização de uso de dados| \
            Habeas data|RGPD|GDPR|LGPD|Suscripto|Acepta recibir promociones por WhatsApp| \
            WhatsApp opt-in";
        all(agrees, |folded| says_yes(folded) && !says_no(folded));
        let wants_none = "Opt-out|Optout|Opted out|Baja|Fecha de baja|No contactar|No molestar|No enviar| \
            Não perturbe|Não enviar|Do not contact|Unsubscribed|Descadastrado| \
            Consentimiento retirado|Consentimento revogado|No acepta promociones| \
            Não aceita marketing|Sin consentimiento|Bloqueado";
        all(wants_none, |folded| says_no(folded) && !says_yes(folded));
    }

    #[test]
    fn headers_of_other_things_say_neither() {
        let neither = "Nombre|No|No.|Nº de socio|No de celular|Nº contacto|No. envío|Nº autorización| \
            Nº de consentimiento|Baja temperatura|Marketing|Promociones|Autorización OSDE| \
            Unsubscribed from all email|Email opt-out|Accepts Email Marketing|Acepta tarjeta|Data| \
            Cancelado";
        all(neither, |folded| !is_consent(folded));
    }
}
