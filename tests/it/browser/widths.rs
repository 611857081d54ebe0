//! The field to answer in is in view when a conversation opens, and nothing sticks out to the side, from a phone to a screen.

use fantoccini::Client;
use recado::domain::role::Role;
use recado::store::session;
use serde_json::{Value, json};

use super::{marked, picture, wait_for};
use crate::engine::stage::{CAMPAIGN, Stage};
use crate::support::{Browser, stores};
use crate::web::site::Site;

/// Phones upright, tablets upright and across, small and usual screens.
const SCREENS: [(u32, u32); 9] =
    [(360, 640), (390, 844), (768, 1024), (900, 700), (1024, 768), (1100, 800), (1180, 820), (1280, 800), (1366, 768)];

/// What `Stage` takes for a daemon on this machine, whose cookies need no https.
const HERE: &str = "# [account.zenvia]\n";

const NUMBER: &str = "5491150000000";

/// The person calls themselves by one word of 200 letters, and writes.
async fn writes(stage: &Stage, n: usize, name: &str) {
    let message = json!({"from": NUMBER, "id": format!("wamid.in{n}"), "timestamp": (stage.clock.now().0 / 1000).to_string(),
        "type": "text", "text": {"body": format!("Línea {n}: ¿a qué hora era mi turno, y en qué sede?")}});
    let contacts = json!([{"wa_id": NUMBER, "profile": {"name": name}}]);
    stage.told("messages", json!({"contacts": contacts, "messages": [message]})).await;
}

async fn told(window: &Client, script: &str, args: Vec<Value>) -> Value {
    window.execute(script, args).await.unwrap()
}

/// Whether all of it is within the screen, and nothing lies over it.
async fn is_in_view(window: &Client, css: &str) -> Value {
    let script = "const of = document.querySelector(arguments[0]), box = of.getBoundingClientRect();
        const over = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
        const inside = box.height > 0 && box.top >= 0 && box.left >= 0 && box.bottom <= innerHeight && box.right <= innerWidth;
        return inside && over !== null && (of === over || of.contains(over)) ? true
            : `${arguments[0]} ${JSON.stringify(box)} of ${innerWidth} x ${innerHeight}, over it ${over && over.outerHTML.slice(0, 80)}`;";
    told(window, script, vec![css.into()]).await
}

/// What sticks out to the side: of the page, or of a column that does not say that it scrolls.
async fn sticks_out(window: &Client) -> Value {
    let script = "const root = document.documentElement;
        const wide = [...document.querySelectorAll('.inbox > *, .card, .main, .head')].filter((of) => of.checkVisibility() && of.scrollWidth > of.clientWidth + 1);
        return root.scrollWidth > root.clientWidth + 1 ? `the page: ${root.scrollWidth} of ${root.clientWidth}`
            : wide.length ? wide.map((of) => `${of.id || of.className}: ${of.scrollWidth} of ${of.clientWidth}`).join('; ') : true;";
    told(window, script, Vec::new()).await
}

/// What is wrong on a screen of that size.
async fn at(window: &Client, origin: &str, (width, height): (u32, u32)) -> Vec<String> {
    let mut wrong = Vec::new();
    window.goto(&format!("{origin}/conversations/1?view=all")).await.unwrap();
    wait_for(window, "form[data-ready]").await;
    assert_eq!(told(window, "return [innerWidth, innerHeight];", Vec::new()).await, json!([width, height]));
    picture(window, &format!("width-{width}")).await;
    for css in [
        "#answer-text",
        "[data-test=answer]",
        "[data-test=send-template]",
        "[data-window]",
        "#close",
        "[data-bottom] > :last-child",
    ] {
        let seen = is_in_view(window, css).await;
        if seen != true {
            wrong.push(format!("{width} x {height}: {seen}"));
        }
    }
    for path in [
        "/conversations/1?view=all",
        "/conversations?view=all",
        "/people/1",
        "/people?q=115000",
        "/runs/1",
        "/runs/1/rows",
        "/tickets",
        "/audit",
    ] {
        window.goto(&format!("{origin}{path}")).await.unwrap();
        marked(window, "user").await;
        let out = sticks_out(window).await;
        if out != true {
            picture(window, &format!("wide-{width}{}", path.replace(['/', '?', '='], "-"))).await;
            wrong.push(format!("{width} x {height} {path}: {out}"));
        }
    }
    wrong
}

#[tokio::test]
async fn the_field_to_answer_in_is_in_view_and_nothing_sticks_out_from_a_phone_to_a_screen() {
    let Some(browser) = Browser::start(1280, 900).await else { return };
    let window = &browser.window;
    let store = stores().await.swap_remove(0);
    let stage = Stage::with(&store, store.dir.path(), HERE).await;
    let site = Site::over(&stage.engine);
    let origin = site.listen().await;
    let long = "Wolfeschlegelsteinhausen".repeat(9)[..200].to_owned();
    stage.run("one", CAMPAIGN, &format!("nombre,telefono\n{long},+{NUMBER}\n")).await;
    stage.sender().drain().await;
    for n in 0..25 {
        writes(&stage, n, &long).await;
    }
    let admin = site.visitor(Role::Admin).await;
    assert!(session::find(&store, &admin.cookie, site.clock.now()).await.unwrap().is_some());
    window.goto(&format!("{origin}/sign-in")).await.unwrap();
    let cookie = format!("document.cookie = 'recado_session={}; path=/';", admin.cookie);
    told(window, &cookie, Vec::new()).await;

    let mut wrong = Vec::new();
    for screen in SCREENS {
        browser.screen(screen.0, screen.1).await;
        wrong.extend(at(window, &origin, screen).await);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    browser.close().await;
}
