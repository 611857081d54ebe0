//! People: taken in from a file, found, looked at and edited; those whose conversation ended quietly are an audience.

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, COOKIE};
use axum::http::{Method, Request, StatusCode};
use recado::domain::phone::Phone;
use recado::domain::role::Role;
use recado::store::{Db, draft, person, user};
use serde_json::json;
use sqlx::AssertSqlSafe;

use super::site::{Answer, Site, Visitor};
use crate::engine::stage::{CAMPAIGN, Stage, TUESDAY};
use crate::support::{TestStore, stores};

async fn change(store: &TestStore, sql: String) {
    match &store.write {
        Db::Sqlite(pool) => drop(sqlx::query(AssertSqlSafe(sql)).execute(pool).await.unwrap()),
        Db::Postgres(pool) => drop(sqlx::query(AssertSqlSafe(sql)).execute(pool).await.unwrap()),
    }
}

async fn bring(site: &Site, visitor: &Visitor, file: &[u8]) -> Answer {
    bring_of(site, visitor, file, "ar").await
}

async fn bring_of(site: &Site, visitor: &Visitor, file: &[u8], country: &str) -> Answer {
    let mut body = format!(
        "--X\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\n{}\r\n\
         --X\r\nContent-Disposition: form-data; name=\"country\"\r\n\r\n{country}\r\n\
         --X\r\nContent-Disposition: form-data; name=\"clients\"; filename=\"clientes.csv\"\r\n\r\n",
        visitor.csrf
    )
    .into_bytes();
    body.extend(file);
    body.extend(b"\r\n--X--\r\n");
    let request = Request::post("/people/import")
        .header(COOKIE, format!("recado_session={0}; __Host-recado_session={0}", visitor.cookie))
        .header(CONTENT_TYPE, "multipart/form-data; boundary=X");
    site.send(request.body(Body::from(body)).unwrap()).await
}

/// Ana Núñez by name, reference and number in every writing, and nobody by what is another's or a pattern.
async fn is_found_however_it_is_asked(site: &Site, agent: &Visitor, database: &str) {
    for asked in [
        "h-77",
        "H-77 ana",
        "50000001",
        "núñez",
        "NÚÑEZ",
        "nunez",
        "Ñunéz, ANA",
        "011 15 5000-0001",
        "15-5000-0001",
        "15 5000 0001",
        "+54 9 11 5000-0001",
        "",
    ] {
        let q: String = url::form_urlencoded::byte_serialize(asked.as_bytes()).collect();
        let page = site.get(&format!("/people?q={q}"), Some(agent)).await;
        assert!(page.body.contains("Ana Núñez"), "{} {asked}: {}", database, page.body);
    }
    for asked in ["nunez eva", "*", "n.ñez", "[a-z]", "15 5000-0009", "%25"] {
        let q: String = url::form_urlencoded::byte_serialize(asked.as_bytes()).collect();
        let page = site.get(&format!("/people?q={q}"), Some(agent)).await;
        assert!(!page.body.contains("Ana Núñez"), "{} {asked}: {}", database, page.body);
    }
}

#[tokio::test]
async fn a_file_of_clients_names_people_whom_a_page_finds_shows_and_edits() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let site = Site::over(&stage.engine);
        let (admin, agent) = (site.visitor(Role::Admin).await, site.visitor(Role::Agent).await);
        // As Excel writes it in Buenos Aires: semicolons, Windows-1252.
        let file =
            b"Tel\xe9fono;Nombre;Id\r\n011 15 5000-0001;Ana N\xfa\xf1ez;H-77\r\n11 5000-0002;;\r\nnada;Eva;H-78\r\n";
        let done = bring(&site, &admin, file).await;
        assert_eq!(done.status, StatusCode::OK, "{}", done.body);
        assert!(done.body.contains("Rows read: 3. People kept: 2."), "{}: {}", store.name(), done.body);

        stage.run("turnos", CAMPAIGN, "nombre,telefono\nOtra,+5491150000001\nAna,11 5000-0001\n").await;
        is_found_however_it_is_asked(&site, &agent, store.name()).await;
        let mut tx = store.begin().await.unwrap();
        let phone = Phone::from_international("5491150000001").unwrap();
        let id = person::ensure(&mut tx, &[(phone, String::new())], TUESDAY).await.unwrap()[0];
        tx.commit().await.unwrap();
        let page = site.get(&format!("/people/{id}"), Some(&agent)).await;
        for said in ["Ana Núñez", "H-77", "turnos", "Hola Otra, le esperamos."] {
            assert!(page.body.contains(said), "{} {said}: {}", store.name(), page.body);
        }
        assert!(page.body.contains("data-test=\"left-out\""), "the second row of hers: {}", page.body);

        let edit = [("name", "Ana María Núñez"), ("reference", "H-77"), ("note", "Prefiere la tarde")];
        let edited = site.post(&format!("/people/{id}"), &agent, &edit).await;
        assert_eq!(edited.status, StatusCode::SEE_OTHER, "{}", edited.body);
        let token = site.token(Role::Agent).await;
        let told = site.call(Method::GET, &format!("/api/v1/people/{id}"), &token, "", None).await.json();
        assert_eq!(told["identities"][0]["name"], "Ana María Núñez", "{told}");
        assert_eq!(
            (&told["client"]["note"], &told["left_out"][0]["reason"]),
            (&json!("Prefiere la tarde"), &json!("duplicate"))
        );

        stage.engine.erase_person(id).await.unwrap().unwrap();
        let gone = site.get("/people?q=h-77", Some(&agent)).await;
        assert!(!gone.body.contains("Ana"), "{}: {}", store.name(), gone.body);
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_file_of_clients_is_said_without_the_words_of_campaign_files() {
    let store = stores().await.remove(0);
    let stage = Stage::new(&store, store.dir.path()).await;
    let site = Site::over(&stage.engine);
    let admin = site.visitor(Role::Admin).await;
    let people: Vec<String> = (0..12).map(|n| format!("1150000{n:03};Ana\n")).collect();
    let papers: Vec<String> = (0..12).map(|n| format!("111.444.777-{n:02};Ana\n")).collect();
    let (people, papers) = (people.concat(), papers.concat());
    for (file, said) in [
        (format!("Telefono;Nombre\n{people};Total\n"), "Delete it"),
        (people.clone(), "Put the names above it"),
        (format!("Telefono;Celular;Nombre\n{}", people.replace(';', ";1150000001;")), "Rename or remove"),
        (format!("Quien;Donde\n{}", people.replace("11500", "x")), "Call the right one “Phone”"),
        (format!("Telefono;Nombre\n{papers}"), "“Phone”"),
    ] {
        let refused = bring(&site, &admin, file.as_bytes()).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{file}: {}", refused.body);
        assert!(refused.body.contains(said), "{file}: {}", refused.body);
        assert!(!refused.body.contains("under [") && !refused.body.contains("campaign.toml"), "{}", refused.body);
    }
}

#[tokio::test]
async fn what_is_left_out_when_somebody_says_who_a_person_is_stays() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let site = Site::over(&stage.engine);
        let token = site.token(Role::Agent).await;
        let mut tx = store.begin().await.unwrap();
        let phones = ["5491150000001", "5491150000002"].map(|p| (Phone::from_international(p).unwrap(), String::new()));
        let people = person::ensure(&mut tx, &phones, TUESDAY).await.unwrap();
        tx.commit().await.unwrap();
        let edit = async |id, body: serde_json::Value| {
            let done = site.call(Method::POST, &format!("/api/v1/people/{id}"), &token, &body.to_string(), None).await;
            assert_eq!(done.status, StatusCode::NO_CONTENT, "{}", done.body);
        };
        let told = async |id| {
            let one = site.call(Method::GET, &format!("/api/v1/people/{id}"), &token, "", None).await.json();
            let client = |key: &str| one["client"][key].as_str().unwrap().to_owned();
            [one["identities"][0]["name"].as_str().unwrap_or_default().to_owned(), client("reference"), client("note")]
        };
        let (first, second) = (people[0], people[1]);
        edit(second, json!({"name": "Ana", "reference": "H-1", "note": "nota"})).await;
        edit(second, json!({"name": "Ana Paz"})).await;
        assert_eq!(told(second).await, ["Ana Paz", "H-1", "nota"], "{}", store.name());
        edit(second, json!({"note": ""})).await;
        assert_eq!(told(second).await, ["Ana Paz", "H-1", ""], "{}", store.name());
        // Found to be somebody who was known before: what was said of either is of both.
        let mut tx = store.begin().await.unwrap();
        recado::store::identity::link(&mut tx, first, second).await.unwrap();
        tx.commit().await.unwrap();
        edit(first, json!({"note": "por la tarde"})).await;
        assert_eq!(told(first).await[1..], ["H-1", "por la tarde"], "{}", store.name());
    }
}

#[tokio::test]
async fn rows_of_clients_that_are_left_out_say_why_and_nothing_speaks_of_campaign_files() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let site = Site::over(&stage.engine);
        let admin = site.visitor(Role::Admin).await;
        let long = "x".repeat(201);
        let file = format!(
            "Telefono;Nombre;Id\r\n11 5000-0001;Ana;\r\n11 5000-0002;{long};\r\n11 5000-0003;Eva;{long}\r\n\
             nada;Leo;\r\n11 5000-0001;Otra Ana;\r\n11 5000-0004;Iván;\r\n11 5000-0005;Sol;\r\n"
        );
        let done = bring(&site, &admin, file.as_bytes()).await.body;
        assert!(done.contains("Rows read: 7. People kept: 3."), "{}: {done}", store.name());
        for said in [
            "4 rows were left out",
            "Row 2: The name has 201 characters; 200 fit.",
            "Row 3: Your number for them has 201 characters; 200 fit.",
            "Row 4: ",
            "It is not a phone number.",
            "Row 5: the same person is in an earlier row",
        ] {
            assert!(done.contains(said), "{} {said}: {done}", store.name());
        }
        for (file, country, said) in [
            ("Nombre;Edad\r\nAna;33\r\n", "ar", "Call the right one “Phone” in the file"),
            ("Telefono;Nombre\r\n11 5000-0001;Ana\r\n", "zz", "“ZZ” is not the code of a country"),
        ] {
            let refused = bring_of(&site, &admin, file.as_bytes(), country).await;
            assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.body);
            assert!(refused.body.contains(said), "{} {said}: {}", store.name(), refused.body);
            assert!(!refused.body.contains("[columns]") && !refused.body.contains("campaign.toml"), "{}", refused.body);
        }
    }
}

#[tokio::test]
async fn the_number_of_a_house_is_known_by_its_name_and_the_columns_that_were_taken_are_told() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let site = Site::over(&stage.engine);
        let admin = site.visitor(Role::Admin).await;
        for (no, header) in ["Legajo", "Nº de historia", "Historia clínica", "Matrícula", "ID"].into_iter().enumerate()
        {
            let file = format!("Apellido y nombre;Celular;{header}\nPaz, Ana;11 5000-010{no};X-{no}\n");
            let done = bring(&site, &admin, file.as_bytes()).await.body;
            let told = format!("Phone: “Celular” · Name: “Apellido y nombre” · Your own number: “{header}”</p>");
            assert!(done.contains(&told), "{} {header}: {done}", store.name());
            let found = site.get(&format!("/people?q=x-{no}"), Some(&admin)).await.body;
            assert_eq!(found.matches("data-test=\"person-row\"").count(), 1, "{} {header}: {found}", store.name());
        }
        let done = bring(&site, &admin, b"Nombre;Celular;Obra social\nEva;11 5000-0109;ABC\n").await.body;
        assert!(done.contains("Name: “Nombre” · no column is called like a number of your own</p>"), "{done}");
    }
}

#[tokio::test]
async fn one_own_number_of_several_people_and_one_phone_of_several_own_numbers_are_told() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let site = Site::over(&stage.engine);
        let admin = site.visitor(Role::Admin).await;
        let said = |page: &str, mark: &str| -> Vec<String> {
            let mark = format!("data-test=\"{mark}\">");
            let lines = page.split(&*mark).skip(1);
            lines.map(|rest| rest.split("</li>").next().unwrap().to_owned()).collect()
        };
        let file = "nombre;celular;id\nLucía;11 5000-0001;C-1\nNueva;11 5000-0002;C-2\nmal;123;C-3\n\
            Dup;+5491150000001;C-9\n;11 5000-0005;C-1\nSol;11 5000-0006;\nLuz;11 5000-0006;C-4\nLucía;11 5000-0001;C-1\n";
        let done = bring(&site, &admin, file.as_bytes()).await.body;
        assert!(done.contains("Rows read: 8. People kept: 4."), "{}: {done}", store.name());
        assert!(done.contains("One number of yours is now that of several people."), "{}: {done}", store.name());
        let shared = said(&done, "shared-number");
        assert_eq!(shared, ["“C-1”: rows 1, 5 (+5491150000001, +5491150000005)"], "{}", store.name());
        let left = said(&done, "left-row");
        let first = "+5491150000001 is in row 1 already, where your number for it is “C-1”; this row says “C-9”.";
        let second = "+5491150000006 is in row 6 already, without a number of yours; this row says “C-4”.";
        assert!(left.len() == 4 && left[1].contains(first) && left[2].contains(second), "{}: {left:?}", store.name());
        assert!(left[3].contains("the same person is in an earlier row"), "{}: {left:?}", store.name());
        // Of somebody known before, and by the API.
        let token = site.token(Role::Admin).await;
        let body = "--X\r\nContent-Disposition: form-data; name=\"country\"\r\n\r\nAR\r\n--X\r\n\
            Content-Disposition: form-data; name=\"clients\"; filename=\"c.csv\"\r\n\r\ntelefono;id\n11 5000-0009;C-2\n\r\n--X--\r\n";
        let request = Request::post("/api/v1/people/import")
            .header("authorization", format!("Bearer {token}"))
            .header(CONTENT_TYPE, "multipart/form-data; boundary=X");
        let told = site.send(request.body(Body::from(body)).unwrap()).await.json();
        let expected = json!([{"reference": "C-2", "rows": [1], "phones": ["+5491150000002", "+5491150000009"]}]);
        assert_eq!((&told["shared"], &told["shared_numbers"]), (&json!(1), &expected), "{} {told}", store.name());
        // Each is found by it, and each is called by their own name.
        let found = site.get("/people?q=c-1", Some(&admin)).await.body;
        assert_eq!(found.matches("data-test=\"person-row\"").count(), 2, "{}: {found}", store.name());
        let phone = |digits| Phone::from_international(digits).unwrap();
        let names = person::names_of(&store, &[phone("5491150000001"), phone("5491150000005")]).await.unwrap();
        assert_eq!(names, [("5491150000001".to_owned(), "Lucía".to_owned())].into(), "{}", store.name());
        let again = bring(&site, &admin, b"telefono;id\n11 5000-0011;D-1\n11 5000-0012;D-2\n").await.body;
        assert!(!again.contains("shared-number"), "{}: {again}", store.name());
        // Hundreds of rows may lie between the two.
        let own = |n: u32| if n.is_multiple_of(599) { "E-0".to_owned() } else { format!("E-{n}") };
        let many: Vec<String> = (0..600).map(|n| format!("11 5001-{n:04};{}\n", own(n))).collect();
        let many = many.concat();
        let apart = said(&bring(&site, &admin, format!("telefono;id\n{many}").as_bytes()).await.body, "shared-number");
        assert_eq!(apart, ["“E-0”: rows 1, 600 (+5491150010000, +5491150010599)"], "{}", store.name());
    }
}

#[tokio::test]
async fn people_whose_conversation_ended_quietly_are_an_audience_with_their_agents_name_and_way_back() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let site = Site::over(&stage.engine);
        let marketing = site.visitor(Role::Marketing).await;
        let agent = user::all(&store).await.unwrap().remove(0).name;
        let phones = ["5491150000001", "5491150000002", "5491150000003"].map(|p| Phone::from_international(p).unwrap());
        let mut tx = store.begin().await.unwrap();
        let named: Vec<_> = phones.iter().map(|phone| (phone.clone(), "Ana".to_owned())).collect();
        let people = person::ensure(&mut tx, &named, TUESDAY).await.unwrap();
        tx.commit().await.unwrap();
        // The first went quiet, the second was closed by somebody, of the third another conversation is open.
        for (person, state, by) in [
            (people[0], "closed", "''"),
            (people[1], "closed", "'ana'"),
            (people[2], "closed", "''"),
            (people[2], "open", "NULL"),
        ] {
            let (at, closed) =
                (TUESDAY.0 - 1_000, if state == "closed" { (TUESDAY.0 - 10).to_string() } else { "NULL".to_owned() });
            change(&store, format!(
                "INSERT INTO conversation (person_id, account, sender, state, assignee, opened_at, last_at, close_after, closed_at, closed_by)
                 SELECT {person}, 'meta', 'front', '{state}', id, {at}, {at}, 1, {closed}, {by} FROM app_user WHERE name = '{agent}'"
            ))
            .await;
        }
        let begun = site.post("/drafts/quiet", &marketing, &[("since", "2026-11-01"), ("silent", "them")]).await;
        assert_eq!(begun.leads_to(), "/drafts/1", "{}", begun.body);
        let draft = draft::list(&store).await.unwrap().remove(0);
        assert!(
            draft.definition.contains("resume_contact") && draft.definition.contains("Route"),
            "{}",
            draft.definition
        );
        let shown = stage.engine.preview(&draft, 1).await.unwrap();
        assert_eq!(
            shown.cells[..4],
            ["+5491150000001", "Ana", agent.as_str(), &format!("agent:{agent}")],
            "{}",
            store.name()
        );
        assert!(stage.engine.preview(&draft, 2).await.unwrap().cells.is_empty(), "nobody else");
        let nobody = site.post("/drafts/quiet", &marketing, &[("since", "2026-11-01"), ("silent", "us")]).await;
        assert_eq!(nobody.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(nobody.body.contains("No conversation ended by itself"), "{}", nobody.body);
    }
}

#[tokio::test]
async fn a_persons_page_says_what_they_agreed_to_and_asked_for_by_whom_and_when_and_what_became_of_each_message() {
    for store in stores().await {
        let stage = Stage::new(&store, store.dir.path()).await;
        let site = Site::over(&stage.engine);
        let agent = site.visitor(Role::Agent).await;
        let audience = "nombre,telefono,consentimiento\nAna,11 5000-0001,Formulario 3\n";
        let campaign = format!("{CAMPAIGN}[replies]\ntyped = {{ \"confirmed\" = [\"si\"] }}\n");
        stage.run("turnos", &campaign, audience).await;
        stage.sender().drain().await;
        let sent = stage.stub.seen.lock().unwrap().clone();
        stage.receipts(&sent, "failed", Some(131_026)).await;
        let stopped = [("phone", "+54 9 11 5000-0001"), ("scope", "marketing"), ("note", "por teléfono")];
        assert_eq!(site.post("/suppressions", &agent, &stopped).await.status, StatusCode::SEE_OTHER);
        let said = json!({"type": "text", "text": {"body": "si"}});
        super::thread::says(&stage, "wamid.in9", said).await;
        let id = site.get("/people?q=5491150000001", Some(&agent)).await.body;
        let id = id.split("href=\"/people/").nth(1).unwrap().split('"').next().unwrap().to_owned();
        let page = site.get(&format!("/people/{id}"), Some(&agent)).await.body;
        for shown in [
            "+5491150000001",
            "Formulario 3",
            "agent · ",
            "por teléfono",
            "Not delivered: this number cannot receive it",
            "turnos",
            "Hola Ana, le esperamos.",
        ] {
            assert!(page.contains(shown), "{} {shown}: {page}", store.name());
        }
    }
}
