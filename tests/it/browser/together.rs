//! Two agents and an administrator at one conversation at once, from the first reply to the transcript on its ticket. The
//! clock is fixed, so that a day of theirs takes a minute.

use std::time::Duration;

use fantoccini::elements::Element;
use fantoccini::{Client, Locator};
use recado::domain::change::{Change, News};
use recado::domain::id::{ConversationId, UserId};
use recado::domain::role::Role;
use recado::engine::canned::CannedDraft;
use recado::store::{session, user};
use serde_json::json;

use super::{marked, picture, press, wait_for, wait_for_any};
use crate::engine::stage::{CAMPAIGN, Stage, people};
use crate::support::{Browser, stores};
use crate::web::site::Site;
use crate::web::thread::says;

/// What `Stage` takes for a daemon on this machine, whose cookies need no https.
const TEAM: &str = "team = \"recepcion\"\n# [account.zenvia]\n[team.recepcion]\nmembers = [\"ana\", \"diego\"]\n";
const REPLIES: &str = "[replies]\ntyped = { \"confirmed\" = [\"confirmo\"], \"cancelled\" = [\"no puedo ir\"] }\n";
const TALK: &str = "/conversations/1";

/// Somebody at a browser of their own.
struct Seat {
    browser: Browser,
    user: UserId,
}

impl Seat {
    fn window(&self) -> &Client {
        &self.browser.window
    }
}

struct Desk {
    stage: Stage,
    site: Site,
    origin: String,
}

impl Desk {
    async fn sits_down(&self, name: &str, role: Role) -> Option<Seat> {
        let browser = Browser::start(1440, 1000).await?;
        let user = user::add(&self.site.store, name, role, None, self.site.clock.now()).await.unwrap().unwrap();
        let seat = Seat { browser, user };
        seat.window().goto(&format!("{}/sign-in", self.origin)).await.unwrap();
        self.signs_in(&seat).await;
        Some(seat)
    }

    /// A session from now on: a day is longer than one lasts.
    async fn signs_in(&self, seat: &Seat) {
        let cookie = session::begin(&self.site.store, seat.user, self.site.clock.now()).await.unwrap();
        let script = format!("document.cookie = 'recado_session={cookie}; path=/';");
        seat.window().execute(&script, Vec::new()).await.unwrap();
    }

    async fn at(&self, seat: &Seat, path: &str) {
        seat.window().goto(&format!("{}{path}", self.origin)).await.unwrap();
    }

    async fn writes(&self, id: &str, words: &str) {
        says(&self.stage, id, json!({"type": "text", "text": {"body": words}})).await;
    }
}

/// What has that mark and says `words`, once there is one.
async fn sees(seat: &Seat, mark: &str, words: &str) -> Element {
    let path = format!("//*[@data-test='{mark}'][contains(., \"{words}\")]");
    wait_for_any(seat.window(), Locator::XPath(&path)).await
}

async fn all_see(seats: &[&Seat], mark: &str, words: &str) {
    for seat in seats {
        sees(seat, mark, words).await;
    }
}

async fn all_have(seats: &[&Seat], css: &str) {
    for seat in seats {
        wait_for(seat.window(), css).await;
    }
}

#[tokio::test]
async fn two_agents_and_an_administrator_work_on_one_conversation_at_once() {
    let store = stores().await.swap_remove(0);
    let stage = Stage::with(&store, store.dir.path(), TEAM).await;
    let site = Site::over(&stage.engine);
    let origin = site.listen().await;
    let desk = Desk { stage, site, origin };
    let Some(ana) = desk.sits_down("ana", Role::Agent).await else { return };
    let diego = desk.sits_down("diego", Role::Agent).await.unwrap();
    let admin = desk.sits_down("root", Role::Admin).await.unwrap();
    let everybody = [&ana, &diego, &admin];
    let draft = CannedDraft { team: "", code: "hora", text: "{{ name | first_name }}, es a las nueve." };
    desk.stage.engine.save_canned(None, draft, "root").await.unwrap().unwrap();
    desk.stage.run("one", &format!("{CAMPAIGN}{REPLIES}"), &people(1)).await;
    desk.stage.sender().drain().await;

    for seat in everybody {
        desk.at(seat, "/conversations?view=all&show=open").await;
        marked(seat.window(), "nothing").await;
    }
    desk.writes("wamid.in1", "¿a qué hora era?").await;
    all_see(&everybody, "conversation", "a qué hora").await;
    for seat in everybody {
        press(seat.window(), "[data-test=conversation]").await;
        wait_for(seat.window(), "form[data-ready]").await;
    }
    answers_and_hands_over(&ana, &diego, &admin).await;
    decides(&desk, &ana, &diego, &admin).await;
    outlives_the_window(&desk, &ana, &diego, &admin).await;
    closes_by_itself(&desk, &ana, &diego, &admin).await;
    for seat in [ana, diego, admin] {
        seat.browser.close().await;
    }
}

/// One claims it by answering and hands it over; the other leaves a note and sends a canned answer. All see all of it.
async fn answers_and_hands_over(ana: &Seat, diego: &Seat, admin: &Seat) {
    marked(ana.window(), "answer-text").await.send_keys("Ya le digo").await.unwrap();
    press(ana.window(), "[data-test=answer]").await;
    all_see(&[ana, diego, admin], "bubble-out", "Ya le digo").await;
    for seat in [diego, admin] {
        wait_for_any(seat.window(), Locator::XPath("//*[@id='talk-head'][contains(., 'ana')]")).await;
    }
    wait_for(diego.window(), "#close[disabled]").await;
    wait_for(diego.window(), "[data-test=assign][disabled]").await;

    marked(ana.window(), "assign-to").await.select_by_value(&format!("user:{}", diego.user)).await.unwrap();
    marked(ana.window(), "assign-note").await.send_keys("Llega tarde").await.unwrap();
    press(ana.window(), "[data-test=assign]:not([disabled])").await;
    all_see(&[ana, diego, admin], "bubble-note", "Llega tarde").await;
    for seat in [diego, admin] {
        wait_for_any(seat.window(), Locator::XPath("//*[@id='talk-head'][contains(., 'diego')]")).await;
    }
    wait_for(diego.window(), "[data-test=assign]:not([disabled])").await;
    wait_for(ana.window(), "[data-test=assign][disabled]").await;
    picture(diego.window(), "together-handed-over").await;

    press(diego.window(), "[data-test=note-open]").await;
    marked(diego.window(), "note-text").await.send_keys("Prefiere la tarde").await.unwrap();
    press(diego.window(), "[data-test=note]").await;
    all_see(&[ana, diego, admin], "bubble-note", "Prefiere la tarde").await;

    wait_for(diego.window(), "form[data-ready]").await;
    marked(diego.window(), "answer-text").await.send_keys("/hor").await.unwrap();
    marked(diego.window(), "slash-option").await;
    marked(diego.window(), "answer-text").await.send_keys("\u{E007}").await.unwrap();
    press(diego.window(), "[data-test=answer]").await;
    all_see(&[ana, diego, admin], "bubble-out", "Ana, es a las nueve.").await;
}

/// What the person decided is corrected, and what they said against promotions is undone.
async fn decides(desk: &Desk, ana: &Seat, diego: &Seat, admin: &Seat) {
    let everybody = [ana, diego, admin];
    desk.writes("wamid.in2", "Confirmo").await;
    all_see(&everybody, "outcome", "Confirmed").await;
    press(diego.window(), "[data-test=set-cancelled]:not([disabled])").await;
    all_see(&everybody, "outcome", "Wants to cancel").await;

    desk.writes("wamid.in3", "BAJA").await;
    all_have(&everybody, "[data-test=promotions-again]").await;
    picture(ana.window(), "together-opted-out").await;
    press(diego.window(), "[data-test=promotions-again]:not([disabled])").await;
    let over = "//*[@id='wishes'][not(.//*[@data-test='promotions-again'])]";
    for seat in everybody {
        wait_for_any(seat.window(), Locator::XPath(over)).await;
    }

    // That closed it; whatever else they write opens it again.
    desk.writes("wamid.in4", "Otra cosa: ¿dónde es?").await;
    all_see(&everybody, "bubble-in", "dónde es").await;
    marked(diego.window(), "ticket-subject").await.send_keys("Turno de Ana").await.unwrap();
    press(diego.window(), "[data-test=open-ticket]:not([disabled])").await;
    all_see(&everybody, "ticket-link", "Turno de Ana").await;
}

/// The 24 hours pass under the hands of who has it, and a template from the gallery goes out.
async fn outlives_the_window(desk: &Desk, ana: &Seat, diego: &Seat, admin: &Seat) {
    let everybody = [ana, diego, admin];
    wait_for(diego.window(), "#answer-text:not([readonly])").await;
    // What waits in line for longer than the window is not sent any more, and comes back.
    desk.stage.sender().drain().await;
    desk.stage.clock.advance(Duration::from_hours(24) + Duration::from_secs(1));
    for seat in everybody {
        desk.signs_in(seat).await;
    }
    desk.stage.engine.changes.send(News::here(Change::Conversation(ConversationId(1)))).unwrap();
    all_see(&everybody, "window", "templates only").await;
    all_have(&everybody, "#answer-text[readonly]").await;
    all_have(&everybody, "[data-test=answer][disabled]").await;

    marked(diego.window(), "answer-text").await.send_keys("/").await.unwrap();
    wait_for(diego.window(), "[data-test=gallery-dialog][open]").await;
    press(diego.window(), "[data-test=pick-reminder]").await;
    marked(diego.window(), "value-1").await.send_keys("Eva").await.unwrap();
    sees(diego, "look-text", "Hola Eva, le esperamos.").await;
    sees(diego, "price", "USD").await;
    marked(diego.window(), "wait").await.select_by_value("240").await.unwrap();
    press(diego.window(), "[data-test=send]").await;
    all_see(&everybody, "bubble-out", "Hola Eva, le esperamos.").await;
    picture(admin.window(), "together-template").await;
}

/// Nobody answers in the time set: it closes by itself, and what was said stands on its ticket.
async fn closes_by_itself(desk: &Desk, ana: &Seat, diego: &Seat, admin: &Seat) {
    desk.stage.sender().drain().await;
    desk.at(admin, "/tickets/1").await;
    sees(admin, "event", "Opened").await;
    desk.at(ana, TALK).await;
    marked(ana.window(), "close").await;
    desk.stage.clock.advance(Duration::from_hours(5));
    desk.stage.janitor().await;
    all_have(&[ana, diego], "[data-test=reopen]").await;
    // Live on the ticket's page too.
    for words in ["a qué hora era", "Ya le digo", "Prefiere la tarde", "es a las nueve", "Hola Eva, le esperamos."] {
        sees(admin, "transcript", words).await;
    }
    picture(admin.window(), "together-ticket").await;
}
