//! S3 event to Postgres: loads each raw object into the warehouse, in one transaction.
//!
//! It never calls the portal (invariant 1).
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic, clippy::unreachable, clippy::indexing_slicing))]

mod compare;
mod decisions;
mod error;
mod event;
mod handler;
mod load;
mod object;
mod settings;

pub use compare::compare;
pub use decisions::decide;
pub use error::Error;
pub use event::{Action, Event, S3Record};
pub use handler::{Loader, Response};
pub use load::{LoadResult, Outcome};
pub use settings::Settings;
