//! Peak memory of the daemon with a million messages queued, while it sends.

use std::fs;
use std::time::Duration;

use tokio::time::sleep;

use super::line::Line;
use super::rig::{Audience, Database, Folder, Rig, Setup};

const PEOPLE: u32 = 1_000_000;
/// How long it sends after everything is planned.
const SPAN: Duration = Duration::from_secs(30);

/// One line for each database.
pub async fn measure(print: &dyn Fn(&Line)) {
    for database in Database::both().await {
        let what = format!("peak memory in MB, 1 million queued, sending, {}", database.name());
        let sandbox = ["--any-template", "--quiet", "--throughput", "1000"].map(str::to_owned).to_vec();
        let rig = Rig::start(Setup { sandbox, ..Setup::new(database) }).await;
        let run =
            rig.start_folder(&Folder::new("million", "reminder", "front", Audience { people: PEOPLE, from: 0 })).await;
        while !rig.get(&format!("/api/v1/runs/{run}")).await["rows_read"].is_i64() {
            sleep(Duration::from_millis(200)).await;
        }
        sleep(SPAN).await;
        let sent = rig.stats().await.accepted;
        let mb = rig.daemon().peak_memory_kib() as f64 * 1_024.0 / 1_000_000.0;
        print(&Line { what, value: mb, bar: -80.0, from: format!("{sent} sent meanwhile") });
    }
}

impl Rig {
    /// Puts a campaign where the watcher finds it, waits until it is loaded, and starts it; its run.
    pub async fn start_folder(&self, folder: &Folder) -> i64 {
        let dir = self.path().join("data/campaigns").join(&folder.name);
        fs::create_dir_all(&dir).unwrap();
        fs::write(dir.join("people.csv"), &folder.audience).unwrap();
        fs::write(dir.join("campaign.toml"), &folder.definition).unwrap();
        loop {
            let known = self.get("/api/v1/campaigns").await;
            let found = known["items"].as_array().unwrap().iter().find(|c| c["name"] == folder.name.as_str());
            if let Some((id, version)) = found.and_then(|c| Some((c["id"].as_i64()?, c["version"].as_i64()?))) {
                let body = serde_json::json!({ "version": version });
                return self.post(&format!("/api/v1/campaigns/{id}/start"), &body).await["run"].as_i64().unwrap();
            }
            sleep(Duration::from_millis(200)).await;
        }
    }
}
