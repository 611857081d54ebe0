//! The languages of templates: WhatsApp's own list of codes (Meta, "Supported languages" of message templates, 2026-11).

/// Every code, in the order of the alphabet.
const CODES: [&str; 111] = [
    "af", "ar", "ar_AE", "ar_EG", "ar_LB", "ar_MA", "ar_QA", "az", "be_BY", "bg", "bn", "bn_IN", "ca", "cs", "da",
    "de", "de_AT", "de_CH", "el", "en", "en_AE", "en_AU", "en_CA", "en_GB", "en_GH", "en_IE", "en_IN", "en_JM",
    "en_MY", "en_NZ", "en_QA", "en_SG", "en_UG", "en_US", "en_ZA", "es", "es_AR", "es_CL", "es_CO", "es_CR", "es_DO",
    "es_EC", "es_ES", "es_HN", "es_MX", "es_PA", "es_PE", "es_UY", "et", "fa", "fi", "fil", "fr", "fr_BE", "fr_CA",
    "fr_CH", "fr_CI", "fr_MA", "ga", "gu", "ha", "he", "hi", "hr", "hu", "id", "it", "ja", "ka", "kk", "kn", "ko",
    "ky_KG", "lo", "lt", "lv", "mk", "ml", "mr", "ms", "nb", "nl", "nl_BE", "pa", "pl", "prs_AF", "ps_AF", "pt_BR",
    "pt_PT", "ro", "ru", "rw_RW", "si_LK", "sk", "sl", "sq", "sr", "sv", "sw", "ta", "te", "th", "tr", "uk", "ur",
    "uz", "vi", "zh_CN", "zh_HK", "zh_TW", "zu",
];

/// Whether WhatsApp has templates in the language of that code.
pub fn is_code(code: &str) -> bool {
    CODES.contains(&code)
}

/// The code that was meant: the same letters in another case or with a dash, or another region of the same language that
/// is nearest at hand.
pub fn meant(code: &str) -> Option<&'static str> {
    let folded = code.trim().replace('-', "_").to_ascii_lowercase();
    let same = CODES.into_iter().find(|known| known.to_ascii_lowercase() == folded);
    let base = folded.split('_').next().unwrap_or_default();
    same.or_else(|| CODES.into_iter().find(|known| *known == base))
        .or_else(|| CODES.into_iter().find(|known| known.split('_').next() == Some(base)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whatsapps_own_codes_are_languages() {
        for good in ["es", "es_AR", "pt_BR", "en_US", "zh_HK", "fil"] {
            assert!(is_code(good), "{good}");
        }
        for bad in ["es_XX", "es-AR", "ES_ar", "pt", "xx", "", "es_AR_x"] {
            assert!(!is_code(bad), "{bad}");
        }
        assert_eq!(
            [meant("es_XX"), meant("ES-ar"), meant("pt"), meant("xx")],
            [Some("es"), Some("es_AR"), Some("pt_BR"), None]
        );
    }

    #[test]
    fn each_code_stands_there_once_in_the_order_of_the_alphabet() {
        assert!(CODES.windows(2).all(|pair| pair[0] < pair[1]));
    }
}
