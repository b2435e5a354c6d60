//! Outbox to people: matches what happened to listings with the watches, and tells each through its channels.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic, clippy::unreachable, clippy::indexing_slicing))]

pub mod channel;
mod drain;
mod error;
mod handler;
mod journal;
pub mod message;
pub mod outbound;
mod plan;
mod settings;
pub mod watch;
pub mod watches;

pub use drain::Report;
pub use error::{Error, StartError};
pub use handler::{Notifier, WATCHES};
pub use settings::ChannelSecrets;
