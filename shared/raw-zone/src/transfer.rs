//! Tells errors of the byte stream from errors of the decoder above it: the first are worth another try, the
//! second mean a damaged object, and both would arrive as the same `io::Error`.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncBufRead, AsyncRead, ReadBuf};

/// A byte stream whose errors are marked as its own.
#[derive(Debug)]
pub(crate) struct Transfer<R>(pub(crate) R);

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct TransferError(#[source] io::Error);

pub(crate) fn is_transfer_error(error: &io::Error) -> bool {
    error.get_ref().and_then(|inner| inner.downcast_ref::<TransferError>()).is_some()
}

fn mark(error: io::Error) -> io::Error {
    io::Error::new(error.kind(), TransferError(error))
}

impl<R: AsyncRead + Unpin> AsyncRead for Transfer<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Poll::Ready(ready!(Pin::new(&mut self.0).poll_read(context, buffer)).map_err(mark))
    }
}

impl<R: AsyncBufRead + Unpin> AsyncBufRead for Transfer<R> {
    fn poll_fill_buf(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        Poll::Ready(ready!(Pin::new(&mut self.get_mut().0).poll_fill_buf(context)).map_err(mark))
    }

    fn consume(mut self: Pin<&mut Self>, amount: usize) {
        Pin::new(&mut self.0).consume(amount);
    }
}
