//! What can go wrong in a collection, and what should happen then.

use runtime::{Class, SettingsError, StoreError};
use sreality::{ClientError, RequestError, Segment, SegmentError};

/// Why the collector cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The settings.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The portal's client.
    #[error(transparent)]
    Client(#[from] ClientError),
}

/// Why a collection failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The request names no segment.
    #[error("the request names no segment: give {{\"segments\": [\"flats-sale\"]}}")]
    NoSegments,
    /// The request names something that is no segment.
    #[error(transparent)]
    Segment(#[from] SegmentError),
    /// The portal, before any segment was walked.
    #[error("{0}")]
    Begin(#[source] RequestError),
    /// The portal.
    #[error("{segment}: {source}")]
    Portal {
        /// The segment that was being walked.
        segment: Segment,
        /// What happened.
        source: RequestError,
    },
    /// The walk file in the temporary folder.
    #[error("{segment}: could not write the walk file: {source}")]
    File {
        /// The segment that was being walked.
        segment: Segment,
        /// What happened.
        source: raw_zone::Error,
    },
    /// The raw bucket.
    #[error("{segment}: {source}")]
    Store {
        /// The segment that was walked.
        segment: Segment,
        /// What happened.
        source: StoreError,
    },
}

impl Error {
    /// What should happen after it.
    #[must_use]
    pub fn class(&self) -> Class {
        match self {
            Self::NoSegments | Self::Segment(_) => Class::Reject,
            Self::Begin(source) | Self::Portal { source, .. } => match source {
                RequestError::NoAnswer { .. }
                | RequestError::TimedOut { .. }
                | RequestError::Status { .. }
                | RequestError::NotAPage { .. }
                | RequestError::RobotsUnreachable { .. } => Class::Retry,
                RequestError::Unprocessable { .. }
                | RequestError::Redirect { .. }
                | RequestError::TooLarge { .. }
                | RequestError::Refused(_)
                | RequestError::Forbidden { .. }
                | RequestError::NotBegun { .. } => Class::Stop,
            },
            Self::File { .. } => Class::Retry,
            Self::Store { source, .. } => source.class(),
        }
    }
}
