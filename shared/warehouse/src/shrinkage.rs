//! The check for shrunken walks: complete by their own count, but without much of what is on offer.
//!
//! A portal that announces three listings and shows three is consistent, and three such days would delist a whole market.

use jiff::SignedDuration;
use serde::Serialize;

/// Fewer listings do not testify: a small segment may really lose half of its listings in a day.
const FEWEST_LISTINGS: usize = 50;
/// Of what can be on offer still, a walk may miss so much.
const MOST_MISSED: f64 = 0.3;
/// So much leaves at most in a day: in the market of `bench/marts` it is 1.2 %. After a month's pause an honest walk misses
/// three in ten of what is known.
const LEAVING_A_DAY: f64 = 0.02;

/// Why a walk is taken to be shrunken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shrunken {
    /// What is missing, in words.
    pub reason: String,
    /// The figures that the decision rests on, as JSON.
    pub figures: String,
}

/// What a walk that covers its segment has of what was on offer there at its time.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Coverage {
    pub(crate) on_offer: usize,
    pub(crate) missed: usize,
}

/// Whether a walk is shrunken, so long after the walk before it that covered the same.
pub(crate) fn judge(coverage: Coverage, pause: SignedDuration) -> Option<Shrunken> {
    let Coverage { on_offer, missed } = coverage;
    let days = (pause.as_secs_f64() / 86_400.0).max(0.0);
    let most_missed = 1.0 - (1.0 - MOST_MISSED) * (1.0 - LEAVING_A_DAY).powf(days);
    let share = missed as f64 / on_offer.max(1) as f64;
    (on_offer >= FEWEST_LISTINGS && share > most_missed).then(|| Shrunken {
        reason: format!("it is complete, but misses {missed} of {on_offer} listings on offer in its segment"),
        figures: serde_json::to_string(&coverage).unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_shrunken(on_offer: usize, missed: usize, days: i64) -> bool {
        judge(Coverage { on_offer, missed }, SignedDuration::from_hours(24 * days)).is_some()
    }

    #[test]
    fn a_walk_is_shrunken_if_it_misses_more_than_three_in_ten_of_fifty_listings() {
        assert!(is_shrunken(50, 16, 0) && is_shrunken(20_000, 6_001, 0) && is_shrunken(76, 73, 1));
        assert!(!is_shrunken(50, 15, 0) && !is_shrunken(20_000, 6_000, 0));
        assert!(!is_shrunken(49, 49, 0) && !is_shrunken(0, 0, 0));
    }

    #[test]
    fn after_a_pause_more_may_have_left_but_never_nearly_all() {
        // 1.2 % a day leave honestly.
        for (days, left) in [(7, 81), (30, 303), (60, 516)] {
            assert!(!is_shrunken(1000, left, days), "{days} days");
        }
        assert!(is_shrunken(76, 73, 30) && is_shrunken(76, 73, 120));
    }
}
