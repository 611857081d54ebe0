//! Replies that come together are taken together, and mean what they would mean one after the other.

use serde_json::{Value as Json, json};

use super::office::{ANA, Office, REPLIES, typed};
use crate::support::stores;

const BETO: &str = "5491155550124";
/// Ana's number as WhatsApp may write it.
const ANA_WITHOUT_9: &str = "541155550123";
const STRANGER: &str = "5491155550777";
const WHOSE: &str = "COALESCE(r.phone, '') || ' ' || COALESCE(r.wa_id, '') || ' ' || COALESCE(r.bsuid, '')";

/// What somebody sends, as the `seed` wills: words, taps and quotes, also of what was sent to somebody else.
fn drawn(office: &Office, messages: &[recado::domain::id::MessageId], seed: u64) -> Vec<Json> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut draw = move |n: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from((state >> 11) % n).unwrap()
    };
    let mut all: Vec<Json> = Vec::new();
    for no in 0..14 {
        let message = messages[draw(messages.len() as u64)];
        let mut content = match draw(8) {
            0 => typed("sí"),
            1 => typed("BAJA"),
            2 => typed("ALTA"),
            3 => office.tap(message, "Confirmo"),
            4 => office.tap(message, "Cancelar"),
            5 => json!({ "type": "text", "text": { "body": "esto" }, "context": { "id": format!("wamid.{message}") } }),
            6 => json!({ "type": "reaction", "reaction": { "message_id": format!("wamid.{message}"), "emoji": "👍" } }),
            _ => typed("¿a qué hora era?"),
        };
        content["from"] = json!([ANA, ANA, BETO, ANA_WITHOUT_9, STRANGER][draw(5)]);
        // Now and then the same once more.
        content["id"] = json!(format!("wamid.{seed}.{}", if draw(6) == 0 { no / 2 } else { no }));
        content["timestamp"] = json!((office.clock.now().0 / 1000).to_string());
        all.push(content);
    }
    all
}

/// All that replies leave behind, by whose it is.
async fn left(office: &Office) -> Vec<Vec<String>> {
    let root = "JOIN person AS p ON p.id = c.person_id JOIN person AS r ON r.id = COALESCE(p.linked_to, p.id)";
    let lines = format!(
        "SELECT {WHOSE} || c.state || (CASE WHEN c.waiting_since IS NULL THEN ' quiet ' ELSE ' waits ' END)
            || COALESCE(c.origin_message_id, 0) || e.direction || e.content || COALESCE(e.message_id, 0)
            || COALESCE(e.certainty, '') || COALESCE(e.quoted, '')
         FROM conversation AS c {root} JOIN entry AS e ON e.conversation_id = c.id
         WHERE e.author <> 'automatic' ORDER BY 1, e.id"
    );
    let order = format!(
        "SELECT {WHOSE} || e.content FROM conversation AS c {root} JOIN entry AS e ON e.conversation_id = c.id
         WHERE e.direction = 'in' ORDER BY r.id, c.id, e.id"
    );
    let unread = format!(
        "SELECT {WHOSE} || e.content FROM conversation AS c {root} JOIN entry AS e ON e.id = c.last_in ORDER BY 1"
    );
    let people = "SELECT COALESCE(p.phone, '') || ' ' || COALESCE(p.wa_id, '') || ' ' || COALESCE(r.phone, '')
        FROM person AS p JOIN person AS r ON r.id = COALESCE(p.linked_to, p.id) ORDER BY 1";
    let wishes = "SELECT COALESCE(p.phone, '') || s.scope || s.source || (CASE WHEN s.lifted_at IS NULL THEN ' holds' ELSE ' over' END)
        FROM suppression AS s JOIN person AS p ON p.id = s.person_id ORDER BY 1";
    let outcomes = "SELECT CAST(message_id AS TEXT) || outcome || certainty FROM outcome ORDER BY message_id, id";
    let answers = "SELECT recipient || content FROM message WHERE author = 'automatic' ORDER BY 1";
    let mut all = Vec::new();
    for sql in [lines.as_str(), order.as_str(), unread.as_str(), people, wishes, outcomes, answers] {
        all.push(office.words(sql).await);
    }
    all
}

#[tokio::test]
async fn replies_that_come_together_leave_what_they_would_leave_one_after_the_other() {
    for seed in 1..=12 {
        for (one_by_one, together) in stores().await.iter().zip(stores().await.iter()) {
            let mut found = Vec::new();
            for (store, is_together) in [(one_by_one, false), (together, true)] {
                let office = Office::new(store);
                let run = office.run("es_AR", REPLIES).await;
                let messages =
                    [office.message(run, ANA).await, office.message(run, BETO).await, office.message(run, BETO).await];
                for content in drawn(&office, &messages, seed) {
                    office.store_body(json!({ "messages": [content] })).await;
                    if !is_together {
                        office.read().await;
                    }
                }
                office.read().await;
                found.push(left(&office).await);
            }
            assert!(!found[0][0].is_empty(), "{} {seed}", one_by_one.name());
            assert_eq!(found[0], found[1], "{} {seed}", one_by_one.name());
        }
    }
}

#[tokio::test]
async fn a_hundred_people_who_write_at_once_have_a_hundred_conversations_with_their_own_words() {
    for store in stores().await {
        let office = Office::new(&store);
        let run = office.run("es_AR", REPLIES).await;
        let mut contents = Vec::new();
        for no in 0..100 {
            let from = format!("54911555{no:05}");
            let id = format!("wamid.of{no}");
            let text = if no % 2 == 0 {
                let message = office.message(run, &from).await;
                office.tap(message, "Confirmo")
            } else {
                typed(&format!("soy {no}"))
            };
            let mut content = text;
            content["from"] = json!(from);
            content["id"] = json!(id);
            content["timestamp"] = json!((office.clock.now().0 / 1000).to_string());
            contents.push(content);
        }
        office.store_body(json!({ "messages": contents })).await;
        office.read().await;
        let of = "SELECT COUNT(DISTINCT conversation_id) FROM entry WHERE direction = 'in'";
        assert_eq!(office.numbers(of).await, [100], "{}", store.name());
        let own = "SELECT COUNT(*) FROM entry AS e JOIN conversation AS c ON c.id = e.conversation_id
            JOIN person AS p ON p.id = c.person_id WHERE e.direction = 'in'
                AND (e.provider_id = 'wamid.of' || CAST(substr(COALESCE(p.phone, p.wa_id), 9) AS INTEGER))";
        assert_eq!(office.numbers(own).await, [100], "each in their own, {}", store.name());
        let shown = "SELECT COUNT(*) FROM entry AS o JOIN entry AS i ON i.conversation_id = o.conversation_id
            AND i.direction = 'in' AND i.message_id = o.message_id WHERE o.direction = 'out' AND o.author = '' AND o.id < i.id";
        assert_eq!(office.numbers(shown).await, [50], "what they tapped stands before it, {}", store.name());
        assert_eq!(office.numbers("SELECT COUNT(*) FROM outcome WHERE outcome = 'confirmed'").await, [50]);
        assert_eq!(office.answers().await.len(), 50, "{}", store.name());
    }
}
