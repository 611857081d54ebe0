//! Files that people get back: their own with what became of each row, answers for their system, whom to phone.

use std::path::Path;
use std::time::Duration;

use recado::domain::id::MessageId;
use recado::domain::message::MessageState;
use recado::engine::StartOutcome;
use recado::engine::planner::Planner;
use recado::engine::results::{Kind, Made, Writer};
use recado::store::outcome::{self, Certainty, NewOutcome};
use recado::store::run;
use recado::store::view::result;
use tokio_util::sync::CancellationToken;

use super::feeds::clinic;
use super::force;
use super::given_back::{cell, sheet_xml};
use super::stage::Stage;
use crate::support::stores;

/// As a clinic's system writes it: Windows-1252, semicolons, a formula in a name, a row without a phone.
fn audience() -> Vec<u8> {
    let text = "id;Paciente;telefono;turno;Unidad\r\n\
        0012;Núñez, Ana;+5491155550001;25/11/2026 09:00;Norte\r\n\
        B;=HYPERLINK(\"http://x\");+5491155550002;25/11/2026 09:15;Sur\r\n\
        C;Eva;;25/11/2026 10:00;Norte\r\n\
        D;Sol;+54 9 11 5555-0004;25/11/2026 09:30;Norte\r\n\
        E;Luz;+5491155550005;27/11/2026 09:30;Sur\r\n";
    encoding_rs::WINDOWS_1252.encode(text).0.into_owned()
}

fn campaign() -> String {
    clinic("cost_centre = { column = \"Unidad\" }\ncontains = \"everything ahead\"").replace("nombre", "paciente")
        + "[replies]\ntyped = { \"confirmed\" = [\"si\"] }\n"
}

pub(super) async fn ran(stage: &Stage) -> run::Run {
    let loaded =
        stage.engine.load_campaign("clinic", &campaign(), Some(("people.csv", audience())), "ana").await.unwrap();
    let recado::engine::Loaded::Version { version, .. } = loaded else { panic!("{loaded:?}") };
    let StartOutcome::Started(id) = stage.engine.start(version, "ana").await.unwrap() else { panic!() };
    while Planner::new(stage.engine.clone()).step().await.unwrap() {}
    stage.clock.advance(Duration::from_mins(1));
    stage.sender().drain().await;
    let seen = stage.stub.seen.lock().unwrap().clone();
    stage.receipts(&seen[..2], "delivered", None).await;
    stage.receipts(&seen[2..3], "failed", Some(131_026)).await;
    let mut tx = stage.engine.store.begin().await.unwrap();
    let (message, at) = (seen[0].message, stage.clock.now());
    let said = NewOutcome { message, entry: None, outcome: "confirmed", certainty: Certainty::Certain, set_by: "", at };
    outcome::add(&mut tx, &said).await.unwrap();
    tx.commit().await.unwrap();
    run::get(&stage.engine.store, id).await.unwrap().unwrap()
}

pub(super) fn read(path: &Path) -> String {
    encoding_rs::WINDOWS_1252.decode(&std::fs::read(path).unwrap()).0.into_owned()
}

#[tokio::test]
async fn the_users_own_file_comes_back_in_its_order_delimiter_and_encoding() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let run = ran(&stage).await;
        let target = store.dir.path().join("own.csv");
        assert_eq!(stage.engine.make_result(&run, Kind::Own, &target).await.unwrap(), Made::Written);
        let text = read(&target);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 6, "{text}");
        assert_eq!(
            lines[0],
            "id;Paciente;telefono;turno;Unidad;Estado;Enviado;Entregado;Leído;Motivo;Costo;Moneda;Respuesta"
        );
        let sent = "2026-11-24 10:01";
        assert!(
            lines[1].starts_with(&format!(
                "0012;Núñez, Ana;+5491155550001;25/11/2026 09:00;Norte;Entregado;{sent};{sent};;;"
            )),
            "{} {}",
            store.name(),
            lines[1]
        );
        assert!(lines[1].ends_with(";Confirmó"), "{}", lines[1]);
        assert!(lines[2].starts_with("B;\"=HYPERLINK(\"\"http://x\"\")\";+5491155550002;"), "{}", lines[2]);
        assert!(lines[2].ends_with(";Sin respuesta"), "{}", lines[2]);
        assert!(lines[3].contains(";No enviado;"), "{}", lines[3]);
        assert!(
            lines[4].starts_with("D;Sol;+54 9 11 5555-0004;") && lines[4].contains(";No se pudo entregar;"),
            "{}",
            lines[4]
        );
        assert!(lines[5].ends_with(";En cola;;;;;;;"), "{}", lines[5]);
        let target = store.dir.path().join("own.xlsx");
        assert_eq!(stage.engine.make_result(&run, Kind::OwnSheet, &target).await.unwrap(), Made::Written);
        assert!(std::fs::read(&target).unwrap().starts_with(b"PK"), "{}", store.name());
    }
}

#[tokio::test]
async fn a_row_that_cannot_be_read_comes_back_as_it_stood_and_can_be_phoned() {
    let store = stores().await.remove(0);
    let stage = Stage::new(&store, store.dir.path()).await;
    let text = "id;Paciente;telefono;turno;Estado\nA;Ana;+5491155550001;25/11/2026 09:00;según acordó\nB;Eva;+5491155550002;25/11/2026 10:00\nC;Sol;+5491155550003;25/11/2026 11:00;x;more\nD;Luc";
    // A byte of Latin-1 in a file that is UTF-8.
    let text = [text.as_bytes(), b"\xEDa;+5491155550004;25/11/2026 12:00;ma\xC3\xB1ana\n"].concat();
    let file = clinic("").replace("nombre", "paciente");
    let loaded = stage.engine.load_campaign("clinic", &file, Some(("people.csv", text)), "ana").await.unwrap();
    let recado::engine::Loaded::Version { version, .. } = loaded else { panic!("{loaded:?}") };
    let StartOutcome::Started(id) = stage.engine.start(version, "ana").await.unwrap() else { panic!() };
    while Planner::new(stage.engine.clone()).step().await.unwrap() {}
    let run = run::get(&stage.engine.store, id).await.unwrap().unwrap();
    let target = store.dir.path().join("own.csv");
    stage.engine.make_result(&run, Kind::Own, &target).await.unwrap();
    let bytes = std::fs::read(&target).unwrap();
    assert!(bytes.windows(7).any(|part| part == b"Luc\xEDa;+"), "{}", String::from_utf8_lossy(&bytes));
    let own = String::from_utf8_lossy(&bytes).into_owned();
    let lines: Vec<&str> = own.lines().collect();
    // The user has a column of that name: ours says whose it is.
    assert!(lines[0].contains(";Estado;Estado (Recado);Enviado;"), "{own}");
    assert!(lines[2].starts_with("B;Eva;+5491155550002;25/11/2026 10:00;;No enviado;"), "{own}");
    assert!(lines[3].starts_with("C;Sol;+5491155550003;25/11/2026 11:00;\"x;more\";No enviado;"), "{own}");
    assert!(lines[4].contains("+5491155550004;25/11/2026 12:00;mañana;No enviado;"), "{own}");
    stage.engine.make_result(&run, Kind::OwnSheet, &store.dir.path().join("own.xlsx")).await.unwrap();
    stage.engine.make_result(&run, Kind::Phone, &target).await.unwrap();
    let phone = std::fs::read_to_string(&target).unwrap();
    assert!(phone.contains(";B · Eva · +5491155550002 · 25/11/2026 10:00;+5491155550002;"), "{phone}");
}

#[tokio::test]
async fn what_happened_today_comes_back_with_the_users_own_columns() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let run = ran(&stage).await;
        let target = store.dir.path().join("day.csv");
        assert_eq!(stage.engine.make_result(&run, Kind::Day, &target).await.unwrap(), Made::Written);
        let text = read(&target);
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].starts_with("id;Paciente;telefono;turno;Unidad;Estado;"), "{text}");
        let whose: Vec<String> = lines[1..].iter().map(|l| l.split(';').next().unwrap().to_owned()).collect();
        assert_eq!(whose, ["0012", "B", "D"], "{} {text}", store.name());
        assert!(lines[1].contains(";+5491155550001;25/11/2026 09:00;Norte;Entregado;"), "{text}");
        // A later file with another header: its rows of today stand below the names they share.
        let later = "Unidad;id;Paciente;telefono;turno;Nota\nNorte;F;Ivo;+5491155550006;25/11/2026 09:45;x\n";
        let file = campaign().replace("\"everything ahead\"", "\"only changes\"");
        stage.engine.load_campaign("clinic", &file, Some(("people.csv", later.into())), "ana").await.unwrap();
    }
}

#[tokio::test]
async fn what_was_sent_before_a_later_file_stays_told_with_what_it_cost() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let campaign = clinic("contains = \"everything ahead\"");
        let first = super::feeds::rows(&[("A", "25/11/2026 09:00"), ("B", "25/11/2026 09:30")]);
        let run = super::feeds::apply(&stage, &campaign, &first).await;
        stage.clock.advance(Duration::from_mins(1));
        stage.sender().drain().await;
        let seen = stage.stub.seen.lock().unwrap().clone();
        stage.receipts(&seen, "delivered", None).await;
        super::change(&store, "UPDATE message SET charged = 26000 WHERE state = 'delivered'").await;
        // A moves, and of B the phone is gone.
        let second = first.replace("25/11/2026 09:00", "28/11/2026 09:00").replace("B,Ana,", "B,Ana,x");
        let version = stage.load("clinic", &campaign, &second).await;
        let StartOutcome::Started(_) = stage.engine.start_anyway(version, "ana").await.unwrap() else { panic!() };
        while Planner::new(stage.engine.clone()).step().await.unwrap() {}
        let run = run::get(&stage.engine.store, run).await.unwrap().unwrap();
        let target = store.dir.path().join("own.csv");
        stage.engine.make_result(&run, Kind::Own, &target).await.unwrap();
        let own = std::fs::read_to_string(&target).unwrap();
        let lines: Vec<&str> = own.lines().collect();
        assert!(
            lines[1].contains(",En cola,,,,antes: Entregado 2026-11-24 10:01,0.026,USD,"),
            "{} {own}",
            store.name()
        );
        assert!(
            lines[2].contains(",Entregado,2026-11-24 10:01,") && lines[2].contains(",0.026,USD,"),
            "{} {own}",
            store.name()
        );
    }
}

#[tokio::test]
async fn amounts_are_written_as_where_the_file_comes_from_writes_them() {
    let store = stores().await.remove(0);
    let stage = Stage::new(&store, store.dir.path()).await;
    let run = ran(&stage).await;
    super::change(&store, "UPDATE message SET charged = 26000 WHERE external_id = '0012'").await;
    let target = store.dir.path().join("own.csv");
    stage.engine.make_result(&run, Kind::Own, &target).await.unwrap();
    assert!(read(&target).lines().nth(1).unwrap().contains(";0,026;USD;"), "{}", read(&target));
}

#[tokio::test]
async fn whoever_wants_no_promotions_is_not_phoned_about_one() {
    let store = stores().await.remove(0);
    let stage = Stage::new(&store, store.dir.path()).await;
    let promotion = crate::engine::stage::CAMPAIGN.replace("\"reminder\"\nsender", "\"promotion\"\nsender");
    let version = stage.load("promo", &promotion, &crate::engine::stage::people(2)).await;
    let StartOutcome::Started(id) = stage.engine.start(version, "ana").await.unwrap() else { panic!() };
    while Planner::new(stage.engine.clone()).step().await.unwrap() {}
    stage.sender().drain().await;
    let seen = stage.stub.seen.lock().unwrap().clone();
    stage.receipts(&seen[..1], "failed", Some(131_050)).await;
    stage.receipts(&seen[1..], "failed", Some(131_026)).await;
    let run = run::get(&stage.engine.store, id).await.unwrap().unwrap();
    let target = store.dir.path().join("phone.csv");
    stage.engine.make_result(&run, Kind::Phone, &target).await.unwrap();
    assert_eq!(std::fs::read_to_string(&target).unwrap().lines().count(), 2, "the header and the other one");
}

#[tokio::test]
async fn the_outcome_file_holds_ids_and_fixed_words_alone() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let run = ran(&stage).await;
        let target = store.dir.path().join("outcomes.csv");
        stage.engine.make_result(&run, Kind::Outcomes, &target).await.unwrap();
        assert_eq!(read(&target), "id;outcome\r\n0012;confirmed\r\nB;no_answer\r\n", "{}", store.name());
    }
}

#[tokio::test]
async fn whoever_was_not_reached_or_has_not_answered_is_to_be_phoned_and_nobody_else() {
    use MessageState as S;
    const STATES: [(S, bool); 10] = [
        (S::Failed, true),
        (S::Expired, true),
        (S::Undelivered, true),
        (S::InDoubt, true),
        (S::Delivered, true),
        (S::Read, true),
        (S::Queued, false),
        (S::Accepted, false),
        (S::Sent, false),
        (S::Cancelled, false),
    ];
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let rows = (0..STATES.len()).map(|no| format!("I{no};Ana;+54911555500{no:02};26/11/2026 10:00;Norte\n"));
        let text =
            format!("id;Paciente;telefono;turno;Unidad\n{}X;Eva;nada;26/11/2026 10:00;Sur\n", rows.collect::<String>());
        let loaded =
            stage.engine.load_campaign("clinic", &campaign(), Some(("people.csv", text.into())), "ana").await.unwrap();
        let recado::engine::Loaded::Version { version, .. } = loaded else { panic!("{loaded:?}") };
        let StartOutcome::Started(id) = stage.engine.start(version, "ana").await.unwrap() else { panic!() };
        while Planner::new(stage.engine.clone()).step().await.unwrap() {}
        let run = run::get(&store, id).await.unwrap().unwrap();
        let planned = result::of_run(&store, (id, 0), MessageId(0), 100).await.unwrap();
        for (told, (state, _)) in planned.iter().zip(STATES) {
            force(&store, told.id, state).await;
        }
        let target = store.dir.path().join("phone.csv");
        stage.engine.make_result(&run, Kind::Phone, &target).await.unwrap();
        let text = std::fs::read_to_string(&target).unwrap();
        let listed: Vec<&str> = text.lines().skip(1).filter_map(|line| line.split(';').nth(2)).collect();
        let wanted = STATES.iter().enumerate().filter(|(_, (_, wanted))| *wanted).map(|(no, _)| format!("I{no}"));
        let wanted: Vec<String> = wanted.chain(["X".to_owned()]).collect();
        assert_eq!(listed, wanted, "{} {text}", store.name());
    }
}

#[tokio::test]
async fn whom_to_phone_is_listed_by_cost_centre_with_the_hours_left() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let run = ran(&stage).await;
        let target = store.dir.path().join("phone.csv");
        stage.engine.make_result(&run, Kind::Phone, &target).await.unwrap();
        let text = read(&target);
        let rows: Vec<Vec<&str>> = text.lines().skip(1).map(|line| line.split(';').take(3).collect()).collect();
        assert_eq!(rows, [["Norte", "23", "D"], ["Norte", "23", "C"], ["Sur", "23", "B"]], "{} {text}", store.name());
        // What is past needs no call.
        stage.clock.advance(Duration::from_hours(30));
        stage.engine.make_result(&run, Kind::Phone, &target).await.unwrap();
        assert_eq!(read(&target).lines().count(), 1, "{}", store.name());
    }
}

#[tokio::test]
async fn the_folder_gets_the_files_when_something_is_new_and_is_not_loaded_for_them() {
    use recado::engine::watcher::Watcher;
    let store = stores().await.remove(0);
    let stage = Stage::new(&store, store.dir.path()).await;
    let run = ran(&stage).await;
    let folder = stage.engine.config.campaigns_dir.join("clinic");
    let mut writer = Writer::new(stage.engine.clone());
    let mut watcher = Watcher::new(stage.engine.clone());
    for _ in 0..3 {
        watcher.step().await.unwrap();
    }
    assert_eq!(writer.step().await.unwrap(), 1);
    assert_eq!(writer.step().await.unwrap(), 0, "nothing is new");
    let mut names: Vec<String> =
        std::fs::read_dir(folder.join("out")).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    let of_run = format!("results-run-{}", run.id);
    let expected = [
        "outcomes.csv".to_owned(),
        "please-phone.csv".to_owned(),
        "please-phone.xlsx".to_owned(),
        "results-2026-11-24.csv".to_owned(),
        "results-2026-11-24.xlsx".to_owned(),
        format!("{of_run}.csv"),
        format!("{of_run}.xlsx"),
    ];
    assert_eq!(names, expected);
    let today = read(&folder.join("out/results-2026-11-24.csv"));
    assert_eq!(today.lines().count(), 4, "{today}");
    assert_eq!(watcher.step().await.unwrap() + watcher.step().await.unwrap(), 0, "what Recado writes is not looked at");
    let id = stage.stub.seen.lock().unwrap()[1].message;
    super::force(&store, id, MessageState::Read).await;
    super::change(&store, "UPDATE message SET read_at = 1795525300000 WHERE state = 'read'").await;
    stage.clock.advance(Duration::from_mins(11));
    assert_eq!(writer.step().await.unwrap(), 1);
}

#[tokio::test]
async fn files_that_are_half_written_are_given_up_when_the_daemon_stops() {
    let store = stores().await.remove(0);
    let stage = Stage::new(&store, store.dir.path()).await;
    ran(&stage).await;
    let out = stage.engine.config.campaigns_dir.join("clinic/out");
    let stop = CancellationToken::new();
    let mut writing = std::pin::pin!(Writer::new(stage.engine.clone()).run(stop.clone()));
    tokio::select! { biased; () = &mut writing => panic!("nobody has stopped it"), () = std::future::ready(()) => {} }
    stop.cancel();
    writing.await;
    assert!(!out.join("outcomes.csv").exists());
    assert_eq!(Writer::new(stage.engine.clone()).step().await.unwrap(), 1, "the next start makes them");
    assert!(out.join("outcomes.csv").exists());
}

#[tokio::test]
async fn numbers_and_dates_of_a_workbook_are_numbers_and_dates_and_no_text_has_an_apostrophe() {
    let store = stores().await.remove(0);
    let stage = Stage::new(&store, store.dir.path()).await;
    let run = ran(&stage).await;
    super::change(&store, "UPDATE message SET charged = 26000 WHERE external_id = '0012'").await;
    let target = store.dir.path().join("own.xlsx");
    assert_eq!(stage.engine.make_result(&run, Kind::OwnSheet, &target).await.unwrap(), Made::Written);
    let own = sheet_xml(&target);
    // The user's five columns, then: state, sent, delivered, read, reason, cost.
    assert!(cell(&own, "K2").ends_with("<v>0.026</v>") && !cell(&own, "K2").contains("t="), "{}", cell(&own, "K2"));
    assert!(cell(&own, "G2").contains("<v>46350.4") && !cell(&own, "G2").contains("t="), "{}", cell(&own, "G2"));
    assert!(cell(&own, "A2").contains("0012") && cell(&own, "A2").contains("t="), "an id stays a text");
    assert!(own.contains(">=HYPERLINK(") && !own.contains("'=HYPERLINK("), "{own}");
    let target = store.dir.path().join("phone.xlsx");
    stage.engine.make_result(&run, Kind::PhoneSheet, &target).await.unwrap();
    let phone = sheet_xml(&target);
    assert!(cell(&phone, "B2").ends_with("<v>23</v>") && !cell(&phone, "B2").contains("t="), "{}", cell(&phone, "B2"));
    assert!(cell(&phone, "F2").contains("<v>46351.") && !cell(&phone, "F2").contains("t="), "{}", cell(&phone, "F2"));
}

#[tokio::test]
async fn a_text_has_a_mark_only_where_the_users_own_has_one() {
    let store = stores().await.remove(0);
    for (no, mark) in ["", "\u{feff}"].into_iter().enumerate() {
        let dir = store.dir.path().join(no.to_string());
        std::fs::create_dir(&dir).unwrap();
        let stage = Stage::new(&store, &dir).await;
        let audience = format!("{mark}nombre,telefono\nJosé,+549115000000{no}\n");
        let run = stage.run(&format!("c{no}"), super::stage::CAMPAIGN, &audience).await;
        let run = run::get(&store, run).await.unwrap().unwrap();
        for kind in [Kind::Own, Kind::Day, Kind::Phone, Kind::Outcomes] {
            let target = dir.join("made.csv");
            stage.engine.make_result(&run, kind, &target).await.unwrap();
            let made = std::fs::read_to_string(&target).unwrap();
            assert_eq!(made.starts_with('\u{feff}'), !mark.is_empty(), "{kind:?} {made}");
        }
    }
}

#[tokio::test]
async fn the_rows_of_a_standing_run_come_back_in_their_order_whatever_order_they_were_named_in() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let campaign = clinic("contains = \"everything ahead\"");
        let ids: Vec<String> = (0..30).map(|no| format!("R{no}")).collect();
        let all: Vec<(&str, &str)> = ids.iter().map(|id| (id.as_str(), "28/11/2026 09:00")).collect();
        super::feeds::apply(&stage, &campaign, &super::feeds::rows(&all)).await;
        let backwards: Vec<(&str, &str)> = all.iter().rev().copied().collect();
        let run = super::feeds::apply(&stage, &campaign, &super::feeds::rows(&backwards)).await;
        let run = run::get(&stage.engine.store, run).await.unwrap().unwrap();
        let target = store.dir.path().join("own.csv");
        stage.engine.make_result(&run, Kind::Own, &target).await.unwrap();
        let own = std::fs::read_to_string(&target).unwrap();
        let told: Vec<&str> = own.lines().skip(1).map(|line| line.split(',').next().unwrap()).collect();
        assert_eq!(told, backwards.iter().map(|(id, _)| *id).collect::<Vec<_>>(), "{}", store.name());
        assert!(own.lines().skip(1).all(|line| line.contains(",En cola,")), "{} {own}", store.name());
    }
}
