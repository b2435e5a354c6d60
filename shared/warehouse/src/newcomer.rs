//! A listing that may be new.

use crate::compare::ParsedRow;
use crate::history::ListingPlace;

/// A listing that was never seen before, by a walk of its own category and deal type that does not come late.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Newcomer {
    pub(crate) hash_id: i64,
    pub(crate) place: ListingPlace,
    pub(crate) price: Option<i64>,
}

impl Newcomer {
    pub(crate) fn of(row: &ParsedRow) -> Self {
        Self { hash_id: row.hash_id, place: row.place, price: row.total_price }
    }
}
