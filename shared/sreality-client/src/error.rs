//! Why a request brought nothing, and whether to ask again.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use sreality::page::PageError;

/// Which of the [`Timeouts`](crate::Timeouts) passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// `Timeouts::connect`.
    Connect,
    /// `Timeouts::headers`.
    Headers,
    /// `Timeouts::request`.
    Request,
}

impl fmt::Display for Phase {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Connect => "could not connect",
            Self::Headers => "the answer did not begin",
            Self::Request => "the answer was not complete",
        })
    }
}

/// Why a request brought no page.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// There is no HTTP client to ask with.
    #[error("could not set up the HTTP client")]
    Setup(#[source] reqwest::Error),
    #[error("no answer from {url}: {reason}")]
    NoAnswer { url: String, reason: String },
    #[error("no answer from {url}: {phase} within {limit:?}")]
    TimedOut { url: String, phase: Phase, limit: Duration },
    /// An HTTP error, or one of the envelope's that means the same.
    #[error("{url} answered status {status}")]
    Status { url: String, status: u16 },
    /// An offset or a parameter that the portal does not process (422).
    #[error("{url} was refused as unprocessable (422): beyond the cap of one query, or a wrong parameter")]
    Unprocessable { url: String },
    /// The first page of a segment is not there (404). Every segment has one, so it is this client that the portal does not
    /// want: it answers so to addresses of data centres.
    #[error(
        "the portal refuses this address: {url} answered 404, although every segment has a first page; it does so to \
         addresses of data centres, so collect from another network"
    )]
    Blocked { url: String },
    /// A redirect, for example to a login. None is followed.
    #[error(
        "{url} redirects to {location}, which is not followed: only the host of CENOVKA_PORTAL_URL is asked"
    )]
    Redirect { url: String, location: String },
    /// The answer is larger than any page.
    #[error("{url} answered more than {limit}")]
    TooLarge { url: String, limit: &'static str },
    #[error("{url} answered no usable page")]
    NotAPage { url: String, source: PageError },
    /// The portal wants to be left alone.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// robots.txt closes the search to this software. Nothing else was asked.
    #[error(
        "robots.txt forbids {url} by `{rule}`, so it was not asked; if you hold the portal's permission all the same, \
         set CENOVKA_ROBOTS_TXT=disregard"
    )]
    Forbidden { url: String, rule: String },
    /// Nobody knows what robots.txt says. Nothing else was asked.
    #[error("robots.txt could not be read, and without it nothing may be asked")]
    RobotsUnreachable { source: Box<RequestError> },
    /// A search outside of a run, or after a run that could not begin.
    #[error("{url} was not asked: no run has begun, which takes a robots.txt that allows it")]
    NotBegun { url: String },
}

impl RequestError {
    /// Whether asking again can help.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::NoAnswer { .. } | Self::TimedOut { .. } | Self::NotAPage { .. } => true,
            Self::Status { status, .. } => {
                is_refusal(*status) || matches!(status, 408 | 425 | 500 | 502 | 503 | 504 | 520..=524)
            }
            Self::Setup(_)
            | Self::Unprocessable { .. }
            | Self::Blocked { .. }
            | Self::Redirect { .. }
            | Self::TooLarge { .. }
            | Self::Refused(_)
            | Self::Forbidden { .. }
            | Self::RobotsUnreachable { .. }
            | Self::NotBegun { .. } => false,
        }
    }

    /// Whether what was asked for is not there, and will not be in a moment either.
    pub(crate) fn is_unavailable(&self) -> bool {
        matches!(self, Self::Status { status: 400..=499, .. }) && !self.is_transient()
    }
}

/// Whether a status says that it is the asking that is not welcome.
pub(crate) fn is_refusal(status: u16) -> bool {
    matches!(status, 401 | 403 | 429)
}

/// What ended a run: the portal refused too often or for too long.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub struct Refused {
    pub url: String,
    pub status: u16,
    pub refusals: u64,
    /// Until when the portal asks to be left alone, if it does and that is too long to wait for.
    pub until: Option<Timestamp>,
}

impl fmt::Display for Refused {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { url, status, refusals, until } = self;
        write!(formatter, "the portal refuses this run, which was stopped: ")?;
        match until {
            Some(until) => {
                write!(formatter, "it asks for a pause until {until:.0}, with status {status} at {url}")
            }
            None => write!(formatter, "{refusals} refusals, the last one status {status} at {url}"),
        }
    }
}
