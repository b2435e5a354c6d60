//! The ledger's facts about one walk.

use jiff::Timestamp;
use sreality::shape::Drift;
use sreality::{Age, Segment};
use uuid::Uuid;

/// What is known of a walk before its rows are read.
#[derive(Clone, Debug)]
pub struct Walk {
    /// Its id, unique for ever.
    pub id: Uuid,
    /// Where its raw object lies.
    pub bucket: String,
    /// The raw object's key.
    pub key: String,
    /// The raw object's size in bytes.
    pub object_bytes: u64,
    /// Base URL of the portal that was asked.
    pub portal: String,
    /// The market that it showed.
    pub market: String,
    /// What it covers.
    pub segment: Segment,
    /// Set if it asked for adverts of this age only: such a walk is never complete.
    pub since: Option<Age>,
    /// The software that walked.
    pub software: String,
    /// When it started: walks are ordered by this, then by id.
    pub started_at: Timestamp,
    /// Total that the portal announced.
    pub announced: u64,
    /// Whether it was made although the portal's robots.txt forbids it, because its operator says that they may.
    pub robots_disregarded: bool,
}

/// What is known once its rows are read.
#[derive(Clone, Debug)]
pub struct Ending {
    /// When it ended.
    pub finished_at: Timestamp,
    /// Whether it may say that a listing is gone.
    pub complete: bool,
    /// Why it is not complete.
    pub incomplete_because: Option<String>,
    /// Pages.
    pub pages: u64,
    /// Requests made.
    pub requests: u64,
    /// Requests repeated.
    pub retries: u64,
    /// Answers by which the portal refused a request, if the raw object says how many.
    pub refusals: Option<u64>,
    /// How its pages differ from the known shape.
    pub drift: Vec<Drift>,
}

/// What became of a walk's rows: `seen = loaded + duplicate + rejected`, which the database enforces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Rows in the raw object.
    pub seen: u64,
    /// Rows that became sightings.
    pub loaded: u64,
    /// Rows that repeat a listing of the same walk.
    pub duplicate: u64,
    /// Rows that could not be understood.
    pub rejected: u64,
}
