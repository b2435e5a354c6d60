//! The level of prices per m² by day and place, kept as the last complete walk of each day saw it.
//!
//! Medians cannot be put together from smaller medians, and a day that is over cannot be asked again: so these are facts,
//! kept by the load, and not a view. They come from one walk's own sightings, never from spells, and so do not depend on
//! the order of loads.

use tokio_postgres::Transaction;
use uuid::Uuid;

use crate::error::{Doing, Error};

const KEEP: &str = include_str!("../merge/price_level.sql");

/// Replaces what is known of the walk's day in the cells that the walk takes in; an incomplete walk changes nothing. Runs
/// once the ledger's row is complete and duplicates are removed. Returns how many places were written.
pub(crate) async fn keep(transaction: &Transaction<'_>, walk: Uuid) -> Result<u64, Error> {
    transaction.execute(KEEP, &[&walk]).await.doing("keep the day's price level")
}
