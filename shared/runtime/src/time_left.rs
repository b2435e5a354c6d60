//! How long an invocation may take.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Longer than any function may run, and earlier than any clock of today.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The time from `now` to an invocation's deadline.
///
/// Lambda tells the deadline in milliseconds since 1970. `cargo lambda watch` 1.9.2 always tells 600 000: ten minutes, but
/// not since when.
#[must_use]
pub fn time_left(deadline: SystemTime, now: SystemTime) -> Duration {
    let told = deadline.duration_since(UNIX_EPOCH).unwrap_or_default();
    if told < DAY { told } else { deadline.duration_since(now).unwrap_or_default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_is_a_point_in_time_or_with_cargo_lambda_the_time_itself() {
        let now = UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        let second = Duration::from_secs(1);
        assert_eq!(time_left(now + second, now), second);
        assert_eq!(time_left(now - second, now), Duration::ZERO);
        assert_eq!(time_left(UNIX_EPOCH + Duration::from_millis(600_000), now), 600 * second);
    }
}
