//! What can go wrong between marts and files, and what should happen then.

use std::io;

use runtime::{Class, Classed, StoreError};

/// Why nothing was published: what was there before is still whole.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Warehouse(#[from] warehouse::Error),
    #[error("could not make the Parquet files of {dataset}")]
    Parquet { dataset: &'static str, source: lake::Error },
    #[error("could not use a file in the temporary folder")]
    File(#[source] io::Error),
    #[error(
        "s3://{bucket}/{key} is not what the publisher wrote there: remove it, and the next publication writes everything \
         anew"
    )]
    Manifest { bucket: String, key: String, source: serde_json::Error },
}

impl Error {
    /// Of a dataset's files.
    pub(crate) fn of(dataset: &'static str) -> impl Fn(lake::Error) -> Self {
        move |source| match source {
            lake::Error::Warehouse(error) => Self::Warehouse(error),
            source @ lake::Error::Parquet(_) => Self::Parquet { dataset, source },
        }
    }
}

impl Classed for Error {
    fn class(&self) -> Class {
        match self {
            Self::Store(error) => error.class(),
            Self::Warehouse(error) if error.is_transient() => Class::Retry,
            // A full temporary folder is empty again in another instance.
            Self::Parquet { .. } | Self::File(_) => Class::Retry,
            Self::Warehouse(_) | Self::Manifest { .. } => Class::Stop,
        }
    }
}
