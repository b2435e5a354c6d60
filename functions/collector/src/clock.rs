//! What time it is for a walk.

use jiff::{SignedDuration, Timestamp};

/// The time that walks are stamped with: the machine's, shifted for simulated days.
#[derive(Clone, Copy, Debug, Default)]
pub struct Clock {
    offset: SignedDuration,
}

impl Clock {
    /// A clock that shows `now` at this moment and goes on from there.
    #[must_use]
    pub fn showing(now: Timestamp) -> Self {
        Self { offset: now.duration_since(Timestamp::now()) }
    }

    /// The time it shows, to the microsecond, as Postgres stores it.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let now = Timestamp::now().saturating_add(self.offset).unwrap_or(Timestamp::MAX);
        Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shifted_clock_ticks_on() {
        let day: Timestamp = "2026-01-05T05:00:00Z".parse().unwrap();
        let clock = Clock::showing(day);
        let passed = clock.now().duration_since(day);
        assert!((0.0..5.0).contains(&passed.as_secs_f64()), "{passed}");
        assert!(clock.now() <= clock.now());
    }
}
