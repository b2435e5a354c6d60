//! What can go wrong in a migration, and what should happen then.

use runtime::{Class, Classed};

/// Why the warehouse was not migrated, or why `CloudFormation` does not know of it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the event is a request of CloudFormation without {0}: send `{{}}` to migrate by hand")]
    Incomplete(&'static str),
    /// A request type that does not exist.
    #[error("unknown request type `{0}`: CloudFormation sends Create, Update and Delete")]
    RequestType(String),
    #[error("the migrator cannot start: {0}")]
    Start(String),
    /// There is nothing to answer with.
    #[error("could not set up the HTTP client")]
    Http(#[source] reqwest::Error),
    /// The function would be ended before it could answer.
    #[error(
        "the function's deadline was near, so the migration was given up: see what holds locks in Postgres"
    )]
    Deadline,
    #[error(transparent)]
    Warehouse(#[from] warehouse::Error),
    #[error("the ResponseURL of request {request} is not a URL")]
    ResponseUrl { request: String },
    #[error("could not answer CloudFormation: no answer from {host}: {reason}")]
    Unreachable { host: String, reason: String },
    #[error("could not answer CloudFormation: {host} answered status {status}")]
    NotTaken { host: String, status: u16 },
}

impl Classed for Error {
    fn class(&self) -> Class {
        match self {
            Self::Incomplete(_) | Self::RequestType(_) | Self::ResponseUrl { .. } => Class::Reject,
            Self::Warehouse(error) if error.is_transient() => Class::Retry,
            Self::Warehouse(_) | Self::Start(_) | Self::Http(_) => Class::Stop,
            Self::Deadline | Self::Unreachable { .. } | Self::NotTaken { .. } => Class::Retry,
        }
    }
}
