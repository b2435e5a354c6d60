//! The warehouse's SQL against a real Postgres.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod adverts;
mod any_order;
mod dashboard;
mod database;
mod events;
mod generated;
mod locks;
mod market;
mod model;
mod outbox;
mod refused;
mod schema_document;
mod set_aside;
mod statistics;
mod verify;
