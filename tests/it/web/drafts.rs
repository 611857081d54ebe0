//! A campaign is put together on the page, without a script and without a line of TOML.

use std::sync::Arc;

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, COOKIE};
use axum::http::{Request, StatusCode};
use recado::domain::role::Role;
use recado::engine::{Beginner, Engine, Parts};
use recado::store::draft;
use recado::store::idempotency::Once;
use recado::store::{campaign, version};

use super::site::{Answer, Site, Visitor};
use crate::engine::stage::{CAMPAIGN, Stage, people};
use crate::support::{TestStore, stores};

mod agreeing;
mod asking;
mod pressed;

const AUDIENCE: &str = "Paciente;Celular;Nota\nAna Paz;+54 9 11 5000-0001;x\nEva;;x\n";

async fn open(store: &TestStore) -> (Stage, Site, Visitor) {
    let stage = Stage::new(store, store.dir.path()).await;
    let site = Site::over(&stage.engine);
    let visitor = site.visitor(Role::Marketing).await;
    // The template was read with an earlier campaign.
    stage.load("earlier", CAMPAIGN, &people(1)).await;
    (stage, site, visitor)
}

async fn upload(site: &Site, visitor: &Visitor, path: &str, title: &str, file: (&str, &str)) -> Answer {
    upload_under(site, visitor, path, ("", title), file).await
}

/// The same under a form's key.
async fn upload_under(
    site: &Site,
    visitor: &Visitor,
    path: &str,
    (once, title): (&str, &str),
    file: (&str, &str),
) -> Answer {
    let field =
        |name: &str, value: &str| format!("--X\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    let body = format!(
        "{}{}{}{}--X\r\nContent-Disposition: form-data; name=\"audience\"; filename=\"{}\"\r\n\r\n{}\r\n--X--\r\n",
        field("csrf", &visitor.csrf),
        field("once", once),
        field("title", title),
        field("kind", "reminder"),
        file.0,
        file.1,
    );
    let request = Request::post(path)
        .header(COOKIE, format!("recado_session={0}; __Host-recado_session={0}", visitor.cookie))
        .header(CONTENT_TYPE, "multipart/form-data; boundary=X");
    site.send(request.body(Body::from(body)).unwrap()).await
}

/// What the page's own form sends, with what a person chose.
fn form<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let usual = [("title", "Turnos"), ("kind", "reminder"), ("sender", "front"), ("template", "reminder|es_AR")];
    let rest = [("timezone", "America/Argentina/Buenos_Aires"), ("country", "ar"), ("send", "now"), ("row", "1")];
    usual.iter().chain(&rest).chain(more).copied().collect()
}

#[tokio::test]
async fn from_a_file_to_the_sheet_by_forms_alone() {
    for store in stores().await {
        let (_stage, site, visitor) = open(&store).await;
        let begun = upload(&site, &visitor, "/drafts", "Turnos de Mañana", ("lista.csv", AUDIENCE)).await;
        assert_eq!((begun.status, begun.leads_to()), (StatusCode::SEE_OTHER, "/drafts/1"), "{}", begun.body);
        let page = site.get("/drafts/1", Some(&visitor)).await;
        for said in ["Turnos de Mañana", "lista.csv", "semicolons between cells", "turnos-de-manana"] {
            assert!(page.body.contains(said), "{said}: {}", page.body);
        }

        // A template is chosen, and its variable is still open: nothing goes on.
        let kept = site.post("/drafts/1", &visitor, &form(&[])).await;
        assert_eq!(kept.leads_to(), "/drafts/1?row=1", "{}", kept.body);
        let page = site.get("/drafts/1", Some(&visitor)).await;
        assert!(page.body.contains("not chosen yet") && page.body.contains("{{1}}"), "{}", page.body);
        let early = site.post("/drafts/1", &visitor, &form(&[("action", "finish")])).await;
        assert_eq!(early.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(early.body.contains("data-test=\"problems\""), "{}", early.body);
        assert!(campaign::by_name(&store, "turnos-de-manana").await.unwrap().is_none());

        let chosen =
            [("var.1.column", "paciente"), ("var.1.form", "first_name"), ("var.1.otherwise", ""), ("var.1.own", "")];
        site.post("/drafts/1", &visitor, &form(&chosen)).await;
        let page = site.get("/drafts/1?row=1", Some(&visitor)).await;
        assert!(page.body.contains("Hola Ana, le esperamos.") && page.body.contains("+5491150000001"), "{}", page.body);
        let second = site.get("/drafts/1?row=2", Some(&visitor)).await;
        assert!(second.body.contains("data-test=\"left-out\""), "{}", second.body);

        let more = [
            &chosen[..],
            &[("action", "finish"), ("hours.mon-fri", "09:00-20:00"), ("budget", "10"), ("route", "team:recepcion")],
        ]
        .concat();
        let done = site.post("/drafts/1", &visitor, &form(&more)).await;
        assert!(
            done.leads_to().starts_with("/campaigns/") && done.leads_to().ends_with("?done=loaded"),
            "{}",
            done.body
        );
        let sheet = site.get(done.leads_to(), Some(&visitor)).await;
        assert!(sheet.body.contains("data-test=\"sheet\"") && sheet.body.contains("Hola Ana, le esperamos."));
        let written =
            std::fs::read_to_string(store.dir.path().join("data/campaigns/turnos-de-manana/campaign.toml")).unwrap();
        for line in [
            "1 = \"{{ paciente | first_name }}\"",
            "mon-fri = \"09:00-20:00\"",
            "country = \"AR\"",
            "budget = \"10 USD\"",
        ] {
            assert!(written.contains(line), "{line}: {written}");
        }
        assert!(draft::list(&store).await.unwrap().is_empty(), "{}", store.name());
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_refused_with_its_sentence_and_the_form_keeps_what_was_typed() {
    let store = stores().await.swap_remove(0);
    let (_stage, site, visitor) = open(&store).await;
    for (file, said) in [(("vacio.csv", ""), "empty"), (("nulo.csv", "a,b\n1\0,2\n"), "NUL")] {
        let refused = upload(&site, &visitor, "/drafts", "Mi lista", file).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.body);
        assert!(refused.body.contains(said) && refused.body.contains("Mi lista"), "{said}: {}", refused.body);
    }
    assert!(draft::list(&store).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_copy_has_the_same_file_in_a_folder_of_its_own_for_other_people() {
    for store in stores().await {
        let (_stage, site, visitor) = open(&store).await;
        let page = site.get("/campaigns/1/copy", Some(&visitor)).await;
        assert!(page.body.contains("earlier (copy)"), "{}", page.body);
        let copied = upload(&site, &visitor, "/campaigns/1/copy", "earlier (copy)", ("otros.csv", &people(4))).await;
        assert_eq!(copied.leads_to(), "/drafts/1", "{}", copied.body);
        let done = site.post("/drafts/1", &visitor, &[("action", "finish")]).await;
        assert!(done.leads_to().starts_with("/campaigns/2"), "{}", done.body);
        let copy = campaign::by_name(&store, "earlier-copy").await.unwrap().unwrap();
        let latest = version::latest(&store, copy.id).await.unwrap().unwrap();
        assert!(
            latest.definition.contains("1 = \"{{ nombre }}\"") && latest.audience_name == "otros.csv",
            "{}",
            latest.definition
        );
    }
}

#[tokio::test]
async fn a_list_of_phones_stays_as_the_file_says_it_and_is_shown() {
    let store = stores().await.swap_remove(0);
    let (stage, site, visitor) = open(&store).await;
    let several = format!("{CAMPAIGN}[columns]\nphone = [\"Madre\", \"Celular\"]\n");
    stage.load("dos", &several, "nombre,Celular,Madre\nAna,+5491150000001,+5491150000002\n").await;
    let begun = site.post("/campaigns/2/edit", &visitor, &[]).await;
    assert_eq!(begun.leads_to(), "/drafts/1", "{}", begun.body);
    let page = site.get("/drafts/1", Some(&visitor)).await;
    assert!(page.body.contains("Madre, Celular: the first good one"), "{}", page.body);
    assert!(page.body.contains("<option value=\"=\" selected>"), "{}", page.body);
    site.post("/drafts/1", &visitor, &form(&[("col.phone", "="), ("title", "Otra"), ("action", "finish")])).await;
    let kept = version::latest(&store, campaign::by_name(&store, "dos").await.unwrap().unwrap().id).await.unwrap();
    let kept = kept.unwrap().definition;
    assert!(kept.contains("phone = [\"Madre\", \"Celular\"]") && kept.contains("Otra"), "{kept}");
}

#[tokio::test]
async fn where_page_and_folder_both_changed_a_person_says_which_wins() {
    for store in stores().await {
        let (_stage, site, visitor) = open(&store).await;
        let begun = site.post("/campaigns/1/edit", &visitor, &[]).await;
        assert_eq!(begun.leads_to(), "/drafts/1", "{}", begun.body);
        let folder = store.dir.path().join("data/campaigns/earlier/campaign.toml");
        let theirs = format!("# desde la carpeta\n{CAMPAIGN}");
        std::fs::write(&folder, &theirs).unwrap();
        let clash = site.post("/drafts/1", &visitor, &[("title", "Desde la página"), ("action", "finish")]).await;
        assert_eq!(clash.status, StatusCode::CONFLICT, "{}", clash.body);
        assert!(clash.body.contains("data-test=\"clash\""), "{}", clash.body);
        assert_eq!(std::fs::read_to_string(&folder).unwrap(), theirs, "nothing was written");
        let over = site.post("/drafts/1", &visitor, &[("action", "over")]).await;
        assert!(over.leads_to().starts_with("/campaigns/1"), "{}", over.body);
        assert!(std::fs::read_to_string(&folder).unwrap().contains("Desde la página"), "{}", store.name());
    }
}

#[tokio::test]
async fn a_start_on_the_page_of_something_that_changed_shows_it_again() {
    let store = stores().await.swap_remove(0);
    let (stage, site, visitor) = open(&store).await;
    let page = site.get("/campaigns/1", Some(&visitor)).await.body;
    let shown = page.split("name=\"shown\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    stage.load("earlier", CAMPAIGN, &people(2)).await;
    let again = site.post("/campaigns/1/start", &visitor, &[("version", "1"), ("shown", shown)]).await;
    assert_eq!(again.status, StatusCode::CONFLICT, "{}", again.body);
    assert!(again.body.contains("The list of people was changed."), "{}", again.body);
    let page = site.get("/campaigns/1", Some(&visitor)).await.body;
    let shown = page.split("name=\"shown\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let started = site.post("/campaigns/1/start", &visitor, &[("version", "2"), ("shown", shown)]).await;
    assert!(started.leads_to().starts_with("/runs/"), "{}", started.body);
}

#[tokio::test]
async fn a_paused_run_is_corrected_on_the_page_which_says_how_many_stay_and_how_many_go_out() {
    let store = stores().await.swap_remove(0);
    let (stage, site, visitor) = open(&store).await;
    let run = stage.run("turnos", CAMPAIGN, &people(3)).await;
    assert_eq!(site.post(&format!("/runs/{run}/correct"), &visitor, &[]).await.status, StatusCode::CONFLICT);
    stage.engine.pause(run, "ana", "").await.unwrap();
    let begun = site.post(&format!("/runs/{run}/correct"), &visitor, &[]).await;
    assert_eq!(begun.leads_to(), "/drafts/1", "{}", begun.body);
    let page = site.get("/drafts/1", Some(&visitor)).await.body;
    assert!(page.contains("3 messages have not left and go out corrected."), "{page}");
    let operator = site.visitor(Role::Operator).await;
    assert_eq!(site.get("/drafts/1", Some(&operator)).await.status, StatusCode::FORBIDDEN);
    let chosen =
        [("template", "reminder|es_AR"), ("var.1.column", "nombre"), ("var.1.form", "upper"), ("action", "finish")];
    let done = site.post("/drafts/1", &visitor, &chosen).await;
    assert_eq!(done.leads_to(), format!("/runs/{run}?done=corrected"), "{}", done.body);
    let page = site.get(&format!("/runs/{run}"), Some(&visitor)).await.body;
    assert!(page.contains("Corrected by marketing") && page.contains("data-test=\"resume\""), "{page}");
}

/// The same engine, which takes files of so many bytes.
fn limited(engine: &Engine, limit: u64) -> Engine {
    let mut config = (*engine.config).clone();
    config.server.upload_limit = limit;
    Engine::new(Parts {
        store: engine.store.clone(),
        config: Arc::new(config),
        clock: engine.clock.clone(),
        providers: engine.providers.clone(),
        cards: engine.cards.clone(),
        instance: engine.instance.clone(),
        node: engine.node.clone(),
        changes: engine.changes.clone(),
        wake: engine.wake.clone(),
        inbound: recado::engine::inbound::Inbound::default(),
        limits_changed: engine.limits_changed.clone(),
        wallets: recado::engine::wallet::Wallets::default(),
        counters: engine.counters.clone(),
        refusals: recado::engine::refusals::Refusals::default(),
    })
}

#[tokio::test]
async fn a_file_that_is_too_large_is_refused_plainly_and_leaves_nothing_behind() {
    let store = stores().await.remove(0);
    let stage = Stage::new(&store, store.dir.path()).await;
    let site = Site::over(&limited(&stage.engine, 2_000));
    let visitor = site.visitor(Role::Marketing).await;
    let long = format!("Celular\n{}", "+54 9 11 5000-0001\n".repeat(200));
    let refused = upload(&site, &visitor, "/drafts", "Long", ("lista.csv", &long)).await;
    assert_eq!(refused.status, StatusCode::PAYLOAD_TOO_LARGE, "{}", refused.body);
    assert!(refused.body.contains("Larger than 2 KB"), "{}", refused.body);
    assert_eq!(std::fs::read_dir(stage.engine.config.server.data_dir.join("incoming")).unwrap().count(), 0);
    let short = upload(&site, &visitor, "/drafts", "Short", ("lista.csv", AUDIENCE)).await;
    assert_eq!(short.status, StatusCode::SEE_OTHER, "{}", short.body);
    assert_eq!(std::fs::read_dir(stage.engine.config.server.data_dir.join("incoming")).unwrap().count(), 0);
}

#[tokio::test]
async fn what_only_a_person_can_say_of_a_file_is_asked_on_the_page() {
    let store = stores().await.remove(0);
    let (_stage, site, visitor) = open(&store).await;
    let totals = "Paciente;Celular;Cantidad\nAna Paz;+54 9 11 5000-0001;1\nEva;+54 9 11 5000-0002;1\nTotal;;2\n";
    upload(&site, &visitor, "/drafts", "Turnos", ("lista.csv", totals)).await;
    let page = site.get("/drafts/1", Some(&visitor)).await;
    // What was recognised is shown before anything is chosen.
    for said in ["recognised: Celular", "recognised: Paciente", "semicolons between cells", "Names of columns in row 1"]
    {
        assert!(page.body.contains(said), "{said}: {}", page.body);
    }
    let chosen =
        [("var.1.column", "paciente"), ("var.1.form", "first_name"), ("var.1.otherwise", ""), ("var.1.own", "")];
    site.post("/drafts/1", &visitor, &form(&chosen)).await;
    let page = site.get("/drafts/1", Some(&visitor)).await;
    assert!(page.body.contains("data-test=\"in-the-way\"") && page.body.contains("add up others"), "{}", page.body);
    let said = [
        &chosen[..],
        &[
            ("read.total_rows", "leave out"),
            ("read.header_row", "1"),
            ("budget", ""),
            ("sent_elsewhere", "send anyway"),
        ],
    ];
    site.post("/drafts/1", &visitor, &form(&said.concat())).await;
    let page = site.get("/drafts/1", Some(&visitor)).await;
    assert!(page.body.contains("Hola Ana, le esperamos."), "{}", page.body);
    let kept = draft::get(&store, recado::domain::id::DraftId(1)).await.unwrap().unwrap().definition;
    for line in ["total_rows = \"leave out\"", "header_row = 1", "sent_elsewhere = \"send anyway\""] {
        assert!(kept.contains(line), "{line}: {kept}");
    }
}

#[tokio::test]
async fn a_workbook_of_several_sheets_asks_which_on_the_page() {
    let store = stores().await.remove(0);
    let (stage, site, visitor) = open(&store).await;
    let book = std::fs::read("tests/fixtures/audience/xlsx-several-sheets/turnos.xlsx").unwrap();
    let mut arriving = stage.engine.take_in("turnos.xlsx").await.unwrap().unwrap();
    arriving.write(&book).await.unwrap();
    let brought = recado::engine::Brought {
        title: "Turnos".to_owned(),
        kind: recado::domain::kind::CampaignKind::Reminder,
        audience: arriving.done().await.unwrap(),
    };
    let id =
        stage.engine.begin_draft(brought, Beginner { name: "ana", once: &Once::default() }).await.unwrap().unwrap();
    let page = site.get(&format!("/drafts/{id}"), Some(&visitor)).await;
    assert!(page.body.contains("Several sheets could hold the people: Lunes, Martes. Which one?"), "{}", page.body);
    site.post(&format!("/drafts/{id}"), &visitor, &form(&[("read.sheet", "Martes")])).await;
    let page = site.get(&format!("/drafts/{id}"), Some(&visitor)).await;
    assert!(page.body.contains("Sheet “Martes”"), "{}", page.body);
}

/// A picture above the text.
const PNG: &[u8] = b"\x89PNG\r\n\x1A\n\0\0\0\rIHDR";

async fn header(site: &Site, visitor: &Visitor, name: &str, bytes: &[u8]) -> Answer {
    let start = format!(
        "--X\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\n{}\r\n--X\r\nContent-Disposition: form-data; name=\"header\"; filename=\"{name}\"\r\n\r\n",
        visitor.csrf
    );
    let body = [start.as_bytes(), bytes, b"\r\n--X--\r\n"].concat();
    let request = Request::post("/drafts/1/header")
        .header(COOKIE, format!("recado_session={0}; __Host-recado_session={0}", visitor.cookie))
        .header(CONTENT_TYPE, "multipart/form-data; boundary=X");
    site.send(request.body(Body::from(body)).unwrap()).await
}

#[tokio::test]
async fn a_file_for_the_header_is_brought_to_the_page_and_lies_in_the_folder_in_the_end() {
    for store in stores().await {
        let (stage, site, visitor) = open(&store).await;
        let mut with_picture = crate::engine::stage::reminder();
        with_picture["components"]
            .as_array_mut()
            .unwrap()
            .push(serde_json::json!({"type": "HEADER", "format": "IMAGE"}));
        *stage.stub.template.lock().unwrap() = with_picture;
        stage.engine.sync_templates("meta").await.unwrap();
        upload(&site, &visitor, "/drafts", "Con foto", ("lista.csv", AUDIENCE)).await;
        let early = header(&site, &visitor, "banner.png", PNG).await;
        assert_eq!(early.status, StatusCode::UNPROCESSABLE_ENTITY, "no template is chosen: {}", early.body);
        let chosen =
            [("var.1.column", "paciente"), ("var.1.form", "first_name"), ("var.1.otherwise", ""), ("var.1.own", "")];
        site.post("/drafts/1", &visitor, &form(&chosen)).await;
        let page = site.get("/drafts/1", Some(&visitor)).await;
        assert!(page.body.contains("data-test=\"header-file\""), "{}", page.body);
        let wrong = header(&site, &visitor, "banner.png", b"%PDF-1.7 no picture").await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        let brought = header(&site, &visitor, "banner.png", PNG).await;
        assert_eq!(brought.leads_to(), "/drafts/1", "{}", brought.body);
        let page = site.get("/drafts/1", Some(&visitor)).await;
        assert!(page.body.contains("banner.png"), "{}", page.body);
        let done = [&chosen[..], &[("action", "finish"), ("head", "banner.png"), ("head.column", "")]].concat();
        let done = site.post("/drafts/1", &visitor, &form(&done)).await;
        assert!(done.leads_to().ends_with("?done=loaded"), "{} {}", store.name(), done.body);
        let folder = store.dir.path().join("data/campaigns/con-foto");
        assert_eq!(std::fs::read(folder.join("banner.png")).unwrap(), PNG);
        let written = std::fs::read_to_string(folder.join("campaign.toml")).unwrap();
        assert!(written.contains("image = \"banner.png\""), "{written}");
    }
}
