//! What stands in place of AWS on one machine.
//!
//! [`postgres`] keeps a private Postgres in a folder; [`object_store`] serves a folder as S3 and tells of every new object;
//! [`supervisor`] ends programs with this process. All of it listens to this machine alone.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic, clippy::unreachable, clippy::indexing_slicing))]

mod data_root;
pub mod folder_lock;
mod object_listing;
pub mod object_store;
pub mod postgres;
pub mod supervisor;
pub mod system_error;

pub use data_root::data_root;
