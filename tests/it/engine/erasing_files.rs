//! Erasing a person reaches the files that Recado itself wrote, and names no file that does not name them.

use std::path::Path;

use recado::engine::planner::Planner;
use recado::engine::results::Writer;

use super::stage::{CAMPAIGN, Stage};
use crate::support::stores;

const AUDIENCE: &str = "nombre,telefono\nAna Paz,+5491155550123\nEva Sol,+5491155550124\n";

/// Files of a folder in which the digits stand, also inside workbooks.
fn naming(dir: &Path, digits: &str) -> Vec<String> {
    let mut named = Vec::new();
    for file in std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file()) {
        let lines = recado::intake::audience::Audience::open(&file).map(|audience| {
            let cells = audience.lines().unwrap().filter_map(|line| match line {
                recado::intake::audience::Line::Cells(cells) => Some(cells.join(" ")),
                recado::intake::audience::Line::Unreadable(..) => None,
            });
            cells.collect::<String>()
        });
        let text = String::from_utf8_lossy(&std::fs::read(&file).unwrap()).into_owned() + &lines.unwrap_or_default();
        if text.contains(digits) {
            named.push(file.file_name().unwrap().to_string_lossy().into_owned());
        }
    }
    named.sort();
    named
}

#[tokio::test]
async fn erasing_a_person_rewrites_recados_own_files_and_names_only_those_that_name_her() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        stage.run("turnos", CAMPAIGN, AUDIENCE).await;
        while Planner::new(stage.engine.clone()).step().await.unwrap() {}
        stage.sender().drain().await;
        Writer::new(stage.engine.clone()).step().await.unwrap();
        let folder = stage.engine.config.campaigns_dir.join("turnos");
        let out = folder.join("out");
        // Of a day that has passed: nothing makes it any more.
        std::fs::copy(out.join("results-run-1.csv"), out.join("results-2026-11-20.csv")).unwrap();
        std::fs::copy(out.join("results-run-1.xlsx"), out.join("results-2026-11-20.xlsx")).unwrap();
        // A file that was refused because it is empty, and one that names somebody else.
        let audiences = stage.engine.config.server.data_dir.join("audiences");
        std::fs::create_dir_all(folder.join("used")).unwrap();
        std::fs::write(folder.join("used/old.csv"), AUDIENCE).unwrap();
        std::fs::write(folder.join("other.csv"), "nombre,telefono\nSol,+5491155559999\n").unwrap();
        let hash: String = std::fs::read_dir(&audiences)
            .unwrap()
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .next()
            .unwrap();
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        std::fs::write(audiences.join(empty), "").unwrap();
        let version = format!("INSERT INTO version (campaign_id, definition, audience_name, audience_hash, content_hash, rows_hash, loaded_at, loaded_by)
                SELECT campaign_id, definition, 'empty.csv', '{empty}', 'x', 'x', loaded_at, loaded_by FROM version WHERE audience_hash = '{hash}'");
        super::change(&store, &version).await;
        assert!(naming(&out, "5491155550123").len() > 3, "{:?}", naming(&out, "5491155550123"));

        let id = stage.engine.person_of("+5491155550123").await.unwrap().unwrap().unwrap().id;
        let erased = stage.engine.erase_person(id).await.unwrap().unwrap();
        assert_eq!(naming(&out, "5491155550123"), Vec::<String>::new(), "{}", store.name());
        assert_eq!(erased.left, ["turnos/people.csv", "turnos/used/old.csv"], "{}", store.name());
        assert!(naming(&out, "5491155550124").contains(&"results-run-1.csv".to_owned()), "the others stay");
        assert!(naming(&out, "5491155550124").contains(&"results-2026-11-20.csv".to_owned()));
    }
}
