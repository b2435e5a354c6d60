//! The frame of every function: settings, logs, metrics, S3, the Lambda loop, and the classes of failures. It knows no portal.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic, clippy::unreachable, clippy::indexing_slicing))]

pub mod aws;
pub mod bucket;
pub mod failure;
pub mod function;
pub mod interrupt;
pub mod logs;
pub mod metrics;
pub mod process;
pub mod s3_event;
pub mod settings;
mod time_left;

pub use bucket::{Bucket, FetchedObject, StoreError};
pub use failure::{Class, Classed, Failure};
pub use metrics::Metrics;
pub use settings::{DatabaseSettings, Login, SettingsError, SettingsReader};
pub use time_left::time_left;
