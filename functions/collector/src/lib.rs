//! Schedule to raw object: walks segments of the portal and stores each walk as one raw object in S3.
//!
//! It never touches Postgres (invariant 1).
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing))]

mod clock;
mod error;
mod handler;
mod paging;
mod part;
mod pause;
mod settings;
mod split;
mod stop_signal;
mod walk;

pub use clock::Clock;
pub use error::{Error, StartError};
pub use handler::{Collector, Request, Response};
pub use walk::WalkSummary;
