//! Outbox to people: matches what happened to listings with the watches, and tells each through its channels.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic, clippy::unreachable, clippy::indexing_slicing))]

pub mod channel;
pub mod message;
pub mod outbound;
pub mod watch;
pub mod watches;
