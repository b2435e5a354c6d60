//! A faithful copy of the portal's API v1 over a seeded, simulated market.
//!
//! Tests start a [`Simulator`] over a [`Market`], let the collector walk it, move the market forward day by
//! day, and compare what the warehouse says with what the market knows: [`Market::history`] is the truth.
//! Instead of a market it can also serve [`RecordedRows`].
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
pub mod falsified;
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
mod row;
mod search;
mod seo_name;
pub mod server;

pub use falsified::Falsified;
pub use history::{Relisting, Stretch};
pub use listing::Offer;
pub use market::Market;
pub use recorded::{RecordedRows, RecordedRowsError};
pub use server::{RequestLog, Simulator, Source};
