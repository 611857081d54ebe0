//! Who writes: every identity kept, none overwritten, linked when they are one person.

use recado::domain::time::UnixMs;
use serde_json::json;

use super::office::{ANA, Office, REPLIES, typed};
use crate::support::stores;

#[tokio::test]
async fn the_other_notation_of_a_number_is_the_same_person() {
    for store in stores().await {
        let office = Office::new(&store);
        for (sent_to, writes_as) in
            [("541155550123", "5491155550123"), ("5215512345678", "525512345678"), ("5511987654321", "551187654321")]
        {
            let message = office.message(office.run("es_AR", REPLIES).await, sent_to).await;
            office.writes(writes_as, "sí").await;
            assert_eq!(office.outcomes(message).await, ["confirmed"], "{} {writes_as}", store.name());
        }
        let learned = office.words("SELECT wa_id FROM person ORDER BY id").await;
        assert_eq!(learned, ["5491155550123", "525512345678", "551187654321"]);
    }
}

#[tokio::test]
async fn a_landline_never_becomes_a_mobile() {
    for store in stores().await {
        let office = Office::new(&store);
        let message = office.message(office.run("pt_BR", REPLIES).await, "551133334444").await;
        office.writes("5511933334444", "sí").await;
        assert!(office.outcomes(message).await.is_empty(), "{}", store.name());
    }
}

#[tokio::test]
async fn somebody_without_a_number_is_recognised_by_the_button_they_tap() {
    for store in stores().await {
        let office = Office::new(&store);
        let message = office.message(office.run("es_AR", REPLIES).await, ANA).await;
        let mut tap = office.tap(message, "Confirmo");
        tap["from_user_id"] = json!("AR.13491");
        office.reply("", tap).await;
        assert_eq!(office.outcomes(message).await, ["confirmed"], "{}", store.name());
        let mut more = typed("¿en ayunas?");
        more["from_user_id"] = json!("AR.13491");
        office.reply("", more).await;
        let all = office.conversations().await;
        assert_eq!(all.len(), 1, "{}: one person, one conversation", store.name());
        assert_eq!(all[0].person_id, office.person(ANA).await);
        assert_eq!(office.answers().await.len(), 1, "answered to the number the message went to");
    }
}

#[tokio::test]
async fn a_changed_number_keeps_the_opt_out_and_overwrites_nothing() {
    for store in stores().await {
        let office = Office::new(&store);
        office.writes(ANA, "baja").await;
        office
            .reply(
                ANA,
                json!({ "type": "system", "system": { "type": "user_changed_number", "body": "…",
                "wa_id": "5491155559999", "user_id": "AR.new", "previous_user_id": "AR.old" } }),
            )
            .await;
        let (old, new) = (office.person(ANA).await, office.person("5491155559999").await);
        let blocked = recado::store::suppression::blocked(&store, &[new], true).await.unwrap();
        assert!(blocked.contains(&new), "{}", store.name());
        assert_eq!(office.numbers(&format!("SELECT linked_to FROM person WHERE id = {new}")).await, [old.0]);
        assert_eq!(office.words(&format!("SELECT bsuid FROM person WHERE id = {old}")).await, ["AR.old"]);
    }
}

#[tokio::test]
async fn an_opt_out_of_somebody_without_a_number_holds_for_the_number_they_show_later() {
    for store in stores().await {
        let office = Office::new(&store);
        // One is in a file before the number is shown, the other after it.
        let (before, after) = ("5491155550777", "5491155550778");
        let run = office.run("es_AR", REPLIES).await;
        office.message(run, before).await;
        for (number, bsuid) in [(before, "AR.before"), (after, "AR.after")] {
            for (from, text) in [("", "baja"), (number, "hola")] {
                let mut said = typed(text);
                said["from_user_id"] = json!(bsuid);
                office.reply(from, said).await;
            }
        }
        office.message(run, after).await;
        let people = [office.person(before).await, office.person(after).await];
        let blocked = recado::store::suppression::blocked(&store, &people, true).await.unwrap();
        assert!(people.iter().all(|person| blocked.contains(person)), "{} {people:?} {blocked:?}", store.name());
    }
}

#[tokio::test]
async fn a_second_id_of_one_person_is_kept_beside_the_first() {
    for store in stores().await {
        let office = Office::new(&store);
        for bsuid in ["AR.one", "AR.two", "AR.one"] {
            let mut hello = typed("hola");
            hello["from_user_id"] = json!(bsuid);
            office.reply(ANA, hello).await;
        }
        let mut known = office.words("SELECT bsuid FROM person WHERE bsuid IS NOT NULL ORDER BY bsuid").await;
        known.dedup();
        assert_eq!(known, ["AR.one", "AR.two"], "{}", store.name());
        assert_eq!(office.conversations().await.len(), 1, "{}", store.name());
    }
}

#[tokio::test]
async fn a_stranger_becomes_a_person_who_can_be_answered() {
    for store in stores().await {
        let office = Office::new(&store);
        office.writes("59899123456", "Hola, ¿atienden mañana?").await;
        let all = office.conversations().await;
        let panel = recado::store::conversation::panel(&store, all[0].id).await.unwrap().unwrap();
        assert_eq!(panel.phone.as_deref(), Some("59899123456"), "{}", store.name());
        assert_eq!(all[0].window_until, Some(UnixMs(office.clock.now().0 + 24 * 3_600_000)));
    }
}
