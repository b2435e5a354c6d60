//! The warehouse: schema, ledger, and the transaction that loads one walk.
//!
//! Knows neither AWS nor the walk file: it is handed a walk's facts and its rows, page by page.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic, clippy::unreachable, clippy::indexing_slicing))]

mod attributes;
mod compare;
mod connection;
mod copy;
mod decision;
mod deliveries;
mod drift;
mod encryption;
mod error;
mod event;
mod event_row;
mod events;
mod falsification;
mod histories;
mod history;
mod kept;
mod known;
mod ledger;
mod ledger_row;
mod listings;
mod load;
mod load_lock;
mod market;
mod merge;
mod migrate;
mod newcomer;
mod on_offer;
mod outbox;
mod past_events;
mod prepared;
mod price_levels;
mod quarantine;
mod relistings;
mod roles;
mod row_digest;
mod schema_version;
mod shrinkage;
mod target;
mod told_before;
mod unfinished;
mod url_source;
mod verify;
mod views;
mod waiting;
mod walk;

pub use compare::{Chunk, RowComparer};
pub use connection::Warehouse;
pub use decision::{Action, DECISIONS, Decision};
pub use deliveries::NewDelivery;
pub use encryption::leaves_this_machine;
pub use error::Error;
pub use event::{Event, EventKind, EventListing};
pub use ledger::Entry;
pub use load::{Begun, Finished, Load};
pub use migrate::schema_digest;
pub use outbox::{DeliveryKey, PlannedMessage, SentLately, Waiting};
pub use quarantine::{Finding, QuarantineKind, Quarantined, Suspect};
pub use schema_version::SCHEMA_VERSION;
pub use told_before::{BegunDelivery, BegunFact, ToldBefore};
pub use url_source::{DatabaseUrl, UrlError, UrlSource};
pub use verify::{Comparison, Differences, LedgerEntry, NAMED};
pub use waiting::WaitingFor;
pub use walk::{Counts, RawObject};
