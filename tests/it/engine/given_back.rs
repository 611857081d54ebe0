//! What people get back as they gave it: titles, line ends, the sheet's name; one line for each id; whom a button asks.

use std::path::Path;
use std::time::Duration;

use recado::engine::StartOutcome;
use recado::engine::planner::Planner;
use recado::engine::results::Kind;
use recado::store::outcome::{self, Certainty, NewOutcome};
use recado::store::run;

use super::feeds::{self, clinic};
use super::stage::{self, Stage};
use crate::intake::workbook_of;
use crate::support::{TestStore, stores};

/// The XML of the only sheet of a workbook.
pub fn sheet_xml(path: &Path) -> String {
    part(&std::fs::read(path).unwrap(), "xl/worksheets/sheet")
}

/// The part of a package whose name begins so.
fn part(bytes: &[u8], wanted: &str) -> String {
    use std::io::Read as _;
    let number = |at: usize, length: usize| {
        bytes[at..at + length].iter().rev().fold(0_usize, |all, byte| (all << 8) | usize::from(*byte))
    };
    let end = bytes.windows(4).rposition(|w| w == b"PK\x05\x06").unwrap();
    let mut at = number(end + 16, 4);
    loop {
        assert_eq!(&bytes[at..at + 4], b"PK\x01\x02", "there is no {wanted}");
        let (packed, name, beside) = (number(at + 20, 4), number(at + 28, 2), number(at + 30, 2) + number(at + 32, 2));
        if bytes[at + 46..at + 46 + name].starts_with(wanted.as_bytes()) {
            let local = number(at + 42, 4);
            let data = local + 30 + number(local + 26, 2) + number(local + 28, 2);
            let mut xml = String::new();
            flate2::read::DeflateDecoder::new(&bytes[data..data + packed]).read_to_string(&mut xml).unwrap();
            return xml;
        }
        at += 46 + name + beside;
    }
}

/// The cell of that place, up to its end.
pub fn cell<'x>(xml: &'x str, place: &str) -> &'x str {
    let at = xml.find(&format!("<c r=\"{place}\"")).unwrap_or_else(|| panic!("{place}: {xml}"));
    xml[at..].split("</c>").next().unwrap()
}

#[tokio::test]
async fn an_id_that_several_messages_have_stands_once_with_the_word_that_says_something_in_every_file() {
    for contains in ["everything ahead", "only changes"] {
        for store in stores().await {
            one_word_for_each_id(&store, contains).await;
        }
    }
}

async fn one_word_for_each_id(store: &TestStore, contains: &str) {
    let stage = Stage::new(store, store.dir.path()).await;
    let answers = "[replies]\ntyped = { \"confirmed\" = [\"sí\"] }\n";
    let campaign = clinic(&format!("contains = \"{contains}\"")) + answers;
    let first = feeds::rows(&[("A", "25/11/2026 09:00"), ("B", "25/11/2026 09:30")]);
    let run = feeds::apply(&stage, &campaign, &first).await;
    stage.sender().drain().await;
    stage.clock.advance(Duration::from_mins(40));
    feeds::apply(&stage, &campaign, &first.replace("25/11/2026 09:", "25/11/2026 10:")).await;
    assert_eq!(stage.sender().drain().await, 2);
    let seen = stage.stub.seen.lock().unwrap().clone();
    stage.receipts(&seen, "delivered", None).await;
    // A answers to the first of both messages, B to none.
    let mut tx = store.begin().await.unwrap();
    let (message, at) = (seen[0].message, stage.clock.now());
    let said = NewOutcome { message, entry: None, outcome: "confirmed", certainty: Certainty::Certain, set_by: "", at };
    outcome::add(&mut tx, &said).await.unwrap();
    tx.commit().await.unwrap();
    let run = run::get(store, run).await.unwrap().unwrap();
    let made = async |kind: Kind| {
        let target = store.dir.path().join("made.csv");
        stage.engine.make_result(&run, kind, &target).await.unwrap();
        let text = std::fs::read_to_string(&target).unwrap();
        text.lines().skip(1).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(made(Kind::Outcomes).await, ["A,confirmed", "B,no_answer"], "{}", store.name());
    for kind in [Kind::Own, Kind::Day] {
        let own = made(kind).await;
        assert!(own.iter().all(|row| row.starts_with("B,") || row.ends_with(",Confirmó")), "{kind:?} {own:#?}");
        assert!(own.iter().all(|row| row.starts_with("A,") || row.ends_with(",Sin respuesta")), "{kind:?} {own:#?}");
    }
    let to_phone = made(Kind::Phone).await;
    let [only] = &*to_phone else { panic!("{}: {to_phone:#?}", store.name()) };
    assert!(only.contains(",B,Ana,"), "{}: {only}", store.name());
}

#[tokio::test]
async fn a_template_with_buttons_asks_for_an_answer_also_where_the_campaign_says_nothing_of_answers() {
    for (buttons, listed) in [(true, 1), (false, 0)] {
        let store = stores().await.remove(0);
        let stage = Stage::new(&store, store.dir.path()).await;
        if buttons {
            let quick = serde_json::json!({"type": "QUICK_REPLY", "text": "Confirmo"});
            let more = serde_json::json!({"type": "BUTTONS", "buttons": [quick]});
            stage.stub.template.lock().unwrap()["components"].as_array_mut().unwrap().push(more);
        }
        let run = stage.run("clinic", stage::CAMPAIGN, &stage::people(1)).await;
        stage.sender().drain().await;
        let seen = stage.stub.seen.lock().unwrap().clone();
        stage.receipts(&seen, "delivered", None).await;
        let run = run::get(&store, run).await.unwrap().unwrap();
        let target = store.dir.path().join("phone.csv");
        stage.engine.make_result(&run, Kind::Phone, &target).await.unwrap();
        let text = std::fs::read_to_string(&target).unwrap();
        assert_eq!(text.lines().count() - 1, listed, "{buttons} {text}");
    }
}

#[tokio::test]
async fn what_stands_above_the_header_and_how_lines_end_come_back_as_they_were() {
    let store = stores().await.remove(0);
    for (no, end) in ["\n", "\r\n"].into_iter().enumerate() {
        let dir = store.dir.path().join(no.to_string());
        std::fs::create_dir(&dir).unwrap();
        let stage = Stage::new(&store, &dir).await;
        let above = ["Clínica X;;", "Generado;24/11/2026;", ""].join(end);
        let audience = format!("{above}{end}nombre;telefono;nota{end}José;+549115000001{no};x{end}");
        let run = stage.run(&format!("titled{no}"), stage::CAMPAIGN, &audience).await;
        let run = run::get(&store, run).await.unwrap().unwrap();
        let target = dir.join("own.csv");
        stage.engine.make_result(&run, Kind::Own, &target).await.unwrap();
        let own = std::fs::read_to_string(&target).unwrap();
        assert!(own.starts_with(&format!("{above}{end}nombre;telefono;nota;Estado;")), "{own:?}");
        assert_eq!((own.contains('\r'), own.lines().count()), (end == "\r\n", 5), "{own:?}");
        let target = dir.join("own.xlsx");
        stage.engine.make_result(&run, Kind::OwnSheet, &target).await.unwrap();
        let sheet = sheet_xml(&target);
        assert!(cell(&sheet, "A1").contains("Clínica X") && cell(&sheet, "A4").contains("nombre"), "{sheet}");
    }
}

#[tokio::test]
async fn a_workbook_comes_back_with_its_sheets_name_and_as_a_text_as_people_write_numbers_and_dates() {
    let store = stores().await.remove(0);
    let stage = Stage::new(&store, store.dir.path()).await;
    let xml = r#"<worksheet><sheetData>
        <row r="1"><c r="A1" t="str"><v>Clínica X</v></c></row>
        <row r="3"><c r="A3" t="str"><v>nombre</v></c><c r="B3" t="str"><v>telefono</v></c><c r="C3" t="str"><v>saldo</v></c><c r="D3" t="str"><v>fecha</v></c></row>
        <row r="4"><c r="A4" t="str"><v>Ana</v></c><c r="B4" t="str"><v>+5491155550001</v></c><c r="C4"><v>1234.5</v></c><c r="D4" s="1"><v>46354</v></c></row>
        </sheetData></worksheet>"#;
    let book = workbook_of(&[("Turnos", xml.as_bytes())]);
    let campaign = stage::CAMPAIGN.replace("people.csv", "people.xlsx");
    let loaded = stage.engine.load_campaign("book", &campaign, Some(("people.xlsx", book)), "ana").await.unwrap();
    let recado::engine::Loaded::Version { version, .. } = loaded else { panic!("{loaded:?}") };
    let StartOutcome::Started(id) = stage.engine.start(version, "ana").await.unwrap() else { panic!() };
    while Planner::new(stage.engine.clone()).step().await.unwrap() {}
    let run = run::get(&store, id).await.unwrap().unwrap();
    let target = store.dir.path().join("own.csv");
    stage.engine.make_result(&run, Kind::Own, &target).await.unwrap();
    let own = std::fs::read_to_string(&target).unwrap();
    assert!(own.contains("Ana;+5491155550001;1234,5;28/11/2026;En cola;"), "{own}");
    assert!(own.starts_with("\u{feff}Clínica X\r\n\r\nnombre;"), "{own:?}");
    let target = store.dir.path().join("own.xlsx");
    stage.engine.make_result(&run, Kind::OwnSheet, &target).await.unwrap();
    let bytes = std::fs::read(&target).unwrap();
    assert!(part(&bytes, "xl/workbook.xml").contains("name=\"Turnos\""));
    assert!(cell(&sheet_xml(&target), "C4").ends_with("<v>1234.5</v>"));
    assert!(part(&bytes, "xl/styles.xml").contains("dd/mm/yyyy"));
}
