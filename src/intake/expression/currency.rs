//! Amounts with their currency, as people of the template's language read them: `$ 1.234,50`, `R$ 1.234,50`, `1.234,50 €`.

use super::calendar::Style;

/// A currency of which the sign and the usual decimals are known.
struct Currency {
    /// ISO 4217.
    code: &'static str,
    /// Its sign at home.
    sign: &'static str,
    /// Whether prices have cents; where not, they are shown only if there are any.
    cents: bool,
}

const fn known(code: &'static str, sign: &'static str, cents: bool) -> Currency {
    Currency { code, sign, cents }
}

const CURRENCIES: [Currency; 21] = [
    known("ARS", "$", true),
    known("BOB", "Bs", true),
    known("BRL", "R$", true),
    known("CLP", "$", false),
    known("COP", "$", false),
    known("CRC", "₡", false),
    known("DOP", "RD$", true),
    known("EUR", "€", true),
    known("GBP", "£", true),
    known("GTQ", "Q", true),
    known("HNL", "L", true),
    known("INR", "₹", true),
    known("JPY", "¥", false),
    known("MXN", "$", true),
    known("NIO", "C$", true),
    known("PAB", "B/.", true),
    known("PEN", "S/", true),
    known("PYG", "₲", false),
    known("USD", "US$", true),
    known("UYU", "$", true),
    known("VES", "Bs.", true),
];

/// What people call currencies, where it is neither code nor sign. A dollar sign alone is anybody's.
const CALLED: [(&str, &str); 18] = [
    ("US$", "USD"),
    ("U$S", "USD"),
    ("U$D", "USD"),
    ("U$", "USD"),
    ("DOLAR", "USD"),
    ("DÓLAR", "USD"),
    ("DOLARES", "USD"),
    ("DÓLARES", "USD"),
    ("DOLLARS", "USD"),
    ("EURO", "EUR"),
    ("EUROS", "EUR"),
    ("REAL", "BRL"),
    ("REAIS", "BRL"),
    ("REALES", "BRL"),
    ("SOLES", "PEN"),
    ("GS", "PYG"),
    ("GUARANIES", "PYG"),
    ("GUARANÍES", "PYG"),
];

/// The currencies that `text` can stand for: a code, a sign, a name; none for what is no currency, or any.
fn named(text: &str) -> Vec<&'static str> {
    let bare = |text: &str| text.trim_matches(|c| matches!(c, '-' | '(' | ')' | '.' | ',' | '\'')).to_uppercase();
    let text = bare(text);
    // "USD $50".
    let code = text.trim_matches('$');
    let is_it = |known: &&Currency| known.code == code || (text != "$" && bare(known.sign) == text);
    let called = CALLED.iter().filter(|(name, _)| *name == text).map(|(_, code)| *code);
    CURRENCIES.iter().filter(is_it).map(|known| known.code).chain(called).collect()
}

/// Whether what stands around a number names another currency than `unit`, a code or a sign.
pub(super) fn is_another(around: &str, unit: &str) -> bool {
    let named_there = named(around);
    let wanted = named(unit);
    let fits = |code: &&str| if unit == "$" { is_pesos(code) } else { wanted.contains(code) };
    !named_there.is_empty() && !named_there.iter().any(fits)
}

/// Whether a currency is written with nothing but a dollar sign at home.
fn is_pesos(code: &str) -> bool {
    CURRENCIES.iter().any(|known| known.code == code && known.sign == "$")
}

/// `cents` with `unit`: a currency's code, or any sign, which is put in front as it is.
pub(super) fn written(style: Style, cents: i128, unit: &str) -> String {
    let Some(currency) = CURRENCIES.iter().find(|currency| currency.code == unit) else {
        return format!("{unit} {}", style.amount(cents));
    };
    let amount = if currency.cents || cents % 100 != 0 { style.amount(cents) } else { style.whole(cents) };
    let sign = if style == Style::En && currency.code == "USD" { "$" } else { currency.sign };
    match style {
        // A minus goes before the sign: -$1.00.
        Style::En | Style::EsPoint => match amount.strip_prefix('-') {
            Some(amount) => format!("-{sign}{amount}"),
            None => format!("{sign}{amount}"),
        },
        Style::Es | Style::Pt if currency.code == "EUR" => format!("{amount} {sign}"),
        Style::Es | Style::Pt => format!("{sign} {amount}"),
    }
}
