//! Files that people get back: their own with what became of each row, answers for their system, whom to phone.

use std::path::Path;
use std::time::Duration;

use recado::domain::message::MessageState;
use recado::engine::StartOutcome;
use recado::engine::planner::Planner;
use recado::engine::results::{Kind, Made, Writer};
use recado::store::outcome::{self, Certainty, NewOutcome};
use recado::store::run;

use super::feeds::clinic;
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

async fn ran(stage: &Stage) -> run::Run {
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

fn read(path: &Path) -> String {
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
        assert!(lines[2].starts_with("B;\"'=HYPERLINK(\"\"http://x\"\")\";+5491155550002;"), "{}", lines[2]);
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
