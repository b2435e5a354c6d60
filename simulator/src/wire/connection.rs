//! Connections that can fail: what HTTP has no words for happens here.

use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Sleep;

/// How an answer leaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// As it is.
    #[default]
    Whole,
    /// Not at all: the connection is reset.
    Reset,
    /// The head and so many bytes of the body, then the connection ends.
    Cut(usize),
    /// So many bytes at a time, with a pause between them.
    Drip(usize, Duration),
}

/// Tells a connection how its next answer leaves.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wire(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    delivery: Delivery,
    /// What [`Delivery::Cut`] still lets through, known once the head is written.
    left: Option<usize>,
}

impl Wire {
    /// How the answer to the request that came last leaves.
    pub(crate) fn deliver(&self, delivery: Delivery) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = State { delivery, left: None };
    }
}

impl Connected<IncomingStream<'_, WireListener>> for Wire {
    fn connect_info(stream: IncomingStream<'_, WireListener>) -> Self {
        stream.io().wire.clone()
    }
}

/// Listens for connections that can fail.
#[derive(Debug)]
pub(crate) struct WireListener(pub(crate) TcpListener);

impl Listener for WireListener {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        let (stream, address) = Listener::accept(&mut self.0).await;
        (Connection { stream, wire: Wire::default(), pause: None }, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

/// A connection that can fail.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    wire: Wire,
    /// Until the next drop.
    pause: Option<Pin<Box<Sleep>>>,
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        // A new request: its answer leaves whole unless something else is said.
        if buffer.filled().len() > before {
            self.wire.deliver(Delivery::Whole);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let Self { stream, wire, pause } = &mut *self;
        let mut state = wire.0.lock().unwrap_or_else(PoisonError::into_inner);
        match state.delivery {
            Delivery::Whole => Pin::new(stream).poll_write(cx, bytes),
            Delivery::Reset => {
                // Closed with nothing to linger for, a connection is reset.
                stream.set_zero_linger()?;
                Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()))
            }
            Delivery::Cut(body) => {
                let left = *state.left.get_or_insert_with(|| head(bytes) + body);
                let passing = bytes.get(..left.min(bytes.len())).unwrap_or_default();
                if passing.is_empty() {
                    return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
                }
                let written = ready!(Pin::new(stream).poll_write(cx, passing))?;
                state.left = Some(left - written);
                Poll::Ready(Ok(written))
            }
            Delivery::Drip(most, gap) => {
                if let Some(waiting) = pause {
                    ready!(waiting.as_mut().poll(cx));
                    *pause = None;
                }
                let drop = bytes.get(..most.clamp(1, bytes.len().max(1))).unwrap_or_default();
                let written = ready!(Pin::new(stream).poll_write(cx, drop))?;
                *pause = Some(Box::pin(tokio::time::sleep(gap)));
                Poll::Ready(Ok(written))
            }
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let whole = {
            let state = self.wire.0.lock().unwrap_or_else(PoisonError::into_inner);
            state.delivery == Delivery::Whole
        };
        if whole {
            return Pin::new(&mut self.stream).poll_write_vectored(cx, buffers);
        }
        let first = buffers.iter().find(|buffer| !buffer.is_empty());
        self.poll_write(cx, first.map(|buffer| &**buffer).unwrap_or_default())
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// How many of these bytes are the head of an answer; it is always written at once.
fn head(bytes: &[u8]) -> usize {
    bytes.windows(4).position(|four| four == b"\r\n\r\n").map_or(0, |position| position + 4)
}
