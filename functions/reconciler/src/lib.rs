//! Schedule to loader: compares the raw zone with the ledger and hands every raw object that is missing there to the
//! loader, as the S3 event it would have been.
//!
//! S3 delivers its events "at least once" almost always, and an asynchronous invocation that keeps failing is given up;
//! this is what closes such holes. The same, run against an empty warehouse, rebuilds it (invariant 5).
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic, clippy::unreachable, clippy::indexing_slicing))]

mod error;
mod handler;
mod loader_function;
mod missing;
#[cfg(feature = "function")]
mod remote_loader;
#[cfg(feature = "function")]
mod settings;
mod staleness;

pub use error::Error;
pub use handler::{Reconciler, Report, Request};
pub use loader_function::LoaderFunction;
pub use missing::MissingObject;
#[cfg(feature = "function")]
pub use remote_loader::RemoteLoader;
