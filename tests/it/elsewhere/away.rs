//! Office hours: whoever writes when nobody is here is told so, once.

use std::time::Duration;

use crate::inbox::office::{ANA, Office, REPLIES};
use crate::support::stores;

/// NOW is a Tuesday, 10:00 in Buenos Aires.
const HOURS: &str = r#"
hours = "tarde"
[hours.tarde]
timezone = "America/Argentina/Buenos_Aires"
mon-thu  = "13:00-18:00"
holidays = ["2026-11-25"]
away     = { es = "Ahora no hay nadie. Respondemos {opens}.", pt = "Respondemos {opens}." }
"#;

const TEAM: &str = r#"
[hours.siempre]
timezone = "UTC"
mon-sun  = "00:00-24:00"
"#;

async fn told(office: &Office) -> Vec<String> {
    office.answers().await
}

#[tokio::test]
async fn whoever_writes_out_of_hours_is_told_when_somebody_answers_once_in_a_closed_time() {
    for store in stores().await {
        let office = Office::with(&store, HOURS);
        office.reply_to("106540352242923", ANA, crate::inbox::office::typed("Hola")).await;
        assert_eq!(told(&office).await, ["Ahora no hay nadie. Respondemos hoy a las 13:00."], "{}", store.name());
        office.clock.advance(Duration::from_mins(10));
        office.reply_to("106540352242923", ANA, crate::inbox::office::typed("¿Hay alguien?")).await;
        assert_eq!(told(&office).await.len(), 1, "once in a closed time");
        office.advance(4);
        office.reply_to("106540352242923", ANA, crate::inbox::office::typed("¿Y ahora?")).await;
        assert_eq!(told(&office).await.len(), 1, "somebody is here");
        // Wednesday is a holiday, and it is after hours on Tuesday: Thursday.
        office.advance(6);
        office.reply_to("106540352242923", ANA, crate::inbox::office::typed("Hola")).await;
        assert_eq!(told(&office).await[1], "Ahora no hay nadie. Respondemos el jueves a las 13:00.");
        let deeds = office.words("SELECT actor || ' ' || action FROM audit WHERE action = 'conversation.away'").await;
        assert_eq!(deeds, ["recado conversation.away", "recado conversation.away"]);
        let authors = office.words("SELECT author FROM entry WHERE direction = 'out'").await;
        assert!(authors.iter().all(|author| author == "automatic"), "{authors:?}");
        assert!(office.conversations().await[0].waiting_since.is_some(), "a person of ours still answers");
    }
}

#[tokio::test]
async fn the_answer_speaks_the_language_of_what_the_person_received_and_the_campaigns_own_goes_first() {
    let store = stores().await.swap_remove(0);
    let office = Office::with(&store, HOURS);
    let run = office.run("pt_BR", REPLIES).await;
    let message = office.message_from(run, ANA, "shop", "").await;
    office.reply_to("106540352242923", ANA, crate::inbox::office::typed("talvez")).await;
    assert_eq!(told(&office).await, ["Respondemos hoje às 13:00."]);
    office.reply_to("106540352242923", ANA, office.tap(message, "Confirmo")).await;
    assert_eq!(told(&office).await, ["Respondemos hoje às 13:00.", "¡Gracias! Te esperamos."]);
}

#[tokio::test]
async fn what_asks_nobody_is_not_answered_and_nobody_is_told_outside_the_window() {
    let store = stores().await.swap_remove(0);
    let office = Office::with(&store, HOURS);
    let mut old = crate::inbox::office::typed("Hola");
    old["id"] = serde_json::json!("wamid.old");
    old["from"] = serde_json::json!(ANA);
    old["timestamp"] = serde_json::json!((office.clock.now().0 / 1000 - 90_000).to_string());
    office.store_body_of("106540352242923", "messages", serde_json::json!({ "messages": [old] })).await;
    office.read().await;
    assert_eq!(told(&office).await, Vec::<String>::new(), "it came after its window had closed");
    let run = office.run("es_AR", REPLIES).await;
    let message = office.message_from(run, "5491155550777", "shop", "").await;
    office.reply_to("106540352242923", "5491155550777", office.tap(message, "Cancelar")).await;
    assert_eq!(told(&office).await, Vec::<String>::new(), "what is decided asks nobody");
}

#[tokio::test]
async fn the_hours_of_the_team_count_before_those_of_the_sender() {
    let store = stores().await.swap_remove(0);
    let office = Office::with(&store, &format!("{HOURS}{TEAM}"));
    let config = &office.engine.config;
    assert_eq!(config.senders["shop"].hours.as_deref(), Some("tarde"));
    let of = |team: Option<&str>| recado::inbox::away::hours_of(config, team, "shop").map(|hours| hours.name.as_str());
    assert_eq!((of(None), of(Some("ventas"))), (Some("tarde"), Some("tarde")));
    assert_eq!(recado::inbox::away::hours_of(config, None, "lab"), None);
}

#[tokio::test]
async fn whoever_writes_in_a_conversation_of_no_team_is_told_by_the_hours_of_the_senders_team() {
    const NIGHT: &str = "[team.noche]\nmembers = [\"eva\"]\nhours = \"tarde\"\n[sender.night]\naccount = \"meta\"\n\
        phone_number_id = \"106540352242924\"\nnumber = \"+5491155550102\"\nteam = \"noche\"\n";
    for store in stores().await {
        let office = Office::with(&store, &format!("{HOURS}{NIGHT}"));
        let writes = async || office.reply_to("106540352242924", ANA, crate::inbox::office::typed("Hola")).await;
        writes().await;
        assert_eq!(told(&office).await.len(), 1, "{}", store.name());
        office.change("UPDATE conversation SET team = NULL").await;
        office.change("DELETE FROM away_answer").await;
        writes().await;
        assert_eq!(told(&office).await.len(), 2, "{}", store.name());
    }
}
