//! What PostgreSQL chooses its plans by. It looks at a table by itself within a minute or two of its filling; a run has gone
//! out by then.

use super::{Db, Result, Store};

const POSTGRES_ANALYZE: &str = "ANALYZE message, person";

/// Rows after which the first look is worth it; the next are due each time they have become four times as many.
const FIRST: i64 = 1_000;

/// Lets PostgreSQL look at messages and people when planning has brought them from `before` to `now` rows and that is a
/// multiple of what it saw last. SQLite needs none.
pub async fn look(store: &Store, before: i64, now: i64) -> Result<()> {
    let Db::Postgres(pool) = &store.write else { return Ok(()) };
    let steps =
        |rows: i64| std::iter::successors(Some(FIRST), |step| step.checked_mul(4)).take_while(|s| *s <= rows).count();
    if steps(now) > steps(before) {
        sqlx::query(POSTGRES_ANALYZE).execute(pool).await?;
    }
    Ok(())
}
