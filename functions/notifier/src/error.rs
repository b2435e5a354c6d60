//! What can go wrong between outbox and people, and what should happen then.

use runtime::{Class, Classed, StoreError};

use crate::watches::WatchesError;

/// Why the notifier cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Warehouse(#[from] credentials::StartError),
    /// Secrets Manager.
    #[error("could not read the secrets of channels")]
    ReadSecrets(#[source] warehouse::UrlError),
    #[error("the secret of CENOVKA_CHANNEL_SECRETS is wrong: {0}")]
    WrongSecrets(String),
}

/// Why the outbox was not emptied.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Warehouse(#[from] warehouse::Error),
    #[error("s3://{bucket}/{key} cannot be used")]
    Watches { bucket: String, key: &'static str, source: WatchesError },
    #[error(
        "s3://{bucket}/{key} is not what the notifier wrote there: remove it; what it told may then be told once more"
    )]
    Journal { bucket: String, key: String, source: serde_json::Error },
}

impl Classed for Error {
    fn class(&self) -> Class {
        match self {
            Self::Store(error) => error.class(),
            Self::Warehouse(error) if error.is_transient() => Class::Retry,
            Self::Warehouse(_) | Self::Watches { .. } | Self::Journal { .. } => Class::Stop,
        }
    }
}
