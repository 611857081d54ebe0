//! Two agents and an administrator at the inbox at once, each in a browser of their own.

use std::time::Duration;

use fantoccini::key::Key;
use fantoccini::{Client, Locator};
use recado::domain::role::Role;
use recado::domain::time::UnixMs;
use recado::store::{session, user};
use serde_json::json;

use super::{fits, marked, picture, press, wait_for, wait_for_any};
use crate::rig::{Audience, Database, Folder, Rig, Setup};
use crate::support::Browser;

/// The people of the audience by number, and the sender.
const PEOPLE: [&str; 2] = ["5491110000000", "5491110000001"];
const SENDER: &str = "106540352240000";
const TEAM: &str = "[team.recepcion]\nmembers = [\"ana\", \"diego\"]\n";
const REPLIES: &str = "[replies]\nroute = \"team:recepcion\"\n";

/// A sandbox, a daemon, and two people who have got a reminder.
pub(super) async fn desk() -> Rig {
    let sandbox = ["--any-template", "--quiet"].map(str::to_owned).to_vec();
    let rig = Rig::start(Setup { sandbox, more: TEAM.to_owned(), ..Setup::new(Database::Sqlite) }).await;
    let mut folder = Folder::new("turnos", "reminder", "front", Audience { people: 2, from: 0 });
    folder.of_known_template();
    folder.definition.push_str(REPLIES);
    rig.start_campaign(&folder).await;
    while rig.stats().await.accepted < 2 {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    rig
}

pub(super) async fn writes(rig: &Rig, person: usize, text: &str) {
    rig.sandbox_post("/_sandbox/reply", &json!({"from": PEOPLE[person], "to": SENDER, "text": text})).await;
}

/// A browser with somebody of `role` signed in.
pub(super) async fn sits_down(rig: &Rig, name: &str, role: Role) -> Option<Browser> {
    let browser = Browser::start(1440, 900).await?;
    let now = UnixMs(jiff::Timestamp::now().as_millisecond());
    let store = rig.store().await;
    let id = user::add(&store, name, role, None, now).await.unwrap().unwrap();
    let token = session::add_link(&store, id, now).await.unwrap();
    store.close().await;
    let window = &browser.window;
    window.goto(&format!("{}/sign-in/link?token={token}", rig.daemon_url())).await.unwrap();
    marked(window, "sign-in").await.click().await.unwrap();
    wait_for(window, "[data-test=user]").await;
    Some(browser)
}

async fn open(window: &Client, rig: &Rig, path: &str) {
    window.goto(&format!("{}{path}", rig.daemon_url())).await.unwrap();
}

/// Waits until something of that mark says `words`.
async fn says(window: &Client, mark: &str, words: &str) {
    let found = format!("//*[@data-test='{mark}'][contains(., \"{words}\")]");
    wait_for_any(window, Locator::XPath(&found)).await;
}

/// Types where the focus is.
async fn keys(window: &Client, keys: &str) {
    window.active_element().await.unwrap().send_keys(keys).await.unwrap();
}

async fn is_focused(window: &Client, css: &str) {
    wait_for(window, &format!("{css}:focus")).await;
}

#[tokio::test]
async fn two_agents_and_an_administrator_see_what_each_other_does() {
    let rig = desk().await;
    let Some(ana) = sits_down(&rig, "ana", Role::Agent).await else { return };
    let diego = sits_down(&rig, "diego", Role::Agent).await.unwrap();
    let admin = sits_down(&rig, "root", Role::Admin).await.unwrap();
    for browser in [&ana, &diego, &admin] {
        open(&browser.window, &rig, "/conversations?view=all&show=open").await;
        marked(&browser.window, "nothing").await;
    }

    writes(&rig, 0, "¿Puedo ir más tarde?").await;
    for browser in [&ana, &diego, &admin] {
        says(&browser.window, "conversation", "más tarde").await;
    }
    for browser in [&ana, &diego, &admin] {
        press(&browser.window, "[data-test=conversation]").await;
        marked(&browser.window, "answer-text").await;
    }
    says(&diego.window, "looking", "ana").await;
    marked(&ana.window, "answer-text").await.send_keys("Claro, ¿a las 16?").await.unwrap();
    says(&diego.window, "typing", "ana").await;
    marked(&diego.window, "answer-text").await.send_keys("Sí, venga").await.unwrap();
    says(&ana.window, "typing", "diego").await;
    picture(&ana.window, "inbox").await;

    press(&ana.window, "[data-test=answer]").await;
    for browser in [&ana, &diego, &admin] {
        says(&browser.window, "bubble-out", "a las 16").await;
    }
    // It is Ana's by now; what Diego wrote meanwhile comes back to him with what she wrote.
    press(&diego.window, "[data-test=answer]").await;
    marked(&diego.window, "overtaken").await;
    says(&diego.window, "answer-anyway", "Send anyway").await;
    picture(&diego.window, "inbox-overtaken").await;
    let kept = marked(&diego.window, "answer-text").await.prop("value").await.unwrap();
    assert_eq!(kept.as_deref(), Some("Sí, venga"));
    open(&diego.window, &rig, "/conversations?view=all&show=open").await;
    says(&diego.window, "conversation", "ana").await;

    news_and_keys(&rig, &diego.window).await;
    closes(&rig, (&ana.window, &admin.window)).await;
    on_a_phone(&rig, &ana.window).await;
    for browser in [ana, diego, admin] {
        browser.close().await;
    }
}

/// What arrives is counted in the title, sounds where that was turned on, and everything is done without a mouse.
async fn news_and_keys(rig: &Rig, window: &Client) {
    press(window, "[data-test=settings]").await;
    press(window, "[data-test=sound]").await;
    wait_for(window, "[data-inbox][data-sound]").await;
    news_elsewhere(rig, window).await;
    open(window, rig, "/conversations?view=all&show=open").await;
    wait_for(window, "[data-inbox]").await;
    keys(window, "j").await;
    is_focused(window, ".talk").await;
    keys(window, "?").await;
    wait_for(window, "dialog[open]").await;
    picture(window, "inbox-keys").await;
    press(window, "[data-test=keys-shut]").await;
    // Another tab is in front: title and sound are for whoever looks elsewhere.
    let hide = "Object.defineProperty(document, 'hidden', { value: true, configurable: true })";
    window.execute(hide, Vec::new()).await.unwrap();
    writes(rig, 1, "Gracias, nos vemos mañana").await;
    says(window, "conversation", "nos vemos").await;
    wait_for(window, "[data-sounded]").await;
    let title = window.title().await.unwrap();
    assert!(title.starts_with("(1) "), "{title}");
    window.execute("delete document.hidden", Vec::new()).await.unwrap();

    keys(window, "/").await;
    is_focused(window, "#find").await;
    keys(window, "mañana vemos").await;
    keys(window, &Key::Enter.to_string()).await;
    let one = "//*[@data-lines][count(li) = 1]//*[@data-test='conversation'][contains(., 'nos vemos')]";
    wait_for_any(window, Locator::XPath(one)).await;
    picture(window, "inbox-search").await;
    keys(window, "j").await;
    is_focused(window, ".talk").await;
    keys(window, &Key::Enter.to_string()).await;
    wait_for(window, "[data-conversation]").await;
    // The search is at hand beside an open conversation too.
    keys(window, "s").await;
    is_focused(window, "#find").await;
    keys(window, &Key::Escape.to_string()).await;
    keys(window, "n").await;
    is_focused(window, "#note-text").await;
    keys(window, &Key::Escape.to_string()).await;
    keys(window, "r").await;
    is_focused(window, "#answer-text").await;
    keys(window, "Hasta mañana").await;
    let send = format!("{}{}", Key::Control, Key::Enter);
    keys(window, &send).await;
    says(window, "bubble-out", "Hasta mañana").await;
    says(window, "conversation", "diego").await;
}

/// Whoever works on another page is told in the menu, by the title and by the sound too.
async fn news_elsewhere(rig: &Rig, window: &Client) {
    open(window, rig, "/tickets").await;
    wait_for(window, "#news [data-unread='0']").await;
    keys(window, "x").await;
    writes(rig, 1, "Buenas").await;
    says(window, "unread", "1").await;
    wait_for(window, "body[data-sounded]").await;
    let title = window.title().await.unwrap();
    assert!(title.starts_with("(1) Tickets"), "{title}");
    picture(window, "inbox-news").await;
}

/// One closes, the other sees that.
async fn closes(rig: &Rig, (one, other): (&Client, &Client)) {
    press(one, "#close").await;
    marked(one, "flash").await;
    marked(other, "reopen").await;
    open(one, rig, "/conversations?view=all&show=closed").await;
    // Who looks at it is said before that it is closed.
    marked(one, "conversation").await;
}

/// One column at a time.
async fn on_a_phone(rig: &Rig, window: &Client) {
    window.set_window_size(420, 900).await.unwrap();
    open(window, rig, "/conversations?view=all&show=open").await;
    marked(window, "conversation").await;
    picture(window, "inbox-phone-list").await;
    fits(window).await;
    press(window, "[data-test=conversation]").await;
    marked(window, "answer-text").await;
    let shown = "return [...document.querySelectorAll('.inbox > *')].filter((c) => c.checkVisibility()).length;";
    assert_eq!(window.execute(shown, Vec::new()).await.unwrap(), 1, "one column");
    picture(window, "inbox-phone-thread").await;
    fits(window).await;
    press(window, "a[href='#person']").await;
    wait_for(window, "#person:target").await;
    assert_eq!(window.execute(shown, Vec::new()).await.unwrap(), 1, "one column");
    picture(window, "inbox-phone-person").await;
    fits(window).await;
}
