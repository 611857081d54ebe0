//! Tickets, and what conversations leave on them; when conversations close, open again, or begin anew.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use recado::domain::change::Change;
use recado::domain::id::TicketId;
use recado::domain::role::Role;
use recado::domain::ticket::{Priority, TicketState};
use recado::engine::{Author, Seen};
use recado::inbox::{self, ByHand};
use recado::store::conversation::{self, ConversationState, Shown};
use recado::store::idempotency::Once;
use recado::store::ticket::{self, NewTicket, TicketChange, TicketFilter, Told, Whose};
use recado::store::{Store, audit, template, user};
use serde_json::json;

use super::office::{ANA, NOW, Office};
use crate::support::stores;
use crate::web::site::Site;

const BY: (&str, recado::domain::time::UnixMs) = ("ana", NOW);

async fn open(office: &Office, subject: &str, reference: Option<(&str, &str)>) -> ticket::Opened {
    let person = office.person(ANA).await;
    let new = NewTicket { subject, person, priority: Priority::Normal, assignee: None, reference };
    office.inbox.open_ticket(&new, BY).await.unwrap().unwrap()
}

async fn transcripts(store: &Store, id: TicketId) -> Vec<Vec<String>> {
    let timeline = ticket::timeline(store, id).await.unwrap();
    let lines = timeline.into_iter().filter_map(|event| match event.told {
        Told::Transcript { lines } => Some(lines),
        _ => None,
    });
    let words = |shown: Shown| match shown {
        Shown::Template { text } | Shown::Free { text, .. } => text.body,
        Shown::Text { body } => body,
        Shown::Reply { content } => recado::inbox::label::line(recado::locale::Language::En, &content),
    };
    lines.map(|lines| lines.into_iter().map(|said| words(said.shown)).collect()).collect()
}

#[tokio::test]
async fn a_case_of_another_system_is_opened_once_whoever_asks_and_however_often() {
    for store in stores().await {
        let office = Office::new(&store);
        office.writes(ANA, "hola").await;
        let (one, other) = tokio::join!(
            open(&office, "Estudio", Some(("his", "4711"))),
            open(&office, "Estudio otra vez", Some(("his", "4711")))
        );
        assert_eq!(one.id, other.id, "{}", store.name());
        assert!(one.is_new ^ other.is_new, "{}", store.name());
        let elsewhere = open(&office, "Otro sistema", Some(("lims", "4711"))).await;
        let by_hand = (open(&office, "A mano", None).await, open(&office, "A mano", None).await);
        assert!(elsewhere.is_new && by_hand.0.is_new && by_hand.1.is_new, "{}", store.name());
        let known = TicketFilter { source: "his".into(), external_id: "4711".into(), limit: 9, ..Default::default() };
        assert_eq!(ticket::list(&store, &known).await.unwrap().len(), 1, "{}", store.name());
    }
}

#[tokio::test]
async fn what_changes_on_a_ticket_stands_in_its_timeline_and_what_does_not_leaves_no_line() {
    for store in stores().await {
        let office = Office::new(&store);
        let diego = office.user("diego").await;
        office.writes(ANA, "hola").await;
        let id = open(&office, "Estudio", None).await.id;
        let to = TicketChange {
            subject: Some("Estudio de sangre"),
            state: Some(TicketState::Closed),
            priority: Some(Priority::Normal),
            assignee: Some(Some(diego)),
        };
        office.inbox.change_ticket(id, to, BY).await.unwrap().unwrap();
        assert!(office.inbox.note_ticket(id, "llamar a la obra social", BY).await.unwrap());
        assert!(!office.inbox.note_ticket(TicketId(99), "x", BY).await.unwrap());
        assert!(office.inbox.change_ticket(TicketId(99), to, BY).await.unwrap().is_none());
        let told: Vec<Told> = ticket::timeline(&store, id).await.unwrap().into_iter().map(|e| e.told).collect();
        let expected = [
            Told::Opened,
            Told::Subject { from: "Estudio".into(), to: "Estudio de sangre".into() },
            Told::State { from: TicketState::Open, to: TicketState::Closed },
            Told::Assignee { from: None, to: Some("diego".into()) },
            Told::Note { text: "llamar a la obra social".into() },
        ];
        assert_eq!(told, expected, "{}", store.name());
        let view = ticket::get(&store, id).await.unwrap().unwrap();
        assert_eq!((view.closed_at, view.assignee_name.as_deref()), (Some(NOW), Some("diego")));
        let reopened = TicketChange { state: Some(TicketState::Open), ..TicketChange::default() };
        let (_, after) = office.inbox.change_ticket(id, reopened, BY).await.unwrap().unwrap();
        assert_eq!((after.state, after.closed_at), (TicketState::Open, None), "{}", store.name());
    }
}

#[tokio::test]
async fn tickets_are_found_by_words_number_reference_name_and_phone_page_by_page() {
    for store in stores().await {
        let office = Office::new(&store);
        office.writes(ANA, "hola").await;
        let mut ids = Vec::new();
        for subject in ["Análisis 100%", "Turno", "Factura"] {
            ids.push(open(&office, subject, (subject == "Turno").then_some(("his", "T-9"))).await.id);
        }
        let found = async |words: &str| {
            let filter = TicketFilter { words: words.to_owned(), limit: 9, ..TicketFilter::default() };
            ticket::list(&store, &filter).await.unwrap().into_iter().map(|t| t.id).collect::<Vec<_>>()
        };
        assert_eq!(found("100%").await, [ids[0]], "{}", store.name());
        assert_eq!(found("t-9").await, [ids[1]]);
        assert_eq!(found(&format!("#{}", ids[2])).await, [ids[2]]);
        assert_eq!(found("+54 9 11 5555-0123").await.len(), 3, "{}: all hers", store.name());
        assert_eq!(found("nothing").await, []);
        let filter = TicketFilter { limit: 2, ..TicketFilter::default() };
        let first = ticket::list(&store, &filter).await.unwrap();
        let last = first.last().unwrap();
        let rest = TicketFilter { after: Some((last.changed_at, last.id)), ..filter };
        let second = ticket::list(&store, &rest).await.unwrap();
        let paged: Vec<TicketId> = first.iter().chain(&second).map(|t| t.id).collect();
        assert_eq!(paged, [ids[2], ids[1], ids[0]], "{}: the last changed first", store.name());
    }
}

#[tokio::test]
async fn a_conversation_that_waited_long_enough_closes_by_itself_and_leaves_its_transcript_on_the_ticket() {
    for store in stores().await {
        let office = Office::new(&store);
        let diego = office.user("diego").await;
        office.writes(ANA, "hola").await;
        let chat = office.conversations().await[0].id;
        let id = open(&office, "Estudio", None).await.id;
        office.inbox.link_ticket(id, chat, BY).await.unwrap().unwrap();
        office.inbox.link_ticket(id, chat, BY).await.unwrap().expect("linked already");
        let mut tx = store.begin().await.unwrap();
        conversation::answer(&mut tx, chat, diego, office.clock.now()).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(transcripts(&store, id).await, Vec::<Vec<String>>::new(), "{}: it is open", store.name());
        office.advance(49);
        assert_eq!(office.inbox.close_due(office.clock.now()).await.unwrap(), 1, "{}", store.name());
        assert_eq!(transcripts(&store, id).await, [["hola"]], "{}", store.name());
        // Taken up again and closed, only what was new is added.
        office.writes(ANA, "gracias").await;
        assert!(office.inbox.close(chat, "diego", office.clock.now()).await.unwrap().is_done());
        assert_eq!(transcripts(&store, id).await, [["hola"], ["gracias"]], "{}", store.name());
        office.advance(1);
        assert!(office.inbox.reopen(chat, office.clock.now()).await.unwrap());
        assert!(office.inbox.close(chat, "diego", office.clock.now()).await.unwrap().is_done());
        assert_eq!(transcripts(&store, id).await.len(), 2, "{}: nothing was said", store.name());
    }
}

#[tokio::test]
async fn a_closed_conversation_put_on_a_ticket_leaves_its_transcript_at_once() {
    for store in stores().await {
        let office = Office::new(&store);
        office.writes(ANA, "hola").await;
        let chat = office.conversations().await[0].id;
        assert!(office.inbox.close(chat, "diego", NOW).await.unwrap().is_done());
        let new = NewTicket {
            subject: "Estudio",
            person: recado::domain::id::PersonId(0),
            priority: Priority::High,
            assignee: None,
            reference: None,
        };
        let opened = office.inbox.open_ticket_of(chat, &new, BY).await.unwrap().unwrap();
        assert_eq!(transcripts(&store, opened.id).await, [["hola"]], "{}", store.name());
        let linked = ticket::conversations(&store, opened.id).await.unwrap();
        assert_eq!((linked.len(), linked[0].id, linked[0].state), (1, chat, ConversationState::Closed));
        assert_eq!(ticket::of_person(&store, office.person(ANA).await, 9).await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn a_reply_soon_after_opens_the_conversation_again_and_a_later_one_begins_another_linked_to_it() {
    for store in stores().await {
        let office = Office::with(&store, "[conversations]\nreopen_within = \"2h\"\nclose_after = \"1h\"\n");
        let diego = office.user("diego").await;
        office.writes(ANA, "hola").await;
        let first = office.conversations().await[0].id;
        assert!(office.inbox.claim(first, diego, office.clock.now()).await.unwrap());
        assert!(office.inbox.close(first, "diego", office.clock.now()).await.unwrap().is_done());
        office.advance(2);
        office.writes(ANA, "una cosa más").await;
        let all = office.conversations().await;
        assert_eq!((all.len(), all[0].state), (1, ConversationState::Open), "{}", store.name());
        assert_eq!(all[0].assignee, Some(diego), "{}: it is still his", store.name());
        assert!(office.inbox.close(first, "diego", office.clock.now()).await.unwrap().is_done());
        office.clock.advance(Duration::from_hours(2) + Duration::from_secs(1));
        office.writes(ANA, "otra cosa").await;
        let all = office.conversations().await;
        assert_eq!((all.len(), all[1].previous_id), (2, Some(first)), "{}", store.name());
        assert_eq!(all[1].close_after, 3_600_000, "{}: as the configuration says", store.name());
    }
}

#[tokio::test]
async fn a_template_by_hand_is_refused_in_an_open_session_after_its_recontact_and_where_a_bot_has_the_person() {
    for store in stores().await {
        let office = Office::new(&store);
        let diego = office.user("diego").await;
        let rules = &office.engine.config.conversations;
        let run = office.run("es_AR", "").await;
        let refused = async |at| {
            let person = office.person(ANA).await;
            let mut tx = store.begin().await.unwrap();
            inbox::may_send(&mut tx, rules, (person, "lab"), at).await.unwrap().map(|problem| problem.code)
        };
        office.writes(ANA, "hola").await;
        assert_eq!(refused(office.clock.now()).await.as_deref(), Some("template_session"), "{}", store.name());
        office.advance(25);
        assert_eq!(refused(office.clock.now()).await, None, "{}: the window has passed", store.name());
        let person = office.person(ANA).await;
        for n in 0..2 {
            let message = office.message(run, ANA).await;
            office.change(&format!("UPDATE message SET run_id = 0, campaign_id = 0 WHERE id = {message}")).await;
            let wait = Some(Duration::from_hours(3));
            let send = ByHand { person, sender: "lab", agent: diego, name: "diego", wait, ticket: None };
            let mut tx = store.begin().await.unwrap();
            let refused = inbox::may_send(&mut tx, rules, (person, "lab"), office.clock.now()).await.unwrap();
            assert_eq!(refused.map(|p| p.code).as_deref(), (n == 1).then_some("template_recontacts"));
            if n == 0 {
                inbox::open_by_hand(&mut tx, rules, &send, message).await.unwrap();
                tx.commit().await.unwrap();
            }
        }
        let c = office.conversations().await.remove(0);
        assert_eq!((c.assignee, c.close_after), (Some(diego), 10_800_000), "{}: as long as was said", store.name());
        office.change("UPDATE conversation SET bot = 'turnero'").await;
        assert_eq!(refused(office.clock.now()).await.as_deref(), Some("template_bot_has"), "{}", store.name());
        assert!(user::by_name(&store, "diego").await.unwrap().is_some());
    }
}

#[tokio::test]
async fn the_tickets_of_whoever_is_shut_out_are_nobodys_and_the_audit_and_the_timeline_say_so() {
    for store in stores().await {
        let office = Office::new(&store);
        let (ana, diego) = (office.user("ana").await, office.user("diego").await);
        office.writes(ANA, "hola").await;
        let give = async |subject, to, state| {
            let id = open(&office, subject, None).await.id;
            let to = TicketChange { assignee: Some(Some(to)), state: Some(state), ..TicketChange::default() };
            office.inbox.change_ticket(id, to, BY).await.unwrap().unwrap();
            id
        };
        let his = [
            give("abierto", diego, TicketState::Open).await,
            give("en espera", diego, TicketState::Pending).await,
            give("cerrado", diego, TicketState::Closed).await,
        ];
        let hers = give("de ana", ana, TicketState::Open).await;
        let now = office.clock.now();
        assert_eq!(office.inbox.take_tickets_of_gone(now).await.unwrap(), 0, "{}", store.name());
        user::disable(&store, diego, now).await.unwrap();
        let mut pages = office.engine.changes.subscribe();
        assert_eq!(office.inbox.take_tickets_of_gone(now).await.unwrap(), 2, "{}", store.name());
        assert_eq!(office.inbox.take_tickets_of_gone(now).await.unwrap(), 0, "once, {}", store.name());
        let nobodys = TicketFilter { whose: Whose::Nobody, limit: 9, ..TicketFilter::default() };
        let mut listed: Vec<TicketId> = ticket::list(&store, &nobodys).await.unwrap().iter().map(|t| t.id).collect();
        listed.sort();
        assert_eq!(listed, his[..2], "everybody sees that nobody has them, {}", store.name());
        for (id, owner) in [(his[2], Some(diego)), (hers, Some(ana))] {
            assert_eq!(ticket::get(&store, id).await.unwrap().unwrap().assignee, owner, "{}", store.name());
        }
        let last = ticket::timeline(&store, his[0]).await.unwrap().pop().unwrap();
        assert_eq!((last.told, last.author.as_str()), (Told::Assignee { from: Some("diego".into()), to: None }, ""));
        let noted = audit::page(&store, i64::MAX, "recado", "ticket.unassign", 9).await.unwrap();
        let noted: Vec<_> = noted.iter().map(|line| (line.subject.clone(), line.detail.as_str())).collect();
        let line = |id| (format!("ticket {id}"), "user diego, shut out");
        assert_eq!(noted, [line(his[1]), line(his[0])], "{}", store.name());
        assert!(pages.try_recv().is_ok_and(|news| news.change == Change::Ticket(his[0])), "{}", store.name());
    }
}

#[tokio::test]
async fn a_conversation_that_has_a_ticket_gets_no_second_one_and_is_told_which_it_has() {
    for store in stores().await {
        let office = Office::new(&store);
        office.writes(ANA, "hola").await;
        let id = office.conversations().await[0].id;
        let site = Site::over(&office.engine);
        let token = site.token(Role::Agent).await;
        let open = async || {
            let body = json!({ "subject": "Estudio", "conversation": id }).to_string();
            site.call(Method::POST, "/api/v1/tickets", &token, &body, None).await
        };
        let first = open().await;
        assert_eq!(first.status, StatusCode::CREATED, "{} {}", store.name(), first.body);
        let second = open().await;
        let expected = (StatusCode::CONFLICT, json!("/api/docs#problem-has_ticket"));
        assert_eq!((second.status, second.json()["type"].clone()), expected, "{} {}", store.name(), second.body);
        assert!(second.body.contains(&format!("ticket {}.", first.json()["id"])), "{}: {}", store.name(), second.body);
        assert_eq!(office.numbers("SELECT COUNT(*) FROM ticket").await, [1], "{}", store.name());
    }
}

#[tokio::test]
async fn an_answer_in_doubt_keeps_its_conversation_from_ending_and_stands_so_on_the_ticket() {
    for store in stores().await {
        let office = Office::with(&store, "[conversations]\nclose_after = \"1h\"\n");
        office.writes(ANA, "¿está listo?").await;
        let chat = office.conversations().await[0].id;
        let person = office.person(ANA).await;
        let new = NewTicket { subject: "Estudio", person, priority: Priority::Normal, assignee: None, reference: None };
        let ticket = office.inbox.open_ticket_of(chat, &new, BY).await.unwrap().unwrap().id;
        let author = Author { id: office.user("ana").await, name: "ana".to_owned(), once: Once::default(), by: None };
        office.engine.answer(chat, "Sí, mañana", &author, Seen::default()).await.unwrap();
        let lost = "UPDATE message SET state = 'in_doubt', claimed_at = created_at WHERE author = 'ana'";
        office.change(lost).await;
        office.advance(2);
        assert_eq!(office.inbox.close_due(office.clock.now()).await.unwrap(), 0, "{}", store.name());
        let c = office.conversations().await.remove(0);
        assert_eq!((c.state, c.waiting_since.is_some()), (ConversationState::Open, true), "{}", store.name());
        let noted = office.words("SELECT content FROM entry WHERE direction = 'note'").await;
        assert!(noted.len() == 1 && noted[0].contains("in_doubt") && noted[0].contains("Sí, mañana"), "{noted:?}");
        assert_eq!(office.inbox.close_due(office.clock.now()).await.unwrap(), 0, "{}: once", store.name());
        assert!(office.inbox.close(chat, "ana", office.clock.now()).await.unwrap().is_done());
        let site = Site::over(&office.engine);
        let page = site.get(&format!("/tickets/{ticket}"), Some(&site.visitor(Role::Agent).await)).await.body;
        assert_eq!(page.matches("data-test=\"uncertain\"").count(), 1, "{} {page}", store.name());
        let token = site.token(Role::Agent).await;
        let told = site.call(Method::GET, &format!("/api/v1/tickets/{ticket}"), &token, "", None).await.json();
        assert_eq!(told.to_string().matches("\"uncertain\":true").count(), 1, "{} {told}", store.name());
    }
}

#[tokio::test]
async fn a_template_after_the_end_begins_a_conversation_of_the_same_ticket_while_that_is_open() {
    for store in stores().await {
        let office = Office::new(&store);
        let diego = office.user("diego").await;
        office.writes(ANA, "hola").await;
        let chat = office.conversations().await[0].id;
        let person = office.person(ANA).await;
        let new = NewTicket { subject: "Estudio", person, priority: Priority::Normal, assignee: None, reference: None };
        let ticket = office.inbox.open_ticket_of(chat, &new, BY).await.unwrap().unwrap().id;
        for inherits in [true, false] {
            let last = office.conversations().await.pop().unwrap().id;
            assert!(office.inbox.close(last, "diego", office.clock.now()).await.unwrap().is_done());
            if !inherits {
                office.change("UPDATE ticket SET state = 'closed', closed_at = 1").await;
            }
            let message = office.message(office.run("es_AR", "").await, ANA).await;
            let send = ByHand { person, sender: "lab", agent: diego, name: "diego", wait: None, ticket: None };
            let mut tx = store.begin().await.unwrap();
            inbox::open_by_hand(&mut tx, &office.engine.config.conversations, &send, message).await.unwrap();
            tx.commit().await.unwrap();
            let next = office.conversations().await.pop().unwrap();
            assert_eq!(next.previous_id, Some(last), "{}", store.name());
            assert_eq!(next.ticket_id, inherits.then_some(ticket), "{}", store.name());
        }
    }
}

#[tokio::test]
async fn the_gallery_says_the_wait_that_will_be_kept() {
    let store = stores().await.swap_remove(0);
    let office = Office::with(&store, "[conversations]\nclose_after = \"2h\"\n");
    office.writes(ANA, "hola").await;
    template::save(&store, "meta", &super::office::template("es_AR"), NOW).await.unwrap();
    let site = Site::over(&office.engine);
    let agent = site.visitor(Role::Agent).await;
    let page = site.get("/conversations/1/templates?template=appointment%7Ces_AR", Some(&agent)).await.body;
    assert!(page.contains("As usual (2 h)"), "{page}");
}
