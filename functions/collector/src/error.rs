//! What can go wrong in a collection, and what should happen then.

use runtime::{Class, Classed, SettingsError, StoreError};
use sreality::{AgeError, Segment, SegmentError};
use sreality_client::{ClientError, RequestError};

use crate::stop_signal::Stopped;

/// Why the collector cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error(transparent)]
    Client(#[from] ClientError),
}

/// Why a collection failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the request names no segment: give {{\"segments\": [\"flats-sale\"]}}")]
    NoSegments,
    /// The request names something that is no segment.
    #[error(transparent)]
    Segment(#[from] SegmentError),
    /// The request names an age that is none.
    #[error("`since` is wrong")]
    Since(#[from] AgeError),
    /// The time was up before the portal had answered once.
    #[error("{segment}: {reason} before its first page was there; nothing of it is stored")]
    NotBegun {
        /// The segment that was to be walked.
        segment: Segment,
        reason: String,
    },
    /// The portal, before any segment was walked.
    #[error(transparent)]
    Begin(RequestError),
    /// The pause that the portal has asked for cannot be read or kept.
    #[error("cannot keep the portal's pause")]
    KeepPause(#[source] StoreError),
    /// What stands in its place is no pause.
    #[error(
        "{key} in the raw bucket is no pause of the portal's: {reason}; remove it, if you know that there is none"
    )]
    NoPause { key: &'static str, reason: serde_json::Error },
    /// The time was up before anything was asked for.
    #[error("{0} before the run had begun; nothing is stored")]
    NoTime(String),
    #[error("could not walk {segment} to its end")]
    Portal { segment: Segment, source: RequestError },
    /// The walk file in the temporary folder.
    #[error("could not write the walk file of {segment}")]
    File { segment: Segment, source: raw_zone::Error },
    #[error("could not store the walk of {segment}")]
    Store { segment: Segment, source: StoreError },
}

impl Error {
    /// Why a segment's walk has not begun.
    pub(crate) fn not_begun(segment: &Segment, stopped: Stopped) -> Self {
        let segment = segment.clone();
        match stopped {
            Stopped::Portal(source) => Self::Portal { segment, source },
            stopped => Self::NotBegun { segment, reason: stopped.to_string() },
        }
    }

    /// A failure of the temporary folder.
    pub(crate) fn file(segment: &Segment, error: std::io::Error) -> Self {
        Self::File { segment: segment.clone(), source: raw_zone::Error::Transfer(error) }
    }

    /// Whether the other segments of the run would fail too, or should not be asked for any more.
    pub(crate) fn ends_run(&self) -> bool {
        match self {
            Self::Portal { source, .. } => matches!(
                source,
                RequestError::Setup(_)
                    | RequestError::Refused(_)
                    | RequestError::Blocked { .. }
                    | RequestError::Redirect { .. }
                    | RequestError::Forbidden { .. }
                    | RequestError::NotBegun { .. }
            ),
            Self::Store { source, .. } => source.class() == Class::Stop,
            _ => false,
        }
    }

    /// Whether the portal was asked for it in vain, as often as that is done.
    pub(crate) fn is_vain(&self) -> bool {
        matches!(self, Self::Portal { source, .. } if source.is_transient())
    }
}

impl Classed for Error {
    fn class(&self) -> Class {
        match self {
            Self::NoSegments | Self::Segment(_) | Self::Since(_) => Class::Reject,
            Self::Begin(source) | Self::Portal { source, .. } => portal_class(source),
            Self::NoTime(_) | Self::NotBegun { .. } | Self::File { .. } => Class::Retry,
            Self::Store { source, .. } | Self::KeepPause(source) => source.class(),
            Self::NoPause { .. } => Class::Stop,
        }
    }
}

/// What should happen after a request has brought no page.
fn portal_class(error: &RequestError) -> Class {
    match error {
        RequestError::RobotsUnreachable { .. } => Class::Retry,
        error if error.is_transient() => Class::Retry,
        _ => Class::Stop,
    }
}
