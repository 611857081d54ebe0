//! Encodings, delimiters and damage.

use recado::intake::audience::{Audience, Delimiter, Encoding, Line, newest};
use recado::intake::rows::fingerprint;

use super::given::Given;

fn given() -> Given {
    Given::promotion(
        "country = \"AR\"\n[template]\nname = \"t\"\nlanguage = \"es_AR\"\n[variables]\n1 = \"{{ nombre }}\"\n",
    )
}

fn windows_1252(text: &str) -> Vec<u8> {
    encoding_rs::WINDOWS_1252.encode(text).0.into_owned()
}

#[test]
fn encoding_and_delimiter_are_found_with_their_evidence() {
    let given = given();
    let text = "Nombre;Teléfono\nJanaína;11 5555-0101\nFrançois;11 5555-0102\n";
    let comma = text.replace(';', ",");
    let tab = text.replace(';', "\t");
    for (bytes, encoding, delimiter) in [
        (text.as_bytes().to_vec(), Encoding::Utf8, Delimiter::Semicolon),
        (format!("\u{feff}{comma}").into_bytes(), Encoding::Utf8, Delimiter::Comma),
        (windows_1252(text), Encoding::Latin1, Delimiter::Semicolon),
        (
            windows_1252(&format!("{tab}Ana “Nena”\t11 5555-0103\n").replace('\n', "\r\n")),
            Encoding::Windows1252,
            Delimiter::Tab,
        ),
        (format!("sep=;\r\n{text}").into_bytes(), Encoding::Utf8, Delimiter::Semicolon),
        (format!("\n\n{text}").into_bytes(), Encoding::Utf8, Delimiter::Semicolon),
    ] {
        let (facts, names) = given
            .open(&bytes, |mut rows| {
                let fills = rows.by_ref().map(|row| super::given::fate(&row)).collect::<Vec<_>>();
                (rows.facts().clone(), fills)
            })
            .unwrap();
        assert_eq!((facts.encoding, facts.delimiter), (encoding, delimiter));
        assert_eq!(facts.header, ["Nombre", "Teléfono"]);
        let rows = names.len() as u64;
        assert_eq!((facts.rows_looked_at, facts.rows_agreeing), (rows, rows));
        assert_eq!(names[..2], ["5491155550101", "5491155550102"]);
        assert_eq!(given.drafts(&bytes)[0].fill.body[0].text, "Janaína");
    }
}

#[test]
fn a_semicolon_file_with_commas_in_its_cells_is_a_semicolon_file() {
    let given = given();
    let rows = given.drafts("Nombre;Teléfono\nPérez, Ana;1155550101\nGómez, Luis;1155550102\n");
    assert_eq!(rows[0].fill.body[0].text, "Pérez, Ana");
}

#[test]
fn what_is_not_read_is_refused_by_name_whatever_the_file_is_called() {
    let given = given();
    let mut with_password = b"\xD0\xCF\x11\xE0....".to_vec();
    with_password.extend("EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes));
    for (bytes, code) in [
        (&b"\xD0\xCF\x11\xE0...."[..], "audience_old_excel"),
        (b"\x09\x04\x06\x00....", "audience_old_excel"),
        (&with_password, "audience_password"),
        (b"<html><table><tr><td>Nombre</td>", "audience_web_page"),
        (b"\xEF\xBB\xBF\n <TABLE border=1>", "audience_web_page"),
        (b"<?xml version=\"1.0\"?><Workbook xmlns=\"urn:schemas-microsoft-com:office:spreadsheet\">", "audience_xml"),
        (b"%PDF-1.7", "audience_pdf"),
        (b"{\\rtf1", "audience_document"),
        (b"\x1F\x8B\x08", "audience_packed"),
        (b"PK\x03\x04....", "audience_damaged"),
    ] {
        for name in ["turnos.csv", "turnos.xls", "turnos.xlsx"] {
            let problems = Audience::open(&given.file_named(name, bytes)).unwrap_err();
            assert_eq!(problems[0].code, code, "{bytes:?}");
        }
    }
    let text = given.file_named("turnos.xls", "Nombre\tTeléfono\nAna\t1155550101\n");
    assert_eq!(Audience::open(&text).unwrap().facts.delimiter, Delimiter::Tab);
}

#[test]
fn a_file_that_cannot_be_trusted_is_refused() {
    let given = given();
    for (bytes, code) in [
        (&b""[..], "audience_empty"),
        (b"\n\n", "audience_empty"),
        (b"Nombre,Telefono\nA\0na,1155550101\n", "audience_nul"),
        ("Nombre,Telefono\nFranÃ§ois Peña,1155550101\n".as_bytes(), "audience_mojibake"),
        (b"Nombre,Telefono\n\"Ana,1155550101\nLuis,1155550102\n", "quote_not_closed"),
        (b"Telefono,Nombre\n1155550101,\"Ana\n1155550102,Luis\n", "quote_open_at_end"),
    ] {
        assert_eq!(given.blockers(bytes), [code], "{bytes:?}");
    }
}

#[test]
fn portuguese_capitals_are_no_damage() {
    let rows = given().drafts("Nombre,Telefono\nCONCEIÇÃO JOÃO Ã,1155550101\n");
    assert_eq!(rows[0].fill.body[0].text, "CONCEIÇÃO JOÃO Ã");
}

#[test]
fn one_broken_row_does_not_change_how_the_others_are_read() {
    let mut bytes = "Nombre,Telefono\nJosé,1155550101\nMaría,1155550102\n".as_bytes().to_vec();
    bytes.extend(b"Jos\xE9,1155550103\n");
    assert_eq!(given().fates(&bytes), ["5491155550101", "5491155550102", "unreadable (not_utf8)"]);
}

#[test]
fn one_broken_row_with_many_accents_is_named_and_the_others_stay_utf8() {
    let given = given();
    let mut bytes = "Nombre,Telefono\nJosé,1155550101\n".as_bytes().to_vec();
    bytes.extend(windows_1252("Ángela Muñoz Ibáñez,1155550102\n"));
    assert_eq!(given.fates(&bytes), ["5491155550101", "unreadable (not_utf8)"]);
    assert_eq!(given.drafts(&bytes)[0].fill.body[0].text, "José");
    let warnings = given.open(&bytes, |mut rows| {
        rows.by_ref().for_each(drop);
        rows.warnings()
    });
    let warning = warnings.unwrap().into_iter().find(|w| w.code == "rows_not_utf8").expect("a warning");
    assert_eq!(warning.args, [("n".to_owned(), "1".to_owned()), ("rows".to_owned(), "2".to_owned())]);
}

#[test]
fn a_text_that_looks_like_utf8_once_is_still_windows_1252() {
    let bytes = windows_1252("Nombre,Telefono\nCAFÉ» bar,1155550101\nJosé,1155550102\nMaría,1155550103\n");
    assert_eq!(given().drafts(&bytes)[1].fill.body[0].text, "José");
}

#[test]
fn every_row_counts_but_the_blank_ones_at_the_end() {
    let fates =
        given().fates("Nombre,Telefono\nAna,1155550101\n,\n\n,\nLuis\nEva,1155550102,x\nLía,1155550103,,\n,\n,,\n\n");
    assert_eq!(
        fates,
        ["5491155550101", "no_phone", "no_phone", "unreadable (cells: 1)", "unreadable (cells: 3)", "5491155550103"]
    );
}

#[test]
fn a_cell_of_several_lines_is_one_cell() {
    let given = given();
    let file = given.file("Telefono,Nombre\n1155550101,\"Ana\nMaría\"\n1155550102,Luis\n");
    let lines: Vec<Line> = Audience::open(&file).unwrap().lines().unwrap().collect();
    assert_eq!(lines[0], Line::Cells(vec!["1155550101".to_owned(), "Ana\nMaría".to_owned()]));
    assert_eq!(lines.len(), 2);
}

#[test]
fn the_same_content_has_the_same_hash_however_it_is_saved() {
    let given = given();
    let hash = |bytes: &[u8], definition: &str| fingerprint(definition, &given.file(bytes), &|_| ()).unwrap().content;
    let first = hash("Nombre;Teléfono\nJosé;1\n".as_bytes(), "kind = \"x\"");
    let text = "\u{feff}Nombre,Teléfono\r\n\"José\",1\r\n,\r\n";
    assert_eq!(hash(text.as_bytes(), "# a comment\nkind   = 'x'"), first);
    assert_eq!(hash(&windows_1252("Nombre\tTeléfono\nJosé \t1"), "kind = \"x\""), first);
    assert_ne!(hash("Nombre;Teléfono\nJosé;2\n".as_bytes(), "kind = \"x\""), first);
    assert_ne!(hash("Nombre;Teléfono\nJosé;1\n".as_bytes(), "kind = \"y\""), first);
    assert_ne!(hash("Nombre;Teléfono\nJos;é1\n".as_bytes(), "kind = \"x\""), first);
}

#[test]
fn of_several_files_the_newest_counts_and_links_do_not() {
    let dir = tempfile::tempdir().unwrap();
    let older = std::time::SystemTime::UNIX_EPOCH;
    for (name, age) in [("turnos-1.csv", 2), ("turnos-2.csv", 1), ("otros.csv", 3)] {
        let file = std::fs::File::create(dir.path().join(name)).unwrap();
        file.set_modified(older + std::time::Duration::from_secs(age)).unwrap();
    }
    std::os::unix::fs::symlink(dir.path().join("otros.csv"), dir.path().join("turnos-3.csv")).unwrap();
    std::fs::create_dir(dir.path().join("turnos-4.csv")).unwrap();
    let found = |pattern: &str| newest(dir.path(), pattern).unwrap().map(|p| p.file_name().unwrap().to_owned());
    assert_eq!(found("turnos*.csv"), Some("turnos-1.csv".into()));
    assert_eq!(found("turnos-?.csv"), Some("turnos-1.csv".into()));
    assert_eq!(found("*otros*"), Some("otros.csv".into()));
    assert_eq!(found("turnos-2.csv"), Some("turnos-2.csv".into()));
    assert_eq!(found("nada*.csv"), None);
}
