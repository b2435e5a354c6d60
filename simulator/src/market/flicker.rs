//! Flicker: for a day or two the portal leaves out a listing that is on offer.

use crate::random::Random;

/// Which listings are left out when. It depends on seed, listing and day alone, so it can be asked of any day, and is
/// the same however the market got there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Flicker {
    seed: u64,
    share: f64,
}

impl Flicker {
    /// Every day this share of the listings begins to be left out.
    pub(crate) fn new(seed: u64, share: f64) -> Self {
        Self { seed, share }
    }

    /// Whether the portal leaves out this listing on this day.
    pub(crate) fn hides(self, hash_id: u32, day: u32) -> bool {
        self.days_from(hash_id, day).is_some()
            || day.checked_sub(1).and_then(|before| self.days_from(hash_id, before)) == Some(2)
    }

    /// For how many days it is left out from this day on, if that begins today.
    fn days_from(self, hash_id: u32, day: u32) -> Option<u32> {
        let mut random = Random::stream(self.seed, (u64::from(hash_id) << 32) | u64::from(day));
        random.chance(self.share).then(|| random.between(1, 2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_the_listings_is_left_out_for_a_day_or_two() {
        let flicker = Flicker::new(3, 0.01);
        let (mut hidden, mut lengths) = (0, [0; 5]);
        for hash_id in 0..2_000 {
            let mut length = 0;
            for day in 0..50 {
                if flicker.hides(hash_id, day) {
                    (hidden, length) = (hidden + 1, length + 1);
                } else if length > 0 {
                    lengths[length.min(4)] += 1;
                    length = 0;
                }
            }
        }
        // 1.5 days at 1 % each, but for those that overlap.
        assert!((1_300..1_600).contains(&hidden), "{hidden} of 100 000");
        assert!(lengths[1] > 300 && lengths[2] > 300 && lengths[3] + lengths[4] < 40, "{lengths:?}");
        assert!((0..100).all(|hash_id| !Flicker::new(3, 0.0).hides(hash_id, 7)));
    }
}
