//! The simulator's random numbers.
//!
//! `SplitMix64` (Steele, Lea and Flood 2014) in a few lines instead of a dependency, because the same seed
//! must give the same market in every version of every library. Nothing here, nor in what builds on it, calls
//! `ln`, `exp` or `powf`: their last digit differs between platforms.

/// A stream of random numbers that depends on its seed alone.
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

/// The increment of `SplitMix64`: 2⁶⁴ divided by the golden ratio.
const GOLDEN_GAMMA: u64 = 0x9E37_79B9_7F4A_7C15;

/// Scrambles a number: neighbours become unrelated.
pub(crate) fn scramble(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    number ^ (number >> 31)
}

impl Random {
    /// The stream of a seed.
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// One of many unrelated streams of the same seed.
    pub(crate) fn stream(seed: u64, stream: u64) -> Self {
        Self::new(scramble(seed ^ scramble(stream.wrapping_add(GOLDEN_GAMMA))))
    }

    /// 64 random bits.
    pub(crate) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN_GAMMA);
        scramble(self.0)
    }

    /// A number from 0 to just below `bound`; 0 if `bound` is 0.
    pub(crate) fn below(&mut self, bound: u32) -> u32 {
        // The bias of this reduction is below 2⁻³², nothing a market could show.
        (((self.bits() >> 32) * u64::from(bound)) >> 32) as u32
    }

    /// A number from `least` to `most`, both included.
    pub(crate) fn between(&mut self, least: u32, most: u32) -> u32 {
        least + self.below(most.saturating_sub(least).saturating_add(1))
    }

    /// A number from 0 to just below 1.
    pub(crate) fn fraction(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A number from `least` to just below `most`.
    pub(crate) fn within(&mut self, least: f64, most: f64) -> f64 {
        least + (most - least) * self.fraction()
    }

    /// A factor around 1: bell-shaped, never further from it than `spread`.
    pub(crate) fn around_one(&mut self, spread: f64) -> f64 {
        let sum = self.fraction() + self.fraction() + self.fraction();
        1.0 + spread * (sum - 1.5) / 1.5
    }

    /// True in this share of cases.
    pub(crate) fn chance(&mut self, share: f64) -> bool {
        self.fraction() < share
    }

    /// One of the items, each as likely as the others.
    #[expect(clippy::indexing_slicing, reason = "`below` stays below N, and N is checked at compile time")]
    pub(crate) fn pick<T: Copy, const N: usize>(&mut self, items: &[T; N]) -> T {
        const { assert!(N > 0, "nothing to pick from") };
        items[self.below(N as u32) as usize]
    }

    /// One of the items, each as likely as its weight says.
    #[expect(clippy::indexing_slicing, reason = "N is checked at compile time")]
    pub(crate) fn weighted<'a, T, const N: usize>(
        &mut self,
        items: &'a [T; N],
        weight: impl Fn(&T) -> u32,
    ) -> &'a T {
        const { assert!(N > 0, "nothing to pick from") };
        let mut left = self.below(items.iter().map(&weight).sum());
        for item in items {
            match left.checked_sub(weight(item)) {
                Some(rest) => left = rest,
                None => return item,
            }
        }
        &items[N - 1]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_is_the_published_splitmix64() {
        // The first numbers of the reference implementation for seed 1234567.
        let mut random = Random::new(1_234_567);
        let first: Vec<_> = (0..3).map(|_| random.bits()).collect();
        assert_eq!(first, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    #[test]
    fn numbers_stay_within_their_bounds_and_reach_them() {
        let mut random = Random::new(7);
        let drawn: Vec<_> = (0..1000).map(|_| random.between(3, 6)).collect();
        assert_eq!(drawn.iter().min(), Some(&3));
        assert_eq!(drawn.iter().max(), Some(&6));
        assert_eq!(random.below(0), 0);
        assert!((0..1000).all(|_| (0.8..=1.2).contains(&random.around_one(0.2))));
    }

    #[test]
    fn weights_are_respected() {
        let items = [("never", 0), ("mostly", 9), ("seldom", 1)];
        let mut random = Random::new(1);
        let mut count =
            |name| (0..10_000).filter(|_| random.weighted(&items, |item| item.1).0 == name).count();
        assert_eq!(count("never"), 0);
        assert!((8_700..9_300).contains(&count("mostly")));
    }

    #[test]
    fn streams_of_one_seed_differ() {
        assert_ne!(Random::stream(1, 1).bits(), Random::stream(1, 2).bits());
        assert_eq!(Random::stream(1, 1).bits(), Random::stream(1, 1).bits());
    }
}
