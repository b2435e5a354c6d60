//! The rows of a page, found without looking into them.
//!
//! A load knows most rows already, by a digest of their text. So it must learn where each begins and ends, but nothing
//! more; [`Page::parse`] reads every one of them to the last number.

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
    /// # Errors
    /// If the body is no such envelope, or one that reports an error.
    pub fn parse(body: &'a [u8]) -> Result<Self, PageError> {
        let body = str::from_utf8(body).map_err(|_| PageError::NotUtf8)?;
        // What is not plainly a page with rows gets its error, or its rows after all, from the thorough parser.
        let Some((envelope, rows)) = without_rows(body) else {
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
fn without_rows(body: &str) -> Option<(String, Vec<&str>)> {
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
    cursor.items(|row| {
        if rows.len() <= MOST_ROWS {
            rows.push(row);
        }
    })?;
    Some((format!("{before}{}", cursor.rest()), rows))
}

#[cfg(test)]
mod tests;
