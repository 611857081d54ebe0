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
