//! Audience files of a million rows and more: the time to load and check one, from the moment it lies in the watched folder
//! to the sheet, over `sqlite3 .import` of the same file; and the daemon's peak memory meanwhile.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use tokio::process::Command;
use tokio::time::sleep;

use super::line::{Line, median};
use super::package::xlsx;
use super::rig::{Audience, Database, Folder, Rig, Setup};

const ROWS: u32 = 1_000_000;
const MANY: u32 = 5_000_000;
const ROUNDS: u32 = 5;

/// The lines of this part.
pub async fn measure(print: &dyn Fn(&Line)) {
    let dir = tempfile::tempdir().unwrap();
    let million = dir.path().join("million.csv");
    csv(&million, ROWS);
    let mut rig = start().await;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        theirs.push(import(&million, &dir.path().join(format!("{round}.db"))).await);
        ours.push(load(&rig, &format!("round{round}"), &million, ROWS).await);
    }
    let (ours, theirs) = (median(ours), median(theirs));
    let what = "1,000,000 rows of CSV loaded and checked ÷ sqlite3 .import".to_owned();
    print(&Line { what, value: ours / theirs, bar: -10.0, from: format!("{ours:.1} s over {theirs:.1} s") });
    memory(print, &rig, "1,000,000 rows of CSV", -100.0);

    rig.kill_daemon().await;
    let many = dir.path().join("many.csv");
    csv(&many, MANY);
    let rig = start().await;
    let took = load(&rig, "many", &many, MANY).await;
    memory(print, &rig, &format!("5,000,000 rows of CSV ({took:.0} s)"), -100.0);

    let book = dir.path().join("million.xlsx");
    fs::write(&book, workbook(ROWS)).unwrap();
    let rig = start().await;
    let took = load(&rig, "book", &book, ROWS).await;
    memory(print, &rig, &format!("1,000,000 rows of XLSX ({took:.0} s)"), -400.0);
}

async fn start() -> Rig {
    let sandbox = ["--any-template", "--quiet"].map(str::to_owned).to_vec();
    let sqlite = Database::both().await.into_iter().next().unwrap();
    Rig::start(Setup { sandbox, ..Setup::new(sqlite) }).await
}

fn memory(print: &dyn Fn(&Line), rig: &Rig, of: &str, bar: f64) {
    let mb = rig.daemon().peak_memory_kib() as f64 * 1_024.0 / 1_000_000.0;
    print(&Line { what: format!("peak memory in MB, loading and checking {of}"), value: mb, bar, from: String::new() });
}

/// Seconds from the moment the folder is whole to its sheet.
async fn load(rig: &Rig, name: &str, audience: &Path, rows: u32) -> f64 {
    let dir = rig.path().join("data/campaigns").join(name);
    fs::create_dir_all(&dir).unwrap();
    let file = format!("people.{}", audience.extension().unwrap().to_str().unwrap());
    fs::hard_link(audience, dir.join(&file)).or_else(|_| fs::copy(audience, dir.join(&file)).map(drop)).unwrap();
    let campaign = Folder::new(name, "reminder", "front", Audience { people: 0, from: 0 }).definition;
    fs::write(dir.join("campaign.toml"), campaign.replace("people.csv", &file)).unwrap();
    let started = Instant::now();
    let id = loop {
        let known = rig.get("/api/v1/campaigns").await;
        let found = known["items"].as_array().unwrap().iter().find(|c| c["name"] == name && c["version"].is_i64());
        if let Some(id) = found.and_then(|c| c["id"].as_i64()) {
            break id;
        }
        sleep(Duration::from_millis(50)).await;
    };
    let sheet = rig.get(&format!("/api/v1/campaigns/{id}/preflight")).await;
    assert_eq!(sheet["messages"].as_u64(), Some(u64::from(rows)), "{}", sheet["blockers"]);
    started.elapsed().as_secs_f64()
}

/// Seconds that SQLite's own shell takes.
async fn import(audience: &Path, database: &Path) -> f64 {
    let started = Instant::now();
    let import = format!(".import {} people", audience.display());
    let status = Command::new("sqlite3").arg(database).args([".mode csv", &import]).stdout(Stdio::null()).status();
    assert!(status.await.unwrap().success());
    started.elapsed().as_secs_f64()
}

fn row(no: u32) -> [String; 6] {
    // Eight digits that do not end in 99xx: those are the sandbox's people with a part to play.
    let local = 10_000_000 + u64::from(no / 9_000) * 10_000 + u64::from(no % 9_000);
    let [unit, doctor] = [["Norte", "Sur"], ["Dr Pérez", "Dra Núñez"]].map(|both| both[no as usize % 2].to_owned());
    [no.to_string(), format!("+54911{local}"), format!("Persona {no}"), unit, doctor, (no % 40).to_string()]
}

const HEADER: [&str; 6] = ["id", "phone", "name", "unit", "doctor", "room"];

fn csv(path: &Path, rows: u32) {
    let mut out = BufWriter::new(File::create(path).unwrap());
    writeln!(out, "{}", HEADER.join(",")).unwrap();
    for no in 0..rows {
        writeln!(out, "{}", row(no).join(",")).unwrap();
    }
    out.flush().unwrap();
}

/// A workbook as Excel writes one: texts are shared, numbers are not.
fn workbook(rows: u32) -> Vec<u8> {
    let mut sheet = "<worksheet><sheetData><row r=\"1\">".to_owned();
    let mut strings: Vec<String> = HEADER.iter().map(|&text| text.to_owned()).collect();
    for (at, _) in HEADER.iter().enumerate() {
        write!(sheet, "<c r=\"{}1\" t=\"s\"><v>{at}</v></c>", char::from(b'A' + at as u8)).unwrap();
    }
    sheet += "</row>";
    strings.extend(["Norte", "Sur", "Dr Pérez", "Dra Núñez"].map(str::to_owned));
    for no in 0..rows {
        let line = no + 2;
        let [id, phone, name, _, _, room] = row(no);
        let first = strings.len();
        strings.extend([phone, name]);
        let (second, unit, doctor) = (first + 1, 6 + no % 2, 8 + no % 2);
        write!(
            sheet,
            "<row r=\"{line}\"><c r=\"A{line}\"><v>{id}</v></c><c r=\"B{line}\" t=\"s\"><v>{first}</v></c>\
             <c r=\"C{line}\" t=\"s\"><v>{second}</v></c><c r=\"D{line}\" t=\"s\"><v>{unit}</v></c>\
             <c r=\"E{line}\" t=\"s\"><v>{doctor}</v></c><c r=\"F{line}\"><v>{room}</v></c></row>"
        )
        .unwrap();
    }
    sheet += "</sheetData></worksheet>";
    let strings: Vec<&str> = strings.iter().map(String::as_str).collect();
    xlsx(&[("Hoja1", "", sheet.as_bytes())], &strings)
}
