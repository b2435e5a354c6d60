//! Being asked to end: by Ctrl-C, or by SIGTERM, which is how supervisors, containers and Lambda end a process.

use std::sync::OnceLock;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// Tells everyone who waits for it that the process was asked to end.
#[derive(Clone, Debug)]
pub struct Interrupt(watch::Receiver<bool>);

impl Interrupt {
    /// Listens for SIGTERM and SIGINT from the first call on; only the second of them ends the process by itself then.
    /// Must be called within a tokio runtime.
    #[must_use]
    pub fn on_signals() -> Self {
        // One for the process: whoever starts to listen later knows of a signal that came before.
        static ASKED: OnceLock<watch::Receiver<bool>> = OnceLock::new();
        Self(ASKED.get_or_init(listen).clone())
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

fn listen() -> watch::Receiver<bool> {
    let (sender, receiver) = watch::channel(false);
    match (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) {
        (Ok(mut terminate), Ok(mut interrupt)) => drop(tokio::spawn(async move {
            for asked_before in [false, true] {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
                if asked_before {
                    #[expect(
                        clippy::disallowed_methods,
                        reason = "whoever asks twice wants no more waiting"
                    )]
                    std::process::exit(130);
                }
                sender.send_replace(true);
            }
        })),
        (Err(error), _) | (_, Err(error)) => {
            tracing::warn!(%error, "cannot listen for signals: whatever is under way when they come is lost");
        }
    }
    receiver
}
