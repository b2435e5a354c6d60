//! The one rate limiter of a run: requests are spaced, never pressed.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// A refusal makes every following gap this much longer, up to [`SLOWEST`] times the base gap.
const SLOW_DOWN: f64 = 2.0;
/// How many times longer than the base a gap can get.
const SLOWEST: f64 = 8.0;
/// Each good answer shortens the gap by this factor, down to the base: recovery is much slower than slowing.
const RECOVER: f64 = 0.9;
/// Gaps are longer than the rate asks for by at least this share: clocks and networks are not exact.
const MARGIN: f64 = 0.02;
/// Beyond the margin gaps vary by up to this share, so that runs do not beat in step.
const JITTER: f64 = 0.18;
/// Longest base gap. A rate that would need a longer one cannot be set (`host::rates_for`).
const LONGEST_GAP: Duration = Duration::from_secs(1000);

/// Hands out turns, one at a time and in the order in which they were asked for.
///
/// The gap to the next turn runs from the moment at which a turn ends, and a turn ends when its answer has begun: only
/// then is it certain that the portal has seen the request. Were it counted from the sending, a request that first had
/// to connect could arrive right before the next one.
///
/// Sources: public collectors in production halve their rate on 429 and 403 and recover by a tenth per good
/// answer.
#[derive(Debug)]
pub struct Pace {
    queue: tokio::sync::Mutex<()>,
    /// The gap that was set.
    set: Duration,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// The gap that was set, or the portal's own if that is longer.
    base: Duration,
    factor: f64,
    next: Instant,
}

/// Leave to send one request. Dropped, also by a future that is given up, it lets the gap to the next one begin.
#[derive(Debug)]
#[must_use]
pub struct Turn<'a> {
    pace: &'a Pace,
    _queue: tokio::sync::MutexGuard<'a, ()>,
}

impl Pace {
    /// At most `per_second` requests a second (any positive number).
    #[must_use]
    pub fn new(per_second: f64) -> Self {
        let set = Duration::try_from_secs_f64(1.0 / per_second).unwrap_or(LONGEST_GAP).min(LONGEST_GAP);
        let state = State { base: set, factor: 1.0, next: Instant::now() };
        Self { queue: tokio::sync::Mutex::default(), set, state: Mutex::new(state) }
    }

    /// Waits until the next request may be sent. To give up waiting changes nothing.
    pub async fn turn(&self) -> Turn<'_> {
        let queue = self.queue.lock().await;
        loop {
            let next = self.state().next;
            if next <= Instant::now() {
                return Turn { pace: self, _queue: queue };
            }
            // Another request's answer can ask for a pause meanwhile, which holds for this one too.
            tokio::time::sleep_until(next).await;
        }
    }

    /// No turn for so long.
    pub fn pause(&self, pause: Duration) {
        let mut state = self.state();
        state.next = state.next.max(Instant::now() + pause);
    }

    /// After a refusal: longer gaps from now on, beginning with the one that runs.
    pub fn slow_down(&self) {
        let mut state = self.state();
        state.factor = (state.factor * SLOW_DOWN).min(SLOWEST);
        state.wait_for_gap();
    }

    /// After a good answer: back towards the base rate.
    pub fn recover(&self) {
        let mut state = self.state();
        state.factor = (state.factor * RECOVER).max(1.0);
    }

    /// The portal's own wish for the gap between requests, which counts if it is longer than the one that was set.
    pub fn crawl_delay(&self, delay: Duration) {
        let mut state = self.state();
        state.base = self.set.max(delay.min(LONGEST_GAP));
        // The gap that runs began with the answer which told the wish.
        if state.base > self.set {
            state.wait_for_gap();
        }
    }

    /// The base gap: what requests are apart while nothing is wrong, but for margin and jitter.
    #[must_use]
    pub fn gap(&self) -> Duration {
        self.state().base
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.pace.state().wait_for_gap();
    }
}

impl State {
    /// No turn before a gap has passed from now.
    fn wait_for_gap(&mut self) {
        let gap = self.base.mul_f64(self.factor * (1.0 + MARGIN + JITTER * fastrand::f64()));
        self.next = self.next.max(Instant::now() + gap);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    async fn seconds_for(pace: &Pace, turns: u32) -> f64 {
        let start = Instant::now();
        for _ in 0..turns {
            drop(pace.turn().await);
        }
        start.elapsed().as_secs_f64()
    }

    #[tokio::test(start_paused = true)]
    async fn requests_keep_more_than_their_distance() {
        let pace = Pace::new(2.0);
        drop(pace.turn().await);
        for _ in 0..50 {
            let seconds = seconds_for(&pace, 1).await;
            assert!((0.51..=0.61).contains(&seconds), "{seconds}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_gap_runs_from_the_end_of_a_turn() {
        let pace = Pace::new(1.0);
        let turn = pace.turn().await;
        tokio::time::advance(Duration::from_secs(5)).await;
        drop(turn);
        assert!(seconds_for(&pace, 1).await >= 1.0);
    }

    #[tokio::test(start_paused = true)]
    async fn refusals_slow_down_and_good_answers_recover() {
        let pace = Pace::new(1.0);
        drop(pace.turn().await);
        for (at_least, at_most) in [(2.0, 2.5), (4.0, 4.9), (8.0, 9.7), (8.0, 9.7)] {
            pace.slow_down();
            let seconds = seconds_for(&pace, 1).await;
            assert!((at_least..=at_most).contains(&seconds), "{seconds}");
        }
        for _ in 0..20 {
            pace.recover();
        }
        drop(pace.turn().await);
        let recovered = seconds_for(&pace, 5).await;
        assert!((5.1..=6.1).contains(&recovered), "{recovered}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_holds_for_all_who_wait_and_their_order_is_kept() {
        let pace = Arc::new(Pace::new(1.0));
        drop(pace.turn().await);
        let start = Instant::now();
        let order = Arc::new(Mutex::new(Vec::new()));
        let mut waiting = Vec::new();
        for number in 0..4 {
            let (pace, order) = (Arc::clone(&pace), Arc::clone(&order));
            waiting.push(tokio::spawn(async move {
                let _turn = pace.turn().await;
                order.lock().unwrap().push((number, start.elapsed().as_secs()));
            }));
            tokio::task::yield_now().await;
        }
        pace.pause(Duration::from_secs(30));
        for task in waiting {
            task.await.unwrap();
        }
        let order = order.lock().unwrap();
        assert_eq!(order.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [0, 1, 2, 3]);
        assert!(order.iter().all(|(_, seconds)| *seconds >= 30), "{order:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn to_give_up_waiting_changes_nothing() {
        let pace = Pace::new(1.0);
        drop(pace.turn().await);
        for _ in 0..10 {
            let given_up = tokio::time::timeout(Duration::from_millis(10), pace.turn()).await;
            assert!(given_up.is_err());
        }
        let seconds = seconds_for(&pace, 1).await;
        assert!((0.8..=1.2).contains(&seconds), "{seconds}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_crawl_delay_counts_only_if_it_is_longer() {
        let pace = Pace::new(0.5);
        pace.crawl_delay(Duration::from_secs(1));
        assert_eq!(pace.gap(), Duration::from_secs(2));
        pace.crawl_delay(Duration::from_secs(10));
        drop(pace.turn().await);
        assert!(seconds_for(&pace, 1).await >= 10.0);
        pace.crawl_delay(Duration::ZERO);
        assert_eq!(pace.gap(), Duration::from_secs(2));
    }

    #[test]
    fn no_rate_is_too_odd_to_be_kept() {
        for rate in [0.0, -1.0, f64::NAN, 1e-300] {
            assert_eq!(Pace::new(rate).gap(), LONGEST_GAP, "{rate}");
        }
    }
}
