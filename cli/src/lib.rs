//! The functions on one machine: what `cargo run` needs in place of AWS, and the operator's commands.
//!
//! [`parts`] starts a private Postgres, a folder as S3 and a simulated portal, and [`simulation`] and [`seed`] let days
//! pass between them. All of it listens to this machine alone and ends with the process.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic, clippy::unreachable, clippy::indexing_slicing))]

pub mod args;
pub mod dashboard;
pub mod data_folder;
mod days;
pub mod error;
pub mod export;
mod loading;
pub mod market;
pub mod operator;
pub mod parts;
mod progress;
pub mod quarantine;
pub mod seed;
pub mod simulation;
pub mod site;
pub mod summary;
pub mod verify;
pub mod watch;
