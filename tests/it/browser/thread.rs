//! An agent in the thread, at a real browser: canned answers, quotes, the window, the gallery, drafts, attachments.

use std::time::Duration;

use fantoccini::{Client, Locator};
use recado::domain::change::{Change, News};
use recado::domain::fill::Content;
use recado::domain::id::{ConversationId, MessageId, UserId};
use recado::engine::canned::CannedDraft;
use recado::engine::{Author, Seen};
use recado::store::idempotency::Once;
use serde_json::json;

use super::{marked, picture, wait_for, wait_for_any};
use crate::engine::stage::Stage;
use crate::support::{Browser, TestStore, stores};
use crate::web::site::{Site, Visitor};
use crate::web::thread::{TEAMS, desk, says};

/// What `Stage` takes for a daemon on this machine, whose cookies need no https.
const HERE: &str = "# [account.zenvia]\n";

/// An agent with a conversation, and a browser.
struct Room {
    browser: Browser,
    stage: Stage,
    site: Site,
    id: ConversationId,
    ana: Visitor,
    origin: String,
    store: TestStore,
}

/// `None`: there is no browser here.
async fn room(height: u32) -> Option<Room> {
    let browser = Browser::start(1280, height).await?;
    let store = stores().await.swap_remove(0);
    let stage = Stage::with(&store, store.dir.path(), &format!("{HERE}{TEAMS}")).await;
    let site = Site::over(&stage.engine);
    let (id, ana) = desk(&stage, &site).await;
    let origin = site.listen().await;
    Some(Room { browser, stage, site, id, ana, origin, store })
}

/// The browser at a page, signed in.
async fn at(window: &Client, origin: &str, who: &Visitor, path: &str) {
    window.goto(&format!("{origin}/sign-in")).await.unwrap();
    let signed_in = format!("document.cookie = 'recado_session={}; path=/';", who.cookie);
    window.execute(&signed_in, Vec::new()).await.unwrap();
    window.goto(&format!("{origin}{path}")).await.unwrap();
}

async fn written(window: &Client) -> String {
    let value = window.execute("return document.getElementById('answer-text').value;", Vec::new()).await.unwrap();
    value.as_str().unwrap().to_owned()
}

/// What stands in the thread, once it does.
async fn says_thread(window: &Client, side: &str, words: &str) -> fantoccini::elements::Element {
    let css = format!("//*[@data-test='bubble-{side}'][contains(., '{words}')]");
    wait_for_any(window, Locator::XPath(&css)).await
}

/// By a word of any of the three languages, without accents.
async fn picks_an_emoji(window: &Client) {
    wait_for(window, "#emoji-grid button").await;
    for (typed, found) in [("muela", "🦷"), ("dentist", "🦷"), ("remedio", "💊"), ("coracao verm", "❤️")] {
        let find = marked(window, "emoji-find").await;
        find.clear().await.unwrap();
        find.send_keys(typed).await.unwrap();
        let one = format!("//*[@id='emoji-grid'][count(button) = 1]/button[. = '{found}']");
        wait_for_any(window, Locator::XPath(&one)).await;
    }
    marked(window, "emoji-find").await.clear().await.unwrap();
    marked(window, "emoji-find").await.send_keys("grin happy").await.unwrap();
    picture(window, "emoji").await;
    window.active_element().await.unwrap().send_keys("\u{E007}").await.unwrap();
}

#[tokio::test]
async fn an_agent_answers_by_a_canned_answer_that_quotes_the_person_and_the_draft_survives_the_page() {
    let Some(room) = room(1000).await else { return };
    let Room { browser, stage, ana, origin, .. } = &room;
    let window = &browser.window;
    let draft = CannedDraft { team: "", code: "turno", text: "Hola {{ name | first_name }}, es el [día]." };
    stage.engine.save_canned(None, draft, "ana").await.unwrap().unwrap();
    at(window, origin, ana, "/conversations/1").await;

    let field = marked(window, "answer-text").await;
    field.send_keys("Buenas. /tur").await.unwrap();
    marked(window, "slash-option").await;
    picture(window, "slash").await;
    field.send_keys("\u{E007}").await.unwrap();
    assert_eq!(written(window).await, "Buenas. Hola Ana, es el [día].");
    // An open place is not sent; it is chosen, so that typing fills it.
    field.send_keys("\u{E009}\u{E007}").await.unwrap();
    marked(window, "problems").await;
    field.send_keys("martes").await.unwrap();
    assert_eq!(written(window).await, "Buenas. Hola Ana, es el martes.");
    marked(window, "emoji-open").await.click().await.unwrap();
    picks_an_emoji(window).await;
    assert_eq!(written(window).await, "Buenas. Hola Ana, es el martes😀.");
    wait_for(window, "[data-test=bubble-in] [data-test=quote]").await.click().await.unwrap();
    wait_for(window, "[data-test=quoting]:not([hidden])").await;
    picture(window, "composer").await;

    window.refresh().await.unwrap();
    wait_for(window, "form[data-ready]").await;
    assert_eq!(written(window).await, "Buenas. Hola Ana, es el martes😀.", "the draft is back");
    wait_for(window, "[data-test=bubble-in] [data-test=quote]").await.click().await.unwrap();
    marked(window, "answer").await.click().await.unwrap();
    says_thread(window, "out", "es el martes").await;
    wait_for(window, "[data-test=bubble-out] [data-test=quoted]").await;
    assert_eq!(written(window).await, "");
    picture(window, "quoted").await;
    let content = stage.message(MessageId(2)).await.content().unwrap();
    assert!(matches!(content, Content::Text { quoted: Some(id), .. } if id == "wamid.in1"));
    window.refresh().await.unwrap();
    wait_for(window, "form[data-ready]").await;
    assert_eq!(written(window).await, "", "what was sent is no draft any more");
    room.browser.close().await;
}

#[tokio::test]
async fn the_window_closes_and_opens_under_the_agents_hands_and_a_template_goes_out_meanwhile() {
    let Some(room) = room(1000).await else { return };
    let Room { browser, stage, site, id, origin, .. } = &room;
    let window = &browser.window;
    stage.clock.advance(Duration::from_hours(23));
    let ana = site.visitor(recado::domain::role::Role::Agent).await;
    at(window, origin, &ana, "/conversations/1").await;
    let field = marked(window, "answer-text").await;
    field.send_keys("Le escribo").await.unwrap();
    wait_for_any(window, Locator::XPath("//*[@id='window'][contains(., '59 min') or contains(., '1 h')]")).await;

    stage.clock.advance(Duration::from_hours(2));
    stage.engine.changes.send(News::here(Change::Conversation(*id))).unwrap();
    wait_for(window, "#answer-text[readonly]").await;
    wait_for(window, "[data-test=answer][disabled]").await;
    assert_eq!(written(window).await, "Le escribo");
    picture(window, "window-closed").await;

    marked(window, "answer-text").await.send_keys("/").await.unwrap();
    wait_for(window, "[data-test=gallery-dialog][open]").await;
    marked(window, "pick-reminder").await.click().await.unwrap();
    marked(window, "value-1").await.send_keys("Eva").await.unwrap();
    wait_for_any(window, Locator::XPath("//*[@data-test='look-text'][contains(., 'Hola Eva, le esperamos.')]")).await;
    wait_for_any(window, Locator::XPath("//*[@data-test='price'][contains(., 'USD')]")).await;
    wait_for(window, "[data-test=wait]").await.select_by_value("240").await.unwrap();
    picture(window, "gallery").await;
    marked(window, "send").await.click().await.unwrap();
    says_thread(window, "out", "Hola Eva, le esperamos.").await;
    wait_for(window, "[data-test=gallery-dialog]:not([open])").await;

    says(stage, "wamid.in2", json!({"type": "text", "text": {"body": "Sí, voy"}})).await;
    says_thread(window, "in", "Sí, voy").await;
    wait_for(window, "#answer-text:not([readonly])").await;
    wait_for(window, "[data-test=answer]:not([disabled])").await;
    assert_eq!(written(window).await, "Le escribo", "nothing typed is lost");
    picture(window, "window-open").await;
    room.browser.close().await;
}

/// Waits until the browser's own reader has the document of the thread.
async fn is_read(window: &Client) {
    let reads = "const page = document.querySelector('[data-test=reader]').contentDocument;
        return Boolean(page && page.contentType === 'application/pdf');";
    for _ in 0..100 {
        if window.execute(reads, Vec::new()).await.unwrap().as_bool() == Some(true) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    picture(window, "failure").await;
    panic!("nothing reads the document");
}

/// A file on the agent's machine.
fn on_disk(dir: &std::path::Path, name: &str, bytes: &[u8]) -> String {
    let path = dir.join(name);
    std::fs::write(&path, bytes).unwrap();
    path.display().to_string()
}

#[tokio::test]
async fn a_file_is_refused_before_it_goes_up_or_sent_with_its_words_and_shown() {
    let Some(room) = room(1000).await else { return };
    let Room { browser, ana, origin, store, .. } = &room;
    let window = &browser.window;
    at(window, origin, ana, "/conversations/1").await;
    let photo = include_bytes!("../../../src/sandbox/files/photo.jpg");
    let file = marked(window, "file").await;
    file.send_keys(&on_disk(store.dir.path(), "programa.exe", b"MZ")).await.unwrap();
    wait_for_any(window, Locator::XPath("//*[@data-test='problems'][contains(., 'no such file as programa.exe')]"))
        .await;
    let heavy = [photo.as_slice(), &vec![0; 6 << 20]].concat();
    file.send_keys(&on_disk(store.dir.path(), "grande.jpg", &heavy)).await.unwrap();
    wait_for_any(window, Locator::XPath("//*[@data-test='problems'][contains(., 'at most 5 MB')]")).await;
    picture(window, "file-refused").await;
    file.send_keys(&on_disk(store.dir.path(), "foto.jpg", photo)).await.unwrap();
    wait_for(window, "[data-test=take-off]:not([hidden])").await;
    assert_eq!(marked(window, "attached").await.text().await.unwrap(), "foto.jpg");
    marked(window, "answer-text").await.send_keys("Así se llega").await.unwrap();
    marked(window, "answer").await.click().await.unwrap();
    says_thread(window, "out", "Así se llega").await;
    wait_for(window, "[data-test=bubble-out] [data-test=file-image] img").await;
    let loaded = "const img = document.querySelector('[data-test=file-image] img'); return img.complete && img.naturalWidth > 0;";
    for _ in 0..50 {
        if window.execute(loaded, Vec::new()).await.unwrap().as_bool() == Some(true) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(window.execute(loaded, Vec::new()).await.unwrap().as_bool(), Some(true), "the picture is shown");
    wait_for(window, "[data-test=take-off][hidden]").await;
    picture(window, "file-sent").await;
    room.browser.close().await;
}

/// The smallest document that a reader shows: one empty page.
const PDF: &[u8] = b"%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>endobj
trailer<</Root 1 0 R>>
";

#[tokio::test]
async fn a_document_is_read_in_the_thread_and_stays_there_while_the_thread_goes_on() {
    let Some(room) = room(1000).await else { return };
    let Room { browser, stage, ana, origin, store, .. } = &room;
    let window = &browser.window;
    at(window, origin, ana, "/conversations/1").await;
    marked(window, "file").await.send_keys(&on_disk(store.dir.path(), "orden.pdf", PDF)).await.unwrap();
    wait_for(window, "[data-test=take-off]:not([hidden])").await;
    marked(window, "answer").await.click().await.unwrap();
    wait_for(window, "[data-test=file-document] a[download]").await;
    marked(window, "read").await.click().await.unwrap();
    wait_for(window, "[data-test=file-document] details[open] iframe").await;
    is_read(window).await;
    picture(window, "document").await;
    // What comes meanwhile is seen, and the document stays before their eyes.
    window.execute("document.querySelector('[data-test=reader]').kept = true;", Vec::new()).await.unwrap();
    says(stage, "wamid.in2", json!({"type": "text", "text": {"body": "¿la recibieron?"}})).await;
    says_thread(window, "in", "la recibieron").await;
    let kept = "return document.querySelector('details[open] [data-test=reader]')?.kept === true;";
    assert_eq!(window.execute(kept, Vec::new()).await.unwrap().as_bool(), Some(true), "it was not loaded anew");
    room.browser.close().await;
}

#[tokio::test]
async fn an_answer_that_does_not_arrive_comes_back_before_the_eyes_of_whoever_wrote_it() {
    let Some(room) = room(1000).await else { return };
    let Room { browser, stage, ana, origin, .. } = &room;
    let window = &browser.window;
    at(window, origin, ana, "/conversations/1").await;
    marked(window, "answer-text").await.send_keys("A las nueve").await.unwrap();
    marked(window, "answer").await.click().await.unwrap();
    says_thread(window, "out", "A las nueve").await;
    // She goes on to something else.
    at(window, origin, ana, "/conversations?view=mine&show=open").await;
    wait_for(window, ".talk:not(.unread)").await;
    stage.sender().drain().await;
    let sent = stage.stub.seen.lock().unwrap().last().cloned().unwrap();
    stage.receipts(&[sent], "failed", Some(131_026)).await;
    wait_for_any(window, Locator::XPath("//*[@data-test='conversation'][contains(., 'Not delivered: A las nueve')]"))
        .await;
    wait_for(window, ".talk.unread").await;
    let counted = "return document.title.startsWith('(1) ');";
    for _ in 0..50 {
        if window.execute(counted, Vec::new()).await.unwrap().as_bool() == Some(true) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let title = window.title().await.unwrap();
    assert!(title.starts_with("(1) "), "{title}");
    picture(window, "not-delivered").await;
    marked(window, "conversation").await.click().await.unwrap();
    says_thread(window, "note", "Not delivered: A las nueve").await;
    says_thread(window, "out", "this number cannot receive it").await;
    room.browser.close().await;
}

#[tokio::test]
async fn only_the_thread_scrolls_and_it_stays_at_its_last_lines_until_somebody_reads_further_up() {
    const END: &str =
        "const w = document.getElementById('thread'); return w.scrollHeight - w.scrollTop - w.clientHeight < 2;";
    const PICTURES: &str = "const done = arguments[0], thread = document.getElementById('thread');
        const all = [1, 2, 3].map((n) => { const img = new Image(); thread.append(img); img.src = `${document.querySelector('link[rel=icon]').href}?${n}`; return img; });
        Promise.all(all.map((img) => img.decode())).then(() => requestAnimationFrame(() => requestAnimationFrame(() => done(all[0].offsetHeight))));";
    let Some(room) = room(800).await else { return };
    let Room { browser, stage, ana, origin, .. } = &room;
    let window = &browser.window;
    let author = Author { id: UserId(1), name: "agent".to_owned(), once: Once::default(), by: None };
    for n in 0..20 {
        says(stage, &format!("wamid.more{n}"), json!({"type": "text", "text": {"body": format!("pregunta {n}")}}))
            .await;
        stage.engine.answer(ConversationId(1), &format!("respuesta {n}"), &author, Seen::default()).await.unwrap();
    }
    at(window, origin, ana, "/conversations/1").await;
    says_thread(window, "out", "respuesta 19").await;
    let is = async |script: &str| window.execute(script, Vec::new()).await.unwrap().as_bool() == Some(true);
    assert!(is(END).await, "it opens at its end");
    let whole = "const t = document.getElementById('talk'); return t.scrollHeight <= t.clientHeight + 1;";
    assert!(is(whole).await, "the column around it does not scroll");
    let high = window.execute_async(PICTURES, Vec::new()).await.unwrap();
    assert!(high.as_i64().unwrap_or_default() > 0 && is(END).await, "pictures that have loaded do not push it away");
    picture(window, "thread-end").await;
    let up = "const w = document.getElementById('thread'); w.scrollTop = 100; return new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(true))));";
    assert!(is(up).await);
    window.execute_async(PICTURES, Vec::new()).await.unwrap();
    assert!(!is(END).await, "whoever reads further up is left there");
    room.browser.close().await;
}

#[tokio::test]
async fn a_canned_answer_made_meanwhile_is_offered_and_a_code_that_is_none_is_not_sent() {
    let Some(room) = room(800).await else { return };
    let Room { browser, stage, ana, origin, .. } = &room;
    let window = &browser.window;
    at(window, origin, ana, "/conversations/1").await;
    let field = marked(window, "answer-text").await;
    let draft = CannedDraft { team: "", code: "visita", text: "Lo visitamos el martes." };
    stage.engine.save_canned(None, draft, "ana").await.unwrap().unwrap();
    field.send_keys("/xyz").await.unwrap();
    wait_for(window, "#slash:not([hidden]) [aria-disabled]").await;
    field.send_keys("\u{E009}\u{E007}\u{E000}").await.unwrap();
    marked(window, "problems").await;
    assert_eq!(written(window).await, "/xyz", "it was not sent");
    field.clear().await.unwrap();
    field.send_keys("/vis").await.unwrap();
    marked(window, "slash-option").await;
    field.send_keys("\u{E007}").await.unwrap();
    assert_eq!(written(window).await, "Lo visitamos el martes.");
    room.browser.close().await;
}
