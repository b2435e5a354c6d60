//! Being asked to end: by Ctrl-C, or by SIGTERM, which is how supervisors, containers and Lambda end a process.

use std::sync::OnceLock;

use causes::with_causes;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Cancelled once the process was asked to end: listens for SIGTERM and SIGINT from the first call on; only the second of
/// them ends the process by itself then. Must be called within a tokio runtime.
#[must_use]
pub fn on_signals() -> CancellationToken {
    // One for the process: whoever starts to listen later knows of a signal that came before.
    static ASKED: OnceLock<CancellationToken> = OnceLock::new();
    ASKED.get_or_init(listen).clone()
}

fn listen() -> CancellationToken {
    let asked = CancellationToken::new();
    match (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) {
        (Ok(mut terminate), Ok(mut interrupt)) => {
            let asked = asked.clone();
            tokio::spawn(async move {
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
                    asked.cancel();
                }
            });
        }
        (Err(error), _) | (_, Err(error)) => {
            tracing::warn!(
                error = with_causes(&error),
                "cannot listen for signals: whatever is under way when they come is lost"
            );
        }
    }
    asked
}
