//! Which columns say who has agreed to promotions, and which who wants none.

use super::super::campaign_file::ColumnNames;
use super::{Search, fold};
use crate::domain::problem::Problem;

mod agrees;
mod refuses;
mod sounds;

use agrees::{may_say_so, says_yes};
use refuses::says_no;
use sounds::{sounds_contrary, sounds_like_no};

impl Search<'_> {
    /// The columns of those who have agreed, and those of whoever wants none. Those who want none get none whatever the
    /// campaign names; of those who have agreed the columns that it names count alone.
    pub(super) fn consents(&mut self, named: &ColumnNames) -> (Vec<usize>, Vec<usize>) {
        let named_refusals = self.all_named(&named.refusals);
        let agreed = match named.consents.as_slice() {
            [] => self.places(|i, s| either(&s.header[i], says_yes) && !named_refusals.contains(&i)),
            names => {
                let places = self.all_named(names);
                self.turned_round("consent_refuses", &places, sounds_like_refusal);
                places
            }
        };
        self.turned_round("refusal_agrees", &named_refusals, |header| either(header, says_yes));
        let is_both = |place: &usize| agreed.contains(place);
        if let Some(place) = named_refusals.iter().copied().find(is_both) {
            self.problems.push(Problem::new("consent_and_refusal", &[("column", &self.header[place])]));
        }
        let mut refusals = self.places(|i, s| either(&s.header[i], says_no));
        refusals.retain(|place| !agreed.contains(place));
        refusals.extend(named_refusals);
        refusals.sort_unstable();
        refusals.dedup();
        (agreed, refusals)
    }

    /// Columns by their names, all of those that have the same.
    fn all_named(&mut self, names: &[String]) -> Vec<usize> {
        let mut all = Vec::new();
        for name in names {
            let same = self.same(name);
            if same.len() > 1 {
                all.extend(same);
            } else {
                all.extend(self.named(name));
            }
        }
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Columns named for the contrary of what they are called: by them exactly those would be written to who want nothing.
    fn turned_round(&mut self, code: &str, places: &[usize], is_contrary: impl Fn(&str) -> bool) {
        let contrary = places.iter().map(|place| self.header[*place].as_str()).filter(|header| is_contrary(header));
        let problems: Vec<Problem> = contrary.map(|header| Problem::new(code, &[("column", header)])).collect();
        self.problems.extend(problems);
    }
}

/// Whether a folded header is that of a column of those who have agreed, or of those who want none.
pub(super) fn is_consent(folded: &str) -> bool {
    says_yes(folded) || says_no(folded)
}

/// Whether a header sounds as if a yes below it meant that somebody wants none, or wants something else no more.
pub fn sounds_like_refusal(header: &str) -> bool {
    either(header, if is_number(header) { says_no } else { sounds_contrary })
}

/// Whether a header may speak of who has agreed to promotions or who wants none.
pub fn may_be_consent(header: &str) -> bool {
    either(header, may_say_so) || either(header, if is_number(header) { says_no } else { sounds_like_no })
}

/// `Nº de …` is a number.
fn is_number(header: &str) -> bool {
    header.contains(['º', '°']) || header.to_lowercase().starts_with("no.")
}

/// What a header has behind it that says how it is answered: `Acepta (sí/no)`.
const ANSWERS: [&str; 6] = ["_si_no", "_sim_nao", "_yes_no", "_s_n", "_y_n", "_si_o_no"];

/// Of a header as it stands, and of one written like `HasOptedOut` with its words apart.
fn either(header: &str, says: fn(&str) -> bool) -> bool {
    let asked = |header: &str| {
        let folded = fold(header);
        let answer = ANSWERS.iter().find_map(|answer| folded.strip_suffix(answer));
        says(answer.unwrap_or(&folded))
    };
    asked(header) || words_apart(header).is_some_and(|apart| asked(&apart))
}

/// A header written like `HasOptedOut` with its words apart; `None`: it is none.
fn words_apart(header: &str) -> Option<String> {
    let mut apart = String::with_capacity(header.len() + 8);
    let mut was_small = false;
    for c in header.chars() {
        if was_small && c.is_uppercase() {
            apart.push(' ');
        }
        was_small = c.is_lowercase();
        apart.push(c);
    }
    (apart.len() > header.len()).then(|| apart.replace("Whats App", "WhatsApp"))
}

fn parts(folded: &str) -> Vec<&str> {
    folded.split('_').filter(|word| !word.is_empty()).collect()
}

fn begins(word: &str, with: &[&str]) -> bool {
    with.iter().any(|begin| word.starts_with(begin))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(headers: &str, is_it: fn(&str) -> bool) {
        for header in headers.split('|').map(str::trim) {
            assert!(is_it(header), "{header}");
        }
    }

    fn is_yes(header: &str) -> bool {
        either(header, says_yes)
    }

    fn is_no(header: &str) -> bool {
        either(header, says_no)
    }

    #[test]
    fn headers_say_who_agrees_and_who_wants_none() {
        let agrees = "Consent|Consentimiento|Opt-in|Acepta promociones|Accepts Marketing|Aceita marketing| \
            Consentimento marketing|Acepta|Autoriza|Autorización|Autorização de uso de dados| \
            Habeas data|RGPD|GDPR|LGPD|Suscripto|Acepta recibir promociones por WhatsApp| \
            WhatsApp opt-in|OptIn|WhatsAppOptIn|Opted in|¿Acepta promociones? (Sí/No)|Acepta S/N";
        all(agrees, |header| is_yes(header) && !is_no(header) && !sounds_like_refusal(header));
        let wants_none = "Opt-out|Optout|Opted out|Baja|Fecha de baja|No contactar|No molestar|No enviar| \
            Não perturbe|Não enviar|Do not contact|Unsubscribed|Descadastrado| \
            Consentimiento retirado|Consentimento revogado|No acepta promociones| \
            Não aceita marketing|Sin consentimiento|Bloqueado|Quiere baja|Retiró consentimiento| \
            Falta consentimiento|Consentimiento pendiente|Excluir|Excluido|Excluido de campañas| \
            Revocado|Rechaza publicidad|Recusa marketing|Se opone|Se opone a marketing|No autorizado| \
            No suscripto|Não recebe promoções|Not opted in|No opt-in|Non-consent|Prohibido contactar| \
            Suppressed|Stop|Fallecido|DoNotCall|Don't contact|HasOptedOut|No interesado|Baja (sí/no)|Opt-out S/N";
        all(wants_none, |header| is_no(header) && !is_yes(header) && sounds_like_refusal(header));
    }

    #[test]
    fn headers_of_other_things_say_neither() {
        let neither = "Nombre|No|No.|Nº de socio|No de celular|Nº contacto|No. envío|Nº autorización| \
            Nº de consentimiento|Baja temperatura|Marketing|Promociones|Autorización OSDE| \
            Unsubscribed from all email|Email opt-out|Accepts Email Marketing|Acepta tarjeta|Data| \
            Cancelado|HasOptedOutOfEmail|Do Not Email|Motivo de baja|Exclusivo|Retiro|Not opted out| \
            No recibe factura|Alta/Baja";
        all(neither, |header| !is_yes(header) && !is_no(header));
    }

    #[test]
    fn headers_that_sound_like_a_refusal_are_known() {
        let sound = "HasOptedOutOfEmail|Email Opt Out|Do Not Email|Unsubscribed from all email|Motivo de baja| \
            No SMS|Inactivo|Rechazado|Não autorizada a clínica|Prohibido|Lista negra 2025";
        all(sound, sounds_like_refusal);
        let named = "Prefiere no recibir|Prefere não receber|Prefers not to be contacted|Cliente no acepta|DND|Modo DND| \
            Do not disturb|No molestar|Cancelou inscrição|Cancelou|Canceló|Cancelado|Cancelled|Cancelación|Reclamó| \
            Reclamação|Reclamo|Queja|Se quejó|Queixa|Complaint|Complained|Denunció spam|Desafiliado|Removed| \
            Remover da lista|Eliminar|Opposed|Oposición|Suspendido|Suspenso|Desinteressado|Disagrees|Falta firma| \
            Desistiu|Renunció|Unsub|Pidió no ser contactado|Registro No Llame|Pediu para não receber mais";
        all(named, sounds_like_refusal);
        let of_anything = "Cancelado|Reclamó|Queja|Complaint|Suspendido|Eliminado";
        all(of_anything, |header| !may_be_consent(header));
        let do_not = "Acepta (sí/no)|Alta/Baja|Opt-in/Opt-out|Nº de consentimiento|No. autorización|Nota| \
            Notebook|VIP|Consentimiento|Newsletter|Contactable|Exclusivo|Norte|Remo|Prefiere|Confirmó|Fase 2 no. 3| \
            Cliente no. 4|Acepta recibir|Receive offers|Turno nocturno|Banco|Salida|Conoce|Complemento|Objetivo";
        all(do_not, |header| !sounds_like_refusal(header));
    }
}
