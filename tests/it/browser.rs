//! A person at a real browser, from the demo's sign-in link to an answered conversation.

mod desk;
mod thread;
mod together;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use fantoccini::{Client, Locator};

use crate::support::Browser;

mod axe;
mod inbox;
mod widths;

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

    window.goto(&demo.page("/conversations?view=unassigned&show=answerable")).await.unwrap();
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

const PEOPLE: &str = "Nome,Telefone,Cupom\nJOÃO DA SILVA,+55 11 95555-0141,VERAO-1\nMaria Souza,+55 11 95555-0142,VERAO-2\nSem telefone,,VERAO-3\n";

/// Drops a file on the page's place for it, as from the desktop.
async fn drop_file(window: &Client, name: &str, text: &str) {
    let script = "const data = new DataTransfer(); data.items.add(new File([arguments[1]], arguments[0]));
        document.querySelector('[data-drop]').dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true }));";
    window.execute(script, vec![name.into(), text.into()]).await.unwrap();
    let named = format!("//*[@data-drop-name][contains(., '{name}')]");
    window.wait().at_most(PATIENCE).for_element(Locator::XPath(&named)).await.unwrap();
}

/// Presses what a live page may replace at any moment: found and pressed in one go.
async fn press(window: &Client, css: &str) {
    wait_for(window, css).await;
    let script = "const found = document.querySelector(arguments[0]); if (found) found.click(); return Boolean(found);";
    for _ in 0..20 {
        if window.execute(script, vec![css.into()]).await.unwrap().as_bool() == Some(true) {
            return;
        }
        wait_for(window, css).await;
    }
    panic!("{css} comes and goes");
}

async fn choose(window: &Client, field: &str, value: &str) {
    wait_for(window, &format!("[name=\"{field}\"]")).await.select_by_value(value).await.unwrap();
}

/// The message of the row that is looked at, once it says that.
async fn previews(window: &Client, words: &str) {
    let bubble = format!("//*[@id='preview']//*[@data-test='bubble'][contains(., '{words}')]");
    if let Err(e) = window.wait().at_most(PATIENCE).for_element(Locator::XPath(&bubble)).await {
        picture(window, "failure").await;
        panic!("the preview does not say {words}: {e}; see {PICTURES}/failure.png");
    }
}

#[tokio::test]
async fn a_campaign_is_put_together_from_a_dropped_file_started_paused_corrected_and_copied() {
    let Some(browser) = Browser::start(1400, 1000).await else { return };
    let window = &browser.window;
    let demo = Demo::start();
    sign_in(window, &demo).await;

    drops_files(window).await;
    maps_columns(window).await;
    marked(window, "finish").await.click().await.unwrap();
    marked(window, "sheet").await;
    marked(window, "sample-why").await;
    picture(window, "sheet").await;
    marked(window, "start").await.click().await.unwrap();
    marked(window, "start-confirm").await.click().await.unwrap();
    corrects(window).await;
    copies(window).await;
    window.goto(&demo.page("/campaigns/new")).await.unwrap();
    marked(window, "begin").await;
    picture(window, "phone-new").await;
    fits(window).await;
    browser.close().await;
}

/// A file that is none is told with its sentence; one that is leads to the mapping.
async fn drops_files(window: &Client) {
    marked(window, "new").await.click().await.unwrap();
    marked(window, "title").await.send_keys("Promo de dezembro").await.unwrap();
    wait_for(window, "input[value=promotion]").await.click().await.unwrap();
    drop_file(window, "vazio.csv", "").await;
    picture(window, "new-campaign").await;
    marked(window, "begin").await.click().await.unwrap();
    marked(window, "problems").await;
    picture(window, "new-refused").await;
    drop_file(window, "pessoas.csv", PEOPLE).await;
    marked(window, "begin").await.click().await.unwrap();
}

async fn maps_columns(window: &Client) {
    choose(window, "template", "promo_verao|pt_BR").await;
    wait_for(window, "[data-field=\"var.1\"]").await;
    picture(window, "mapping-open").await;
    choose(window, "var.1.column", "nome").await;
    choose(window, "var.1.form", "first_name").await;
    choose(window, "var.2.column", "=").await;
    wait_for(window, "[name=\"var.2.own\"]").await.send_keys("20 % de desconto").await.unwrap();
    choose(window, "btn.0.column", "cupom").await;
    choose(window, "send", "at").await;
    let set = "document.getElementById('at').value = '2027-01-20T10:00';";
    window.execute(set, Vec::new()).await.unwrap();
    marked(window, "look").await.click().await.unwrap();
    previews(window, "João").await;
    picture(window, "mapping").await;
    marked(window, "row-after").await.click().await.unwrap();
    previews(window, "Maria").await;
}

async fn corrects(window: &Client) {
    wait_for(window, "[data-test=run]").await;
    wait_for(window, "[data-test=count-queued]").await;
    press(window, "[data-test=pause]").await;
    marked(window, "resume").await;
    press(window, "button[data-test=correct]:not([disabled])").await;
    marked(window, "split").await;
    choose(window, "var.1.form", "upper").await;
    previews(window, "JOÃO DA SILVA").await;
    picture(window, "correct").await;
    marked(window, "finish").await.click().await.unwrap();
    marked(window, "corrected").await;
    press(window, "[data-test=resume]").await;
    wait_for(window, "[data-test=run] [data-test=count-queued]").await;
    picture(window, "corrected").await;
}

/// The same for other people, in a folder of its own.
async fn copies(window: &Client) {
    wait_for(window, ".crumbs a:last-of-type").await.click().await.unwrap();
    marked(window, "copy").await.click().await.unwrap();
    let others = PEOPLE.replace("0141", "0151").replace("0142", "0152");
    drop_file(window, "outras.csv", &format!("{others}Total,,\n")).await;
    marked(window, "begin").await.click().await.unwrap();
    // What only a person can say of the file is asked, and answered by a button.
    marked(window, "asked").await;
    picture(window, "asked").await;
    press(window, "[data-test='answer-total_rows=leave out']").await;
    previews(window, "JOÃO DA SILVA").await;
    marked(window, "finish").await.click().await.unwrap();
    marked(window, "sheet").await;
    picture(window, "sheet-copy").await;
    window.set_window_size(420, 900).await.unwrap();
    picture(window, "phone-sheet").await;
    fits(window).await;
    marked(window, "edit").await.click().await.unwrap();
    previews(window, "JOÃO DA SILVA").await;
    picture(window, "phone-mapping").await;
    fits(window).await;
}

/// Nothing of the page sticks out to the side.
async fn fits(window: &Client) {
    let script = "return document.documentElement.scrollWidth - document.documentElement.clientWidth;";
    let over = window.execute(script, Vec::new()).await.unwrap();
    assert!(over.as_f64().unwrap() <= 1.0, "{over} pixels stick out");
}

#[tokio::test]
async fn a_person_writes_a_template_and_sees_it_approved_without_doing_anything() {
    let Some(browser) = Browser::start(1280, 900).await else { return };
    let window = &browser.window;
    let demo = Demo::start();
    sign_in(window, &demo).await;

    window.goto(&demo.page("/template-drafts")).await.unwrap();
    marked(window, "name").await.send_keys("resultados_listos").await.unwrap();
    marked(window, "body").await.send_keys("Hola {{1}}, sus resultados ya están.").await.unwrap();
    marked(window, "save").await.click().await.unwrap();
    // It says what is missing, and shows a field for it.
    marked(window, "problems").await;
    marked(window, "example-1").await.send_keys("Ana").await.unwrap();
    marked(window, "save").await.click().await.unwrap();
    wait_for(window, "[data-test=submit]:not([disabled])").await;
    picture(window, "template-draft").await;
    marked(window, "submit").await.click().await.unwrap();
    // The provider reviews it; the page changes by itself.
    wait_for(window, "[data-test=status][data-state=approved]").await;
    picture(window, "template-approved").await;
    window.goto(&demo.page("/templates?q=resultados")).await.unwrap();
    marked(window, "template-resultados_listos").await;
    picture(window, "templates").await;
    browser.close().await;
}
