//! Reading a walk file.

use async_compression::tokio::bufread::ZstdDecoder;
use async_compression::zstd::DParameter;
use serde::Deserialize;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, BufReader};

use crate::error::Error;
use crate::transfer::{Transfer, is_transfer_error};
use crate::walk::{Closing, FORMAT, Header, PageLine, RawLine};

/// Longest line that is read: the client's largest body with room for the rest of the line.
const LONGEST_LINE: usize = 17 * 1024 * 1024;
/// Largest window (2^n bytes) that a file may ask the decoder to keep; the writer's level uses 4 MiB.
const LARGEST_WINDOW: u32 = 23;

/// So many differences from the known shape are read at most; a watch tells less than a third.
const MOST_DRIFT: usize = 1000;

/// How the writer starts a closing line: the kind of a line is its first key.
const CLOSING: &[u8] = br#"{"closing":"#;

/// What comes after the header.
#[derive(Debug)]
pub enum Line<'a> {
    /// A page.
    Page {
        /// The line it stands on, from 1.
        line: u64,
        /// The page.
        page: PageLine<'a>,
    },
    /// The end.
    Closing(Closing),
}

/// Reads a walk file line by line from any byte stream, in memory bounded by its longest line.
#[derive(Debug)]
pub struct WalkReader<R> {
    lines: LineReader<BufReader<ZstdDecoder<Transfer<R>>>>,
    header: Header,
    pages: u64,
}

impl<R: AsyncBufRead + Unpin> WalkReader<R> {
    /// Reads the header.
    ///
    /// # Errors
    /// If the file does not start with one, or is of an unknown version.
    pub async fn open(mut input: R) -> Result<Self, Error> {
        if input.fill_buf().await.map_err(Error::Transfer)?.is_empty() {
            return Err(Error::Empty);
        }
        let window = [DParameter::window_log_max(LARGEST_WINDOW)];
        let decoder = ZstdDecoder::with_params(Transfer(input), &window);
        let mut lines = LineReader::new(BufReader::with_capacity(64 * 1024, decoder));
        if !lines.advance().await? {
            return Err(Error::Empty);
        }
        // The version first: a later header may hold what this software cannot read.
        if let Some(found) = lines.format().filter(|format| *format > FORMAT) {
            return Err(Error::Format { found, known: FORMAT });
        }
        let header = match lines.parse()? {
            RawLine::Header(header) => header,
            RawLine::Page(_) | RawLine::Closing(_) => {
                return Err(lines.damaged("the file does not start with a header"));
            }
        };
        Ok(Self { lines, header, pages: 0 })
    }

    /// The file's header.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Reads the next line. After the closing line nothing may be read any more.
    ///
    /// # Errors
    /// If the line is damaged, or missing, or does not end the file although it closes it.
    pub async fn next(&mut self) -> Result<Line<'_>, Error> {
        if !self.lines.advance().await? {
            return Err(Error::Truncated { line: self.lines.number + 1 });
        }
        if self.lines.line.starts_with(CLOSING) {
            return self.close().await;
        }
        self.pages += 1;
        match self.lines.parse()? {
            RawLine::Page(page) => Ok(Line::Page { line: self.lines.number, page }),
            RawLine::Header(_) | RawLine::Closing(_) => Err(self.lines.damaged("not a page")),
        }
    }

    async fn close(&mut self) -> Result<Line<'_>, Error> {
        let closing = match self.lines.parse()? {
            RawLine::Closing(closing) => closing,
            RawLine::Header(_) | RawLine::Page(_) => return Err(self.lines.damaged("not a closing line")),
        };
        if self.lines.advance().await? {
            return Err(self.lines.damaged("the file goes on after its closing line"));
        }
        if closing.pages != self.pages {
            return Err(Error::Miscounted { what: "pages", claimed: closing.pages, found: self.pages });
        }
        if closing.complete && self.header.since.is_some() {
            return Err(self.lines.damaged("a walk for adverts of some age only claims to be complete"));
        }
        if closing.drift.len() > MOST_DRIFT {
            return Err(self.lines.damaged("the closing line tells more drift than there can be"));
        }
        Ok(Line::Closing(closing))
    }
}

/// Reads lines of bounded length into one buffer.
#[derive(Debug)]
struct LineReader<R> {
    input: R,
    line: Vec<u8>,
    number: u64,
}

impl<R: AsyncBufRead + Unpin> LineReader<R> {
    fn new(input: R) -> Self {
        Self { input, line: Vec::new(), number: 0 }
    }

    /// Reads the next line into the buffer; false at the end of the file.
    async fn advance(&mut self) -> Result<bool, Error> {
        self.line.clear();
        let number = self.number + 1;
        loop {
            let available =
                self.input.fill_buf().await.map_err(|source| transfer_or_compression(number, source))?;
            if available.is_empty() {
                break;
            }
            let newline = memchr::memchr(b'\n', available);
            let length = newline.unwrap_or(available.len());
            if self.line.len() + length > LONGEST_LINE {
                return Err(Error::LineTooLong { line: number, limit: LONGEST_LINE });
            }
            self.line.extend_from_slice(available.get(..length).unwrap_or(available));
            self.input.consume(newline.map_or(length, |position| position + 1));
            if newline.is_some() {
                self.number = number;
                return Ok(true);
            }
        }
        if self.line.is_empty() {
            return Ok(false);
        }
        self.number = number;
        Err(Error::Truncated { line: number })
    }

    fn parse(&self) -> Result<RawLine<'_>, Error> {
        serde_json::from_slice(&self.line)
            .map_err(|error| self.damaged(&format!("not a line of a walk file: {error}")))
    }

    /// The format's version, if the line is a header of any version.
    fn format(&self) -> Option<u32> {
        #[derive(Deserialize)]
        struct AnyLine {
            header: AnyHeader,
        }
        #[derive(Deserialize)]
        struct AnyHeader {
            format: u32,
        }

        serde_json::from_slice::<AnyLine>(&self.line).ok().map(|line| line.header.format)
    }

    fn damaged(&self, reason: &str) -> Error {
        Error::Damaged { line: self.number, reason: reason.to_owned() }
    }
}

fn transfer_or_compression(line: u64, source: std::io::Error) -> Error {
    if is_transfer_error(&source) { Error::Transfer(source) } else { Error::Compression { line, source } }
}
