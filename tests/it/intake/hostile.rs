//! Bad input: what files and campaign files hold may be anything at all. The targets are those of `fuzz/`; here they run
//! over its corpus and over mutations of it, always the same ones.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::DeflateEncoder;
use proptest::prelude::*;
use recado::intake::audience::Audience;

use super::given::Given;
use super::package::{ods, package, xlsx};
use super::targets;

/// Mutations of each file of the corpus.
const MUTATIONS: u64 = 40;
/// No input may take longer; a thousand times what one takes.
const LONGEST: Duration = Duration::from_secs(20);

/// What is put into files: the words at which readers turn.
const WORDS: [&[u8]; 24] = [
    b"\"",
    b"\n",
    b"\r",
    b";",
    b",",
    b"\t",
    b"\0",
    b"'",
    b"\xEF\xBB\xBF",
    b"\xFF\xFE",
    b"\xC3\x83\xC2\xA7",
    b"<row>",
    b"</row>",
    b"<c r=\"XFD1048576\" t=\"s\"><v>99999999999</v></c>",
    b"</sheetData>",
    b"&amp;",
    b"&#x110000;",
    b"<!DOCTYPE a [",
    b"]]>",
    b"table:number-columns-repeated=\"4294967295\"",
    b"1E308",
    b"-1",
    b"{{ nombre }}",
    b"[reading]\nheader_row = 300\n",
];

/// Numbers that look like chance and are always the same.
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % most.max(1) as u64) as usize
    }
}

fn mutate(bytes: &mut Vec<u8>, chance: &mut Chance) {
    for _ in 0..=chance.below(4) {
        let at = chance.below(bytes.len() + 1);
        let length = chance.below(40).min(bytes.len() - at);
        match chance.below(6) {
            0 if at < bytes.len() => bytes[at] = chance.below(256) as u8,
            1 => drop(bytes.splice(at..at, WORDS[chance.below(WORDS.len())].iter().copied())),
            2 => drop(bytes.drain(at..at + length)),
            3 => {
                let piece = bytes[at..at + length].to_vec();
                let to = chance.below(bytes.len() + 1);
                bytes.splice(to..to, piece);
            }
            4 => bytes.truncate(at.max(bytes.len() / 2)),
            _ => drop(bytes.splice(at..at + length, WORDS[chance.below(WORDS.len())].iter().copied())),
        }
    }
}

fn run(target: fn(&[u8]), bytes: &[u8], named: &str) {
    let started = Instant::now();
    target(bytes);
    assert!(started.elapsed() < LONGEST, "{named} took {:?}", started.elapsed());
}

/// The corpus of a target, and mutations of it.
fn all_of(folder: &str, target: fn(&[u8])) {
    let mut files: Vec<_> =
        fs::read_dir(Path::new("fuzz/corpus").join(folder)).unwrap().map(|f| f.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty());
    for (no, file) in files.iter().enumerate() {
        let bytes = fs::read(file).unwrap();
        let named = file.display().to_string();
        run(target, &bytes, &named);
        for mutation in 0..MUTATIONS {
            let mut changed = bytes.clone();
            mutate(&mut changed, &mut Chance(no as u64 * 1_000_003 + mutation));
            run(target, &changed, &named);
        }
    }
}

#[test]
fn no_text_makes_the_reader_panic_or_hang() {
    all_of("text", targets::text);
}

#[test]
fn no_package_makes_the_reader_panic_or_hang() {
    all_of("workbook", targets::workbook);
}

#[test]
fn no_sheet_makes_the_reader_panic_or_hang() {
    all_of("sheet", targets::sheet);
}

#[test]
fn no_campaign_file_makes_the_reader_panic_or_hang() {
    all_of("campaign", targets::campaign);
}

fn refused(bytes: &[u8]) -> String {
    let given = Given::promotion("country = \"AR\"\n[template]\nname = \"t\"\nlanguage = \"es_AR\"\n");
    given.blockers(bytes).first().cloned().unwrap_or_default()
}

#[test]
fn a_cell_without_an_end_is_refused() {
    let mut xml = b"<worksheet><sheetData><row r=\"1\"><c t=\"str\"><v>".to_vec();
    xml.resize(xml.len() + 3 * 1024 * 1024, b'x');
    assert_eq!(refused(&xlsx(&[("A", "", &xml)], &[])), "audience_too_large");
}

/// One sheet after the other is looked at for the phones; what it holds is not kept.
#[test]
fn a_workbook_of_many_sheets_is_asked_about_without_keeping_them() {
    let row = |first: &str| format!("<table-row><table-cell><p>{first}</p></table-cell></table-row>");
    let sheet = |no: usize, head: &str| format!("<table name=\"S{no}\">{}{}</table>", row(head), row("1155550101"));
    let book = |heads: [&str; 3]| {
        let sheets: String = heads.iter().enumerate().map(|(no, head)| sheet(no, head)).collect();
        ods(format!("<document-content><body><spreadsheet>{sheets}</spreadsheet></body></document-content>").as_bytes())
    };
    let given = Given::promotion("country = \"AR\"\n[template]\nname = \"t\"\nlanguage = \"es_AR\"\n");
    let read = |heads| given.open(book(heads), |rows| rows.facts().sheet.clone());
    assert_eq!(read(["Nota", "Celular", "Otra"]).unwrap().as_deref(), Some("S1"));
    for (heads, sheets) in [(["Nota", "Otra", "Mas"], "S0, S1, S2"), (["Celular", "Otra", "Telefono"], "S0, S2")] {
        let asked = read(heads).unwrap_err().remove(0);
        assert_eq!((asked.code.as_str(), asked.args[0].1.as_str()), ("several_sheets", sheets));
    }
}

#[test]
fn a_row_that_repeats_a_long_text_in_every_column_is_refused() {
    let text = "x".repeat(30_000);
    let content = format!(
        "<document-content><body><spreadsheet><table name=\"A\"><table-row><table-cell number-columns-repeated=\"16000\">\
         <p>{text}</p></table-cell></table-row></table></spreadsheet></body></document-content>"
    );
    assert_eq!(refused(&ods(content.as_bytes())), "audience_too_large");
}

#[test]
fn parts_nested_without_end_are_refused() {
    let xml = "<a>".repeat(100_000);
    assert_eq!(refused(&xlsx(&[("A", "", xml.as_bytes())], &[])), "audience_damaged");
}

#[test]
fn a_package_that_lists_too_many_parts_or_lies_about_them_is_refused() {
    let mut bytes = package(&[("xl/workbook.xml", b"<workbook/>")]);
    let end = bytes.len() - 22;
    bytes[end + 8..end + 12].copy_from_slice(&[0xFE, 0xFF, 0xFE, 0xFF]);
    assert_eq!(refused(&bytes), "audience_too_large");
    let mut bytes = package(&[("xl/workbook.xml", b"<workbook/>")]);
    let end = bytes.len() - 22;
    bytes[end + 16..end + 20].copy_from_slice(&u32::MAX.wrapping_sub(9).to_le_bytes());
    assert_eq!(refused(&bytes), "audience_damaged");
}

#[test]
fn a_part_whose_sum_is_wrong_is_refused() {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(b"<workbook/>").unwrap();
    let packed = encoder.finish().unwrap();
    let mut bytes = package(&[("xl/workbook.xml", b"<workbook/>")]);
    let at = bytes.windows(packed.len()).position(|w| w == packed).unwrap();
    bytes[at - 15 - 16..at - 15 - 12].copy_from_slice(&[1, 2, 3, 4]);
    let end = bytes.len() - 22;
    let directory = u32::from_le_bytes(bytes[end + 16..end + 20].try_into().unwrap()) as usize;
    bytes[directory + 16..directory + 20].copy_from_slice(&[1, 2, 3, 4]);
    assert_eq!(refused(&bytes), "audience_damaged");
}

#[test]
fn a_quotation_mark_that_swallows_a_large_file_stops_at_its_line() {
    let mut text = b"Celular,Nombre\n1155550101,Ana\n1155550102,\"Luis\n".to_vec();
    for _ in 0..400_000 {
        text.extend(b"1155550103,Eva\n");
    }
    let given = Given::promotion("country = \"AR\"\n[template]\nname = \"t\"\nlanguage = \"es_AR\"\n");
    let problems = given.open(&text, |_| ()).unwrap_err();
    assert_eq!((problems[0].code.as_str(), problems[0].args[0].1.as_str()), ("quote_not_closed", "3"));
}

#[test]
fn a_line_longer_than_any_row_is_told_as_that_where_it_has_no_quotation_mark() {
    let given = Given::promotion("country = \"AR\"\n[template]\nname = \"t\"\nlanguage = \"es_AR\"\n");
    for filler in [b'x', b','] {
        let mut text = b"Celular,Nombre\n1155550101,\"Ana\"\n1155550102,".to_vec();
        text.extend(vec![filler; 3 << 20]);
        let problems = given.open(&text, |_| ()).unwrap_err();
        let args: Vec<&str> = problems[0].args.iter().map(|(_, value)| value.as_str()).collect();
        assert_eq!((problems[0].code.as_str(), args.as_slice()), ("line_too_long", &["3", "1"][..]));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever rows a file has: rows read = messages + exclusions.
    #[test]
    fn rows_read_are_messages_and_exclusions(cells in prop::collection::vec(("[0-9+ /E.,-]{0,16}", "\\PC{0,12}", "[0-9/: ]{0,16}"), 0..60)) {
        let clean = |cell: &str| cell.replace([';', '"', '\n', '\r'], " ");
        let rows = cells.iter().map(|(phone, name, when)| format!("{};{};{}\n", clean(phone), clean(name), clean(when)));
        targets::text(format!("Celular;Nombre;Fecha\n{}", rows.collect::<Vec<_>>().concat()).as_bytes());
    }
}

#[test]
fn an_empty_name_or_no_name_at_all_makes_no_difference() {
    let given = Given::promotion("[template]\nname = \"t\"\nlanguage = \"es_AR\"\n");
    for name in ["a", "a.b.c", "Ñandú ✓.xlsx"] {
        assert!(Audience::open(&given.file_named(name, "Celular,Nombre\n1,2\n")).is_ok());
    }
}
