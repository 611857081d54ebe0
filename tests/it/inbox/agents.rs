//! What agents do with conversations.

use std::time::Duration;

use axum::http::Method;
use recado::domain::id::ConversationId;
use recado::domain::role::Role;
use recado::inbox::commands::{Window, window};
use recado::inbox::{self, ByHand};
use recado::store::conversation::{self, ConversationFilter, ConversationState, Narrow, Show, View};
use serde_json::json;

use super::office::{ANA, NOW, Office, REPLIES};
use crate::support::stores;
use crate::web::site::Site;

async fn ids(office: &Office, view: View) -> Vec<ConversationId> {
    shown(office, view, Show::Open).await
}

async fn shown(office: &Office, view: View, show: Show) -> Vec<ConversationId> {
    let filter = ConversationFilter::of(view, show, 50);
    conversation::list(office.store(), &filter).await.unwrap().iter().map(|line| line.id).collect()
}

#[tokio::test]
async fn two_agents_cannot_both_claim() {
    for store in stores().await {
        let office = Office::new(&store);
        let (ana, diego) = (office.user("ana").await, office.user("diego").await);
        office.writes(ANA, "hola").await;
        let id = office.conversations().await[0].id;
        let (one, other) = tokio::join!(office.inbox.claim(id, ana, NOW), office.inbox.claim(id, diego, NOW));
        assert!(one.unwrap() ^ other.unwrap(), "{}", store.name());
    }
}

#[tokio::test]
async fn lists_show_those_who_wait_longest_first_page_by_page() {
    for store in stores().await {
        let office = Office::new(&store);
        let diego = office.user("diego").await;
        let mut expected = Vec::new();
        for n in 0..5 {
            office.writes(&format!("54911555577{n:02}"), "hola").await;
            expected.push(office.conversations().await.pop().unwrap().id);
            office.clock.advance(Duration::from_mins(1));
        }
        assert!(office.inbox.claim(expected[1], diego, NOW).await.unwrap());
        assert!(office.inbox.close(expected[2], "diego", office.clock.now()).await.unwrap().is_done());
        let open = [expected[0], expected[1], expected[3], expected[4]];
        assert_eq!(ids(&office, View::All).await, open, "{}", store.name());
        assert_eq!(ids(&office, View::Mine(diego)).await, [expected[1]]);
        assert_eq!(ids(&office, View::Unassigned(Vec::new())).await, [expected[0], expected[3], expected[4]]);
        assert_eq!(ids(&office, View::Unassigned(vec!["ventas".to_owned()])).await, []);
        assert_eq!(ids(&office, View::Team(vec!["recepcion".to_owned(), "ventas".to_owned()])).await, open);
        assert_eq!(ids(&office, View::Team(Vec::new())).await, []);
        assert_eq!(shown(&office, View::All, Show::Closed).await, [expected[2]]);
        assert_eq!(shown(&office, View::Mine(diego), Show::Closed).await, []);
        let mut paged = Vec::new();
        let mut after = None;
        loop {
            let page = ConversationFilter { after, ..ConversationFilter::of(View::All, Show::Open, 3) };
            let page = conversation::list(&store, &page).await.unwrap();
            let Some(last) = page.last() else { break };
            after = Some(last.cursor());
            paged.extend(page.iter().map(|line| line.id));
        }
        assert_eq!(paged, open, "{}", store.name());
    }
}

#[tokio::test]
async fn an_agent_sees_first_whom_they_can_still_answer_and_of_these_who_waits_longest() {
    for store in stores().await {
        let office = Office::new(&store);
        let mut all = Vec::new();
        for n in 0..4 {
            office.writes(&format!("54911555577{n:02}"), "hola").await;
            all.push(office.conversations().await.pop().unwrap().id);
            office.advance(10);
        }
        let now = office.clock.now();
        let (open, passed) = (Show::Answerable(now), Show::Passed(now));
        assert_eq!(shown(&office, View::All, open).await, [all[2], all[3]], "{}", store.name());
        assert_eq!(shown(&office, View::All, passed).await, [all[0], all[1]]);
        let store = &store;
        let counted =
            |show| async move { conversation::counts(store, (None, &[]), show, &Narrow::default()).await.unwrap() };
        assert_eq!((counted(open).await.all, counted(Show::Open).await.all), (2, 4));
        assert_eq!(counted(open).await.team, 0, "of no team at all");

        let site = Site::over(&office.engine);
        let agent = site.visitor(Role::Agent).await;
        let links = |page: &str| {
            let found = page.split("href=\"/conversations/").skip(1).filter_map(|rest| rest.split('"').next());
            found.filter_map(|id| id.parse().ok()).map(ConversationId).collect::<Vec<_>>()
        };
        let first = site.get("/conversations?view=all", Some(&agent)).await.body;
        assert_eq!(links(&first), [all[2], all[3]], "{first}");
        assert!(
            first.contains("data-test=\"view-all\" aria-current=\"page\">All <span class=\"count\">2</span>"),
            "{first}"
        );
        let every = site.get("/conversations?view=all&show=open", Some(&agent)).await.body;
        assert_eq!(links(&every), all, "whoever waits longest comes first");
        let token = site.token(Role::Agent).await;
        let path = "/api/v1/conversations?show=answerable&limit=1";
        let page = site.call(Method::GET, path, &token, "", None).await.json();
        assert_eq!((&page["items"][0]["id"], page["next"].is_string()), (&json!(all[2]), true));
        let next = format!("{path}&cursor={}", page["next"].as_str().unwrap());
        assert_eq!(site.call(Method::GET, &next, &token, "", None).await.json()["items"][0]["id"], json!(all[3]));
    }
}

#[tokio::test]
async fn a_conversation_is_closed_reopened_noted_and_its_outcome_corrected() {
    for store in stores().await {
        let office = Office::new(&store);
        let message = office.message(office.run("es_AR", REPLIES).await, ANA).await;
        office.writes(ANA, "llego más tarde").await;
        let id = office.conversations().await[0].id;
        let now = office.clock.now();
        assert!(office.inbox.note(id, "viene a las 11", "diego", now).await.unwrap());
        assert!(office.inbox.set_outcome(id, None, "confirmed", "diego", now).await.unwrap().is_done());
        assert_eq!(office.outcomes(message).await, ["confirmed"], "{}", store.name());
        assert!(office.inbox.close(id, "diego", now).await.unwrap().is_done());
        assert!(!office.inbox.close(id, "diego", now).await.unwrap().is_done());
        assert!(office.inbox.reopen(id, now).await.unwrap());
        assert!(!office.inbox.reopen(id, now).await.unwrap());
        let thread = conversation::thread(&store, id).await.unwrap();
        assert_eq!(thread.len(), 3, "{}: the message, the reply, the note", store.name());
    }
}

#[tokio::test]
async fn a_quiet_conversation_closes_by_itself_and_a_waiting_one_never_does() {
    for store in stores().await {
        let office = Office::new(&store);
        let diego = office.user("diego").await;
        office.writes(ANA, "hola").await;
        office.writes("5491155550124", "hola").await;
        let all = office.conversations().await;
        let (answered, waiting) = (all[0].id, all[1].id);
        let mut tx = store.begin().await.unwrap();
        assert!(conversation::answer(&mut tx, answered, diego, office.clock.now()).await.unwrap());
        tx.commit().await.unwrap();
        office.advance(47);
        assert_eq!(office.inbox.close_due(office.clock.now()).await.unwrap(), 0, "{}", store.name());
        office.advance(2);
        assert_eq!(office.inbox.close_due(office.clock.now()).await.unwrap(), 1, "{}", store.name());
        let state = |id| async move { conversation::get(&store, id).await.unwrap().unwrap().state };
        assert_eq!(state(answered).await, ConversationState::Closed);
        let still = conversation::get(office.store(), waiting).await.unwrap().unwrap().state;
        assert_eq!(still, ConversationState::Open);
    }
}

#[tokio::test]
async fn the_window_lasts_24_hours_from_the_last_message() {
    for store in stores().await {
        let office = Office::new(&store);
        office.writes(ANA, "hola").await;
        office.advance(3);
        office.writes(ANA, "¿hola?").await;
        let found = office.conversations().await.pop().unwrap();
        office.advance(23);
        assert!(matches!(window(found.window_until, office.clock.now()), Window::Open { .. }), "{}", store.name());
        office.advance(1);
        assert_eq!(window(found.window_until, office.clock.now()), Window::Closed);
        assert_eq!(window(None, office.clock.now()), Window::Closed);
    }
}

#[tokio::test]
async fn a_template_sent_by_hand_opens_a_conversation_of_whoever_sent_it() {
    for store in stores().await {
        let office = Office::new(&store);
        let diego = office.user("diego").await;
        let message = office.message(office.run("es_AR", "").await, ANA).await;
        let person = office.person(ANA).await;
        let mut tx = store.begin().await.unwrap();
        let send = ByHand { person, sender: "lab", agent: diego, name: "diego", wait: None, ticket: None };
        let rules = &office.engine.config.conversations;
        let id = inbox::open_by_hand(&mut tx, rules, &send, message).await.unwrap();
        let again = inbox::open_by_hand(&mut tx, rules, &send, message).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(id, again, "{}", store.name());
        let found = conversation::get(&store, id).await.unwrap().unwrap();
        assert_eq!((found.assignee, found.waiting_since, found.window_until), (Some(diego), None, None));
        office.writes(ANA, "gracias").await;
        assert_eq!(office.conversations().await.len(), 1, "{}", store.name());
    }
}
