//! The portal's ids.

/// The id of the `number`th listing of a market: a uint32, never given twice.
///
/// Its low six bits are 12 or 28, like those of all 634 ids seen, which leaves 2²⁷ ids.
pub(crate) fn hash_id(seed: u64, number: u32) -> u32 {
    // Each step permutes the numbers below 2²⁷: adding, multiplying by an odd number, folding high bits down.
    const MASK: u32 = (1 << 27) - 1;
    let mut mixed = number.wrapping_add(seed as u32) & MASK;
    for _ in 0..3 {
        mixed = mixed.wrapping_mul(0x9E37_79B1) & MASK;
        mixed ^= mixed >> 14;
    }
    ((mixed >> 1) << 6) | if mixed & 1 == 0 { 12 } else { 28 }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ids_are_unique_and_look_like_the_portals() {
        let ids: HashSet<_> = (0..200_000).map(|number| hash_id(8, number)).collect();
        assert_eq!(ids.len(), 200_000);
        assert!(ids.iter().all(|id| id & 63 == 12 || id & 63 == 28));
        assert!(ids.iter().any(|id| *id > i32::MAX as u32), "ids need more than 31 bits");
    }
}
