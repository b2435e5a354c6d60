//! A walk's facts: the raw object tells them in its first and its last line, and the ledger keeps them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::query::Age;
use crate::segment::Segment;
use crate::shape::Drift;

/// What a walk is: known once its first page is there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Walk {
    /// Base URL of the portal that was asked.
    pub portal: String,
    /// The market that it showed: tells simulated data from real ones.
    pub market: String,
    /// What the walk covers.
    pub segment: Segment,
    /// Set if it asked for adverts of this age only: such a walk is never complete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Age>,
    /// Its id, unique for ever.
    #[serde(rename = "walk")]
    pub id: Uuid,
    /// The software that walked, with its version.
    pub software: String,
    /// When it started: walks are ordered by this, then by their id.
    pub started_at: Timestamp,
    /// Total that the portal announced at the start.
    pub announced: u64,
    /// Whether the portal's robots.txt forbids the walk, and it was made all the same because its operator says that
    /// they may.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub robots_disregarded: bool,
}

/// How a walk ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ending {
    /// Whether the walk reached its end, met no cap, and saw at least 99.5 % of the announced total. One with
    /// [`Walk::since`] never is.
    pub complete: bool,
    /// Why it is not complete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incomplete_because: Option<String>,
    /// Pages in the file.
    pub pages: u64,
    /// Rows in all pages.
    pub rows: u64,
    /// Different listings among them.
    pub distinct: u64,
    /// Requests made, retries included.
    pub requests: u64,
    /// Requests that repeated a failed one.
    pub retries: u64,
    /// Answers by which the portal refused a request (401, 403, 429). Files of earlier software do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusals: Option<u64>,
    /// How the pages differ from the known shape.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub drift: Vec<Drift>,
    /// When the walk ended.
    pub finished_at: Timestamp,
}
