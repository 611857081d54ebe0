//! Connections that can be reset, and the server on them.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

/// Real time requests under way get after a stop.
const GRACE: Duration = Duration::from_secs(2);

/// Resets the connection a request came on.
#[derive(Clone, Default, Debug)]
pub(super) struct Cut(Arc<AtomicBool>);

impl Cut {
    /// However the connection ends, it ends with a reset.
    pub fn reset(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

struct CuttableListener(TcpListener);

struct CuttableStream {
    stream: TcpStream,
    cut: Cut,
}

impl Listener for CuttableListener {
    type Io = CuttableStream;
    type Addr = (SocketAddr, Cut);

    async fn accept(&mut self) -> (CuttableStream, Self::Addr) {
        let (stream, from) = Listener::accept(&mut self.0).await;
        // Without it an answer may wait for the client's delayed acknowledgement; if it cannot be set, it only is slower.
        stream.set_nodelay(true).ok();
        let cut = Cut::default();
        (CuttableStream { stream, cut: cut.clone() }, (from, cut))
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.0.local_addr().map(|addr| (addr, Cut::default()))
    }
}

impl Connected<IncomingStream<'_, CuttableListener>> for Cut {
    fn connect_info(stream: IncomingStream<'_, CuttableListener>) -> Self {
        stream.remote_addr().1.clone()
    }
}

/// With a linger time of zero, dropping the stream sends RST rather than FIN.
impl Drop for CuttableStream {
    fn drop(&mut self) {
        if self.cut.0.load(Ordering::Relaxed) {
            // If it cannot be set, the connection merely ends instead: a lost answer.
            self.stream.set_zero_linger().ok();
        }
    }
}

impl AsyncRead for CuttableStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for CuttableStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

/// Serves `router` until `stop`, and then for at most [`GRACE`].
pub(super) async fn serve(router: Router, listener: TcpListener, stop: CancellationToken) -> io::Result<()> {
    let service = router.into_make_service_with_connect_info::<Cut>();
    let server = axum::serve(CuttableListener(listener), service);
    let until_stopped = server.with_graceful_shutdown(stop.clone().cancelled_owned()).into_future();
    let overdue = async {
        stop.cancelled().await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        result = until_stopped => result,
        () = overdue => Ok(()),
    }
}
