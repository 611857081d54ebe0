//! A person at a real browser, from the demo's sign-in link to an answered conversation.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use fantoccini::{Client, Locator};

use crate::support::Browser;

/// The demo's two days take about a minute; a slow machine gets four.
const PATIENCE: Duration = Duration::from_mins(4);
/// What every browser test leaves behind to be looked at.
const PICTURES: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/pictures");

/// `recado demo` as a child process.
struct Demo {
    process: Child,
    sign_in_link: String,
}

impl Demo {
    fn start() -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_recado"))
            .args(["demo", "--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let mut lines = BufReader::new(process.stdout.take().expect("stdout is piped")).lines().map_while(Result::ok);
        let line = lines.find(|l| l.contains("/sign-in/link?token=")).expect("the demo prints its link");
        let sign_in_link = line[line.find("http").expect("an address")..].trim().to_owned();
        std::thread::spawn(move || lines.for_each(drop));
        Self { process, sign_in_link }
    }

    fn page(&self, path: &str) -> String {
        let (origin, _) = self.sign_in_link.split_once("/sign-in").expect("the link's form");
        format!("{origin}{path}")
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The element marked `data-test="mark"`, waited for.
async fn marked(window: &Client, mark: &str) -> fantoccini::elements::Element {
    wait_for(window, &format!("[data-test=\"{mark}\"]")).await
}

async fn wait_for(window: &Client, css: &str) -> fantoccini::elements::Element {
    wait_for_any(window, Locator::Css(css)).await
}

async fn wait_for_any(window: &Client, what: Locator<'_>) -> fantoccini::elements::Element {
    match window.wait().at_most(PATIENCE).for_element(what).await {
        Ok(element) => element,
        Err(e) => {
            picture(window, "failure").await;
            panic!("{what:?} does not appear: {e}; see {PICTURES}/failure.png")
        }
    }
}

async fn picture(window: &Client, name: &str) {
    std::fs::create_dir_all(PICTURES).expect("the directory of pictures");
    let png = window.screenshot().await.expect("a screenshot");
    std::fs::write(Path::new(PICTURES).join(format!("{name}.png")), png).expect("a picture is written");
}

async fn sign_in(window: &Client, demo: &Demo) {
    window.goto(&demo.sign_in_link).await.unwrap();
    marked(window, "sign-in").await.click().await.unwrap();
    wait_for(window, "[data-campaign=\"promo-verao\"]").await;
}

#[tokio::test]
async fn a_person_starts_a_campaign_watches_it_finish_and_answers_a_reply() {
    let Some(browser) = Browser::start(1280, 900).await else { return };
    let window = &browser.window;
    let demo = Demo::start();
    sign_in(window, &demo).await;

    wait_for(window, "[data-campaign=\"promo-verao\"] [data-test=check]").await.click().await.unwrap();
    marked(window, "start").await.click().await.unwrap();
    picture(window, "check").await;
    marked(window, "start-confirm").await.click().await.unwrap();

    wait_for(window, "[data-test=run]").await;
    marked(window, "count-read").await;
    picture(window, "run").await;
    wait_for(window, "[data-test=run] [data-test=status][data-state=closed]").await;
    picture(window, "run-finished").await;

    // The reminders' two days have to pass, and the last run to close, before the clock slows down to a person's speed.
    window.goto(&demo.page("/campaigns")).await.unwrap();
    wait_for(window, "[data-campaign=\"recordatorio-turnos\"] [data-state=closed]").await;
    wait_for(window, "[data-campaign=\"retomar-contacto\"] [data-state=closed]").await;
    picture(window, "campaigns").await;

    window.goto(&demo.page("/conversations?view=all")).await.unwrap();
    marked(window, "conversation").await;
    picture(window, "conversations").await;
    let open = open_window(window, &demo).await;
    assert!(open, "no conversation can still be answered; see {PICTURES}/conversations.png");
    marked(window, "answer-text").await.send_keys("Buenos días, ¿en qué puedo ayudarle?").await.unwrap();
    marked(window, "answer").await.click().await.unwrap();
    let answered = "//*[@data-test='bubble-out'][contains(., 'en qué puedo ayudarle')]";
    wait_for_any(window, Locator::XPath(answered)).await;
    wait_for(window, "[data-test=bubble-out]:last-of-type .tick").await;
    picture(window, "conversation").await;

    window.goto(&demo.page("/costs")).await.unwrap();
    marked(window, "total-USD").await;
    picture(window, "costs").await;
    browser.close().await;
}

/// Opens the conversation that can be answered the longest: the list ends with it.
async fn open_window(window: &Client, demo: &Demo) -> bool {
    marked(window, "conversation").await;
    let talks = window.find_all(Locator::Css("[data-test=conversation]")).await.unwrap();
    let talk = talks.last().expect("one was waited for").attr("href").await.unwrap().unwrap_or_default();
    window.goto(&demo.page(&talk)).await.unwrap();
    window.find(Locator::Css("[data-test=answer]:not([disabled])")).await.is_ok()
}
