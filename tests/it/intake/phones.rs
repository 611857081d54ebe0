//! Numbers as people write them.

use recado::domain::kind::CampaignKind;
use recado::domain::phone::Phone;
use recado::domain::reach::{Reach, Reaches};
use recado::domain::template::Category;
use recado::intake::phone_number::{Closed, Home, country_of, is_marketing, is_other_form, read, taken_for_mobile};

fn typed(country: &str, area_code: &str, text: &str) -> String {
    let home = Home::new(country, Some(area_code));
    match read(text, home.as_ref()) {
        Ok(phone) => phone.digits().to_owned(),
        Err(e) => format!("{} {}", e.reason().as_str(), e.detail()).trim_end().to_owned(),
    }
}

#[test]
fn numbers_become_international_and_nothing_more() {
    for (country, area_code, text, expected) in [
        // Argentina: with 9, without it, with 15, with trunk zero, local with the campaign's area code.
        ("AR", "", "+54 9 11 5555-0123", "5491155550123"),
        ("AR", "", "+54 11 5555-0123", "541155550123"),
        ("AR", "", "5491155550123", "5491155550123"),
        ("AR", "", "54 11 5555 0123", "541155550123"),
        ("AR", "", "0054 9 11 5555 0123", "5491155550123"),
        ("AR", "", "+0054 9 11 5555 0123", "5491155550123"),
        ("AR", "", "11 5555-0123", "5491155550123"),
        ("AR", "", "011 5555-0123", "5491155550123"),
        ("AR", "", "0341 555-0123", "5493415550123"),
        ("AR", "", "9 11 5555-0123", "5491155550123"),
        // Written with its country code a fixed line stays one.
        ("AR", "", "54 11 4555-0123", "541145550123"),
        ("AR", "", "(011) 15-5555-0123", "5491155550123"),
        ("AR", "", "0341 15 555-0123", "5493415550123"),
        ("AR", "", "+54 (011) 15 5555-0123", "5491155550123"),
        ("AR", "11", "5555-0123", "5491155550123"),
        ("AR", "11", "15-5555-0123", "5491155550123"),
        ("AR", "011", "15 5555 0123", "5491155550123"),
        // Brazil: the ninth digit is neither added nor taken away; a fixed line stays one.
        ("BR", "", "(11) 95555-0123", "5511955550123"),
        ("BR", "", "011 95555 0123", "5511955550123"),
        ("BR", "", "+55 11 8555-0123", "551185550123"),
        ("BR", "", "11 8555-0123", "551185550123"),
        ("BR", "", "(21) 2555-0123", "552125550123"),
        ("BR", "11", "95555-0123", "5511955550123"),
        ("BR", "", "51 95555-0123", "5551955550123"),
        // Mexico: the old 1 after the country code stays where it was written.
        ("MX", "", "+52 1 55 1234 5678", "5215512345678"),
        ("MX", "", "+52 55 1234 5678", "525512345678"),
        ("MX", "", "55 1234 5678", "525512345678"),
        // Its 1 is its own where nothing says another country, also before areas that the United States have.
        ("MX", "", "1 55 1234 5683", "5215512345683"),
        ("MX", "", "1 33 1234 5683", "5213312345683"),
        ("MX", "", "1 (222) 123 4568", "5212221234568"),
        ("MX", "", "+1 551 234 5683", "15512345683"),
        ("MX", "", "001 551 234 5683", "15512345683"),
        // The area that is called as its country: Santa Maria and Uruguaiana.
        ("BR", "", "(55) 99912-3457", "5555999123457"),
        ("BR", "", "55999123456", "5555999123456"),
        ("BR", "", "55 3222-1235", "555532221235"),
        ("BR", "", "5532221234", "555532221234"),
        ("BR", "11", "(55) 99912-3457", "5555999123457"),
        // Another country's number in a campaign.
        ("AR", "", "+598 94 555 123", "59894555123"),
        ("AR", "", "59894555123", "59894555123"),
        // A cut number is not taken for a local one that happens to begin like the area code.
        ("AR", "11", "11 5555-01", "bad_phone wrong_length"),
        ("AR", "11", "011 5555-01", "bad_phone wrong_length"),
        // Without a campaign country.
        ("", "", "+5491155550123", "5491155550123"),
        ("", "", "5491155550123", "5491155550123"),
        ("", "", "1155550123", "no_country no_country_code"),
        ("", "", "51955550123", "no_country no_country_code"),
        ("", "", "011 15 5555 0123", "no_country no_country_code"),
    ] {
        assert_eq!(typed(country, area_code, text), expected, "{country} {area_code} {text:?}");
    }
}

#[test]
fn what_is_dialled_before_a_number_takes_nothing_from_it_and_no_cut_number_becomes_another() {
    for (country, area_code, text, expected) in [
        ("BR", "", "(55) 9812-3456", "555598123456"),
        ("BR", "", "5587654321", "555587654321"),
        ("BR", "55", "055 9812-3456", "555598123456"),
        ("BR", "55", "(55) 8765-4321", "555587654321"),
        // The 0 before a Colombian mobile and its 3 are no carrier's.
        ("CO", "", "0 300 123 4567", "573001234567"),
        ("CO", "", "03001234568", "573001234568"),
        ("CO", "", "0305 444 0123", "573054440123"),
        ("CO", "", "0310 123 4567", "573101234567"),
        ("CO", "", "03 300 123 4567", "573001234567"),
        ("CO", "", "+57 0300 123 4567", "573001234567"),
        ("CO", "", "57 0300 123 4567", "573001234567"),
        ("", "", "+5703001234567", "573001234567"),
        // Of a range that no plan knows, and cut short.
        ("CO", "", "0339 123 4567", "573391234567"),
        ("CO", "", "0310 123 456", "bad_phone wrong_length"),
        ("CO", "", "+57 0310 123 456", "bad_phone wrong_length"),
        ("CO", "", "38123456", "bad_phone no_area_code"),
        ("CO", "", "12345678", "5712345678"),
        // An Argentine mobile with a digit too few is nobody else's.
        ("AR", "", "549114444555", "bad_phone wrong_length"),
        ("AR", "", "+54 9 351 444 555", "bad_phone wrong_length"),
        ("AR", "", "+54 9 2966 12345", "bad_phone wrong_length"),
        ("AR", "", "9 11 444-4555", "bad_phone wrong_length"),
        ("AR", "11", "9 11 444-4555", "bad_phone wrong_length"),
        ("AR", "", "+54 800 555 1234", "bad_phone service_number"),
        // In Italy a 0 is the number's own, also where a mobile would be left without it.
        ("IT", "", "+39 0321 234567", "390321234567"),
        // A form that demands an area got noughts: the campaign's is filled in.
        ("BR", "", "(00) 98765-4321", "bad_phone no_area_code"),
        ("BR", "", "00 98765-4321", "bad_phone no_area_code"),
        ("BR", "11", "(00) 98765-4321", "5511987654321"),
        ("BR", "11", "00 98765-4321", "5511987654321"),
        ("BR", "11", "00-98765-4321", "5511987654321"),
        ("BR", "11", "(00) 3222-1235", "551132221235"),
        ("AR", "11", "(00) 5555-0123", "5491155550123"),
        ("AR", "11", "00 376 312 345", "376312345"),
        ("BR", "11", "0098 21 1234 5678", "982112345678"),
        ("BR", "", "(00) 55 11 98765-4321", "5511987654321"),
    ] {
        assert_eq!(typed(country, area_code, text), expected, "{country} {area_code} {text:?}");
    }
}

#[test]
fn what_spreadsheets_and_copying_leave_around_a_number_does_no_harm() {
    for text in [
        "1155550123.0",
        "1155550123,0",
        "'1155550123",
        " 11\u{a0}5555\u{2011}0123 ",
        "\u{200e}11 5555 0123\u{202c}",
        "11.5555.0123",
        "11/5555-0123",
        "tel:11 5555 0123",
        "whatsapp:+541155550123",
        "\u{feff}11-5555-0123",
        "＋541155550123",
    ] {
        let with_code = text.contains('4');
        assert_eq!(typed("AR", "", text), if with_code { "541155550123" } else { "5491155550123" }, "{text:?}");
    }
}

#[test]
fn what_is_no_number_is_refused_with_its_reason() {
    for (text, expected) in [
        ("", "no_phone"),
        ("  \u{a0} ", "no_phone"),
        ("5,51E+12", "bad_phone scientific_notation"),
        ("5.49115555E+12", "bad_phone scientific_notation"),
        ("no tiene", "bad_phone not_digits"),
        ("ana@example.com", "bad_phone not_digits"),
        ("11 5555-0123 int. 4", "bad_phone not_digits"),
        ("11 5555-0123 / 11 5555-0124", "bad_phone several_numbers"),
        ("1155550123;1155550124", "bad_phone several_numbers"),
        ("5555-0123", "bad_phone no_area_code"),
        ("15 5555-0123", "bad_phone no_area_code"),
        ("+54 15 5555-0123", "bad_phone no_area_code"),
        ("11 5555-012", "bad_phone wrong_length"),
        ("+54 9 11 5555-01234", "bad_phone wrong_length"),
        ("+54 1 11 5555 0123", "bad_phone wrong_length"),
        ("+999 11 5555 0123", "bad_phone no_such_number"),
        ("0000000000", "bad_phone no_such_number"),
        ("-", "bad_phone not_digits"),
    ] {
        assert_eq!(typed("AR", "", text), expected, "{text:?}");
    }
}

#[test]
fn every_way_of_writing_one_persons_number_has_one_key() {
    for ways in [
        &["5491155550123", "541155550123"][..],
        &["5215512345678", "525512345678"],
        &["5511955550123", "551155550123"][..1],
        &["5511985550123", "551185550123"],
        &["59894555123"],
    ] {
        let phones: Vec<Phone> = ways.iter().map(|d| Phone::from_international(d).unwrap()).collect();
        for phone in &phones {
            assert_eq!(phone.person_key(), phones[0].person_key(), "{ways:?}");
            let mut variants: Vec<String> = phone.variants().iter().map(|p| p.digits().to_owned()).collect();
            assert_eq!(variants[0], phone.digits());
            variants.sort();
            assert!(ways.iter().all(|w| variants.iter().any(|v| v == w)), "{variants:?}");
        }
    }
}

#[test]
fn a_brazilian_fixed_line_is_not_somebodys_mobile() {
    let fixed = Phone::from_international("552125550123").unwrap();
    let mobile = Phone::from_international("5521925550123").unwrap();
    assert_ne!(fixed.person_key(), mobile.person_key());
    assert_eq!(fixed.variants(), std::slice::from_ref(&fixed));
}

#[test]
fn where_whatsapp_does_not_deliver_is_known_before_sending() {
    let on = |day: &str| Closed::on(day.parse().unwrap(), &Reaches::default());
    let because =
        |digits: &str, marketing| on("2026-11-24").because(&Phone::from_international(digits).unwrap(), marketing);
    for closed in [
        "5355550123",
        "989123456789",
        "8501912345678",
        "963944555123",
        "79781234567",
        "73652123456",
        "78692123456",
        "380652123456",
        "380692123456",
    ] {
        assert_eq!(because(closed, false).as_deref(), Some("closed_country"), "{closed}");
    }
    assert_eq!(because("12025550123", true).as_deref(), Some("no_marketing_there: US"));
    assert_eq!(because("12025550123", false), None);
    for reachable in ["16045550123", "18095550123", "5491155550123", "79161234567"] {
        assert_eq!(because(reachable, true), None, "{reachable}");
    }
    let us = Phone::from_international("12025550123").unwrap();
    assert_eq!(on("2025-03-31").because(&us, true), None, "not before the day it began");
    assert!(is_marketing(CampaignKind::Reminder, Some(Category::Marketing)));
    assert!(!is_marketing(CampaignKind::Promotion, Some(Category::Utility)));
    assert!(is_marketing(CampaignKind::Promotion, None));
}

#[test]
fn the_operator_may_say_that_a_country_has_changed() {
    let mut reaches = Reaches::default();
    reaches.set("US".to_owned(), Reach::Everything, None);
    reaches.set("VE".to_owned(), Reach::Nothing, Some("2027-01-01".parse().unwrap()));
    let because = |day: &str, digits: &str| {
        Closed::on(day.parse().unwrap(), &reaches).because(&Phone::from_international(digits).unwrap(), true)
    };
    assert_eq!(because("2026-11-24", "12025550123"), None);
    assert_eq!(because("2026-12-31", "584121234567"), None);
    assert_eq!(because("2027-01-01", "584121234567").as_deref(), Some("closed_country"));
}

#[test]
fn a_numbers_country_is_its_numbering_plans() {
    for (digits, country) in
        [("5491155550123", "AR"), ("16045550123", "CA"), ("18095550123", "DO"), ("59894555123", "UY")]
    {
        assert_eq!(country_of(&Phone::from_international(digits).unwrap()).as_deref(), Some(country));
    }
}

#[test]
fn only_a_number_with_neither_code_nor_9_nor_15_counts_as_taken_for_a_mobile() {
    for (text, taken) in [
        ("11 5555-0123", true),
        ("(011) 5555-0123", true),
        ("5555-0123", true),
        ("15-5555-0123", false),
        ("9 11 5555-0123", false),
        ("+54 9 11 5555-0123", false),
        ("+54 11 5555-0123", false),
        ("+55 11 95555-0123", false),
    ] {
        let phone = read(text, Home::new("AR", Some("11")).as_ref()).unwrap();
        assert_eq!(taken_for_mobile(text, &phone), taken, "{text}");
    }
}

#[test]
fn old_and_short_forms_are_sent_as_written_and_counted() {
    for (text, other) in [
        ("+54 11 5555-0123", true),
        ("+54 9 11 5555-0123", false),
        ("+55 11 8765-4321", true),
        ("+55 11 98765-4321", false),
        ("+55 11 2765-4321", false),
        ("+52 1 55 1234 5678", true),
        ("+52 55 1234 5678", false),
        ("+598 94 555 123", false),
    ] {
        assert_eq!(is_other_form(&read(text, None).unwrap()), other, "{text}");
    }
}

#[test]
fn every_country_has_its_ways_of_writing_a_mobile() {
    for (country, text, expected) in [
        ("CL", "9 8765 4321", "56987654321"),
        ("CL", "+56 9 8765 4321", "56987654321"),
        ("CO", "300 123 4567", "573001234567"),
        ("CO", "0057 300 123 4567", "573001234567"),
        ("PE", "987 654 321", "51987654321"),
        ("PE", "0987654321", "51987654321"),
        ("UY", "094 555 123", "59894555123"),
        ("UY", "94555123", "59894555123"),
        ("PY", "0981 123456", "595981123456"),
        ("BO", "7123 4567", "59171234567"),
        ("EC", "099 123 4567", "593991234567"),
        ("VE", "0412-1234567", "584121234567"),
        ("CR", "8312-3456", "50683123456"),
        ("GT", "5123 4567", "50251234567"),
        ("DO", "(809) 555-0123", "18095550123"),
        ("PA", "6123-4567", "50761234567"),
        ("ES", "612 34 56 78", "34612345678"),
        ("ES", "0034612345678", "34612345678"),
        ("PT", "912 345 678", "351912345678"),
        ("US", "(305) 555-0123", "13055550123"),
        ("US", "1-305-555-0123", "13055550123"),
        ("IT", "312 345 6789", "393123456789"),
        ("DE", "0151 23456789", "4915123456789"),
        ("GB", "07400 123456", "447400123456"),
        ("MX", "044 55 1234 5678", "525512345678"),
        ("MX", "01 55 1234 5678", "525512345678"),
        ("BR", "0 15 11 98765-4321", "5511987654321"),
    ] {
        assert_eq!(typed(country, "", text), expected, "{country} {text:?}");
    }
}
