//! The warehouse: schema, ledger, and the transaction that loads one walk.
//!
//! Knows neither AWS nor the walk file: it is handed a walk's facts and its rows, page by page.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic, clippy::unreachable, clippy::indexing_slicing))]

mod connection;
mod drift;
mod encryption;
mod error;
mod falsification;
mod kept;
mod ledger;
mod ledger_row;
mod load;
mod merge;
mod migrate;
mod price_level;
mod quarantine;
mod roles;
mod rows;
mod sighting;
mod target;
mod url_source;
mod verify;
mod walk;

pub use connection::Warehouse;
pub use encryption::leaves_this_machine;
pub use error::Error;
pub use falsification::Falsified;
pub use ledger::Entry;
pub use load::{Finished, Load};
pub use migrate::SCHEMA_VERSION;
pub use quarantine::{Finding, QuarantineKind, Quarantined, Suspect};
pub use rows::Rows;
pub use url_source::{DatabaseUrl, UrlError, UrlSource};
pub use verify::{Comparison, Differences, LedgerEntry, NAMED};
pub use walk::{Counts, Ending, Walk};
