//! Files about a run for people: their own file with what became of each row, the answers for the system it came from, and
//! whom to phone. Made when they are asked for, so that they show what is so now.

use std::io::Read;

use async_stream::stream;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

use crate::domain::id::RunId;
use crate::engine::results::{Kind, Made};
use crate::store::{campaign, run};

use super::error::WebError;
use super::state::WebState;

/// Read at once while it is sent.
const PIECE: usize = 64 * 1024;

/// The files by their name in the address.
const FILES: [(&str, Kind); 5] = [
    ("own.csv", Kind::Own),
    ("own.xlsx", Kind::OwnSheet),
    ("outcomes.csv", Kind::Outcomes),
    ("phone.csv", Kind::Phone),
    ("phone.xlsx", Kind::PhoneSheet),
];

/// The file.
pub async fn show(State(state): State<WebState>, Path((id, file)): Path<(i64, String)>) -> Result<Response, WebError> {
    let (name, kind) = FILES.into_iter().find(|(name, _)| *name == file).ok_or(WebError::NotFound)?;
    let run = run::get(state.store(), RunId(id)).await?.ok_or(WebError::NotFound)?;
    let of = campaign::get(state.store(), run.campaign_id).await?.map_or_else(|| "run".to_owned(), |c| c.name);
    let (made, place) = state.engine.result_for_download(&run, kind, name).await?;
    match made {
        Made::Written => {}
        Made::TooLong => return Err(WebError::Conflict("sheet_too_long")),
        Made::None => return Err(WebError::NotFound),
    }
    let mut source = std::fs::File::open(place.path().join(name)).map_err(|_| WebError::NotFound)?;
    let bytes = stream! {
        // The folder goes when the last piece has been taken.
        let _place = place;
        loop {
            let mut piece = vec![0; PIECE];
            match source.read(&mut piece) {
                Ok(0) => break,
                Ok(n) => {
                    piece.truncate(n);
                    yield Ok(piece);
                }
                Err(cause) => {
                    yield Err(cause);
                    break;
                }
            }
        }
    };
    let sheet = kind.is_sheet();
    let kind = if sheet { "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" } else { "text/csv" };
    let headers =
        [(CONTENT_TYPE, kind.to_owned()), (CONTENT_DISPOSITION, format!("attachment; filename=\"{of}-{id}-{name}\""))];
    Ok((headers, Body::from_stream(bytes)).into_response())
}
