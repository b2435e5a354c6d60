//! Single values of a row, from the text that they are.
//!
//! The text is JSON or [`TWICE`]. What has another type than the portal delivers is `None`, or [`Wrong`] where the row
//! makes no sense without it.

use std::borrow::Cow;
use std::str::FromStr;

use super::members::TWICE;
use crate::cursor::Cursor;

/// Distance that the portal delivers for "none near" and for "not computed yet".
const NO_DISTANCE: i32 = 100_000;
/// So many characters of a wrong value are shown.
const SHOWN: usize = 60;

/// An essential value that is not what it must be.
pub(super) struct Wrong {
    pub(super) pointer: String,
    pub(super) reason: String,
}

impl Wrong {
    pub(super) fn new(pointer: &str, reason: impl Into<String>) -> Self {
        Self { pointer: pointer.to_owned(), reason: reason.into() }
    }

    fn value(pointer: &str, value: &str, expected: &str) -> Self {
        if value == TWICE {
            return Self::new(pointer, "the key stands twice");
        }
        let shown: String = value.chars().take(SHOWN).collect();
        Self::new(pointer, format!("`{shown}` is not {expected}"))
    }
}

members! {
    /// An enum value `{"name": …, "value": …}`. Names are not trusted: for a reserved advert the portal puts
    /// "Rezervováno" there, so names come from the code tables.
    Code { value }
}

/// The advert's identity.
pub(super) fn hash_id(value: Option<&str>) -> Result<i64, Wrong> {
    let value = given(value).ok_or_else(|| Wrong::new("/hash_id", "hash_id is missing"))?;
    let id = whole(Some(value)).filter(|id| *id > 0);
    id.ok_or_else(|| Wrong::value("/hash_id", value, "a positive whole number"))
}

/// An amount in crowns.
pub(super) fn amount(value: Option<&str>, pointer: &str) -> Result<Option<f64>, Wrong> {
    let Some(value) = given(value) else { return Ok(None) };
    let amount = number(Some(value)).ok_or_else(|| Wrong::value(pointer, value, "a number that fits"))?;
    Ok(Some(amount))
}

/// A code; 0 means "not given".
pub(super) fn code(value: Option<&str>, pointer: &str) -> Result<Option<i16>, Wrong> {
    let Some(value) = given(value) else { return Ok(None) };
    let (Code { value: number }, Ok(())) = Code::read(value) else {
        return Err(Wrong::value(pointer, value, "an object with a value"));
    };
    let Some(number) = given(number) else { return Ok(None) };
    let code: i16 = whole(Some(number))
        .ok_or_else(|| Wrong::value(&format!("{pointer}/value"), number, "a whole number that fits"))?;
    Ok(Some(code).filter(|code| *code != 0))
}

/// A code without which the row makes sense.
pub(super) fn lenient_code(value: Option<&str>) -> Option<i16> {
    code(value, "").ok().flatten()
}

/// -1 means "none"; 0 does not occur as an id.
pub(super) fn id(value: Option<&str>) -> Option<i32> {
    whole(value).filter(|id| *id > 0)
}

pub(super) fn distance(value: Option<&str>) -> Option<i32> {
    whole(value).filter(|metres| (0..NO_DISTANCE).contains(metres))
}

pub(super) fn degrees(value: Option<&str>, limit: f64) -> Option<f64> {
    number(value).filter(|degrees| degrees.abs() <= limit)
}

pub(super) fn flag(value: Option<&str>) -> Option<bool> {
    value?.parse().ok()
}

/// How many items a list has; 0 for what is no list.
pub(super) fn count(value: Option<&str>) -> i16 {
    let mut cursor = Cursor::new(value.unwrap_or_default());
    let mut items = 0_i16;
    let list = cursor.expect(b'[').and_then(|()| cursor.items(|_| items = items.saturating_add(1)));
    list.map_or(0, |()| items)
}

/// A word of an address: small letters, digits and hyphens. Whatever else stands there could lead elsewhere.
pub(super) fn slug(value: Option<&str>) -> Option<Cow<'_, str>> {
    let is_plain = |letter: u8| matches!(letter, b'a'..=b'z' | b'0'..=b'9' | b'-');
    text(value).filter(|text| text.bytes().all(is_plain))
}

/// Plain spaces for no-break ones, nothing for empty text. NUL characters, which JSON can carry and Postgres
/// cannot, are dropped.
pub(super) fn text(value: Option<&str>) -> Option<Cow<'_, str>> {
    let value = value?;
    let inner = value.strip_prefix('"')?.strip_suffix('"')?;
    let text = if inner.contains('\\') {
        Cow::Owned(serde_json::from_str(value).ok()?)
    } else {
        Cow::Borrowed(inner)
    };
    let needs_rewriting = text.contains(['\u{a0}', '\0']) || text.trim().len() != text.len();
    let text = if needs_rewriting {
        Cow::Owned(text.replace('\u{a0}', " ").replace('\0', "").trim().to_owned())
    } else {
        text
    };
    Some(text).filter(|text| !text.is_empty())
}

fn given(value: Option<&str>) -> Option<&str> {
    value.filter(|value| *value != "null")
}

fn whole<T: FromStr>(value: Option<&str>) -> Option<T> {
    value?.parse().ok()
}

fn number(value: Option<&str>) -> Option<f64> {
    value?.parse().ok().filter(|number: &f64| number.is_finite())
}
