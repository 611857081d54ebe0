//! Every way in which a text comes: encodings, delimiters, quotes, titles above the header.

use encoding_rs::MACINTOSH;
use recado::intake::audience::{Audience, Delimiter, Encoding, FileFacts, HeaderEvidence, Quote, encode_dos};

use super::given::Given;

const TEXT: &str = "Nombre;Teléfono;Ciudad\nJanaína;11 5555-0101;São João\nMuñoz, Íñigo;11 5555-0102;Córdoba\n";

fn given(more: &str) -> Given {
    Given::promotion(&format!(
        "country = \"AR\"\n{more}[template]\nname = \"t\"\nlanguage = \"es_AR\"\n[variables]\n1 = \"{{{{ nombre }}}}\"\n"
    ))
}

fn reading(keys: &str) -> Given {
    Given::promotion(&format!(
        "country = \"AR\"\n[template]\nname = \"t\"\nlanguage = \"es_AR\"\n[variables]\n1 = \"{{{{ nombre }}}}\"\n[reading]\n{keys}\n"
    ))
}

/// Facts and names of a file whose two people must come out whole.
fn read(given: &Given, bytes: &[u8]) -> FileFacts {
    let names: Vec<String> = given.drafts(bytes).iter().map(|draft| draft.fill.body[0].text.clone()).collect();
    assert_eq!(names, ["Janaína", "Muñoz, Íñigo"]);
    given.open(bytes, |rows| rows.facts().clone()).unwrap()
}

fn wide(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(bytes).collect()
}

#[test]
fn utf_8_with_and_without_its_mark_is_read() {
    let given = given("");
    for bytes in [TEXT.as_bytes().to_vec(), format!("\u{feff}{TEXT}").into_bytes()] {
        assert_eq!(read(&given, &bytes).encoding, Encoding::Utf8);
    }
}

#[test]
fn utf_16_is_read_with_and_without_its_mark() {
    let given = given("");
    let tabs = TEXT.replace(';', "\t");
    for (bytes, encoding) in [
        ([b"\xFF\xFE".to_vec(), wide(&tabs, u16::to_le_bytes)].concat(), Encoding::Utf16Le),
        ([b"\xFE\xFF".to_vec(), wide(&tabs, u16::to_be_bytes)].concat(), Encoding::Utf16Be),
        (wide(&tabs, u16::to_le_bytes), Encoding::Utf16Le),
        (wide(&tabs, u16::to_be_bytes), Encoding::Utf16Be),
    ] {
        let facts = read(&given, &bytes);
        assert_eq!((facts.encoding, facts.delimiter), (encoding, Delimiter::Tab));
    }
}

#[test]
fn windows_1252_latin_1_and_mac_roman_are_told_apart_by_their_letters() {
    let given = given("");
    let latin = encoding_rs::WINDOWS_1252.encode(TEXT).0.into_owned();
    assert_eq!(read(&given, &latin).encoding, Encoding::Latin1);
    let quoted = format!("{TEXT}O’Brien;;“Centro” – €\n");
    let windows = encoding_rs::WINDOWS_1252.encode(&quoted).0.into_owned();
    assert_eq!(read(&given, &windows).encoding, Encoding::Windows1252);
    let mac = MACINTOSH.encode(&TEXT.replace('\n', "\r")).0.into_owned();
    assert_eq!(read(&given, &mac).encoding, Encoding::MacRoman);
}

#[test]
fn words_of_three_languages_are_never_taken_for_another_encoding() {
    // One accented word each is all the evidence there is. (`Ítalo` in Mac Roman is `êtalo` in Windows-1252: of such a word alone
    // nobody can tell.)
    for word in [
        "José",
        "MARÍA",
        "Ñandú",
        "Núñez",
        "Inês",
        "João",
        "Conceição",
        "AÇÃO",
        "Zoë",
        "Müller",
        "Ângela",
        "ÚRSULA",
        "Óscar",
        "pingüino",
        "avô",
        "Órgão",
    ] {
        let text = format!("Nombre;Telefono\n{word};1155550101\n");
        for (codec, mac) in [(encoding_rs::WINDOWS_1252, false), (MACINTOSH, true)] {
            let given = given("");
            let drafts = given.drafts(codec.encode(&text).0);
            assert_eq!(drafts[0].fill.body[0].text, word, "Mac Roman: {mac}");
        }
    }
}

#[test]
fn what_a_program_of_dos_wrote_is_read() {
    let dos = encode_dos(&format!("{TEXT}Conceição;11 5555-0103;Ñuñoa\n").replace('\n', "\r\n"));
    let given = given("");
    let names: Vec<String> = given.drafts(&dos).iter().map(|draft| draft.fill.body[0].text.clone()).collect();
    assert_eq!(names, ["Janaína", "Muñoz, Íñigo", "Conceição"]);
    let facts = given.open(&dos, |rows| rows.facts().clone()).unwrap();
    assert_eq!((facts.encoding, facts.header[1].as_str()), (Encoding::Dos, "Teléfono"));
    assert_eq!(
        serde_json::to_value(facts.encoding_evidence).unwrap(),
        serde_json::json!({"letters": {"fitting": 12, "of": 12}})
    );
    // One word each is enough, but for what reads as a word in Windows-1252 or Mac Roman too (`MARÖA`, `Gonáalves`).
    for word in ["José", "Ñandú", "Núñez", "Inês", "João", "Conceição", "AÇÃO", "pingüino", "avô", "Peña"]
    {
        let text = format!("Nombre;Telefono\n{word};1155550101\n");
        assert_eq!(given.drafts(encode_dos(&text))[0].fill.body[0].text, word);
    }
    let named = reading("encoding = \"CP850\"");
    assert_eq!(named.drafts(encode_dos("Nombre;Telefono\nÚrsula;1155550101\n"))[0].fill.body[0].text, "Úrsula");
}

#[test]
fn initials_with_accents_are_no_dashes() {
    let given = given("");
    let encoding = |bytes: &[u8]| given.open(bytes, |rows| rows.facts().encoding).unwrap();
    let rows: Vec<String> = (0..20).map(|n| format!("Ñ. Perez;11 5555-30{n:02};Sala Ñ\n")).collect();
    let rows = rows.concat();
    let text = format!("Nombre;Teléfono;Sala\n{rows}");
    assert_eq!(encoding(&encoding_rs::WINDOWS_1252.encode(&text).0), Encoding::Latin1);
    assert_eq!(encoding(&MACINTOSH.encode(&text).0), Encoding::MacRoman);
}

#[test]
fn an_encoding_that_is_named_counts_whatever_the_bytes_look_like() {
    let mac = MACINTOSH.encode("Nombre;Telefono\nIOU’s;1155550101\n").0.into_owned();
    let named = reading("encoding = \"Mac Roman\"");
    assert_eq!(named.drafts(&mac)[0].fill.body[0].text, "IOU’s");
    let facts = named.open(&mac, |rows| rows.facts().clone()).unwrap();
    assert_eq!(serde_json::to_value(facts.encoding_evidence).unwrap(), "named");
}

#[test]
fn commas_semicolons_tabs_and_bars_are_found_or_named() {
    let given = given("");
    for (byte, delimiter) in [("\t", Delimiter::Tab), ("|", Delimiter::Pipe), (";", Delimiter::Semicolon)] {
        assert_eq!(read(&given, TEXT.replace(';', byte).as_bytes()).delimiter, delimiter);
    }
    let comma = TEXT.replace("Muñoz, Íñigo", "\"Muñoz, Íñigo\"").replace(';', ",");
    assert_eq!(read(&given, comma.as_bytes()).delimiter, Delimiter::Comma);
    let sep = format!("sep=;\r\n{TEXT}");
    assert_eq!(read(&given, sep.as_bytes()).delimiter, Delimiter::Semicolon);
    // As many commas as bars: a person says which.
    let both = "Nombre,x|Telefono,y\nAna,1|1155550101,2\n";
    let named = Given::promotion(
        "country = \"AR\"\n[template]\nname = \"t\"\nlanguage = \"es_AR\"\n[reading]\ndelimiter = \"|\"\n[columns]\nphone = \"Telefono,y\"\n",
    );
    let header = named.open(both, |rows| rows.facts().header.clone()).unwrap();
    assert_eq!(header, ["Nombre,x", "Telefono,y"]);
}

#[test]
fn decimal_commas_do_not_make_columns() {
    let text = "Nombre;Telefono;Monto\nAna;1155550101;1.234,50\nEva;1155550102;12,00\nLía;1155550103;7,25\n";
    let campaign = "country = \"AR\"\n[template]\nname = \"t\"\nlanguage = \"es_AR\"\n[variables]\n1 = \"{{ monto | money('$') }}\"\n";
    let amounts: Vec<String> =
        Given::promotion(campaign).drafts(text).iter().map(|draft| draft.fill.body[0].text.clone()).collect();
    assert_eq!(amounts, ["$ 1.234,50", "$ 12,00", "$ 7,25"]);
}

#[test]
fn quotes_of_each_kind_are_found_or_named() {
    let given = given("");
    for (text, quote) in [
        (TEXT.replace("Muñoz, Íñigo", "\"Muñoz, Íñigo\"").replace("Córdoba", "\"a;\"\"b\"\"\""), Quote::Double),
        (TEXT.replace("Córdoba", "\"a;\\\"b\\\"\""), Quote::Backslash),
        (TEXT.lines().map(|l| format!("'{}'\n", l.replace(';', "';'"))).collect::<Vec<_>>().concat(), Quote::Single),
    ] {
        assert_eq!(read(&given, text.as_bytes()).quote, quote, "{text}");
    }
    let stray = TEXT.replace("Córdoba", "\"Córdoba");
    assert_eq!(given.blockers(&stray), ["quote_open_at_end"]);
    assert_eq!(read(&reading("quote = \"none\""), stray.as_bytes()).quote, Quote::None);
}

#[test]
fn the_header_is_found_below_titles_and_shown_with_what_stands_above() {
    let given = given("");
    let titled = format!("Clínica del Norte;;\nTel. 4444-1234;;\n\n{TEXT}");
    let facts = read(&given, titled.as_bytes());
    assert_eq!((facts.header_row, facts.header_evidence), (4, HeaderEvidence::Words));
    assert_eq!(facts.title_lines, ["Clínica del Norte", "Tel. 4444-1234"]);
    assert_eq!((facts.rows_looked_at, facts.rows_agreeing), (2, 2));
    // No name that is known: the first row as wide as the others.
    let unknown = "Lista de hoy,,\nQuién,Dónde,A qué número\nAna,Norte,1155550101\nEva,Sur,1155550102\n";
    let named = Given::promotion(
        "country = \"AR\"\n[template]\nname = \"t\"\nlanguage = \"es_AR\"\n[columns]\nphone = \"A qué número\"\n",
    );
    let facts = named.open(unknown, |rows| rows.facts().clone()).unwrap();
    assert_eq!((facts.header_row, facts.title_lines.len()), (2, 1));
}

#[test]
fn the_header_row_can_be_named_and_one_that_is_not_there_is_told() {
    let text = "Nombre,Telefono\nNombre,Celular\nAna,1155550101\n";
    let named = reading("header_row = 2");
    let facts = named.open(text, |rows| rows.facts().clone()).unwrap();
    assert_eq!((facts.header_row, facts.header_evidence), (2, HeaderEvidence::Named));
    assert_eq!(named.fates(text), ["5491155550101"]);
    assert_eq!(reading("header_row = 20").blockers(text), ["no_header_row"]);
}

#[test]
fn a_file_without_a_header_is_told_so() {
    assert_eq!(given("").blockers("Ana,1155550101\nEva,1155550102\n"), ["no_header", "unknown_name"]);
}

#[test]
fn lines_may_end_as_on_any_system() {
    let given = given("");
    for end in ["\n", "\r\n", "\r"] {
        read(&given, TEXT.replace('\n', end).as_bytes());
    }
}

#[test]
fn a_nul_is_told_with_its_line() {
    let problems = given("").open("Nombre,Telefono\nAna,1\nE\0va,2\n", |_| ()).unwrap_err();
    assert_eq!((problems[0].code.as_str(), problems[0].args[0].1.as_str()), ("audience_nul", "3"));
}

#[test]
fn cells_can_be_had_as_they_were_written() {
    let given = given("");
    let file = given.file("Nombre,Telefono\n\u{a0}Ana\u{200b},'1155550101\n");
    let audience = Audience::open(&file).unwrap();
    let cells = |lines: recado::intake::audience::Lines| format!("{:?}", lines.collect::<Vec<_>>());
    assert!(cells(audience.lines().unwrap()).contains("\"Ana\", \"1155550101\""));
    assert!(cells(audience.lines().unwrap().as_written()).contains("'1155550101"));
}

#[test]
fn a_table_wider_than_what_is_looked_at_at_first_is_read_all_the_same() {
    let names: Vec<String> = (0..20_000).map(|no| format!("columna{no}")).collect();
    let text = format!("Celular;Nombre;{}\n1155550101;Ana;{}\n", names.join(";"), ";".repeat(names.len() - 1));
    let given = given("");
    let facts = given.open(&text, |rows| rows.facts().clone()).unwrap();
    assert_eq!((facts.delimiter, facts.header.len()), (Delimiter::Semicolon, 20_002));
    assert_eq!(given.fates(&text), ["5491155550101"]);
    // What lists the columns lists no twenty thousand.
    let problems = given.open(text.replace("Celular", "Otra"), |_| ()).unwrap_err();
    let listed = &problems[0].args.iter().find(|(name, _)| name == "columns").unwrap().1;
    assert!(listed.ends_with("… (20002)") && listed.len() < 1_000, "{listed}");
}
