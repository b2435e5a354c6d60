//! Writing a walk file.

use std::io;

use async_compression::Level;
use async_compression::tokio::write::ZstdEncoder;
use jiff::Timestamp;
use serde_json::value::RawValue;
use tokio::io::{AsyncWrite, AsyncWriteExt};

use crate::error::Error;
use crate::walk::{FORMAT, WrittenHeader, WrittenLine, WrittenPage};
use sreality::walk::{Ending, Walk};

/// On recorded pages level 9 packs 13 % tighter than level 3 and still takes hundreds of MB a second, far
/// more than a polite walk delivers.
const LEVEL: Level = Level::Precise(9);

/// One page to be written.
#[derive(Debug)]
pub struct PageRecord {
    pub url: String,
    pub status: u16,
    /// When the answer was complete.
    pub fetched_at: Timestamp,
    /// Milliseconds from sending the request to the body's last byte.
    pub duration_ms: u64,
    /// The body as received: valid JSON.
    pub body: String,
    /// Rows in it.
    pub rows: u64,
}

/// Writes a walk file line by line into any byte sink.
#[derive(Debug)]
pub struct WalkWriter<W> {
    output: ZstdEncoder<W>,
    pages: u64,
    rows: u64,
}

impl<W: AsyncWrite + Unpin> WalkWriter<W> {
    /// Starts the file with its header.
    ///
    /// # Errors
    /// If the sink fails.
    pub async fn start(output: W, walk: &Walk) -> Result<Self, Error> {
        let mut writer = Self { output: ZstdEncoder::with_quality(output, LEVEL), pages: 0, rows: 0 };
        writer.line(&WrittenLine::Header(WrittenHeader { format: FORMAT, walk })).await?;
        Ok(writer)
    }

    /// Adds a page.
    ///
    /// # Errors
    /// If the sink fails or the body is not JSON.
    pub async fn page(&mut self, page: PageRecord) -> Result<(), Error> {
        let PageRecord { url, status, fetched_at, duration_ms, body, rows } = page;
        let body = RawValue::from_string(on_one_line(body)).map_err(|error| Error::Transfer(error.into()))?;
        let page = WrittenPage { url: &url, status, fetched_at, duration_ms, body: &body };
        self.line(&WrittenLine::Page(page)).await?;
        self.pages += 1;
        self.rows += rows;
        Ok(())
    }

    /// Ends the file: `ending` gets the numbers of pages and rows that were written. Returns it with the
    /// sink, which is flushed and shut down.
    ///
    /// # Errors
    /// If the sink fails.
    pub async fn finish(mut self, ending: Ending) -> Result<(Ending, W), Error> {
        let ending = Ending { pages: self.pages, rows: self.rows, ..ending };
        self.line(&WrittenLine::Closing(&ending)).await?;
        self.output.shutdown().await.map_err(Error::Transfer)?;
        Ok((ending, self.output.into_inner()))
    }

    async fn line(&mut self, line: &WrittenLine<'_>) -> Result<(), Error> {
        let mut text = serde_json::to_vec(line).map_err(|error| Error::Transfer(io::Error::other(error)))?;
        text.push(b'\n');
        self.output.write_all(&text).await.map_err(Error::Transfer)
    }
}

/// JSON strings cannot hold raw newlines, so each one stands between tokens, where a space means the same.
fn on_one_line(body: String) -> String {
    if memchr::memchr2(b'\n', b'\r', body.as_bytes()).is_none() {
        body
    } else {
        body.replace(['\n', '\r'], " ")
    }
}
