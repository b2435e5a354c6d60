//! The rows of a page, found without looking into them.
//!
//! A load knows most rows already, by a digest of their text. So it must learn where each begins and ends, but nothing
//! more; [`Page::parse`] reads every one of them to the last number.

use memchr::memmem::Finder;

use crate::cursor::Cursor;
use crate::page::{MOST_ROWS, Page, PageError, Pagination};

/// A page with its rows as raw text, of which only the ends are known: within a row quotes and brackets were counted,
/// and whether it is JSON shows when it is parsed.
#[derive(Debug)]
pub struct PageRows<'a> {
    /// What was served, which can differ from what was asked for.
    pub pagination: Option<Pagination>,
    /// The rows, in the portal's order, without spaces around them.
    pub rows: Vec<&'a str>,
}

impl<'a> PageRows<'a> {
    /// Finds the rows of a page. Makes the checks of [`Page::parse`], but for those within a row.
    ///
    /// `is_known` says whether a text was a row before, to the byte: such a row need not be gone over. No wrong answer comes
    /// of it, since where an object ends, no longer one of the same beginning can.
    ///
    /// # Errors
    /// If the body is no such envelope, or one that reports an error.
    pub fn parse(body: &'a [u8], is_known: impl FnMut(&str) -> bool) -> Result<Self, PageError> {
        let body = str::from_utf8(body).map_err(|_| PageError::NotUtf8)?;
        // What is not plainly a page with rows gets its error, or its rows after all, from the thorough parser.
        let Some((envelope, rows)) = without_rows(body, is_known) else {
            let Page { pagination, results, .. } = Page::parse(body)?;
            return Ok(Self { pagination, rows: results.iter().map(|row| row.get()).collect() });
        };
        let pagination = match Page::parse(&envelope) {
            Ok(page) => page.pagination,
            Err(_) => Page::parse(body)?.pagination,
        };
        if rows.len() > MOST_ROWS { Err(PageError::TooManyRows) } else { Ok(Self { pagination, rows }) }
    }
}

/// The envelope with an empty list for the rows, and the rows, of which one more than a page can have is kept.
/// `None` if the text up to the end of the rows is no object with a list of `results`.
fn without_rows(body: &str, is_known: impl FnMut(&str) -> bool) -> Option<(String, Vec<&str>)> {
    let mut cursor = Cursor::new(body);
    cursor.expect(b'{')?;
    loop {
        cursor.skip_space();
        let key = cursor.value()?;
        cursor.expect(b':')?;
        cursor.skip_space();
        if key == "\"results\"" {
            break;
        }
        cursor.value()?;
        cursor.expect(b',')?;
    }
    cursor.expect(b'[')?;
    let before = cursor.before();
    let mut rows = Vec::new();
    let mut guess = Guess::new(cursor.rest(), is_known);
    let keep = |row| {
        if rows.len() <= MOST_ROWS {
            rows.push(row);
        }
    };
    cursor.items_by(|cursor| guess.row(cursor), keep)?;
    Some((format!("{before}{}", cursor.rest()), rows))
}

/// Guesses where a row ends: before the next one that begins with the same key. Most rows are known, and then the guess
/// can be made sure of at several times the speed at which quotes and brackets are counted.
struct Guess<K> {
    /// What stands between two rows: `},{"advert_images":`.
    border: Finder<'static>,
    is_known: K,
    wrong_in_a_row: u32,
}

impl<K: FnMut(&str) -> bool> Guess<K> {
    /// After so many wrong guesses in a row, no more are made on this page.
    const MOST_WRONG: u32 = 3;
    /// A first key is not longer.
    const LONGEST_KEY: usize = 60;

    fn new(rows: &str, is_known: K) -> Self {
        let start = rows.split(':').next().unwrap_or_default().trim_start();
        let usable = start.starts_with('{') && start.len() <= Self::LONGEST_KEY;
        let border = Finder::new(&format!("}},{start}:")).into_owned();
        Self { border, is_known, wrong_in_a_row: if usable { 0 } else { Self::MOST_WRONG } }
    }

    fn row<'a>(&mut self, cursor: &mut Cursor<'a>) -> Option<&'a str> {
        if self.wrong_in_a_row < Self::MOST_WRONG {
            let ahead = cursor.rest();
            let end = self.border.find(ahead.as_bytes()).map(|border| border + 1);
            let guessed = end.and_then(|end| ahead.get(..end));
            if let Some(row) = guessed.filter(|row| (self.is_known)(row)) {
                self.wrong_in_a_row = 0;
                cursor.skip(row.len());
                return Some(row);
            }
            self.wrong_in_a_row += 1;
        }
        cursor.value()
    }
}

#[cfg(test)]
mod tests;
