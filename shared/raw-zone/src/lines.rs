//! The lines of a zstd stream, each where the decoder wrote it.

use std::fmt;
use std::io::{self, BufRead};
use std::ops::Range;

use zstd::stream::raw::{DParameter, Decoder, Operation};

use crate::error::Error;

/// Longest line that is read: the client's largest body with room for the rest of the line.
const LONGEST_LINE: usize = 17 * 1024 * 1024;
/// Largest window (2^n bytes) that a file may ask the decoder to keep; the writer's level uses 4 MiB.
const LARGEST_WINDOW: u32 = 23;
/// Bytes of the buffer, until a longer line comes: half a page of the portal's 500 rows.
const FIRST_BUFFER: usize = 1024 * 1024;

/// Reads lines of bounded length. Keeps the decoder's window and a buffer that is at most twice as long as the longest
/// line so far; of a line, only what is decoded before the buffer's end is moved once.
pub(crate) struct Lines<R> {
    input: R,
    decoder: Decoder<'static>,
    /// Whether the file may end here.
    between_frames: bool,
    buffer: Vec<u8>,
    /// Where in the buffer the current line lies.
    line: Range<usize>,
    /// Where in the buffer lies what was decoded and comes after the current line.
    ahead: Range<usize>,
    number: u64,
}

impl<R: BufRead> Lines<R> {
    /// Starts before the first line.
    ///
    /// # Errors
    /// If there is no input at all, or no memory for the decoder.
    pub(crate) fn open(mut input: R) -> Result<Self, Error> {
        if filled(&mut input)?.is_empty() {
            return Err(Error::Empty);
        }
        let decoder = Decoder::new().and_then(|mut decoder| {
            decoder.set_parameter(DParameter::WindowLogMax(LARGEST_WINDOW))?;
            Ok(decoder)
        });
        Ok(Self {
            input,
            decoder: decoder.map_err(Error::Transfer)?,
            between_frames: true,
            buffer: vec![0; FIRST_BUFFER],
            line: 0..0,
            ahead: 0..0,
            number: 0,
        })
    }

    /// Goes to the next line; false at the end of the file.
    ///
    /// # Errors
    /// If the line is too long, or cannot be read, or has no end.
    pub(crate) fn advance(&mut self) -> Result<bool, Error> {
        let number = self.number + 1;
        let mut searched = 0;
        loop {
            let ahead = self.buffer.get(self.ahead.clone()).unwrap_or_default();
            let newline = memchr::memchr(b'\n', ahead.get(searched..).unwrap_or_default());
            let length = newline.map_or(ahead.len(), |position| searched + position);
            if length > LONGEST_LINE {
                return Err(Error::LineTooLong { line: number, limit: LONGEST_LINE });
            }
            if newline.is_some() {
                let start = self.ahead.start;
                self.line = start..start + length;
                self.ahead.start = self.line.end + 1;
                self.number = number;
                return Ok(true);
            }
            searched = length;
            if !self.decode(number)? {
                return if searched == 0 { Ok(false) } else { Err(Error::Truncated { line: number }) };
            }
        }
    }

    /// The current line, without its newline.
    pub(crate) fn line(&self) -> &[u8] {
        self.buffer.get(self.line.clone()).unwrap_or_default()
    }

    /// The current line's number, from 1.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    pub(crate) fn damaged(&self, reason: impl Into<String>) -> Error {
        Error::Damaged { line: self.number, reason: reason.into() }
    }

    /// Decodes some bytes more; false at the end of the file. The current line is lost.
    fn decode(&mut self, number: u64) -> Result<bool, Error> {
        self.make_room();
        let damaged = |source| Error::Compression { line: number, source };
        loop {
            let input = filled(&mut self.input)?;
            let at_end = input.is_empty();
            if at_end && self.between_frames {
                return Ok(false);
            }
            let room = self.buffer.get_mut(self.ahead.end..).unwrap_or_default();
            let status = self.decoder.run_on_buffers(input, room).map_err(damaged)?;
            self.input.consume(status.bytes_read);
            self.between_frames = status.remaining == 0;
            self.ahead.end += status.bytes_written;
            if status.bytes_written > 0 {
                return Ok(true);
            }
            if at_end && !self.between_frames {
                return Err(damaged(io::Error::new(
                    io::ErrorKind::UnexpectedEof,
                    "the zstd stream breaks off",
                )));
            }
        }
    }

    /// Moves what is ahead to the buffer's start if its end is reached, or makes the buffer larger if it is full.
    fn make_room(&mut self) {
        if self.ahead.end < self.buffer.len() {
            return;
        }
        if self.ahead.start == 0 {
            // Never a full buffer of the largest size: a line that fills it is too long.
            self.buffer.resize((2 * self.buffer.len()).min(LONGEST_LINE + 1), 0);
        } else {
            self.line = 0..0;
            self.buffer.copy_within(self.ahead.clone(), 0);
            self.ahead = 0..self.ahead.len();
        }
    }
}

/// What is there of the input, at least a byte unless it is at its end.
fn filled<R: BufRead>(input: &mut R) -> Result<&[u8], Error> {
    while let Err(error) = input.fill_buf() {
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(Error::Transfer(error));
        }
    }
    // What was filled is there.
    input.fill_buf().map_err(Error::Transfer)
}

impl<R> fmt::Debug for Lines<R> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Lines").field("number", &self.number).finish_non_exhaustive()
    }
}
