//! Deployment to Postgres: brings schema, roles and grants up to date.
//!
//! `CloudFormation` invokes it as a custom resource whenever the stack is deployed, and waits for its answer.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic, clippy::unreachable, clippy::indexing_slicing))]

mod answer;
mod error;
mod event;
mod handler;
mod migrated;

pub use answer::{StackAnswer, Status};
pub use error::Error;
pub use event::{Event, ResponseUrl};
pub use handler::{Migrator, Response};
pub use migrated::Migrated;
