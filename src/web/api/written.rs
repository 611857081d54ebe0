//! Answers that are written piece by piece, as fast as they are taken: what is long never lies whole in memory.

use std::io::{self, BufWriter, Write};

use async_stream::stream;
use axum::body::{Body, Bytes};
use tokio::sync::mpsc;

/// Bytes of a piece.
const PIECE: usize = 64 * 1024;
/// Pieces written ahead of whoever takes them.
const AHEAD: usize = 2;

/// What `write` writes, on a thread of its own. Whoever takes no more ends it; what cannot be written breaks the answer off,
/// so that nobody takes it for whole.
pub(super) fn written(write: impl FnOnce(&mut dyn Write) -> io::Result<()> + Send + 'static) -> Body {
    let (to, mut from) = mpsc::channel(AHEAD);
    drop(tokio::task::spawn_blocking(move || {
        let mut pieces = BufWriter::with_capacity(PIECE, Pieces(to.clone()));
        if let Err(cause) = write(&mut pieces).and_then(|()| pieces.flush()) {
            // Nobody may be there any more to be told.
            drop(to.blocking_send(Err(cause)));
        }
    }));
    Body::from_stream(stream! {
        while let Some(piece) = from.recv().await {
            yield piece;
        }
    })
}

struct Pieces(mpsc::Sender<io::Result<Bytes>>);

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let sent = self.0.blocking_send(Ok(Bytes::copy_from_slice(bytes)));
        sent.map(|()| bytes.len()).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::time::Duration;

    use axum::body::to_bytes;
    use futures::StreamExt as _;

    use super::*;

    #[tokio::test]
    async fn all_that_is_written_arrives_in_order() {
        let body = written(|to| (0..200_000_u32).try_for_each(|no| to.write_all(&no.to_be_bytes())));
        let bytes = to_bytes(body, usize::MAX).await.unwrap();
        assert_eq!(bytes.len(), 800_000);
        assert!(bytes.chunks(4).zip(0_u32..).all(|(four, no)| four == no.to_be_bytes()));
    }

    #[tokio::test]
    async fn whoever_goes_away_ends_the_writing_and_what_fails_breaks_it_off() {
        let (told, end) = channel();
        let body = written(move |to| {
            let done = loop {
                if let Err(cause) = to.write_all(&[0; 16_000]) {
                    break cause.kind();
                }
            };
            told.send(done).unwrap();
            Ok(())
        });
        let mut pieces = body.into_data_stream();
        assert!(pieces.next().await.unwrap().is_ok());
        drop(pieces);
        assert_eq!(end.recv_timeout(Duration::from_secs(20)).unwrap(), io::ErrorKind::BrokenPipe);
        let body = written(|to| to.write_all(b"{").and_then(|()| Err(io::ErrorKind::StorageFull.into())));
        assert!(to_bytes(body, usize::MAX).await.is_err());
    }
}
