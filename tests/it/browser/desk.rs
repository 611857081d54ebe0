//! Agents at a real browser: conversations dealt out in turn, handed over with a note, closed by time onto a ticket.

use std::time::Duration;

use fantoccini::{Client, Locator};
use recado::domain::role::Role;
use recado::store::{Db, presence};
use serde_json::json;

use super::{marked, picture, press, wait_for, wait_for_any};
use crate::engine::stage::Stage;
use crate::support::{Browser, TestStore, stores};
use crate::web::site::{Site, Visitor};

/// A daemon on this machine, whose cookies need no https; its sender belongs to a team that deals in turn.
const TEAM: &str = "team = \"turnos\"\n# [account.zenvia]\n[team.turnos]\nmembers = [\"agent\", \"admin\"]\nassign = \"round_robin\"\n[conversations]\nclose_after = \"24h\"\n";

struct Office {
    stage: Stage,
    site: Site,
    origin: String,
    agent: Visitor,
    admin: Visitor,
}

impl Office {
    async fn open(store: &TestStore) -> Self {
        let stage = Stage::with(store, store.dir.path(), TEAM).await;
        let site = Site::over(&stage.engine);
        let (agent, admin) = (site.visitor(Role::Agent).await, site.visitor(Role::Admin).await);
        let origin = site.listen().await;
        Self { stage, site, origin, agent, admin }
    }

    /// The browser at a page, as somebody.
    async fn at(&self, window: &Client, who: &Visitor, path: &str) {
        window.goto(&format!("{}/sign-in", self.origin)).await.unwrap();
        let signed_in = format!("document.cookie = 'recado_session={}; path=/';", who.cookie);
        window.execute(&signed_in, Vec::new()).await.unwrap();
        window.goto(&format!("{}{path}", self.origin)).await.unwrap();
    }

    /// Waits until the page has told that somebody is before it; the page before it told last that it was left.
    async fn is_here(&self, name: &str) {
        let store = &self.site.store;
        let user = recado::store::user::by_name(store, name).await.unwrap().unwrap().id;
        for _ in 0..200 {
            tokio::time::sleep(Duration::from_millis(50)).await;
            let known = presence::of(store, user).await.unwrap();
            if known.is_some_and(|p| p.is_here(self.stage.clock.now())) {
                return;
            }
        }
        panic!("{name} is not here");
    }

    async fn writes(&self, n: u32, words: &str) {
        let (at, from) = ((self.stage.clock.now().0 / 1000).to_string(), format!("54911500000{n:02}"));
        let id = format!("wamid.in{n}");
        let reply = json!({"from": from, "id": id, "timestamp": at, "type": "text", "text": {"body": words}});
        self.stage.told("messages", json!({"contacts": [{"wa_id": from}], "messages": [reply]})).await;
        self.stage.janitor().await;
    }
}

async fn listed(window: &Client) -> usize {
    wait_for(window, "#list-tabs").await;
    window.find_all(Locator::Css("[data-test=conversation]")).await.unwrap().len()
}

#[tokio::test]
async fn an_agent_who_is_away_gets_nothing_in_turn_until_they_are_back() {
    let Some(browser) = Browser::start(1280, 1000).await else { return };
    let window = &browser.window;
    let store = stores().await.swap_remove(0);
    let office = Office::open(&store).await;
    office.at(window, &office.admin, "/conversations").await;
    press(window, "[data-test=settings]").await;
    press(window, "[data-test=be-away]").await;
    wait_for_any(window, Locator::XPath("//*[@role='status'][contains(., 'no new conversations')]")).await;
    office.at(window, &office.agent, "/conversations").await;
    office.is_here("agent").await;
    office.writes(1, "hola").await;
    office.writes(2, "buenas").await;
    office.at(window, &office.admin, "/conversations?view=mine&show=open").await;
    assert_eq!(listed(window).await, 0, "who is away gets nothing");
    office.at(window, &office.agent, "/conversations?view=mine&show=open").await;
    assert_eq!(listed(window).await, 2, "all of it goes to who is available");
    picture(window, "dealt").await;
    office.at(window, &office.admin, "/conversations").await;
    press(window, "[data-test=settings]").await;
    press(window, "[data-test=be-available]").await;
    wait_for_any(window, Locator::XPath("//*[@role='status'][contains(., 'conversations again')]")).await;
    office.is_here("admin").await;
    office.writes(3, "hola").await;
    office.at(window, &office.admin, "/conversations?view=mine&show=open").await;
    assert_eq!(listed(window).await, 1, "it was their turn");
    browser.close().await;
}

#[tokio::test]
async fn a_conversation_is_handed_to_a_colleague_who_reads_the_note() {
    let Some(browser) = Browser::start(1280, 1000).await else { return };
    let window = &browser.window;
    let store = stores().await.swap_remove(0);
    let office = Office::open(&store).await;
    office.writes(1, "necesito la factura").await;
    office.at(window, &office.agent, "/conversations/1").await;
    press(window, "[data-test=claim]").await;
    wait_for(window, "[data-test=assign]:not([disabled])").await;
    let admin = recado::store::user::by_name(&office.site.store, "admin").await.unwrap().unwrap().id;
    marked(window, "assign-to").await.select_by_value(&format!("user:{admin}")).await.unwrap();
    marked(window, "assign-note").await.send_keys("Pide factura A, es empresa").await.unwrap();
    press(window, "[data-test=assign]").await;
    wait_for_any(window, Locator::XPath("//*[@role='status'][contains(., 'Handed over')]")).await;
    wait_for(window, "[data-test=assign][disabled]").await;
    office.at(window, &office.admin, "/conversations?view=mine&show=open").await;
    press(window, "[data-test=conversation]").await;
    let note = "//*[@data-test='bubble-note'][contains(., 'Pide factura A')][contains(., 'agent → admin')]";
    wait_for_any(window, Locator::XPath(note)).await;
    picture(window, "handed-over").await;
    browser.close().await;
}

#[tokio::test]
async fn a_conversation_closes_by_itself_and_what_was_said_stands_on_its_ticket() {
    let Some(browser) = Browser::start(1280, 1000).await else { return };
    let window = &browser.window;
    let store = stores().await.swap_remove(0);
    let office = Office::open(&store).await;
    office.writes(1, "¿está mi estudio?").await;
    office.at(window, &office.agent, "/conversations/1").await;
    marked(window, "ticket-subject").await.send_keys("Estudio de sangre").await.unwrap();
    press(window, "[data-test=open-ticket]").await;
    wait_for(window, "[data-test=ticket-link]").await;
    marked(window, "answer-text").await.send_keys("Está listo mañana").await.unwrap();
    press(window, "[data-test=answer]").await;
    wait_for_any(window, Locator::XPath("//*[@data-test='bubble-out'][contains(., 'listo mañana')]")).await;
    // What is still in line keeps it open.
    let Db::Sqlite(pool) = &store.write else { panic!("the first is SQLite") };
    sqlx::query("UPDATE message SET state = 'delivered' WHERE state = 'queued'").execute(pool).await.unwrap();
    office.stage.clock.advance(Duration::from_hours(25));
    office.stage.janitor().await;
    // A day is longer than they stay signed in.
    let agent = office.site.visitor(Role::Agent).await;
    office.at(window, &agent, "/conversations/1").await;
    marked(window, "reopen").await;
    press(window, "[data-test=ticket-link]").await;
    wait_for_any(window, Locator::XPath("//*[@data-test='transcript'][contains(., 'mi estudio')]")).await;
    wait_for_any(window, Locator::XPath("//*[@data-test='transcript'][contains(., 'listo mañana')]")).await;
    picture(window, "ticket").await;
    marked(window, "set-state").await.select_by_value("closed").await.unwrap();
    press(window, "[data-test=save]").await;
    wait_for(window, "[data-test=state][data-state=closed]").await;
    window.goto(&format!("{}/tickets?state=closed&q=sangre", office.origin)).await.unwrap();
    marked(window, "ticket-row").await;
    picture(window, "tickets").await;
    browser.close().await;
}
