//! Reading a walk file.

use std::io::BufRead;

use jiff::Timestamp;
use memchr::memmem;
use serde::Deserialize;

use crate::error::Error;
use crate::lines::Lines;
use crate::walk::{EndLine, FORMAT, PageLine};
use sreality::walk::{Ending, Walk};

/// So many differences from the known shape are read at most; a watch tells less than a third.
const MOST_DRIFT: usize = 1000;

/// How the writer starts a closing line: the kind of a line is its first key.
const CLOSING: &[u8] = br#"{"closing":"#;
/// How it starts a page's line, goes over to the body, and ends.
const PAGE: &[u8] = br#"{"page":"#;
const BODY: &[u8] = br#","body":"#;
const PAGE_END: &[u8] = b"}}";

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
    Closing(Ending),
}

/// Reads a walk file line by line, in memory bounded by its longest line and the window of its compression.
///
/// The lines are decoded in a thread that the reader starts, one ahead of the line that is read. It blocks, if the input
/// does, and computes: asynchronous code gives it a thread, too.
#[derive(Debug)]
pub struct WalkReader {
    lines: Lines,
    walk: Walk,
    pages: u64,
    /// What a page's line says before its body, as an object of its own.
    head: Vec<u8>,
}

impl WalkReader {
    /// Reads the header.
    ///
    /// # Errors
    /// If the file does not start with one, or is of an unknown version.
    pub fn open(input: impl BufRead + Send + 'static) -> Result<Self, Error> {
        let mut lines = Lines::open(input)?;
        if !lines.advance()? {
            return Err(Error::Empty);
        }
        // The version first: a later header may hold what this software cannot read.
        if let Some(found) = format(lines.line()).filter(|format| *format > FORMAT) {
            return Err(Error::Format { found, known: FORMAT });
        }
        let EndLine::Header(walk) = end_line(&lines)? else {
            return Err(lines.damaged("the file does not start with a header"));
        };
        Ok(Self { lines, walk, pages: 0, head: Vec::new() })
    }

    /// What the header says of the walk.
    #[must_use]
    pub fn walk(&self) -> &Walk {
        &self.walk
    }

    /// Reads the next line. After the closing line nothing may be read any more.
    ///
    /// # Errors
    /// If the line is damaged, or missing, or does not end the file although it closes it.
    #[expect(
        clippy::should_implement_trait,
        reason = "a line borrows from the reader, which no iterator's item may"
    )]
    pub fn next(&mut self) -> Result<Line<'_>, Error> {
        if !self.lines.advance()? {
            return Err(Error::Truncated { line: self.lines.number() + 1 });
        }
        if self.lines.line().starts_with(CLOSING) {
            return self.close().map(Line::Closing);
        }
        self.pages += 1;
        let page = page(self.lines.line(), &mut self.head).map_err(|reason| self.lines.damaged(reason))?;
        Ok(Line::Page { line: self.lines.number(), page })
    }

    fn close(&mut self) -> Result<Ending, Error> {
        let EndLine::Closing(closing) = end_line(&self.lines)? else {
            return Err(self.lines.damaged("not a closing line"));
        };
        if self.lines.advance()? {
            return Err(self.lines.damaged("the file goes on after its closing line"));
        }
        if closing.pages != self.pages {
            return Err(Error::Miscounted { what: "pages", claimed: closing.pages, found: self.pages });
        }
        if closing.complete && self.walk.since.is_some() {
            return Err(self.lines.damaged("a walk for adverts of some age only claims to be complete"));
        }
        if closing.drift.len() > MOST_DRIFT {
            return Err(self.lines.damaged("the closing line tells more drift than there can be"));
        }
        Ok(closing)
    }
}

/// Reads a page without looking into its body, which must be the last of its keys.
fn page<'a>(line: &'a [u8], head: &'a mut Vec<u8>) -> Result<PageLine<'a>, String> {
    #[derive(Deserialize)]
    struct Head<'a> {
        url: &'a str,
        status: u16,
        fetched_at: Timestamp,
        duration_ms: u64,
    }

    let inner = line.strip_prefix(PAGE).ok_or("not a page")?;
    let inner = inner.strip_suffix(PAGE_END).ok_or("a page without an end")?;
    let at = memmem::find(inner, BODY).ok_or("a page without a body at its end")?;
    let (before, body) = inner.split_at(at);
    head.clear();
    head.extend_from_slice(before);
    head.push(b'}');
    let Head { url, status, fetched_at, duration_ms } =
        serde_json::from_slice(head).map_err(|error| not_a_line(&error))?;
    Ok(PageLine { url, status, fetched_at, duration_ms, body: body.strip_prefix(BODY).unwrap_or_default() })
}

fn end_line(lines: &Lines) -> Result<EndLine, Error> {
    serde_json::from_slice(lines.line()).map_err(|error| lines.damaged(not_a_line(&error)))
}

fn not_a_line(error: &serde_json::Error) -> String {
    format!("not a line of a walk file: {error}")
}

/// The format's version, if the line is a header of any version.
fn format(line: &[u8]) -> Option<u32> {
    #[derive(Deserialize)]
    struct AnyLine {
        header: AnyHeader,
    }
    #[derive(Deserialize)]
    struct AnyHeader {
        format: u32,
    }

    serde_json::from_slice::<AnyLine>(line).ok().map(|line| line.header.format)
}
