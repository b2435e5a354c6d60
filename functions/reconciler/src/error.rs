//! What can go wrong while reconciling, and what should happen then.

use runtime::{Class, Classed, StoreError};

/// Why the raw zone could not be compared with the ledger, or the loader not be asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Warehouse(#[from] warehouse::Error),
    #[error("could not invoke the loader function {function} for {key}: {reason}")]
    Invoke { function: String, key: String, reason: String, class: Class },
    #[error("the loader failed on {key}: {reason}")]
    Load { key: String, reason: String, class: Class },
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
