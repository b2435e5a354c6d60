//! Being asked to end: by Ctrl-C, or by SIGTERM, which is how supervisors, containers and Lambda's own environments end a
//! process.

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// Tells everyone who waits for it that the process was asked to end.
#[derive(Clone, Debug)]
pub struct Interrupt(watch::Receiver<bool>);

impl Interrupt {
    /// Listens for SIGTERM and SIGINT from now on; the process no longer ends by itself then. Must be called within a
    /// tokio runtime.
    #[must_use]
    pub fn on_signals() -> Self {
        let (sender, receiver) = watch::channel(false);
        match (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) {
            (Ok(mut terminate), Ok(mut interrupt)) => drop(tokio::spawn(async move {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
                sender.send_replace(true);
            })),
            (Err(error), _) | (_, Err(error)) => {
                tracing::warn!(%error, "cannot listen for signals: whatever is under way when they come is lost");
            }
        }
        Self(receiver)
    }

    /// Never asks.
    #[must_use]
    pub fn never() -> Self {
        Self(watch::channel(false).1)
    }

    /// Whether the process was asked to end.
    #[must_use]
    pub fn is_asked(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until the process is asked to end; at once if it was.
    pub async fn asked(&self) {
        // An error means that nobody will ever ask.
        if self.0.clone().wait_for(|asked| *asked).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
