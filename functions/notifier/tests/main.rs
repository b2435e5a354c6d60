//! The crate against real servers.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests may fail loudly")]

mod addresses;
mod channels;
mod http_server;
mod mail;
mod mail_server;
