//! The check for shrunken walks: complete by their own count, but without much of what is on offer.
//!
//! A portal that announces three listings and shows three is consistent, and three such days would delist a whole market.

use serde::Serialize;

/// Fewer listings do not testify: a small segment may really lose half of its listings in a day.
const FEWEST_LISTINGS: usize = 50;
/// In the market of `bench/marts` 1.2 % leave a day, so a walk after a month's pause misses 30 %.
const MOST_MISSED: f64 = 0.3;

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

/// Whether a walk is shrunken.
pub(crate) fn judge(coverage: Coverage) -> Option<Shrunken> {
    let Coverage { on_offer, missed } = coverage;
    let share = missed as f64 / on_offer.max(1) as f64;
    (on_offer >= FEWEST_LISTINGS && share > MOST_MISSED).then(|| Shrunken {
        reason: format!("it is complete, but misses {missed} of {on_offer} listings on offer in its segment"),
        figures: serde_json::to_string(&coverage).unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_shrunken(on_offer: usize, missed: usize) -> bool {
        judge(Coverage { on_offer, missed }).is_some()
    }

    #[test]
    fn a_walk_is_shrunken_if_it_misses_more_than_three_in_ten_of_fifty_listings() {
        assert!(is_shrunken(50, 16) && is_shrunken(20_000, 6_001) && is_shrunken(76, 73));
        assert!(
            !is_shrunken(50, 15) && !is_shrunken(20_000, 6_000) && !is_shrunken(49, 49) && !is_shrunken(0, 0)
        );
    }
}
