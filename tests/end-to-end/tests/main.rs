//! From the portal to Postgres: the function binaries between real parts.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may fail loudly"
)]

mod blame;
mod channels;
mod collecting;
mod connection;
mod credentials;
mod deadline;
mod decisions;
mod delivery;
mod disturbance;
mod drift;
mod expected;
mod export;
mod fault_matrix;
mod faults;
mod lake;
mod lake_engines;
mod links;
mod local_run;
mod localstack;
mod market;
mod memory;
mod metrics;
mod migration;
mod other_market;
mod page;
mod page_listings;
mod path;
mod pause;
mod pipeline_check;
mod quarantine;
mod rebuild;
mod recorded;
mod roles;
mod shrunken;
mod stack;
mod told_once;
mod unfinished;
mod verify;
mod watches;
