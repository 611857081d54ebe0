//! Commands about the store itself: taking it over, bringing it up to date.

use super::*;

#[tokio::test]
async fn taking_a_store_over_says_since_when_and_how_many_might_get_theirs_twice() {
    let dir = tempfile::tempdir().unwrap();
    let example = include_str!("../../../recado.example.toml");
    let config = dir.path().join("recado.toml");
    let here = example.replacen("/var/lib/recado", "data", 1);
    std::fs::write(&config, here.replacen("https://graph.facebook.com", "http://127.0.0.1:9", 1)).unwrap();
    let at = config.to_str().unwrap();
    let none = recado("http://127.0.0.1:9", None, &["takeover", "--config", at]).await;
    assert_eq!(none.status, 0, "{} {}", none.out, none.err);
    assert!(none.out.contains("Nothing holds this store"), "{}", none.out);

    let store = recado::store::open("sqlite:recado.db", &dir.path().join("data")).await.unwrap();
    recado::store::setting::write(&store, "heartbeat", "1795525200000").await.unwrap();
    recado::store::setting::write(&store, "copy", "1").await.unwrap();
    store.close().await;
    let shown = recado("http://127.0.0.1:9", None, &["takeover", "--config", at]).await;
    assert_eq!(shown.status, 1, "{} {}", shown.out, shown.err);
    for words in ["does not know what has left since 2026-11-24T13:00:00Z", "--send-all", "in doubt"] {
        assert!(shown.out.contains(words), "{words}: {}", shown.out);
    }
    let alone = recado("http://127.0.0.1:9", None, &["takeover", "--send-all", "--config", at]).await;
    assert_eq!(alone.status, 2, "{}", alone.err);
    let clock = "2026-11-24T13:30:00Z@2026-11-21T08:00:00Z*1";
    let done =
        recado("http://127.0.0.1:9", None, &["takeover", "--yes", "--json", "--clock", clock, "--config", at]).await;
    assert_eq!(done.status, 0, "{} {}", done.out, done.err);
    let told: serde_json::Value = serde_json::from_str(&done.out).unwrap();
    assert_eq!((&told["held"], &told["taken_over"], &told["in_doubt"]), (&true.into(), &true.into(), &0.into()));
    let again = recado("http://127.0.0.1:9", None, &["takeover", "--config", at]).await;
    assert!(again.out.contains("Nothing holds this store"), "{}", again.out);
}

#[test]
fn the_store_is_brought_up_to_date_by_hand_and_says_what_was_done() {
    let dir = tempfile::tempdir().unwrap();
    let config = std::fs::read_to_string("docs/try.toml").unwrap();
    let config: String = config
        .lines()
        .map(
            |line| if line.starts_with("data_dir") { "data_dir = \"data\"".to_owned() } else { line.to_owned() } + "\n",
        )
        .collect();
    std::fs::write(dir.path().join("recado.toml"), config).unwrap();
    let migrate = |args: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_recado"));
        let said = command.current_dir(dir.path()).arg("migrate").args(args).output().unwrap();
        (said.status.code(), String::from_utf8(said.stdout).unwrap() + &String::from_utf8_lossy(&said.stderr))
    };
    let (status, said) = migrate(&["--check"]);
    assert!(status == Some(1) && said.contains("0001 first: to be applied"), "{said}");
    assert!(!dir.path().join("data").exists());
    let (status, said) = migrate(&[]);
    assert!(status == Some(0) && said.contains("0001 first: applied"), "{said}");
    let (status, said) = migrate(&["--json"]);
    assert_eq!((status, said.trim()), (Some(0), "{\"applied\":[],\"pending\":[]}"));
}

#[tokio::test]
async fn a_backup_of_postgresql_is_read_back_into_an_empty_database_and_starts_held() {
    use recado::store::home::{Doubtful, doubtful};
    use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

    let (Ok(server), Some(psql)) = (std::env::var("RECADO_TEST_POSTGRES"), psql()) else { return };
    let mut admin = PgConnection::connect(&server).await.unwrap();
    let names = ["from", "into"].map(|name| format!("recado_backup_{name}_{}", std::process::id()));
    let mut at = url::Url::parse(&server).unwrap();
    let mut urls = Vec::new();
    for name in &names {
        admin.execute(AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.unwrap();
        at.set_path(name);
        urls.push(at.to_string());
    }
    let dir = tempfile::tempdir().unwrap();
    let config = crate::preflight::folder::CONFIG;
    let config = config.replacen("sqlite:recado.db", &urls[0], 1);
    std::fs::write(dir.path().join("recado.toml"), config).unwrap();
    let run = async |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_recado"));
        let output = command.args(args).current_dir(dir.path()).output().await.unwrap();
        assert!(output.status.success(), "{output:?}");
    };
    run(&["user", "add", "ana", "--role", "admin"]).await;
    run(&["backup", "copy"]).await;
    // As the README says.
    let mut restoring = Command::new(psql);
    restoring.args(["--single-transaction", "-v", "ON_ERROR_STOP=1", "-f", "recado.sql", urls[1].as_str()]);
    let output = restoring.current_dir(dir.path().join("copy")).output().await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    const PARTS: &str = "SELECT (SELECT COUNT(*) FROM pg_trigger WHERE NOT tgisinternal),
        (SELECT COUNT(*) FROM pg_proc WHERE pronamespace = 'public'::regnamespace),
        (SELECT COUNT(*) FROM pg_indexes WHERE schemaname = 'public'), (SELECT COUNT(*) FROM app_user)";
    let mut parts = Vec::new();
    for url in &urls {
        let mut connection = PgConnection::connect(url).await.unwrap();
        let found: (i64, i64, i64, i64) = sqlx::query_as(PARTS).fetch_one(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        parts.push(found);
    }
    assert!(parts[0].0 > 5 && parts[0].1 > 5 && parts[0].3 == 1, "{parts:?}");
    assert_eq!(parts[0], parts[1]);
    let store = recado::store::open(&urls[1], dir.path()).await.unwrap();
    let now = recado::domain::time::UnixMs(1_795_525_200_000);
    let hours = std::time::Duration::from_hours(6);
    assert_eq!(doubtful(&store, None, now, hours).await.unwrap(), Some(Doubtful::Copy));
    store.close().await;
    for name in &names {
        admin.execute(AssertSqlSafe(format!("DROP DATABASE {name} WITH (FORCE)"))).await.unwrap();
    }
}

/// PostgreSQL's own program, where it is installed.
fn psql() -> Option<std::path::PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    versions.filter_map(|version| Some(version.ok()?.path().join("bin/psql"))).find(|program| program.is_file())
}
