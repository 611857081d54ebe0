//! Numbers as the provider sees them: what is typed into `to`, and the WhatsApp id that comes back.

use super::dice::fingerprint;

/// The digits of a recipient; `None` when it is no number. `+ - ( )` and spaces are tolerated.
pub(super) fn digits(to: &str) -> Option<String> {
    let digits: String = to.trim().chars().filter(|c| !"+-() ".contains(*c)).collect();
    let fits =
        (7..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0');
    fits.then_some(digits)
}

/// The WhatsApp id of the person with these digits. In Argentina, Mexico and Brazil it may differ from what was typed:
/// the 9 (or 1) of mobile numbers is put in or left out, whichever way the account was made; both ways of writing one
/// number lead to the same person.
pub(super) fn wa_id(digits: &str) -> String {
    if let Some(national) = digits.strip_prefix("54").map(|n| n.strip_prefix('9').unwrap_or(n)) {
        return format!("549{national}");
    }
    if let Some(rest) = digits.strip_prefix("52").filter(|n| n.len() >= 10) {
        let national = rest.strip_prefix('1').filter(|n| n.len() == 10).unwrap_or(rest);
        return if is_even(national) { format!("521{national}") } else { format!("52{national}") };
    }
    if let Some((area, local)) = digits.strip_prefix("55").and_then(|n| n.split_at_checked(2)) {
        return format!("55{area}{}", brazilian(area, local));
    }
    digits.to_owned()
}

/// Accounts made before the ninth digit came to their area never got it.
fn brazilian(area: &str, local: &str) -> String {
    let short = match local.len() {
        9 => local.strip_prefix('9').unwrap_or(local),
        _ => local,
    };
    let is_mobile = short.len() == 8 && short.starts_with(['6', '7', '8', '9']);
    if !is_mobile {
        return local.to_owned();
    }
    let is_old_area = area.parse::<u8>().is_ok_and(|a| a >= 31);
    if is_old_area && is_even(short) { short.to_owned() } else { format!("9{short}") }
}

fn is_even(text: &str) -> bool {
    fingerprint(text).is_multiple_of(2)
}

/// The person's business-scoped user id: the country and digits that say nothing about the number.
pub(super) fn user_id(wa_id: &str) -> String {
    const COUNTRIES: [(&str, &str); 12] = [
        ("54", "AR"),
        ("55", "BR"),
        ("52", "MX"),
        ("56", "CL"),
        ("57", "CO"),
        ("51", "PE"),
        ("595", "PY"),
        ("598", "UY"),
        ("34", "ES"),
        ("44", "GB"),
        ("49", "DE"),
        ("1", "US"),
    ];
    let country = COUNTRIES.iter().find(|(code, _)| wa_id.starts_with(code)).map_or("ZZ", |(_, iso)| *iso);
    format!("{country}.{:020}", fingerprint(&format!("user {wa_id}")))
}

/// A profile name for the person.
pub(super) fn name(wa_id: &str) -> &'static str {
    const NAMES: [&str; 12] =
        ["Ana", "Bruno", "Camila", "Diego", "Elena", "Fabián", "Graça", "Héctor", "Inés", "João", "Lucía", "Núria 🌻"];
    NAMES[(fingerprint(wa_id) % NAMES.len() as u64) as usize]
}

#[cfg(test)]
mod tests {
    use super::{digits, wa_id};

    #[test]
    fn both_ways_of_writing_a_mobile_number_are_one_person() {
        for (one, other) in
            [("541155550123", "5491155550123"), ("525512345678", "5215512345678"), ("553188887777", "5531988887777")]
        {
            assert_eq!(wa_id(one), wa_id(other));
            assert_eq!(wa_id(&wa_id(one)), wa_id(one));
        }
    }

    #[test]
    fn some_whatsapp_ids_differ_from_what_was_typed() {
        assert_eq!(wa_id("541155550123"), "5491155550123");
        assert!((0..20).any(|n| wa_id(&format!("55319888877{n:02}")).len() == 12), "a ninth digit left out");
        assert!((0..20).any(|n| wa_id(&format!("525512345{n:03}")).starts_with("521")), "a 1 put in");
        assert_eq!(wa_id("551133334444"), "551133334444", "a landline has no ninth digit");
    }

    #[test]
    fn a_recipient_is_7_to_15_digits() {
        assert_eq!(digits("+54 9 (11) 5555-0123").as_deref(), Some("5491155550123"));
        for bad in ["", "+54", "hello", "+54911x5550123", "00541155550123", "+5491155550123456"] {
            assert_eq!(digits(bad), None, "{bad}");
        }
    }
}
