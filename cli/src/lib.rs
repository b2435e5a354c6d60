//! The functions on one machine: what `cargo run` needs in place of AWS, and the operator's commands.
//!
//! [`postgres`] keeps a private Postgres in the data folder; [`object_store`] serves a folder as S3 and tells
//! of every new object; [`local`] starts them with a simulated portal, and [`simulation`] and [`seed`] let
//! days pass between them. All of it listens to this machine alone and ends with the process.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic, clippy::unreachable, clippy::indexing_slicing))]

pub mod args;
pub mod dashboard;
pub mod data_folder;
mod days;
pub mod error;
mod folder_lock;
mod loading;
pub mod local;
pub mod market;
pub mod object_store;
pub mod operator;
pub mod postgres;
mod progress;
pub mod quarantine;
pub mod refused;
pub mod seed;
pub mod simulation;
pub mod summary;
pub mod supervisor;
pub mod verify;
