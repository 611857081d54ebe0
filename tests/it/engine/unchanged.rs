//! The user's own cells come back as they stood.

use recado::engine::StartOutcome;
use recado::engine::planner::Planner;
use recado::engine::results::Kind;
use recado::store::run;

use super::feeds::clinic;
use super::stage::Stage;
use crate::support::stores;

#[tokio::test]
async fn cells_of_the_users_own_file_come_back_unchanged() {
    let store = stores().await.remove(0);
    let stage = Stage::new(&store, store.dir.path()).await;
    let cells = [
        "-Lía",
        "@user",
        "=1+1",
        "+u",
        "-",
        "'0123",
        "=\"1155777004\"",
        "  espacios  ",
        "\u{a0}",
        "FranÃ§ois",
        "\ttab",
        "a\u{200b}b",
    ];
    let row = |(no, cell): (usize, &&str)| {
        let quoted = cell.replace('"', "\"\"");
        format!("R{no};Ana;+54911555500{no:02};25/11/2026 09:00;\"{quoted}\";x\n")
    };
    let rows: Vec<String> = cells.iter().enumerate().map(row).collect();
    let text = format!("id;Paciente;telefono;turno;Nota;Unidad\n{}", rows.concat());
    let file = clinic("cost_centre = { column = \"Unidad\" }").replace("nombre", "paciente");
    let loaded = stage.engine.load_campaign("clinic", &file, Some(("people.csv", text.into())), "ana").await.unwrap();
    let recado::engine::Loaded::Version { version, .. } = loaded else { panic!("{loaded:?}") };
    let started = stage.engine.start(version, "ana").await.unwrap();
    let StartOutcome::Started(id) = started else { panic!("{started:?}") };
    while Planner::new(stage.engine.clone()).step().await.unwrap() {}
    let run = run::get(&stage.engine.store, id).await.unwrap().unwrap();
    let target = store.dir.path().join("own.csv");
    stage.engine.make_result(&run, Kind::Own, &target).await.unwrap();
    let bytes = std::fs::read(&target).unwrap();
    let mut reader = csv::ReaderBuilder::new().delimiter(b';').from_reader(bytes.as_slice());
    let notes: Vec<String> = reader.records().map(|record| record.unwrap()[4].to_owned()).collect();
    assert_eq!(notes, cells);
}
