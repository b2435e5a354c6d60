//! The crate against a portal that answers over HTTP.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests may fail loudly")]

mod client;
mod politeness;
mod portal;
mod robots;
