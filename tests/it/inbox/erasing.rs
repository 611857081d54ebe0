//! One person's data: everything of it can be told, and all of it goes.

use std::path::Path;

use recado::domain::phone::Phone;
use recado::engine::janitor::Janitor;
use recado::engine::person::Erased;
use recado::store::{Db, erased, open, person, suppression};
use serde_json::json;

use super::office::{ANA, NOW, Office, REPLIES};
use crate::support::{TestStore, stores};

/// Every text of every table.
async fn everything(store: &TestStore) -> String {
    let tables = [
        ("person", "COALESCE(phone, '') || COALESCE(wa_id, '') || COALESCE(bsuid, '') || COALESCE(name, '')"),
        ("message", "recipient || name || key || content || COALESCE(external_id, '') || COALESCE(provider_id, '')"),
        ("attempt", "COALESCE(provider_id, '') || COALESCE(failure_detail, '')"),
        ("entry", "content || COALESCE(provider_id, '')"),
        ("exclusion", "recipient || name || COALESCE(external_id, '') || detail"),
        ("suppression", "note"),
        ("consent", "basis"),
        ("orphan_receipt", "receipt || provider_id"),
        ("audit", "subject || detail"),
        ("erased", "hash"),
        ("erased_sent", "hash"),
    ];
    let mut all = String::new();
    for (table, texts) in tables {
        let sql = sqlx::AssertSqlSafe(format!("SELECT {texts} FROM {table}"));
        let found: Vec<String> = match &store.write {
            Db::Sqlite(pool) => sqlx::query_scalar(sql).fetch_all(pool).await.unwrap(),
            Db::Postgres(pool) => sqlx::query_scalar(sql).fetch_all(pool).await.unwrap(),
        };
        all += &found.concat();
    }
    let bodies: Vec<Vec<u8>> = match store.webhooks().await {
        Db::Sqlite(pool) => sqlx::query_scalar("SELECT body FROM webhook").fetch_all(&pool).await.unwrap(),
        Db::Postgres(pool) => sqlx::query_scalar("SELECT body FROM webhook").fetch_all(&pool).await.unwrap(),
    };
    all + &String::from_utf8_lossy(&bodies.concat())
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one person, from the export to the last trace")]
async fn a_person_is_exported_whole_and_erased_whole_and_stays_on_the_do_not_send_list() {
    for store in stores().await {
        let office = Office::new(&store);
        let run = office.run("es_AR", REPLIES).await;
        let message = office.message(run, ANA).await;
        office.writes(ANA, "Confirmo, soy Ana Paz").await;
        office.writes(ANA, "BAJA").await;
        office.change(&format!("INSERT INTO exclusion (run_id, row_no, reason, recipient, name) VALUES ({run}, 9, 'duplicate', '+54 9 11 5555-0123', 'Ana Paz')")).await;
        office.change(&format!("INSERT INTO exclusion (run_id, row_no, reason, recipient, name) VALUES ({run}, 10, 'duplicate', '+54 9 351 555-0123', 'Eva Sol')")).await;
        let engine = &office.engine;
        let id = engine.person_of("+5491155550123").await.unwrap().unwrap().unwrap().id;
        let told = serde_json::to_value(engine.export_person(id).await.unwrap()).unwrap();
        assert_eq!(told["messages"][0]["text"]["body"], "Hola Ana, mañana es su turno.", "{}", store.name());
        // Whoever gets it reads dates and amounts, not counts of milliseconds and millionths.
        let first = &told["messages"][0];
        assert_eq!((&first["due_at"], &first["cost"]), (&"2026-11-24T13:00:00Z".into(), &"0.00".into()));
        assert!(told["suppressions"][0]["created_at"].as_str().unwrap().starts_with("2026-11-24T"), "{told}");
        assert_eq!(
            (told["entries"].as_array().unwrap().len() >= 3, &told["suppressions"][0]["source"]),
            (true, &"reply".into())
        );

        assert_eq!(
            (&told["left_out"][0]["row"], &told["left_out"][1]),
            (&9.into(), &serde_json::Value::Null),
            "{told}"
        );

        office.change("UPDATE message SET state = 'claimed' WHERE author = ''").await;
        assert_eq!(engine.erase_person(id).await.unwrap().unwrap_err().code, "person_busy");
        office.change("UPDATE message SET state = 'delivered' WHERE author = ''").await;
        let done = engine.erase_person(id).await.unwrap().unwrap();
        assert!(matches!(done, Erased { webhooks: 2, exclusions: 1, rows: 0, .. }), "{done:?}, {}", store.name());
        let left = everything(&store).await;
        for name in [ANA, "Ana Paz", "5555-0123", "wamid.", "Confirmo"] {
            assert!(!left.contains(name), "{name} is left, {}: {left}", store.name());
        }
        assert!(left.contains("Eva Sol"), "somebody else's row stays");
        let kept = office.numbers(&format!("SELECT COUNT(*) FROM message WHERE id = {message}")).await;
        assert_eq!(kept, [1], "counts and costs stay");

        // A file names them again: they are known only by the hash, and left alone.
        let mut tx = store.begin().await.unwrap();
        let phone = Phone::from_international(ANA).unwrap();
        let again = person::ensure(&mut tx, &[(phone, "Ana".to_owned())], NOW).await.unwrap();
        tx.commit().await.unwrap();
        assert_ne!(again[0], id);
        assert_eq!(suppression::blocked(&store, &again, true).await.unwrap().len(), 1, "{}", store.name());
        assert!(suppression::blocked(&store, &again, false).await.unwrap().is_empty(), "reminders go on");
        let phone = Phone::from_international(ANA).unwrap();
        assert!(erased::all(&store).await.unwrap().scope_of(&phone).is_some(), "a sheet leaves them out too");
        office.writes(ANA, "ALTA").await;
        assert_eq!(erased::all(&store).await.unwrap().scope_of(&phone), None, "and knows of it: {}", store.name());
        let late = "SELECT COUNT(*) FROM suppression WHERE lifted_at < created_at";
        assert_eq!(office.numbers(late).await, [0], "{}", store.name());
        assert!(
            suppression::blocked(&store, &again, true).await.unwrap().is_empty(),
            "until they want promotions again"
        );
    }
}

/// The bytes of the database and of its log.
fn files(store: &TestStore) -> String {
    files_in(store.dir.path())
}

const FILES: [&str; 4] = ["recado.db", "recado.db-wal", "recado-webhooks.db", "recado-webhooks.db-wal"];

fn files_in(dir: &Path) -> String {
    let read = |name: &str| std::fs::read(dir.join(name)).unwrap();
    FILES.map(|name| String::from_utf8_lossy(&read(name)).into_owned()).concat()
}

#[tokio::test]
async fn whoever_was_erased_is_in_no_byte_of_the_sqlite_file_nor_of_its_log() {
    let store = stores().await.swap_remove(0);
    let office = Office::new(&store);
    let run = office.run("es_AR", REPLIES).await;
    office.message(run, ANA).await;
    // Short and long ones, so that some have pages of their own.
    for n in [1, 20, 400] {
        office.writes(ANA, &"Zoraida pregunta por xyzzy ".repeat(n)).await;
        office.writes("5491155550188", &"Otra persona ".repeat(n)).await;
    }
    // What is in the file itself is freed there, and must be overwritten.
    let Db::Sqlite(writer) = &store.write else { panic!("SQLite comes first") };
    sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(writer).await.unwrap();
    office.writes(ANA, "Zoraida otra vez").await;
    let before = files(&store);
    assert!(before.contains("Zoraida") && before.contains(ANA), "there is something to erase");
    let id = office.engine.person_of("+5491155550123").await.unwrap().unwrap().unwrap().id;
    let Db::Sqlite(readers) = &store.read else { panic!("SQLite comes first") };
    let mut reader = readers.begin().await.unwrap();
    let _: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM message").fetch_one(&mut *reader).await.unwrap();
    office.engine.erase_person(id).await.unwrap().unwrap();
    assert!(files(&store).contains("Zoraida"), "whoever reads an older state still has it");
    reader.rollback().await.unwrap();
    Janitor::new(office.engine.clone()).step().await.unwrap();
    let left = files(&store);
    assert!(left.contains("Otra persona"), "others stay");
    for word in ["Zoraida", "xyzzy", ANA] {
        assert!(!left.contains(word), "{word} can be read");
    }
    // With nobody reading it goes at once.
    let id = office.engine.person_of("+5491155550188").await.unwrap().unwrap().unwrap().id;
    office.engine.erase_person(id).await.unwrap().unwrap();
    let left = files(&store);
    assert!(!left.contains("Otra persona") && !left.contains("5491155550188"));
}

#[tokio::test]
async fn what_was_erased_just_before_a_crash_is_in_no_byte_after_the_next_start() {
    let store = stores().await.swap_remove(0);
    let office = Office::new(&store);
    let run = office.run("es_AR", REPLIES).await;
    office.message(run, ANA).await;
    office.writes(ANA, &"Zoraida pregunta por xyzzy ".repeat(20)).await;
    let id = office.engine.person_of("+5491155550123").await.unwrap().unwrap().unwrap().id;
    let Db::Sqlite(readers) = &store.read else { panic!("SQLite comes first") };
    let mut reader = readers.begin().await.unwrap();
    let _: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM message").fetch_one(&mut *reader).await.unwrap();
    office.engine.erase_person(id).await.unwrap().unwrap();
    // What lies on the disk when the machine stops here.
    let disk = tempfile::tempdir().unwrap();
    for name in FILES {
        std::fs::copy(store.dir.path().join(name), disk.path().join(name)).unwrap();
    }
    assert!(files_in(disk.path()).contains("Zoraida"), "its log still says it");
    let _again = open("sqlite:recado.db", disk.path()).await.unwrap();
    assert!(!files_in(disk.path()).contains("Zoraida"));
}

#[tokio::test]
async fn a_number_of_nobody_known_is_in_no_byte_after_it_was_erased() {
    let store = stores().await.swap_remove(0);
    let office = Office::new(&store);
    let (number, user) = ("5491155550177", "AR.7766554433");
    office.store_body(json!({ "contacts": [{ "wa_id": number }] })).await;
    office.store_body(json!({ "contacts": [{ "user_id": user }] })).await;
    office.read().await;
    let before = files(&store);
    assert!(before.contains(number) && before.contains(user), "there is something to erase");
    for who in [number, user] {
        let done = office.engine.erase_number(who).await.unwrap().unwrap();
        assert_eq!((done.webhooks, done.rows), (1, 0), "{who}");
        assert!(!files(&store).contains(who), "{who} can be read");
    }
}
