//! What holds for any input.

use proptest::prelude::*;
use recado::domain::phone::Phone;
use recado::intake::audience::DateOrder;
use recado::intake::columns::fold;
use recado::intake::content::{encode_suffix, flatten};
use recado::intake::phone_number::{Home, read};
use recado::intake::rows::when;

use super::given::Given;

proptest! {
    #[test]
    fn a_phone_cell_never_panics_and_a_number_read_is_read_again_as_itself(text in "\\PC{0,24}|[+0-9 ()./-]{0,22}") {
        for home in [Home::new("AR", Some("11")), Home::new("BR", None), Home::new("MX", None), None] {
            if let Ok(phone) = read(&text, home.as_ref()) {
                prop_assert_eq!(read(&phone.with_plus(), home.as_ref()), Ok(phone));
            }
        }
    }

    #[test]
    fn variants_of_a_number_are_one_person(digits in "(54|55|52|598|1)[0-9]{7,12}") {
        if let Some(phone) = Phone::from_international(&digits) {
            for variant in phone.variants() {
                prop_assert_eq!(variant.person_key(), phone.person_key());
            }
        }
    }

    #[test]
    fn a_date_cell_never_panics(cells in prop::collection::vec("\\PC{0,16}|[0-9/: .apmhT-]{0,20}", 1..3)) {
        let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
        for order in [DateOrder::DayFirst, DateOrder::MonthFirst] {
            let _ = when::read(&cells, order);
        }
        let _ = when::evidence(cells[0]);
    }

    #[test]
    fn a_date_written_is_the_date_read(day in 1_i8..=28, month in 1_i8..=12, year in 2000_i16..2100, minute in 0_i8..60) {
        let text = format!("{day}/{month}/{year} 9:{minute:02}");
        let expected = jiff::civil::date(year, month, day).at(9, minute, 0, 0);
        prop_assert_eq!(when::read(&[&text], DateOrder::DayFirst), Ok(when::Moment::Local(expected, when::HasTime::Yes)));
    }

    #[test]
    fn flattening_twice_is_flattening_once(text in "[a\\n\\t \u{a0}\u{1}b]{0,30}|\\PC{0,20}") {
        let (once, _) = flatten(&text);
        prop_assert_eq!(flatten(&once), (once.clone(), false));
        prop_assert!(!once.contains(['\n', '\t', '\r']) && !once.contains("     "));
    }

    #[test]
    fn an_encoded_suffix_is_a_part_of_a_url_and_stays_itself(text in "\\PC{0,30}") {
        let once = encode_suffix(&text);
        prop_assert!(once.is_ascii() && !once.contains([' ', '"', '<', '>']));
        prop_assert_eq!(encode_suffix(&once), once);
    }

    #[test]
    fn a_folded_header_can_be_said_in_an_expression(header in "\\PC{0,20}") {
        let folded = fold(&header);
        prop_assert!(!folded.starts_with(|c: char| c.is_ascii_digit()) && !folded.contains(' '));
        let again = fold(&folded);
        prop_assert_eq!(again.trim_start_matches('_'), folded.trim_start_matches('_'));
    }

    #[test]
    fn any_file_is_refused_or_every_row_of_it_is_accounted_for(bytes in prop::collection::vec(any::<u8>(), 0..200), rows in 0_u8..6) {
        let given = Given::promotion("country = \"AR\"\n[template]\nname = \"t\"\nlanguage = \"es_AR\"\n");
        let mut file = b"Celular;Nota\n".to_vec();
        for row in 0..rows {
            file.extend(format!("115555010{row};n\n").bytes());
        }
        let whole = given.rows(&file).len();
        prop_assert_eq!(whole, usize::from(rows));
        file.extend(&bytes);
        let counted = given.open(&file, |mut all| {
            let numbers: Vec<i64> = all.by_ref().map(|row| row.no).collect();
            (numbers, all.tally().rows)
        });
        if let Ok((numbers, tally)) = counted {
            prop_assert_eq!(&numbers, &(1..=tally as i64).collect::<Vec<_>>());
            prop_assert!(numbers.len() >= usize::from(rows));
        }
    }
}
