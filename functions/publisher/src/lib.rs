//! Marts to files: a lake of Parquet that any engine reads, and a static page that needs none.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic, clippy::unreachable, clippy::indexing_slicing))]

mod dataset;
mod digest;
mod error;
mod garbage;
mod handler;
mod lake_writer;
mod manifest;
mod page;
mod partition_file;
mod report;
mod settings;

pub use error::Error;
pub use handler::Publisher;
pub use manifest::{DatasetFiles, LakeFile, MANIFEST, Manifest};
pub use page::Site;
pub use report::Report;
