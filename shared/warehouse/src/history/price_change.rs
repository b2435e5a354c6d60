//! Changes from one known price to another.

use super::{Moment, Spell};

/// One change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PriceChange {
    /// The first sighting at the new price.
    pub(crate) moment: Moment,
    pub(crate) old_price: i64,
    pub(crate) new_price: i64,
}

/// The changes that a listing's spells make, also across an absence.
pub(crate) fn price_changes(spells: &[Spell]) -> Vec<PriceChange> {
    let next = spells.iter().skip(1);
    let change = |(old, new): (&Spell, &Spell)| {
        let old_price = old.total_price?;
        let new_price = new.total_price?;
        (old_price != new_price).then_some(PriceChange { moment: new.first, old_price, new_price })
    };
    spells.iter().zip(next).filter_map(change).collect()
}
