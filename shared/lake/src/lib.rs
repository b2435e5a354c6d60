//! Marts as Parquet: which type a column gets, and how rows become a file.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic, clippy::unreachable, clippy::indexing_slicing))]

mod column_values;
mod file_writer;

pub use file_writer::{Error, FileWriter, ROWS_PER_GROUP};
