//! What can go wrong while reconciling, and what should happen then.

use runtime::{Class, Classed, SettingsError, StoreError};

/// Why the reconciler cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The settings.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The warehouse's URL.
    #[error(transparent)]
    Warehouse(#[from] warehouse::Error),
}

/// Why the raw zone could not be compared with the ledger, or the loader not be asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The raw bucket.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Postgres.
    #[error(transparent)]
    Warehouse(#[from] warehouse::Error),
    /// The loader could not be invoked.
    #[error("could not invoke the loader function {function} for {key}: {reason}")]
    Invoke {
        /// The function's name.
        function: String,
        /// The object's key.
        key: String,
        /// What Lambda says.
        reason: String,
        /// What should happen next.
        class: Class,
    },
    /// The loader was invoked and failed.
    #[error("the loader failed on {key}: {reason}")]
    Load {
        /// The object's key.
        key: String,
        /// What the loader says.
        reason: String,
        /// The loader's own verdict.
        class: Class,
    },
}

impl Classed for Error {
    fn class(&self) -> Class {
        match self {
            Self::Store(error) => error.class(),
            Self::Warehouse(error) if error.is_transient() => Class::Retry,
            Self::Warehouse(_) => Class::Stop,
            Self::Invoke { class, .. } | Self::Load { class, .. } => *class,
        }
    }
}
