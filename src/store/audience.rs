//! Audiences for the other nodes of a PostgreSQL store, in pieces. On SQLite they lie in the data directory alone.

use super::{Result, Store, on};

const KEEP: &str = "INSERT INTO audience_piece (hash, no, bytes) VALUES ($1, $2, $3) ON CONFLICT (hash, no) DO NOTHING";
const PIECE: &str = "SELECT bytes FROM audience_piece WHERE hash = $1 AND no = $2";

const FORGET: &str = "DELETE FROM audience_piece WHERE hash = $1";

/// Keeps piece `no` (from 0) of the audience of that hash; once.
pub async fn keep_piece(store: &Store, hash: &str, no: i64, bytes: &[u8]) -> Result<()> {
    on!(&store.write, |pool| sqlx::query(KEEP).bind(hash).bind(no).bind(bytes).execute(pool).await.map(drop))?;
    Ok(())
}

/// Piece `no`; `None` after the last.
pub async fn piece(store: &Store, hash: &str, no: i64) -> Result<Option<Vec<u8>>> {
    Ok(on!(&store.write, |pool| sqlx::query_scalar(PIECE).bind(hash).bind(no).fetch_optional(pool).await)?)
}

/// Takes an audience away, to be kept anew.
pub async fn forget(store: &Store, hash: &str) -> Result<()> {
    on!(&store.write, |pool| sqlx::query(FORGET).bind(hash).execute(pool).await.map(drop))?;
    Ok(())
}
