//! Which migrations a store has.

use recado::store::{OpenError, open, pending};

use crate::engine::change;

#[tokio::test]
async fn a_store_of_a_newer_recado_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let missing = pending("sqlite:recado.db", dir.path()).await.unwrap();
    assert!(!missing.is_empty() && !dir.path().join("recado.db").exists(), "nothing is made by looking");
    let store = open("sqlite:recado.db", dir.path()).await.unwrap();
    assert!(pending("sqlite:recado.db", dir.path()).await.unwrap().is_empty());
    change(
        &store,
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
        VALUES (9999, 'later', TRUE, X'00', 0)",
    )
    .await;
    store.close().await;
    for found in [pending("sqlite:recado.db", dir.path()).await.err(), open("sqlite:recado.db", dir.path()).await.err()]
    {
        assert!(matches!(found, Some(OpenError::Newer { version: 9999 })), "{found:?}");
    }
}
