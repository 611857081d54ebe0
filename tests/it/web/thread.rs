//! What stands between an agent and a person: quotes, canned answers, the gallery of templates, the window.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use recado::domain::fill::Content;
use recado::domain::id::{ConversationId, MessageId};
use recado::domain::role::Role;
use recado::engine::canned::CannedDraft;
use recado::store::{canned, conversation};
use serde_json::{Value, json};

use super::site::{Site, Visitor};
use crate::engine::stage::{CAMPAIGN, Stage, people};
use crate::support::stores;

pub const TEAMS: &str = "team = \"recepcion\"\n[team.recepcion]\nmembers = [\"agent\"]\n[team.otros]\nmembers = [\"x\"]\n[vars]\nclinic_phone = \"+54 11 5555-0100\"\n";
const ANA: &str = "5491150000000";

/// Something of the person of the first row comes in.
pub async fn says(stage: &Stage, id: &str, mut message: Value) {
    message["from"] = json!(ANA);
    message["id"] = json!(id);
    message["timestamp"] = json!((stage.clock.now().0 / 1000).to_string());
    let contacts = json!([{"wa_id": ANA, "profile": {"name": "Ana Paz"}}]);
    stage.told("messages", json!({"contacts": contacts, "messages": [message]})).await;
}

/// A run whose first person wrote, at `site`.
pub async fn desk(stage: &Stage, site: &Site) -> (ConversationId, Visitor) {
    stage.run("one", CAMPAIGN, &people(1)).await;
    stage.sender().drain().await;
    says(stage, "wamid.in1", json!({"type": "text", "text": {"body": "¿a qué hora era?"}})).await;
    (ConversationId(1), site.visitor(Role::Agent).await)
}

async fn canned(stage: &Stage, team: &str, code: &str, text: &str) -> i64 {
    let draft = CannedDraft { team, code, text };
    stage.engine.save_canned(None, draft, "ana").await.unwrap().unwrap()
}

/// The value of a hidden field.
pub fn hidden(page: &str, name: &str) -> String {
    let start = format!("name=\"{name}\" value=\"");
    let from = page.find(&start).unwrap_or_else(|| panic!("no {name} in {page}")) + start.len();
    page[from..].split('"').next().unwrap().to_owned()
}

#[tokio::test]
async fn what_a_reply_quotes_stands_above_it_and_an_answer_quotes_on_the_wire() {
    for store in stores().await {
        let stage = Stage::with(&store, store.dir.path(), TEAMS).await;
        let site = Site::over(&stage.engine);
        let (id, ana) = desk(&stage, &site).await;
        let quoting = json!({"type": "text", "context": {"id": "wamid.1.1"}, "text": {"body": "¿y dónde?"}});
        says(&stage, "wamid.in2", quoting).await;
        says(&stage, "wamid.in3", json!({"type": "reaction", "reaction": {"message_id": "wamid.in1", "emoji": "👍"}}))
            .await;
        let path = format!("/conversations/{id}");
        let page = site.get(&path, Some(&ana)).await.body;
        assert_eq!(page.matches("data-test=\"quoted\"").count(), 2, "{page}");
        assert!(page.contains("Hola Ana, le esperamos.</a>") && page.contains("¿a qué hora era?</a>"), "{page}");
        assert!(page.contains("Template · one, row 1"), "{page}");

        let token = site.token(Role::Agent).await;
        let told = site.call(Method::GET, &format!("/api/v1{path}"), &token, "", None).await.json();
        let line = |at: usize| told["thread"][at].clone();
        assert_eq!((&line(2)["quotes"], &line(3)["quotes"]), (&line(0)["id"], &line(1)["id"]), "{told}");
        assert_eq!((&line(0)["campaign"], &line(0)["row"]), (&"one".into(), &1.into()), "{told}");

        // Without a script, a link puts it into the form.
        let reply = line(1)["id"].to_string();
        let page = site.get(&format!("{path}?quote={reply}"), Some(&ana)).await.body;
        assert_eq!(hidden(&page, "quote"), reply);
        let fields = [("text", "A las nueve"), ("quote", reply.as_str())];
        assert_eq!(site.post(&format!("{path}/answer"), &ana, &fields).await.status, StatusCode::SEE_OTHER);
        let content = stage.message(MessageId(2)).await.content().unwrap();
        let expected = Content::Text { body: "A las nueve".to_owned(), quoted: Some("wamid.in1".to_owned()) };
        assert_eq!(content, expected, "{}", store.name());
        stage.sender().drain().await;
        assert_eq!(stage.stub.quoted.lock().unwrap().last().unwrap().as_deref(), Some("wamid.in1"));
        // Another conversation's line is none to quote.
        let wrong = site.post(&format!("{path}/answer"), &ana, &[("text", "x"), ("quote", "999")]).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(wrong.body.contains("The message to quote is not of this conversation"), "{}", wrong.body);
    }
}

#[tokio::test]
async fn what_is_not_text_is_told_in_plain_words() {
    let store = stores().await.swap_remove(0);
    let stage = Stage::with(&store, store.dir.path(), TEAMS).await;
    let site = Site::over(&stage.engine);
    let (id, ana) = desk(&stage, &site).await;
    let sent = [
        json!({"type": "interactive", "interactive": {"type": "list_reply", "list_reply": {"id": "r1", "title": "Norte"}}}),
        json!({"type": "interactive", "interactive": {"type": "button_reply", "button_reply": {"id": "b1", "title": "Mejor mañana"}}}),
        json!({"type": "location", "location": {"latitude": -34.6, "longitude": -58.38, "name": "Obelisco"}}),
        json!({"type": "contacts", "contacts": [{"name": {"formatted_name": "Eva Sol"}, "phones": []}]}),
        json!({"type": "sticker", "sticker": {"id": "7", "mime_type": "image/webp"}}),
        json!({"type": "unsupported", "errors": [{"code": 131_051, "title": "no"}]}),
    ];
    for (n, message) in sent.into_iter().enumerate() {
        says(&stage, &format!("wamid.s{n}"), message).await;
    }
    let page = site.get(&format!("/conversations/{id}"), Some(&ana)).await.body;
    for words in [
        "Chose</span>",
        "Norte",
        "Mejor mañana",
        "Location: Obelisco",
        "geo:-34.6,-58.38",
        "Contact",
        "Sticker",
        "WhatsApp does not pass on",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
}

#[tokio::test]
async fn a_canned_answer_is_filled_with_what_is_known_and_not_sent_while_a_place_is_open() {
    for store in stores().await {
        let stage = Stage::with(&store, store.dir.path(), TEAMS).await;
        let site = Site::over(&stage.engine);
        let (id, ana) = desk(&stage, &site).await;
        let text = "Hola {{ name | first_name }}, soy {{ agent }}. Es el [día].\nLlame al {{ clinic_phone }}";
        let one = canned(&stage, "", "/Turno", text).await;
        canned(&stage, "recepcion", "turno", "El del equipo").await;
        canned(&stage, "", "otro", "Uno de todos").await;
        canned(&stage, "otros", "ajeno", "De otros").await;
        let path = format!("/conversations/{id}");
        let page = site.get(&path, Some(&ana)).await.body;
        assert!(page.contains("data-test=\"canned-otro\"") && !page.contains("canned-ajeno"), "{page}");
        assert!(page.contains("data-text=\"El del equipo\"") && !page.contains("soy agent"), "the team's own: {page}");
        stage
            .engine
            .save_canned(Some(2), CannedDraft { team: "otros", code: "turno", text: "x" }, "ana")
            .await
            .unwrap()
            .unwrap();
        let page = site.get(&format!("{path}?canned={one}"), Some(&ana)).await.body;
        let filled = "Hola Ana, soy agent. Es el [día].\nLlame al +54 11 5555-0100";
        assert!(page.contains(&format!(">{filled}</textarea>")), "{page}");
        let used = one.to_string();
        let open = site.post(&format!("{path}/answer"), &ana, &[("text", filled), ("canned", &used)]).await;
        assert_eq!(open.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(open.body.contains("[día]” is still to be filled") && open.body.contains(filled), "{}", open.body);
        let whole = filled.replace("[día]", "martes");
        let sent = site.post(&format!("{path}/answer"), &ana, &[("text", &whole), ("canned", &used)]).await;
        assert_eq!(sent.status, StatusCode::SEE_OTHER, "{} {}", store.name(), sent.body);
        assert!(site.get(&path, Some(&ana)).await.body.contains(&whole));
    }
}

#[tokio::test]
async fn the_api_sends_a_canned_answer_with_its_places_filled() {
    for store in stores().await {
        let stage = Stage::with(&store, store.dir.path(), TEAMS).await;
        let site = Site::over(&stage.engine);
        let (id, _) = desk(&stage, &site).await;
        let token = site.token(Role::Agent).await;
        let path = format!("/api/v1/conversations/{id}/answer");
        let admin = site.token(Role::Admin).await;
        let kept = json!({"code": "dia", "text": "{{ agent }}: es el [día]"}).to_string();
        let made = site.call(Method::POST, "/api/v1/canned-answers", &admin, &kept, None).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
        let open = json!({"canned": {"code": "dia"}, "agent": "agent"}).to_string();
        let refused = site.call(Method::POST, &path, &token, &open, None).await;
        assert_eq!(refused.json()["errors"][0]["code"], "canned_blank", "{}", refused.body);
        let blank = json!({"canned": {"code": "dia", "values": {"día": " "}}, "agent": "agent"}).to_string();
        let refused = site.call(Method::POST, &path, &token, &blank, None).await;
        assert_eq!(refused.json()["errors"][0]["code"], "canned_blank", "nothing is nothing: {}", refused.body);
        let extra = json!({"canned": {"code": "dia", "values": {"hora": "9"}}, "agent": "agent"}).to_string();
        assert_eq!(site.call(Method::POST, &path, &token, &extra, None).await.status, StatusCode::UNPROCESSABLE_ENTITY);
        let whole = json!({"canned": {"code": "/Dia", "values": {"día": "martes"}}, "agent": "agent"}).to_string();
        let sent = site.call(Method::POST, &path, &token, &whole, None).await;
        assert_eq!(sent.status, StatusCode::CREATED, "{} {}", store.name(), sent.body);
        let told = site.call(Method::GET, &format!("/api/v1/conversations/{id}"), &token, "", None).await.json();
        assert_eq!(told["thread"][2]["shown"]["body"], "agent: es el martes", "{told}");
    }
}

#[tokio::test]
async fn canned_answers_are_written_by_those_who_may_and_refused_with_the_reason() {
    for store in stores().await {
        let stage = Stage::with(&store, store.dir.path(), TEAMS).await;
        let site = Site::over(&stage.engine);
        let (ana, marketing) = (site.visitor(Role::Agent).await, site.visitor(Role::Marketing).await);
        let form = |team, code, text| [("team", team), ("code", code), ("text", text)];
        let mine = site.post("/canned-answers", &ana, &form("recepcion", "hola", "Hola {{ name }}")).await;
        assert_eq!(mine.leads_to(), "/canned-answers?done=canned_kept", "{}", mine.body);
        for team in ["", "otros"] {
            let refused = site.post("/canned-answers", &ana, &form(team, "x", "x")).await;
            assert_eq!(refused.status, StatusCode::CONFLICT, "{} {team}", store.name());
        }
        assert!(site.post("/canned-answers", &marketing, &form("", "hola", "Hola")).await.leads_to().contains("kept"));
        for (code, text, why) in [
            ("hola", "otra", "There is a canned answer “/hola” already"),
            ("dos palabras", "x", "one word of at most 30"),
            ("x", " ", "a text of at most 4096"),
            ("x", "{{ nmae }}", "Do you mean “name”?"),
            ("x", "{{ name | shout }}", "cannot be read"),
            ("x", "Su turno es el [día", "A “[” is not closed: “[día”"),
        ] {
            let refused = site.post("/canned-answers", &marketing, &form("", code, text)).await;
            assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{code} {text}");
            assert!(refused.body.contains(why), "{why}: {}", refused.body);
        }
        let edit = site.get("/canned-answers?edit=1", Some(&ana)).await.body;
        assert!(
            edit.contains("action=\"/canned-answers/1\"") && edit.contains(">Hola {{ name }}</textarea>"),
            "{edit}"
        );
        assert!(
            site.post("/canned-answers/1", &ana, &form("recepcion", "buenas", "Buenas"))
                .await
                .leads_to()
                .contains("kept")
        );
        assert_eq!(site.post("/canned-answers/2/remove", &ana, &[]).await.status, StatusCode::CONFLICT);
        assert_eq!(site.post("/canned-answers/1/remove", &ana, &[]).await.status, StatusCode::SEE_OTHER);
        let left = canned::all(&store).await.unwrap();
        assert_eq!(left.iter().map(|c| c.code.as_str()).collect::<Vec<_>>(), ["hola"], "{}", store.name());
    }
}

#[tokio::test]
async fn the_gallery_shows_text_price_and_refusals_and_sends_into_the_conversation() {
    for store in stores().await {
        let stage = Stage::with(&store, store.dir.path(), TEAMS).await;
        let site = Site::over(&stage.engine);
        let (id, _) = desk(&stage, &site).await;
        stage.clock.advance(Duration::from_hours(25));
        let ana = site.visitor(Role::Agent).await;
        let path = format!("/conversations/{id}");
        let page = site.get(&path, Some(&ana)).await.body;
        assert!(page.contains("templates only") && page.contains("data-test=\"answer\" disabled"), "{page}");
        let all = site.get(&format!("{path}/templates"), Some(&ana)).await.body;
        assert!(all.contains("data-test=\"pick-reminder\""), "{all}");
        let none = site.get(&format!("{path}/templates?q=nada"), Some(&ana)).await.body;
        assert!(none.contains("data-test=\"none-found\"") && !none.contains("pick-reminder"), "{none}");
        let chosen = site.get(&format!("{path}/templates?template=reminder%7Ces_AR"), Some(&ana)).await.body;
        assert!(chosen.contains("<option value=\"Ana"), "what is known is offered: {chosen}");
        let mut fields =
            vec![("template", "reminder|es_AR"), ("name", "1"), ("value", "Eva"), ("wait", "240"), ("do", "look")];
        let look = site.post(&format!("{path}/templates"), &ana, &fields).await.body;
        assert!(look.contains("Hola Eva, le esperamos.") && look.contains("if it is delivered"), "{look}");
        assert!(look.contains("<option value=\"240\" selected>4 h"), "{look}");
        assert!(recado::store::message::get(&store, MessageId(2)).await.unwrap().is_none(), "looking sends nothing");
        let key = hidden(&look, "once");
        *fields.last_mut().unwrap() = ("once", &key);
        let sent = site.post(&format!("{path}/templates"), &ana, &fields).await;
        assert_eq!(sent.leads_to(), format!("{path}?done=sent"), "{} {}", store.name(), sent.body);
        let again = site.post(&format!("{path}/templates"), &ana, &fields).await;
        assert_eq!(again.leads_to(), sent.leads_to());
        let kept = conversation::get(&store, id).await.unwrap().unwrap();
        assert_eq!(kept.close_after, 4 * 3_600_000);
        let page = site.get(&path, Some(&ana)).await.body;
        assert!(page.contains("Template · agent") && page.contains("Hola Eva, le esperamos."), "{page}");
        let short = [("template", "reminder|es_AR"), ("name", "1"), ("value", "Eva"), ("wait", "1"), ("once", "k")];
        let refused = site.post(&format!("{path}/templates"), &ana, &short).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.body.contains("between 10 minutes and 90 days"), "{}", refused.body);
    }
}

/// A form as browsers send it with a file.
pub async fn with_file(
    site: &Site,
    who: &Visitor,
    path: &str,
    (name, bytes): (&str, &[u8]),
    fields: &[(&str, &str)],
) -> super::site::Answer {
    let mut body = Vec::new();
    for (field, value) in [("csrf", who.csrf.as_str())].iter().chain(fields) {
        body.extend(format!("--x\r\ncontent-disposition: form-data; name=\"{field}\"\r\n\r\n{value}\r\n").bytes());
    }
    body.extend(format!("--x\r\ncontent-disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n").bytes());
    body.extend(bytes);
    body.extend(b"\r\n--x--\r\n");
    let request = axum::http::Request::post(path)
        .header("cookie", format!("recado_session={0}; __Host-recado_session={0}", who.cookie))
        .header("content-type", "multipart/form-data; boundary=x");
    site.send(request.body(axum::body::Body::from(body)).unwrap()).await
}

#[tokio::test]
async fn a_file_that_whatsapp_takes_none_of_is_refused_and_the_words_stay() {
    for store in stores().await {
        let stage = Stage::with(&store, store.dir.path(), TEAMS).await;
        let site = Site::over(&stage.engine);
        let (id, ana) = desk(&stage, &site).await;
        let path = format!("/conversations/{id}");
        let page = site.get(&path, Some(&ana)).await.body;
        assert!(page.contains("jpg:5242880") && page.contains("pdf:104857600") && !page.contains("exe:"), "{page}");
        let large = vec![b'x'; 6 << 20];
        let jpeg = [b"\xFF\xD8\xFF\xE0".as_slice(), &large].concat();
        for (name, bytes, why) in [
            ("virus.exe", b"MZ\x90\0".as_slice(), "takes no such file"),
            ("foto.jpg", jpeg.as_slice(), "5"),
            ("pagina.pdf", b"<html>", "takes no such file"),
        ] {
            let answer =
                with_file(&site, &ana, &format!("{path}/answer"), (name, bytes), &[("text", "Mire esto")]).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{} {name}", store.name());
            let problems =
                answer.body.split("data-test=\"problems\"").nth(1).expect("a reason").split("</ul>").next().unwrap();
            assert!(problems.contains(why), "{name}: {problems}");
            assert!(answer.body.contains(">Mire esto</textarea>"), "{}", answer.body);
        }
    }
}

#[tokio::test]
async fn an_answer_sent_twice_by_one_form_goes_out_once() {
    for store in stores().await {
        let stage = Stage::with(&store, store.dir.path(), TEAMS).await;
        let site = Site::over(&stage.engine);
        let (id, ana) = desk(&stage, &site).await;
        let path = format!("/conversations/{id}");
        let once = hidden(&site.get(&path, Some(&ana)).await.body, "once");
        for _ in 0..2 {
            let sent = site.post(&format!("{path}/answer"), &ana, &[("text", "Hola"), ("once", &once)]).await;
            assert_eq!(sent.leads_to(), format!("{path}#answer"), "{}", sent.body);
        }
        assert!(recado::store::message::get(&store, MessageId(3)).await.unwrap().is_none(), "{}", store.name());
    }
}

#[tokio::test]
async fn a_text_with_a_character_that_cannot_be_sent_is_refused_for_that() {
    let store = stores().await.swap_remove(0);
    let stage = Stage::with(&store, store.dir.path(), TEAMS).await;
    let site = Site::over(&stage.engine);
    let (id, _) = desk(&stage, &site).await;
    let (path, token) = (format!("/api/v1/conversations/{id}/answer"), site.token(Role::Agent).await);
    for (text, code) in [("a\0b", "answer_character"), (" ", "answer_length")] {
        let body = json!({"text": text, "agent": "agent"}).to_string();
        let told = site.call(Method::POST, &path, &token, &body, None).await;
        assert_eq!(told.json()["errors"][0]["code"], code, "{}", told.body);
    }
}
