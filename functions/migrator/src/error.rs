//! What can go wrong in a migration, and what should happen then.

use runtime::{Class, Classed, SettingsError};

/// Why the migrator cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The settings.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The warehouse's URL.
    #[error(transparent)]
    Warehouse(#[from] warehouse::Error),
    /// The HTTP client.
    #[error("could not set up the HTTP client: {0}")]
    Http(#[source] reqwest::Error),
}

/// Why the warehouse was not migrated, or why `CloudFormation` does not know of it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A request that cannot be answered.
    #[error("the event is a request of CloudFormation without {0}: send `{{}}` to migrate by hand")]
    Incomplete(&'static str),
    /// A request type that does not exist.
    #[error("unknown request type `{0}`: CloudFormation sends Create, Update and Delete")]
    RequestType(String),
    /// The settings are wrong.
    #[error("the migrator cannot start: {0}")]
    Start(String),
    /// The function would be ended before it could answer.
    #[error(
        "the function's deadline was near, so the migration was given up: see what holds locks in Postgres"
    )]
    Deadline,
    /// Postgres.
    #[error(transparent)]
    Warehouse(#[from] warehouse::Error),
    /// The answer's address cannot be read.
    #[error("the ResponseURL of request {request} is not a URL")]
    ResponseUrl {
        /// `CloudFormation`'s request.
        request: String,
    },
    /// The answer's address cannot be reached.
    #[error("could not answer CloudFormation: no answer from {host}: {reason}")]
    Unreachable {
        /// Host of the response URL.
        host: String,
        /// The innermost cause.
        reason: String,
    },
    /// The answer was not taken.
    #[error("could not answer CloudFormation: {host} answered status {status}")]
    NotTaken {
        /// Host of the response URL.
        host: String,
        /// HTTP status.
        status: u16,
    },
}

impl Classed for Error {
    fn class(&self) -> Class {
        match self {
            Self::Incomplete(_) | Self::RequestType(_) | Self::ResponseUrl { .. } => Class::Reject,
            Self::Warehouse(error) if error.is_transient() => Class::Retry,
            Self::Warehouse(_) | Self::Start(_) => Class::Stop,
            Self::Deadline | Self::Unreachable { .. } | Self::NotTaken { .. } => Class::Retry,
        }
    }
}
