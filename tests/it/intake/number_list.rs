//! Lists of numbers: in whatever form they come, every number of a line, and what is none by its line.

use std::path::Path;

use recado::intake::number_list::{NumberList, read};
use recado::intake::phone_number::Home;

fn list(bytes: &[u8], country: &str) -> NumberList {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    read(file.path(), Home::new(country, None).as_ref()).unwrap()
}

fn numbers(list: &NumberList) -> Vec<&str> {
    list.phones.iter().map(recado::domain::phone::Phone::digits).collect()
}

#[test]
fn a_list_is_read_in_every_dialect_that_an_audience_has() {
    let text = "Motivo;Teléfono;Nombre\nseñaló;+54 9 11 5555-0101;Ñandú\nno;+54 9 11 5555-0102;Zoë\n";
    let utf16: Vec<u8> = [0xFF, 0xFE].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    for bytes in [text.as_bytes().to_vec(), encoding_rs::WINDOWS_1252.encode(text).0.into_owned(), utf16] {
        let list = list(&bytes, "AR");
        assert_eq!((numbers(&list), list.wrong.len()), (vec!["5491155550101", "5491155550102"], 0));
    }
    let book = read(Path::new("tests/fixtures/audience/xlsx-plain/turnos.xlsx"), Home::new("AR", None).as_ref());
    assert!(!book.unwrap().phones.is_empty());
}

#[test]
fn a_list_needs_no_header_and_loses_nothing_above_what_looks_like_one() {
    let list = list(b"+5491155550101\n+5491155550102\nno es un numero\n+5491155550103\n\n+5491155550104\n", "AR");
    assert_eq!(numbers(&list), ["5491155550101", "5491155550102", "5491155550103", "5491155550104"]);
    assert_eq!(list.wrong, [3]);
}

#[test]
fn every_number_of_a_cell_counts() {
    let list =
        list(b"telefono\n+5491155550101 +5491155550102\n+5491155550103 / +5491155550104\n+54 9 11 5555 0105\n", "AR");
    assert_eq!(numbers(&list), ["5491155550101", "5491155550102", "5491155550103", "5491155550104", "5491155550105"]);
}

#[test]
fn a_local_number_of_another_country_is_told_and_never_made_a_third_countrys() {
    let text = b"telefono;nota\n+5491155550101;\n(11) 95555-2063;Pat\n";
    let here = list(text, "AR");
    assert_eq!((numbers(&here), &here.wrong), (vec!["5491155550101"], &vec![3]), "nobody has +1 195 555 2063");
    let there = list(text, "BR");
    assert_eq!((numbers(&there), there.wrong.len()), (vec!["5491155550101", "5511955552063"], 0));
}
