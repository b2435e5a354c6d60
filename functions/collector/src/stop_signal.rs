//! How long a walk may go on.

use std::time::{Duration, Instant};

use sreality_client::RequestError;
use tokio_util::sync::CancellationToken;

/// When walks have to stop: at a deadline, or when the process is asked to end.
#[derive(Clone, Debug)]
pub(crate) struct StopSignal {
    pub(crate) deadline: Option<Instant>,
    pub(crate) interrupted: CancellationToken,
    /// Whether another walk of the run has failed in a way that ends them all.
    pub(crate) run_ended: bool,
}

/// Why a walk ended before its last page.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Stopped {
    #[error("the function's deadline was near")]
    Deadline,
    #[error("the process was asked to end")]
    Interrupted,
    #[error("another segment's failure ended the run")]
    RunEnded,
    #[error(transparent)]
    Portal(RequestError),
}

impl StopSignal {
    /// Waits until it is time to stop.
    pub(crate) async fn reached(&self) -> Stopped {
        let deadline = async {
            match self.deadline {
                Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
                None => std::future::pending().await,
            }
        };
        if self.run_ended {
            return Stopped::RunEnded;
        }
        tokio::select! {
            () = deadline => Stopped::Deadline,
            () = self.interrupted.cancelled() => Stopped::Interrupted,
        }
    }

    /// The share of the first of so many walks in the time that is left. What it does not use is shared by the others,
    /// so that walks in the order of their size get the most that each can use.
    pub(crate) fn share(&self, walks: usize) -> Self {
        let shared = self.deadline.map(|deadline| {
            let left = deadline.saturating_duration_since(Instant::now());
            Instant::now() + left / u32::try_from(walks).unwrap_or(u32::MAX).max(1)
        });
        Self { deadline: shared, ..self.clone() }
    }
}

/// When a function with so much time left has to stop asking, so that what it has is stored before it is ended.
pub(crate) fn stop_before(left: Duration) -> Duration {
    /// Long enough to store the objects of all segments.
    const RESERVE: Duration = Duration::from_secs(20);
    left.saturating_sub(RESERVE.min(left / 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn time_that_one_walk_leaves_is_shared_by_the_others() {
        let deadline = Instant::now() + Duration::from_secs(100);
        let stop =
            StopSignal { deadline: Some(deadline), interrupted: CancellationToken::new(), run_ended: false };
        let seconds = |walks| {
            stop.share(walks).deadline.unwrap().saturating_duration_since(Instant::now()).as_secs_f64()
        };
        assert!((24.0..=25.0).contains(&seconds(4)) && (99.0..=100.0).contains(&seconds(1)));
        let never = StopSignal { deadline: None, interrupted: CancellationToken::new(), run_ended: false };
        assert!(never.share(3).deadline.is_none());
    }

    #[tokio::test]
    async fn a_deadline_that_has_passed_stops_at_once() {
        let stop = StopSignal {
            deadline: Some(Instant::now()),
            interrupted: CancellationToken::new(),
            run_ended: false,
        };
        assert!(matches!(stop.reached().await, Stopped::Deadline));
    }

    #[test]
    fn time_is_kept_for_storing() {
        assert_eq!(stop_before(Duration::from_secs(900)), Duration::from_secs(880));
        assert_eq!(stop_before(Duration::from_secs(10)), Duration::from_secs(5));
    }
}
