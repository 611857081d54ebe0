//! The law's hours hold at the instant of sending too.

use std::time::Duration;

use super::stage::{Stage, reminder};
use crate::support::stores;

const PROMOTION: &str = r#"
kind     = "promotion"
sender   = "front"
file     = "people.csv"
timezone = "America/Argentina/Buenos_Aires"
country  = "AR"
[template]
name     = "reminder"
language = "es_AR"
[variables]
1 = "{{ nombre }}"
"#;

const PEOPLE: &str = "nombre,telefono\nAna,+573001234567\nEva,+5491155550102\n";

#[tokio::test]
async fn a_promotion_that_is_late_waits_for_the_hours_of_its_persons_law() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let mut template = reminder();
        template["category"] = "MARKETING".into();
        *stage.stub.template.lock().unwrap() = template;
        // Tuesday 10:00 in Buenos Aires is 08:00 in Bogotá: both are due at once.
        let run = stage.run("one", PROMOTION, PEOPLE).await;
        stage.clock.advance(Duration::from_hours(12));
        // Claimed both at 20:00 in Bogotá: hers waits until 07:00, his leaves.
        stage.sender().drain().await;
        assert_eq!(stage.stub.count(), 1, "{}", store.name());
        assert_eq!(stage.states(run).await.get("queued"), Some(&1), "{}", store.name());
        stage.clock.advance(Duration::from_hours(11));
        stage.sender().drain().await;
        assert_eq!(stage.stub.count(), 2, "{}: at seven it leaves", store.name());
    }
}

#[tokio::test]
async fn a_campaign_that_leaves_the_law_out_by_name_sends_at_any_hour() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let campaign = format!("{PROMOTION}[schedule.hours]\nwithout_law = \"co_ley_2300\"\n");
        stage.run("one", &campaign, PEOPLE).await;
        stage.clock.advance(Duration::from_hours(12));
        assert_eq!(stage.sender().drain().await, 2, "{}", store.name());
    }
}
