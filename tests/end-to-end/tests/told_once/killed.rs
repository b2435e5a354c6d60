//! Kills a part of the system between any two of its steps.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

/// After which of the moments at which it waits for somebody a part is killed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Blow {
    /// So often it has waited.
    pub(super) after: usize,
    /// Before what it asked for has left it; else when the answer is there.
    pub(super) before_it_asks: bool,
}

/// Runs a part until it ends, or the blow falls. Returns also how often it has waited.
pub(super) async fn until<F: Future>(blow: Option<Blow>, part: F) -> (Option<F::Output>, usize) {
    let mut part = pin!(part);
    let mut waited = 0;
    poll_fn(|context| {
        if blow.is_some_and(|blow| waited >= blow.after && !blow.before_it_asks) {
            return Poll::Ready((None, waited));
        }
        match part.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready((Some(output), waited)),
            Poll::Pending => {
                waited += 1;
                if blow.is_some_and(|blow| waited >= blow.after && blow.before_it_asks) {
                    return Poll::Ready((None, waited));
                }
                Poll::Pending
            }
        }
    })
    .await
}
