//! A faithful copy of the portal's API v1 over a seeded, simulated market.
//!
//! Tests start a [`Simulator`] over a [`Market`], let the collector walk it, move the market forward day by
//! day, and compare what the warehouse says with what the market knows: [`Market::history`] is the truth.
//! Instead of a market it can also serve [`RecordedRows`]. [`Faults`] lets requests meet what goes wrong at the portal.
//!
//! `market/` is what is on offer, `wire/` how the portal writes it, `faults/` what can go wrong on the way.
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

mod control;
pub mod faults;
pub mod market;
mod passing_days;
mod random;
mod served;
pub mod server;
pub mod wire;

pub use faults::Faults;
pub use faults::drift::KeyPath;
pub use faults::falsified::Falsified;
pub use faults::fault::{Effect, Fault, RetryAfter};
pub use faults::fault_text::FaultError;
pub use market::Market;
pub use market::history::{Relisting, Stretch};
pub use market::listing::Offer;
pub use passing_days::day_length;
pub use server::{Simulator, Source};
pub use wire::recorded::{RecordedRows, RecordedRowsError};
pub use wire::request_log::{RequestLog, Sent};
pub use wire::robots::Robots;
