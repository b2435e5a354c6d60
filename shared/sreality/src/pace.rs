//! The one rate limiter of a run: requests are spaced, never pressed.

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

/// A refusal makes every following gap this much longer, up to [`SLOWEST`] times the base gap.
const SLOW_DOWN: f64 = 2.0;
/// How many times longer than the base a gap can get.
const SLOWEST: f64 = 8.0;
/// Each good answer shortens the gap by this factor, down to the base: recovery is much slower than slowing.
const RECOVER: f64 = 0.9;
/// Gaps vary by up to this share, so that runs do not beat in step. They only ever get longer.
const JITTER: f64 = 0.1;

/// Hands out the moments at which requests may start.
///
/// Sources: public collectors in production halve their rate on 429 and 403 and recover by a tenth per good
/// answer.
#[derive(Debug)]
pub struct Pace {
    base: Duration,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    next: Instant,
    factor: f64,
}

impl Pace {
    /// At most `per_second` requests a second (any positive number).
    #[must_use]
    pub fn new(per_second: f64) -> Self {
        let base = Duration::try_from_secs_f64(1.0 / per_second).unwrap_or(Duration::from_secs(1));
        Self { base, state: Mutex::new(State { next: Instant::now(), factor: 1.0 }) }
    }

    /// Waits until the next request may start.
    pub async fn wait(&self) {
        let mut state = self.state.lock().await;
        tokio::time::sleep_until(state.next).await;
        let gap = self.base.mul_f64(state.factor * (1.0 + JITTER * fastrand::f64()));
        state.next = Instant::now() + gap;
    }

    /// After a refusal: longer gaps from now on, and none at all for `pause`.
    pub async fn slow_down(&self, pause: Duration) {
        let mut state = self.state.lock().await;
        state.factor = (state.factor * SLOW_DOWN).min(SLOWEST);
        state.next = state.next.max(Instant::now() + pause);
    }

    /// After a good answer: back towards the base rate.
    pub async fn recover(&self) {
        let mut state = self.state.lock().await;
        state.factor = (state.factor * RECOVER).max(1.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn seconds_for(pace: &Pace, requests: u32) -> f64 {
        let start = Instant::now();
        for _ in 0..requests {
            pace.wait().await;
        }
        start.elapsed().as_secs_f64()
    }

    #[tokio::test(start_paused = true)]
    async fn requests_keep_their_distance() {
        let seconds = seconds_for(&Pace::new(2.0), 11).await;
        assert!((5.0..=5.6).contains(&seconds), "{seconds}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_pauses_and_slows_and_good_answers_recover() {
        let pace = Pace::new(1.0);
        pace.wait().await;
        pace.slow_down(Duration::from_secs(30)).await;
        let paused = seconds_for(&pace, 1).await;
        assert!(paused >= 30.0, "{paused}");
        let slow = seconds_for(&pace, 5).await;
        assert!(slow >= 10.0, "{slow}");
        for _ in 0..20 {
            pace.recover().await;
        }
        pace.wait().await;
        let recovered = seconds_for(&pace, 5).await;
        assert!((5.0..=5.6).contains(&recovered), "{recovered}");
    }
}
