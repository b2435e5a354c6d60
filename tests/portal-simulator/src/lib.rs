//! A faithful copy of the portal's API v1 over a seeded, simulated market.
//!
//! Tests start a [`Simulator`] over a [`Market`], let the collector walk it, move the market forward day by
//! day, and compare what the warehouse says with what the market knows: [`Market::history`] is the truth.
//! Instead of a market it can also serve [`RecordedRows`]. [`Faults`] lets requests meet what goes wrong at the portal.
//!
//! The README lists every behaviour that is imitated, and where it was observed.
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::unreachable
    )
)]

mod answer;
mod composition;
mod control;
mod detail;
pub mod drift;
mod encounter;
pub mod falsified;
pub mod fault;
mod fault_layer;
pub mod fault_text;
pub mod faults;
mod flapping;
mod flicker;
mod geography;
mod hash_id;
pub mod history;
mod kinds;
mod listing;
mod locality;
pub mod market;
mod picture;
mod price;
mod random;
pub mod recorded;
pub mod request_log;
pub mod robots;
mod row;
mod search;
mod seo_name;
pub mod server;
mod toppings;
mod wire;

pub use drift::KeyPath;
pub use falsified::Falsified;
pub use fault::{Effect, Fault, RetryAfter};
pub use fault_text::FaultError;
pub use faults::Faults;
pub use history::{Relisting, Stretch};
pub use listing::Offer;
pub use market::Market;
pub use recorded::{RecordedRows, RecordedRowsError};
pub use request_log::{RequestLog, Sent};
pub use robots::Robots;
pub use server::{Simulator, Source};
