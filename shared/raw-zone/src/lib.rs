//! The raw zone: what a raw object is called, and how its file is written and read.
//!
//! A raw object is one walk, stored once and never changed. Neither direction needs memory that grows with the walk.
//! Writing is asynchronous: it goes along with the collecting. Reading blocks: it is all computing.
//! Knows neither S3 nor a database: it works on any byte stream.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic, clippy::unreachable, clippy::indexing_slicing))]

mod error;
mod key;
mod lines;
mod reader;
mod walk;
mod writer;

pub use error::{Error, KeyError};
pub use key::{ObjectKey, PREFIX};
pub use reader::{Line, WalkReader};
pub use walk::PageLine;
pub use writer::{PageRecord, WalkWriter};
