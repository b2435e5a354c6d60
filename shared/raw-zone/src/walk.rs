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
use sreality::walk::{Ending, Walk};

/// The version of the format that is written, and the newest that is read.
pub(crate) const FORMAT: u32 = 1;

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

/// A line as it is written.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum WrittenLine<'a> {
    Header(WrittenHeader<'a>),
    Page(WrittenPage<'a>),
    Closing(&'a Ending),
}

/// The first line as it is written.
#[derive(Serialize)]
pub(crate) struct WrittenHeader<'a> {
    pub(crate) format: u32,
    #[serde(flatten)]
    pub(crate) walk: &'a Walk,
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
    Header(Walk),
    Page(IgnoredAny),
    Closing(Ending),
}
