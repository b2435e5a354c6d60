//! The warehouse: schema, ledger, and the transaction that loads one walk.
//!
//! Knows neither AWS nor the walk file: it is handed a walk's facts and its rows, page by page.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic, clippy::unreachable, clippy::indexing_slicing))]

mod connection;
mod error;
mod kept;
mod load;
mod merge;
mod migrate;
mod price_level;
mod sighting;
mod walk;

pub use connection::Warehouse;
pub use error::Error;
pub use load::Load;
pub use migrate::SCHEMA_VERSION;
pub use walk::{Counts, Ending, Walk};
