//! Tickets, bots and handing over, as pages and API have them.

use axum::http::{Method, StatusCode};
use recado::domain::id::{ConversationId, TicketId};
use recado::domain::role::Role;
use recado::store::{audit, conversation, ticket, token, user};
use serde_json::{Value, json};

use super::site::{Answer, Site};
use crate::engine::gates;
use crate::engine::stage::Stage;
use crate::support::stores;

const HOUR: std::time::Duration = std::time::Duration::from_hours(1);

pub(super) async fn sends(site: &Site, token: &str, path: &str, body: Value) -> Answer {
    static NEXT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    let key = format!("k{}", NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
    site.call(Method::POST, path, token, &body.to_string(), Some(&key)).await
}

async fn bot(site: &Site, name: &str) -> String {
    let now = site.clock.now();
    token::add(&site.store, name, Role::Bot, now, now.plus(HOUR)).await.unwrap().1
}

#[tokio::test]
async fn another_system_opens_a_ticket_once_changes_it_and_reads_its_timeline() {
    for site in Site::all().await {
        let token = site.token(Role::Agent).await;
        let body = json!({"subject": " Estudio\nde sangre ", "phone": "11 5555-0123", "external": {"id": "4711"}});
        let told = sends(&site, &token, "/api/v1/tickets", body.clone()).await;
        assert_eq!(told.status, StatusCode::CREATED, "{}", told.body);
        let ticket = told.json();
        assert_eq!((&ticket["subject"], &ticket["source"]), (&json!("Estudio de sangre"), &json!("test")));
        let again = sends(&site, &token, "/api/v1/tickets", body).await;
        assert_eq!((again.status, &again.json()["id"]), (StatusCode::OK, &ticket["id"]));
        let path = format!("/api/v1/tickets/{}", ticket["id"]);
        let told = sends(&site, &token, &path, json!({"state": "pending", "priority": "urgent"})).await.json();
        assert_eq!((&told["state"], &told["priority"]), (&json!("pending"), &json!("urgent")));
        assert_eq!(sends(&site, &token, &format!("{path}/note"), json!({"text": "llamar"})).await.status, 204);
        let one = site.call(Method::GET, &path, &token, "", None).await.json();
        let kinds: Vec<&str> =
            one["timeline"].as_array().unwrap().iter().map(|e| e["told"]["kind"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["opened", "state", "priority", "note"]);
        let found =
            "/api/v1/tickets?source=test&external_id=4711&state=pending&assignee=nobody&priority=urgent&limit=1";
        let found = site.call(Method::GET, found, &token, "", None).await.json();
        assert_eq!((&found["items"][0]["id"], &found["next"]), (&ticket["id"], &Value::Null));
        for (body, field) in [
            (json!({"subject": "", "phone": "11 5555-0123"}), "subject"),
            (json!({"subject": "x", "phone": "12"}), "phone"),
            (json!({"subject": "x"}), "phone"),
            (json!({"subject": "x", "phone": "11 5555-0123", "assignee": "nadie"}), "assignee"),
            (json!({"subject": "x", "phone": "11 5555-0123", "external": {"id": ""}}), "external.id"),
        ] {
            let told = sends(&site, &token, "/api/v1/tickets", body).await;
            assert_eq!(told.status, StatusCode::UNPROCESSABLE_ENTITY, "{field}");
            assert!(told.body.contains(&format!("\"{field}\"")), "{field}: {}", told.body);
        }
    }
}

#[tokio::test]
async fn an_agent_opens_edits_and_finds_tickets_on_the_page_and_the_audit_has_it_without_words() {
    for site in Site::all().await {
        let agent = site.visitor(Role::Agent).await;
        let fields = [("subject", "Estudio de sangre"), ("phone", "11 5555-0123"), ("priority", "high")];
        let led = site.post("/tickets", &agent, &fields).await;
        assert_eq!(led.leads_to(), "/tickets/1?done=ticket_opened", "{}", led.body);
        let fields = [("subject", "Estudio"), ("state", "closed"), ("priority", "low"), ("assignee", "")];
        assert_eq!(site.post("/tickets/1", &agent, &fields).await.leads_to(), "/tickets/1?done=ticket_changed");
        assert_eq!(site.post("/tickets/1/note", &agent, &[("text", "avisada")]).await.status, StatusCode::SEE_OTHER);
        let page = site.get("/tickets/1", Some(&agent)).await.body;
        for words in
            ["data-state=\"closed\"", "avisada", "New subject; before: Estudio de sangre", "Assigned to Nobody"]
        {
            assert!(page.contains(words), "{words}: {page}");
        }
        let rows = async |query: &str| {
            let page = site.get(&format!("/tickets?{query}"), Some(&agent)).await.body;
            page.matches("data-test=\"ticket-row\"").count()
        };
        assert_eq!([rows("").await, rows("state=closed").await, rows("state=all&q=estud").await], [0, 1, 1]);
        assert_eq!([rows("state=all&whose=mine").await, rows("state=all&priority=high").await], [0, 0]);
        let lines = audit::page(&site.store, i64::MAX, "", "ticket.change", 9).await.unwrap();
        assert_eq!(lines.len(), 4);
        assert!(lines.iter().all(|l| l.subject == "ticket 1" && !l.detail.contains("Estudio")));
        assert_eq!(site.post("/tickets/1", &agent, &[("subject", "")]).await.status.as_u16() / 100, 4);
    }
}

#[tokio::test]
async fn a_page_has_one_heading_and_a_ticket_whose_text_is_gone_is_still_named() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let site = Site::over(&stage.engine);
        let (agent, token) = (site.visitor(Role::Agent).await, site.token(Role::Agent).await);
        let id = gates::conversation(&store, Some(HOUR)).await;
        for page in ["/conversations".to_owned(), format!("/conversations/{id}")] {
            let body = site.get(&page, Some(&agent)).await.body;
            assert_eq!(body.matches("<h1").count(), 1, "{} {page}: {body}", store.name());
        }
        let ticket =
            sends(&site, &token, "/api/v1/tickets", json!({"subject": "Estudio", "phone": "+5491155550123"})).await;
        let ticket = ticket.json()["id"].clone();
        let person = stage.engine.person_of("+5491155550123").await.unwrap().unwrap().unwrap().id;
        stage.engine.erase_person(person).await.unwrap().unwrap();
        let list = site.get("/tickets", Some(&agent)).await.body;
        assert!(list.contains(&format!("href=\"/tickets/{ticket}\">#{ticket}</a>")), "{list}");
        assert!(list.contains("No text is kept any more") && !list.contains("\"></a>"), "{list}");
    }
}

#[tokio::test]
async fn a_bot_sees_and_answers_only_what_it_was_given_and_gives_it_back_with_a_note() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let site = Site::over(&stage.engine);
        let (mine, other) = (bot(&site, "turnero").await, bot(&site, "otro").await);
        let person = site.token(Role::Agent).await;
        let id = gates::conversation(&store, Some(HOUR)).await;
        let own = format!("/api/v1/bot/conversations/{id}");
        assert_eq!(site.call(Method::GET, &own, &mine, "", None).await.status, StatusCode::NOT_FOUND);
        let path = format!("/api/v1/conversations/{id}");
        let none = sends(&site, &person, &format!("{path}/bot"), json!({"bot": "nadie"})).await;
        assert_eq!(none.status, StatusCode::BAD_REQUEST, "{} {}", store.name(), none.body);
        let given = sends(&site, &person, &format!("{path}/bot"), json!({"bot": "turnero"})).await;
        assert_eq!((given.status, &given.json()["bot"]), (StatusCode::OK, &json!("turnero")), "{}", store.name());
        let list = site.call(Method::GET, "/api/v1/bot/conversations?waiting=true", &mine, "", None).await.json();
        assert_eq!(list["items"][0]["id"], json!(id));
        let theirs = site.call(Method::GET, "/api/v1/bot/conversations", &other, "", None).await.json();
        assert_eq!(theirs["items"], json!([]), "{}", store.name());
        assert_eq!(site.call(Method::GET, &path, &mine, "", None).await.status, StatusCode::FORBIDDEN);
        let answer = json!({"text": "¿Qué día?"});
        let refused = sends(&site, &other, &format!("{own}/answer"), answer.clone()).await;
        assert_eq!(refused.status, StatusCode::NOT_FOUND, "{}", store.name());
        let sent = sends(&site, &mine, &format!("{own}/answer"), answer).await;
        assert_eq!(sent.status, StatusCode::CREATED, "{} {}", store.name(), sent.body);
        let back = sends(&site, &mine, &format!("{own}/back"), json!({"note": "pide una persona"})).await;
        assert_eq!((back.status, &back.json()["bot"]), (StatusCode::OK, &Value::Null), "{}", store.name());
        let thread = conversation::thread(&store, id).await.unwrap();
        let authors: Vec<&str> = thread.iter().map(|b| b.author.as_str()).collect();
        assert_eq!(authors, ["bot:turnero", "bot:turnero"], "{}", store.name());
        assert_eq!(site.call(Method::GET, &own, &mine, "", None).await.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn a_conversation_is_handed_over_with_a_note_and_put_on_a_ticket_from_its_page() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let site = Site::over(&stage.engine);
        let agent = site.visitor(Role::Agent).await;
        let admin = site.visitor(Role::Admin).await;
        let diego = user::by_name(&store, "admin").await.unwrap().unwrap().id;
        let id = gates::conversation(&store, Some(HOUR)).await;
        let page = format!("/conversations/{id}");
        let fields = [("to", &*format!("user:{diego}")), ("note", "pide factura")];
        let led = site.post(&format!("{page}/assign"), &agent, &fields).await;
        assert_eq!(led.leads_to(), format!("{page}?done=assigned"), "{} {}", store.name(), led.body);
        assert!(site.get(&page, Some(&admin)).await.body.contains("pide factura"), "{}", store.name());
        let others = site.post(&format!("{page}/assign"), &agent, &[("to", "bot:x")]).await;
        assert_eq!(others.status, StatusCode::CONFLICT, "{}: a colleague has it", store.name());
        let led = site.post(&format!("{page}/ticket"), &admin, &[("subject", "Factura")]).await;
        assert_eq!(led.leads_to(), format!("{page}?done=ticket_linked"), "{} {}", store.name(), led.body);
        assert!(site.get(&page, Some(&admin)).await.body.contains("#1 Factura"), "{}", store.name());
        assert_eq!(site.post(&format!("{page}/close"), &admin, &[]).await.status, StatusCode::SEE_OTHER);
        let ticket = site.get("/tickets/1", Some(&agent)).await.body;
        assert!(ticket.contains("data-test=\"transcript\"") && ticket.contains("pide factura"), "{ticket}");
        let linked = ticket::conversations(&store, TicketId(1)).await.unwrap();
        assert_eq!(linked.iter().map(|c| c.id).collect::<Vec<ConversationId>>(), [id], "{}", store.name());
    }
}

#[tokio::test]
async fn an_administrator_sets_how_many_conversations_somebody_gets_and_a_bot_is_no_person() {
    for site in Site::all().await {
        let (admin, agent) = (site.visitor(Role::Admin).await, site.visitor(Role::Agent).await);
        let id = user::by_name(&site.store, "agent").await.unwrap().unwrap().id;
        let path = format!("/users/{id}/capacity");
        for (given, kept) in [("3", Some(3)), ("", None), ("0", Some(0))] {
            assert_eq!(site.post(&path, &admin, &[("capacity", given)]).await.status, StatusCode::SEE_OTHER, "{given}");
            assert_eq!(user::by_id(&site.store, id).await.unwrap().unwrap().capacity, kept, "{given}");
        }
        for wrong in ["-1", "many", "1001"] {
            assert_eq!(site.post(&path, &admin, &[("capacity", wrong)]).await.status, StatusCode::BAD_REQUEST);
        }
        assert_eq!(site.post(&path, &agent, &[("capacity", "3")]).await.status, StatusCode::FORBIDDEN);
        let role = site.post(&format!("/users/{id}/role"), &admin, &[("role", "bot")]).await;
        assert_eq!(role.status, StatusCode::BAD_REQUEST);
    }
}

#[tokio::test]
async fn a_chat_started_from_a_ticket_stays_linked_waits_as_long_as_was_said_and_leaves_its_transcript() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let site = Site::over(&stage.engine);
        site.visitor(Role::Agent).await;
        let token = site.token(Role::Agent).await;
        let body = json!({"subject": "Estudio", "phone": "+54 9 11 5555-0123"});
        let ticket = sends(&site, &token, "/api/v1/tickets", body).await.json();
        let path = format!("/api/v1/tickets/{}", ticket["id"]);
        let mut chat = json!({"sender": "front", "template": "reminder", "language": "es_AR", "values": {"1": "Ana"},
            "wait_minutes": 90, "agent": "agent"});
        let told = sends(&site, &token, &format!("{path}/chat"), chat.clone()).await;
        assert_eq!(told.status, StatusCode::CREATED, "{} {}", store.name(), told.body);
        let id = ConversationId(told.json()["conversation"].as_i64().unwrap());
        let c = conversation::get(&store, id).await.unwrap().unwrap();
        assert_eq!((c.ticket_id, c.close_after), (Some(TicketId(1)), 5_400_000), "{}", store.name());
        let deed = audit::page(&store, i64::MAX, "token:test", "message.by_hand", 1).await.unwrap().remove(0);
        assert_eq!(deed.detail, "template reminder es_AR, for agent", "{}: who did it, and for whom", store.name());
        // One recontact, and then no more.
        assert_eq!(sends(&site, &token, &format!("{path}/chat"), chat.clone()).await.status, StatusCode::CREATED);
        let refused = sends(&site, &token, &format!("{path}/chat"), chat.clone()).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", store.name());
        assert!(refused.body.contains("recontact"), "{} {}", store.name(), refused.body);
        // From another ticket of hers it is not taken away: that one is named.
        let body = json!({"subject": "Otro", "phone": "+54 9 11 5555-0123"});
        let other = sends(&site, &token, "/api/v1/tickets", body).await.json()["id"].clone();
        let taken = sends(&site, &token, &format!("/api/v1/tickets/{other}/chat"), chat.clone()).await;
        assert_eq!(taken.status, StatusCode::CONFLICT, "{} {}", store.name(), taken.body);
        assert!(taken.body.contains("belongs to ticket 1"), "{} {}", store.name(), taken.body);
        // The wait begins when they have left.
        stage.sender().drain().await;
        stage.clock.advance(HOUR);
        stage.janitor().await;
        assert!(c.closed_at.is_none());
        stage.clock.advance(HOUR);
        stage.janitor().await;
        let one = site.call(Method::GET, &path, &token, "", None).await.json();
        let last = one["timeline"].as_array().unwrap().last().unwrap().clone();
        assert_eq!(last["told"]["kind"], "transcript", "{} {one}", store.name());
        assert_eq!(last["told"]["lines"][0]["author"], "agent", "{} {one}", store.name());
        chat["template"] = json!("nothing");
        let unknown = sends(&site, &token, &format!("{path}/chat"), chat).await;
        assert_eq!(unknown.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", store.name());
    }
}

/// A ticket with a note, of Ana's; its path.
async fn case(site: &Site, token: &str) -> String {
    let body = json!({"subject": "Estudio de Ana", "phone": "+54 9 11 5555-0123", "external": {"id": "4711"}});
    let path = format!("/api/v1/tickets/{}", sends(site, token, "/api/v1/tickets", body).await.json()["id"]);
    let note = sends(site, token, &format!("{path}/note"), json!({"text": "Prefiere la tarde"})).await;
    assert_eq!(note.status, StatusCode::NO_CONTENT, "{}", note.body);
    path
}

#[tokio::test]
async fn a_persons_tickets_are_in_what_is_handed_to_them_and_are_erased_with_them() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let site = Site::over(&stage.engine);
        let token = site.token(Role::Admin).await;
        case(&site, &token).await;
        let told = site.call(Method::GET, "/api/v1/people/1/export", &token, "", None).await.json();
        let ticket = &told["tickets"][0];
        assert_eq!((&ticket["subject"], &ticket["external_id"]), (&json!("Estudio de Ana"), &json!("4711")), "{told}");
        assert_eq!(ticket["created_at"], "2026-11-24T13:00:00Z", "a date, no count of milliseconds");
        let note = json!({"kind": "note", "text": "Prefiere la tarde"});
        assert_eq!(ticket["timeline"][1]["event"], note, "{} {ticket}", store.name());
        let erased = sends(&site, &token, "/api/v1/people/1/erase", json!({})).await;
        assert_eq!(erased.status, StatusCode::OK, "{}", erased.body);
        let left = ticket::get(&store, TicketId(1)).await.unwrap().unwrap();
        assert_eq!((left.subject.as_str(), left.external_id), ("", None), "{}", store.name());
        assert!(ticket::timeline(&store, TicketId(1)).await.unwrap().is_empty(), "{}", store.name());
    }
}

#[tokio::test]
async fn what_a_closed_ticket_was_about_goes_after_its_time_and_an_open_one_stays() {
    const DAY: std::time::Duration = std::time::Duration::from_hours(24);
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let site = Site::over(&stage.engine);
        let token = site.token(Role::Admin).await;
        let path = case(&site, &token).await;
        let open = json!({"subject": "Sigue abierto", "phone": "+54 9 11 5555-0124"});
        sends(&site, &token, "/api/v1/tickets", open).await;
        sends(&site, &token, &path, json!({"state": "closed"})).await;
        let sweep = async |days: u32| {
            stage.clock.advance(DAY * days);
            recado::engine::janitor::Janitor::new(stage.engine.clone()).sweep().await.unwrap();
        };
        sweep(380).await;
        assert_eq!(ticket::get(&store, TicketId(1)).await.unwrap().unwrap().subject, "Estudio de Ana");
        sweep(30).await;
        let gone = ticket::get(&store, TicketId(1)).await.unwrap().unwrap();
        assert_eq!((gone.subject.as_str(), gone.external_id.as_deref()), ("", Some("4711")), "{}", store.name());
        assert!(ticket::timeline(&store, TicketId(1)).await.unwrap().is_empty());
        sweep(380).await;
        sweep(2).await;
        let gone = ticket::get(&store, TicketId(1)).await.unwrap().unwrap();
        assert_eq!((gone.external_id, gone.phone), (None, None), "{}", store.name());
        let open = ticket::get(&store, TicketId(2)).await.unwrap().unwrap();
        assert_eq!((open.subject.as_str(), open.phone.as_deref()), ("Sigue abierto", Some("5491155550124")));
    }
}

#[tokio::test]
async fn a_conversation_comes_onto_no_ticket_of_another_person_by_no_way() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let site = Site::over(&stage.engine);
        let agent = site.visitor(Role::Agent).await;
        let token = site.token(Role::Agent).await;
        let chat = gates::conversation(&store, None).await;
        let body = json!({"subject": "De otra", "phone": "+54 9 11 5555-0199"});
        let other = sends(&site, &token, "/api/v1/tickets", body).await.json();
        let link = json!({"ticket": other["id"], "agent": "agent"});
        let path = format!("/api/v1/conversations/{chat}/ticket");
        let refused = sends(&site, &token, &path, link.clone()).await;
        assert_eq!(refused.status, StatusCode::CONFLICT, "{} {}", store.name(), refused.body);
        let number = other["id"].to_string();
        let refused = site.post(&format!("/conversations/{chat}/ticket"), &agent, &[("ticket", &number)]).await;
        assert_eq!(refused.status, StatusCode::CONFLICT, "{}", refused.body);
        assert!(refused.body.contains("another person"), "{}", refused.body);
        let message = json!({"sender": "front", "to": "+5491155550123", "template": "reminder", "language": "es_AR",
            "values": {"1": "Ana"}, "ticket": other["id"], "agent": "agent"});
        let refused = sends(&site, &token, "/api/v1/messages", message).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.body);
        assert_eq!(refused.json()["errors"][0]["field"], "ticket", "{}", refused.body);
        assert_eq!(conversation::get(&store, chat).await.unwrap().unwrap().ticket_id, None, "{}", store.name());

        // Two ids found to be one person are one person.
        let mut tx = store.begin().await.unwrap();
        let talks = conversation::hold(&mut tx, chat).await.unwrap().unwrap().person_id;
        let owner = recado::domain::id::PersonId(other["person_id"].as_i64().unwrap());
        recado::store::identity::link(&mut tx, talks, owner).await.unwrap();
        tx.commit().await.unwrap();
        let linked = sends(&site, &token, &path, link).await;
        assert_eq!(linked.status, StatusCode::OK, "{} {}", store.name(), linked.body);
    }
}

#[tokio::test]
async fn another_systems_case_is_of_one_person_and_asking_again_uses_up_no_number() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let site = Site::over(&stage.engine);
        let token = site.token(Role::Agent).await;
        let chat = gates::conversation(&store, None).await;
        let case = |phone: &str| json!({"subject": "Estudio", "phone": phone, "external": {"id": "E-1"}});
        for n in 0..5 {
            let told = sends(&site, &token, "/api/v1/tickets", case("11 5555-0199")).await;
            let expected = if n == 0 { StatusCode::CREATED } else { StatusCode::OK };
            assert_eq!((told.status, &told.json()["id"]), (expected, &json!(1)), "{}", store.name());
        }
        let typo = sends(&site, &token, "/api/v1/tickets", case("11 5555-0198")).await;
        assert_eq!(typo.status, StatusCode::CONFLICT, "{} {}", store.name(), typo.body);
        assert_eq!(typo.json()["title"], "The ticket is another person's", "{}", typo.body);
        let body = json!({"subject": "Estudio", "conversation": chat, "external": {"id": "E-1"}});
        let elsewhere = sends(&site, &token, "/api/v1/tickets", body).await;
        assert_eq!(elsewhere.status, StatusCode::CONFLICT, "{} {}", store.name(), elsewhere.body);
        assert_eq!(conversation::get(&store, chat).await.unwrap().unwrap().ticket_id, None);
        let next = sends(&site, &token, "/api/v1/tickets", json!({"subject": "Otro", "phone": "11 5555-0199"})).await;
        assert_eq!(next.json()["id"], 2, "{}: {}", store.name(), next.body);
    }
}

#[tokio::test]
async fn a_chat_begun_from_a_closed_ticket_opens_it_again() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let site = Site::over(&stage.engine);
        site.visitor(Role::Agent).await;
        let token = site.token(Role::Agent).await;
        let path = case(&site, &token).await;
        assert_eq!(sends(&site, &token, &path, json!({"state": "closed"})).await.json()["state"], "closed");
        let chat = json!({"sender": "front", "template": "reminder", "language": "es_AR", "values": {"1": "Ana"}, "agent": "agent"});
        let told = sends(&site, &token, &format!("{path}/chat"), chat).await;
        assert_eq!(told.status, StatusCode::CREATED, "{} {}", store.name(), told.body);
        let one = site.call(Method::GET, &path, &token, "", None).await.json();
        assert_eq!((&one["state"], &one["closed_at"]), (&json!("open"), &Value::Null), "{} {one}", store.name());
        let last = one["timeline"].as_array().unwrap().last().unwrap().clone();
        assert_eq!(last["told"], json!({"kind": "state", "from": "closed", "to": "open"}), "{one}");
        let known = audit::page(&store, i64::MAX, "", "ticket.change", 10).await.unwrap();
        assert_eq!((known[0].detail.as_str(), known.len()), ("state open", 2), "{}", store.name());
    }
}
