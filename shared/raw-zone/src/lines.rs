//! The lines of a zstd stream, decoded by a thread of their own while the line before is being read.

use std::fmt;
use std::io::{self, BufRead};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;

use zstd::stream::raw::{DParameter, Decoder, InBuffer, Operation, OutBuffer};

use crate::error::Error;

/// Longest line that is read: the client's largest body with room for the rest of the line.
const LONGEST_LINE: usize = 17 * 1024 * 1024;
/// Largest window (2^n bytes) that a file may ask the decoder to keep; the writer's level uses 4 MiB.
const LARGEST_WINDOW: u32 = 23;
/// Bytes of a buffer, until a longer line comes: half a page of the portal's 500 rows.
const FIRST_BUFFER: usize = 1024 * 1024;

/// Reads lines of bounded length. Keeps the decoder's window and three buffers, each at most twice as long as the longest
/// line so far: one is read, one is ready, one is being filled.
pub(crate) struct Lines {
    decoded: Receiver<Result<Vec<u8>, Error>>,
    /// Takes buffers back.
    spent: Sender<Vec<u8>>,
    line: Vec<u8>,
    number: u64,
}

impl Lines {
    /// Starts before the first line.
    ///
    /// # Errors
    /// If there is no input at all, or no memory for the decoder, or no thread.
    pub(crate) fn open(input: impl BufRead + Send + 'static) -> Result<Self, Error> {
        let decoding = Decoding::open(input)?;
        let (sender, decoded) = sync_channel(0);
        let (spent, spares) = channel();
        let thread = thread::Builder::new().name("decoder".to_owned());
        thread.spawn(move || decoding.decode_lines(&sender, &spares)).map_err(Error::Transfer)?;
        Ok(Self { decoded, spent, line: Vec::new(), number: 0 })
    }

    /// Goes to the next line; false at the end of the file.
    ///
    /// # Errors
    /// If the line is too long, or cannot be read, or has no end.
    pub(crate) fn advance(&mut self) -> Result<bool, Error> {
        // The decoder has ended, if it does not take it any more.
        let _ = self.spent.send(std::mem::take(&mut self.line));
        let Ok(line) = self.decoded.recv() else { return Ok(false) };
        self.line = line?;
        self.number += 1;
        Ok(true)
    }

    /// The current line, without its newline.
    pub(crate) fn line(&self) -> &[u8] {
        &self.line
    }

    /// The current line's number, from 1.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    pub(crate) fn damaged(&self, reason: impl Into<String>) -> Error {
        Error::Damaged { line: self.number, reason: reason.into() }
    }
}

/// The decoder's side.
struct Decoding<R> {
    input: R,
    decoder: Decoder<'static>,
    /// Whether the file may end here.
    between_frames: bool,
    /// What was decoded.
    buffer: Vec<u8>,
    /// Where in it begins what was not handed over yet.
    start: usize,
}

impl<R: BufRead> Decoding<R> {
    fn open(mut input: R) -> Result<Self, Error> {
        if filled(&mut input)?.is_empty() {
            return Err(Error::Empty);
        }
        let decoder = Decoder::new().and_then(|mut decoder| {
            decoder.set_parameter(DParameter::WindowLogMax(LARGEST_WINDOW))?;
            Ok(decoder)
        });
        let decoder = decoder.map_err(Error::Transfer)?;
        Ok(Self { input, decoder, between_frames: true, buffer: Vec::new(), start: 0 })
    }

    /// Hands every line over, up to the end, or to an error, or until nobody takes them any more.
    fn decode_lines(mut self, lines: &SyncSender<Result<Vec<u8>, Error>>, spares: &Receiver<Vec<u8>>) {
        for number in 1.. {
            let line = self.next(number, spares.try_recv().unwrap_or_default()).transpose();
            let Some(line) = line else { return };
            let is_last = line.is_err();
            if lines.send(line).is_err() || is_last {
                return;
            }
        }
    }

    /// The next line, in `spare` or in the buffer, whose place `spare` then takes; `None` at the end of the file.
    fn next(&mut self, number: u64, spare: Vec<u8>) -> Result<Option<Vec<u8>>, Error> {
        let mut searched = 0;
        loop {
            let ahead = self.buffer.get(self.start..).unwrap_or_default();
            let newline = memchr::memchr(b'\n', ahead.get(searched..).unwrap_or_default());
            let length = newline.map_or(ahead.len(), |position| searched + position);
            if length > LONGEST_LINE {
                return Err(Error::LineTooLong { line: number, limit: LONGEST_LINE });
            }
            if newline.is_some() {
                return Ok(Some(self.take(length, spare)));
            }
            searched = length;
            if !self.decode(number)? {
                return if searched == 0 { Ok(None) } else { Err(Error::Truncated { line: number }) };
            }
        }
    }

    /// Takes a line out. What is copied is never longer than the line.
    fn take(&mut self, length: usize, mut spare: Vec<u8>) -> Vec<u8> {
        let end = self.start + length;
        let line = self.buffer.get(self.start..end).unwrap_or_default();
        let rest = self.buffer.get(end + 1..).unwrap_or_default();
        spare.clear();
        if self.start == 0 && rest.len() < line.len() {
            spare.extend_from_slice(rest);
            self.buffer.truncate(length);
            std::mem::replace(&mut self.buffer, spare)
        } else {
            spare.extend_from_slice(line);
            self.start = end + 1;
            spare
        }
    }

    /// Decodes some bytes more; false at the end of the file.
    fn decode(&mut self, number: u64) -> Result<bool, Error> {
        self.make_room();
        let damaged = |source| Error::Compression { line: number, source };
        loop {
            let input = filled(&mut self.input)?;
            let at_end = input.is_empty();
            if at_end && self.between_frames {
                return Ok(false);
            }
            let before = self.buffer.len();
            let mut input = InBuffer::around(input);
            let mut output = OutBuffer::around_pos(&mut self.buffer, before);
            let remaining = self.decoder.run(&mut input, &mut output).map_err(damaged)?;
            let read = input.pos();
            self.input.consume(read);
            self.between_frames = remaining == 0;
            if self.buffer.len() > before {
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
        let length = self.buffer.len();
        let capacity = self.buffer.capacity();
        if capacity < FIRST_BUFFER {
            self.buffer.reserve_exact(FIRST_BUFFER - length);
        } else if length == capacity && self.start > 0 {
            self.buffer.drain(..self.start);
            self.start = 0;
        } else if length == capacity {
            // Never a full buffer of the largest size: a line that fills it is too long.
            self.buffer.reserve_exact(capacity.min((LONGEST_LINE + 1).saturating_sub(capacity)).max(1));
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

impl fmt::Debug for Lines {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Lines").field("number", &self.number).finish_non_exhaustive()
    }
}
