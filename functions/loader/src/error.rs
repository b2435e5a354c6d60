//! What can go wrong in a load, and what should happen then.

use raw_zone::KeyError;
use runtime::s3_event::KeyDecodeError;
use runtime::{Class, Classed, StoreError};
use sreality::PageError;
use warehouse::QuarantineKind;

/// Why an object was not loaded. Nothing of it is in the warehouse then.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The event is of some other kind.
    #[error("the event is no notification of S3: it has no records")]
    NoRecords,
    /// The event's key is not URL-encoded UTF-8.
    #[error(transparent)]
    KeyEncoding(#[from] KeyDecodeError),
    /// The key lies in the raw zone but is no raw object's.
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("s3://{bucket}/{key} cannot be read")]
    File { bucket: String, key: String, source: raw_zone::Error },
    /// The file holds another walk than its key says.
    #[error("s3://{bucket}/{key} holds another walk, whose key would be {found}")]
    OtherWalk {
        bucket: String,
        key: String,
        /// The key that the file's header makes.
        found: String,
    },
    /// A stored body is not a page of the portal.
    #[error("s3://{bucket}/{key} line {line} holds no page that can be loaded")]
    Page { bucket: String, key: String, line: u64, source: PageError },
    /// What lies among the decisions is none: nobody knows what was decided.
    #[error(
        "s3://{bucket}/{key} is no decision: {reason}; `cenovka quarantine` writes them, remove what is none"
    )]
    Decision { bucket: String, key: String, reason: serde_json::Error },
    #[error(transparent)]
    Warehouse(#[from] warehouse::Error),
    /// The function's time is nearly up: the load took itself back before Lambda would have killed it.
    #[error("s3://{bucket}/{key}: the load was not done when the function's time was nearly up")]
    OutOfTime { bucket: String, key: String },
    /// The thread that read the object gave up, because what it read could not be written or it was stopped.
    #[error("reading the walk was given up")]
    Abandoned,
}

impl Error {
    /// Why the object is to be set aside, if the object itself is at fault: it will stay so, however often it is tried.
    #[must_use]
    pub fn quarantine(&self) -> Option<QuarantineKind> {
        match self {
            Self::File { source: raw_zone::Error::Transfer(_), .. }
            | Self::OutOfTime { .. }
            | Self::Abandoned => None,
            Self::File { source: raw_zone::Error::Format { .. }, .. } => Some(QuarantineKind::UnknownFormat),
            Self::File { .. } | Self::Key(_) | Self::OtherWalk { .. } | Self::Page { .. } => {
                Some(QuarantineKind::Damaged)
            }
            Self::Warehouse(error) if error.is_bad_data() => Some(QuarantineKind::Damaged),
            Self::NoRecords
            | Self::KeyEncoding(_)
            | Self::Store(_)
            | Self::Decision { .. }
            | Self::Warehouse(_) => None,
        }
    }
}

impl Classed for Error {
    /// What should happen after it, where the object was not set aside.
    fn class(&self) -> Class {
        match self {
            Self::Store(error) => error.class(),
            Self::File { source: raw_zone::Error::Transfer(_), .. }
            | Self::OutOfTime { .. }
            | Self::Abandoned => Class::Retry,
            Self::Decision { .. } => Class::Stop,
            Self::Warehouse(error) if error.is_transient() => Class::Retry,
            Self::Warehouse(error) if !error.is_bad_data() => Class::Stop,
            _ => Class::Reject,
        }
    }
}
