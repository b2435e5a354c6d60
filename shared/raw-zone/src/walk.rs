//! The walk file: JSON lines in zstd.
//!
//! ```text
//! {"header":{"format":1,"portal":"…","market":"…","segment":"flats-sale","walk":"…","software":"cenovka/0.1.0",…}}
//! {"page":{"url":"…","status":200,"fetched_at":"…","duration_ms":87,"body":<the body as received>}}
//! …
//! {"closing":{"complete":true,"pages":41,"rows":20129,"distinct":20113,"requests":43,"retries":1,…}}
//! ```
//! A file without its closing line is a damaged file.
//!
//! A page's body is its line's last key, and no key before it holds an object. So the first `,"body":` of the line is
//! where the body begins (within a JSON string these quotes would be escaped), and all up to the last two braces is the
//! body: it is found without being parsed. A page line of another order, or with spaces between its first tokens, is
//! damaged. Whether the body is a page, and JSON at all, is for who reads it.

use jiff::Timestamp;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sreality::shape::Drift;
use sreality::{Age, Segment};
use uuid::Uuid;

/// The version of the format that is written, and the newest that is read.
pub const FORMAT: u32 = 1;

/// The first line: what the walk is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// Version of the file's format.
    pub format: u32,
    /// Base URL of the portal that was asked.
    pub portal: String,
    /// The market that it showed: tells simulated data from real ones.
    pub market: String,
    /// What the walk covers.
    pub segment: Segment,
    /// Set if it asked for adverts of this age only: such a walk is never complete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Age>,
    /// The walk's id.
    pub walk: Uuid,
    /// The software that walked, with its version.
    pub software: String,
    /// When the walk started.
    pub started_at: Timestamp,
    /// Total that the portal announced at the start.
    pub announced: u64,
    /// Whether the portal's robots.txt forbids the walk, and it was made all the same because its operator says that
    /// they may.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub robots_disregarded: bool,
}

/// A page as it is read, borrowed from the line.
#[derive(Debug)]
pub struct PageLine<'a> {
    pub url: &'a str,
    pub status: u16,
    /// When the answer was complete.
    pub fetched_at: Timestamp,
    /// Milliseconds from sending the request to the body's last byte.
    pub duration_ms: u64,
    /// The body as received, but for newlines between tokens, which became spaces. Not looked into.
    pub body: &'a [u8],
}

/// The last line: how the walk ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closing {
    /// Whether the walk reached its end, met no cap, and saw at least 99.5 % of the announced total. A file whose
    /// header has [`Header::since`] and that says so all the same is damaged.
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

/// A line as it is written.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum WrittenLine<'a> {
    Header(&'a Header),
    Page(WrittenPage<'a>),
    Closing(&'a Closing),
}

/// A page as it is written. The body must stay the last key: readers rely on it.
#[derive(Serialize)]
pub(crate) struct WrittenPage<'a> {
    pub(crate) url: &'a str,
    pub(crate) status: u16,
    pub(crate) fetched_at: Timestamp,
    pub(crate) duration_ms: u64,
    pub(crate) body: &'a RawValue,
}

/// A first or a last line as it is read; a page only to be told from them.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum EndLine {
    Header(Header),
    Page(IgnoredAny),
    Closing(Closing),
}
