//! Lists in pages: `?cursor=&limit=`, and `next` in the answer.

use serde::Serialize;
use utoipa::ToSchema;

use super::extract::wrong;
use crate::web::error::WebError;

/// Items of a page where nothing is asked for.
const USUAL: i64 = 100;
/// More than these are asked for page by page.
const MOST: i64 = 500;

/// A page of a list.
#[derive(Serialize, ToSchema)]
pub struct Listed<T> {
    /// The items of this page.
    pub items: Vec<T>,
    /// What to pass as `cursor` for the next page; `null` on the last one.
    pub next: Option<String>,
}

impl<T> Listed<T> {
    /// The first `limit` of `rows` (one more was read to know whether there are more), each shaped.
    pub fn cut<R>(mut rows: Vec<R>, limit: i64, cursor: impl Fn(&R) -> String, shape: impl FnMut(R) -> T) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = if more { rows.last().map(cursor) } else { None };
        Self { items: rows.into_iter().map(shape).collect(), next }
    }
}

/// How many items are asked for: 1 to 500, 100 where nothing is said.
pub fn limit(asked: Option<i64>) -> Result<i64, WebError> {
    match asked.unwrap_or(USUAL) {
        limit @ 1..=MOST => Ok(limit),
        _ => Err(wrong("limit", "from 1 to 500")),
    }
}

/// A cursor that is the last item's number; `start` where none is given.
pub fn number(cursor: Option<&str>, start: i64) -> Result<i64, WebError> {
    cursor.map_or(Ok(start), |text| text.parse().map_err(|_| not_ours()))
}

/// A cursor that no `next` ever held.
pub fn not_ours() -> WebError {
    wrong("cursor", "take it from `next` of the page before")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_page_says_where_the_next_begins_and_the_last_says_nothing() {
        let page = Listed::cut(vec![5, 4, 3], 2, i64::to_string, |n| n);
        assert_eq!((page.items, page.next.as_deref()), (vec![5, 4], Some("4")));
        let last = Listed::cut(vec![3, 2], 2, i64::to_string, |n| n);
        assert_eq!((last.items, last.next), (vec![3, 2], None));
    }

    #[test]
    fn limits_outside_of_one_to_five_hundred_are_refused() {
        assert_eq!([limit(None).ok(), limit(Some(500)).ok()], [Some(100), Some(500)]);
        assert!(limit(Some(0)).is_err() && limit(Some(501)).is_err());
    }
}
