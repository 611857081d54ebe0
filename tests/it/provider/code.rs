//! Every code of the reference's table, with the class the reference gives it.

use recado::domain::answer::{Answer, StopScope, ThrottleScope};
use recado::domain::failure::FailureClass::{
    self, Ambiguous, Failed, Fix, HoldAccount, HoldSender, HoldTemplate, Later, Retry, RetryPair, StopAll, StopCountry,
    StopMarketing, Strike,
};
use recado::domain::failure::{Dialect, Table, sentence_key};
use recado::locale::{Language, sentences};
use serde_json::json;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use super::{callback, hello, person, provider};

const CLASSES: [(FailureClass, &[i64]); 13] = [
    (Retry, &[4, 613, 80_007, 130_429, 131_059]),
    (RetryPair, &[131_056]),
    (Ambiguous, &[1, 2, 131_000, 131_016, 131_057, 133_004, 135_000, 2_494_100]),
    (Later, &[133_015, 133_016, 134_101, 131_049]),
    (Failed, &[130_472, 131_020, 131_021, 131_041, 131_043, 131_047, 131_060, 131_062, 131_065, 132_005, 137_000]),
    (Strike, &[131_026]),
    (StopMarketing, &[131_050]),
    (StopAll, &[130_403]),
    (StopCountry, &[130_497]),
    (
        Fix,
        &[
            100, 803, 131_008, 131_009, 131_014, 131_030, 131_044, 131_051, 131_052, 131_053, 131_055, 131_061,
            131_201, 131_215, 132_000, 132_008, 132_012, 132_018, 133_005, 133_008, 133_009, 134_011, 134_100, 134_102,
            136_024, 138_000, 139_000, 139_004, 139_100, 139_103, 141_002, 141_006, 147_001, 147_005, 200_005, 200_007,
            1_752_041, 2_388_001, 2_388_012, 2_388_019, 2_388_039, 2_388_040, 2_388_047, 2_388_072, 2_388_073,
            2_388_091, 2_388_093, 2_388_103, 2_388_293, 2_388_299, 2_494_164, 2_494_179, 2_593_079, 2_593_085,
            2_593_107, 2_593_109,
        ],
    ),
    (HoldTemplate, &[131_063, 132_001, 132_007, 132_015, 132_016, 132_068, 132_069]),
    (HoldSender, &[33, 131_037, 131_045, 131_048, 133_000, 133_006, 133_010]),
    (HoldAccount, &[0, 3, 10, 104, 190, 200, 250, 299, 368, 131_005, 131_031, 131_042, 131_064]),
];

#[test]
fn every_code_has_the_class_of_the_reference_and_a_sentence_in_each_language() {
    for (class, codes) in CLASSES {
        for code in codes {
            assert_eq!(Table::default().class_of(*code), Some(class), "{code}");
            for language in Language::ALL {
                assert!(sentences(language).contains_key(&sentence_key(*code)), "{code} {language:?}");
            }
        }
    }
}

#[test]
fn every_class_has_a_sentence_and_no_sentence_is_without_its_code() {
    let english = sentences(Language::En);
    for class in FailureClass::ALL {
        assert!(english.contains_key(&format!("failure.by_class.{}", class.as_str())), "{class:?}");
    }
    assert!(english.contains_key(&sentence_key(999_999)), "the general one");
    for code in english.keys().filter_map(|key| key.strip_prefix("failure.")?.parse().ok()) {
        assert_eq!(sentence_key(code), format!("failure.{code}"));
    }
}

/// Whether the answer is what the class calls for.
fn fits(class: FailureClass, answer: &Answer) -> bool {
    match (class, answer) {
        (Retry, Answer::Throttled { scope, .. }) => *scope == ThrottleScope::Sender,
        (Later, Answer::Throttled { scope, .. }) => *scope == ThrottleScope::Message,
        (RetryPair, Answer::Throttled { scope, .. }) => *scope == ThrottleScope::Pair,
        (Failed | Strike | StopMarketing | StopAll | StopCountry | Fix, Answer::Refused(_))
        | (Ambiguous, Answer::Unknown { .. }) => true,
        (HoldTemplate, Answer::Stopped { scope, .. }) => *scope == StopScope::Template,
        (HoldSender, Answer::Stopped { scope, .. }) => *scope == StopScope::Sender,
        (HoldAccount, Answer::Stopped { scope, .. }) => *scope == StopScope::Account,
        _ => false,
    }
}

#[tokio::test]
async fn every_code_gives_the_answer_its_class_calls_for_whatever_the_http_status() {
    let server = MockServer::start().await;
    // The callback's attempt tells the server which code to answer with.
    let answer_with_the_attempt = |request: &Request| {
        let body: serde_json::Value = request.body_json().unwrap();
        let callback = body["biz_opaque_callback_data"].as_str().unwrap();
        let (_, code) = callback.rsplit_once('.').unwrap();
        let status = if code.ends_with('0') { 500 } else { 400 };
        let error = json!({"error": {"message": "m", "code": code.parse::<i64>().unwrap(), "fbtrace_id": "A"}});
        ResponseTemplate::new(status).set_body_json(error)
    };
    Mock::given(wiremock::matchers::any()).respond_with(answer_with_the_attempt).mount(&server).await;
    let provider = provider(&server.uri());
    let to = person();
    for (class, codes) in CLASSES {
        for code in codes {
            let mut request = hello(&to);
            request.callback = recado::domain::callback::CallbackData { attempt: *code, ..callback() };
            let answer = provider.send(&request).await;
            assert!(fits(class, &answer), "{code} is {class:?} but gave {answer:?}");
        }
    }
}

/// Gupshup's own codes, as its page has them: gupshup-zenvia.md 1.11.
const GUPSHUP: [(FailureClass, &[i64]); 8] = [
    (Retry, &[429, 4_001]),
    (Ambiguous, &[500, 4_002]),
    (Failed, &[470, 1_006, 1_008]),
    (Strike, &[1_002, 1_013, 131_026]),
    (StopAll, &[1_012]),
    (Fix, &[400, 1_000, 1_009, 1_010, 1_011, 1_014, 131_008, 131_053, 132_000]),
    (HoldTemplate, &[1_005, 1_007, 4_003, 4_005, 132_015]),
    (HoldAccount, &[401, 403, 404, 1_001, 1_003, 1_004, 4_004, 368, 131_042]),
];

/// Zenvia's errors by HTTP status, and what its causes pass on: gupshup-zenvia.md 2.2 and 2.7.
const ZENVIA: [(FailureClass, &[i64]); 6] = [
    (Retry, &[429, 80_007]),
    (Ambiguous, &[409, 500]),
    (Failed, &[470]),
    (Strike, &[131_026]),
    (Fix, &[400]),
    (HoldAccount, &[401, 403, 404]),
];

#[test]
fn other_providers_codes_have_their_class_and_a_sentence_in_each_language() {
    for (dialect, classes) in [(Dialect::Gupshup, &GUPSHUP[..]), (Dialect::Zenvia, &ZENVIA[..])] {
        let table = Table::new(dialect, std::collections::BTreeMap::new());
        for (class, codes) in classes {
            for code in *codes {
                assert_eq!(table.class_of(*code), Some(*class), "{dialect:?} {code}");
                for language in Language::ALL {
                    assert!(sentences(language).contains_key(&sentence_key(*code)), "{code} {language:?}");
                }
            }
        }
        let listed = |code: i64| classes.iter().any(|(_, codes)| codes.contains(&code));
        assert!(dialect.table().all(|(first, ..)| listed(first)), "every line of {dialect:?} is compared");
        assert_eq!(table.class_of(999), None, "{dialect:?}");
    }
}
