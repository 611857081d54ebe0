//! Named values of the store itself: its instance name, the last heartbeat.

use rand::RngExt;

use super::{Db, Result, Store, StoreError, on};
use crate::domain::callback::Instance;

/// Setting: the made-up clock that the daemon goes by, as `--clock` has it; empty for the machine's.
pub const CLOCK: &str = "clock";

const READ: &str = "SELECT value FROM setting WHERE key = $1";
const INSERT: &str = "INSERT INTO setting (key, value) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING";
pub(super) const WRITE: &str =
    "INSERT INTO setting (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value";

/// Length of an instance name; 36^10 names make two stores of one account differ.
const INSTANCE_LENGTH: usize = 10;

/// The value of `key`.
pub async fn read(store: &Store, key: &str) -> Result<Option<String>> {
    Ok(on!(&store.write, |pool| sqlx::query_scalar(READ).bind(key).fetch_optional(pool).await?))
}

/// Sets `key` to `value`.
pub async fn write(store: &Store, key: &str, value: &str) -> Result<()> {
    on!(&store.write, |pool| sqlx::query(WRITE).bind(key).bind(value).execute(pool).await.map(|_| ()))?;
    Ok(())
}

/// The store's instance name, drawn at random the first time it is asked for.
pub async fn instance(store: &Store) -> Result<Instance> {
    instance_of(&store.write).await
}

/// The same while the store is being opened.
pub(super) async fn instance_of(db: &Db) -> Result<Instance> {
    let known = || async {
        let name: Option<String> =
            on!(db, |pool| sqlx::query_scalar(READ).bind("instance").fetch_optional(pool).await)?;
        Ok::<_, StoreError>(name)
    };
    let name = if let Some(name) = known().await? {
        name
    } else {
        let drawn = draw();
        on!(db, |pool| sqlx::query(INSERT).bind("instance").bind(&drawn).execute(pool).await.map(drop))?;
        known().await?.ok_or(StoreError::Corrupt { what: "setting.instance" })?
    };
    Instance::parse(&name).ok_or(StoreError::Corrupt { what: "setting.instance" })
}

/// The secret of that name, drawn at random the first time it is asked for. It never leaves the store.
pub async fn key(store: &Store, name: &str) -> Result<String> {
    if let Some(key) = read(store, name).await? {
        return Ok(key);
    }
    let drawn = hex::encode(rand::random::<[u8; 32]>());
    on!(&store.write, |pool| sqlx::query(INSERT).bind(name).bind(&drawn).execute(pool).await.map(|_| ()))?;
    read(store, name).await?.ok_or(StoreError::Corrupt { what: "setting.value" })
}

fn draw() -> String {
    const ALPHABET: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    let mut rng = rand::rng();
    (0..INSTANCE_LENGTH).map(|_| char::from(ALPHABET[rng.random_range(0..ALPHABET.len())])).collect()
}
