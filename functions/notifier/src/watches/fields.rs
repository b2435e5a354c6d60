//! A table of the file while it is read: what nobody asked for is left, and is a fault.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::fault::Faults;
use super::nearest::nearest;

/// What stands behind the keys of one table.
pub(super) struct Fields<'i> {
    /// Whose table it is, for faults: empty for the file.
    at: String,
    offset: usize,
    table: DeTable<'i>,
    known: Vec<&'static str>,
}

impl<'i> Fields<'i> {
    pub(super) fn new(at: impl Into<String>, offset: usize, table: DeTable<'i>) -> Self {
        Self { at: at.into(), offset, table, known: Vec::new() }
    }

    /// How a fault of one of its keys is introduced.
    pub(super) fn at(&self, key: &str) -> String {
        if self.at.is_empty() { key.to_owned() } else { format!("{}: {key}", self.at) }
    }

    /// Where it begins in the file.
    pub(super) fn offset(&self) -> usize {
        self.offset
    }

    /// Takes what stands behind a key.
    pub(super) fn take(&mut self, key: &'static str) -> Option<Spanned<DeValue<'i>>> {
        self.known.push(key);
        self.table.remove(key)
    }

    /// A value that may be left out.
    pub(super) fn optional<T>(
        &mut self,
        faults: &mut Faults,
        key: &'static str,
        parse: impl FnOnce(&DeValue<'i>) -> Result<T, String>,
    ) -> Option<T> {
        let value = self.take(key)?;
        parse(value.get_ref()).map_err(|wrong| faults.push(value.span().start, self.at(key), wrong)).ok()
    }

    /// A value that must be there.
    pub(super) fn required<T>(
        &mut self,
        faults: &mut Faults,
        key: &'static str,
        parse: impl FnOnce(&DeValue<'i>) -> Result<T, String>,
    ) -> Option<T> {
        if !self.table.contains_key(key) {
            self.known.push(key);
            faults.push(self.offset, self.at(key), "is missing");
            return None;
        }
        self.optional(faults, key, parse)
    }

    /// A list of different texts, at least one, that may be left out.
    pub(super) fn list<T: PartialEq>(
        &mut self,
        faults: &mut Faults,
        key: &'static str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<Vec<T>> {
        let value = self.take(key)?;
        let at = self.at(key);
        let DeValue::Array(array) = value.get_ref() else {
            faults.push(
                value.span().start,
                at,
                format!("must be a list like [\"…\"], not {}", kind(value.get_ref())),
            );
            return None;
        };
        if array.is_empty() {
            faults.push(value.span().start, at, "is empty; leave it out or name at least one");
            return None;
        }
        let mut items = Vec::with_capacity(array.len());
        for item in array {
            let parsed = text(item.get_ref()).and_then(&parse).and_then(|parsed| {
                let repeated = items.contains(&parsed);
                if repeated { Err("is named twice".to_owned()) } else { Ok(parsed) }
            });
            match parsed {
                Ok(parsed) => items.push(parsed),
                Err(wrong) => faults.push(item.span().start, at.as_str(), wrong),
            }
        }
        Some(items)
    }

    /// A table within, that may be left out.
    pub(super) fn table(&mut self, faults: &mut Faults, key: &'static str) -> Option<Self> {
        let value = self.take(key)?;
        let (at, offset) = (self.at(key), value.span().start);
        match value.into_inner() {
            DeValue::Table(table) => Some(Self::new(at, offset, table)),
            other => {
                faults.push(offset, at, format!("must be a table like {{ … }}, not {}", kind(&other)));
                None
            }
        }
    }

    /// Names every key that nobody asked for.
    pub(super) fn finish(self, faults: &mut Faults) {
        for key in self.table.keys() {
            let meant = match nearest(key.get_ref(), self.known.iter().copied()) {
                Some(word) => format!("did you mean `{word}`?"),
                None => format!("known are {}", self.known.join(", ")),
            };
            faults.push(key.span().start, self.at(key.get_ref()), format!("is no key here; {meant}"));
        }
    }
}

pub(super) fn text<'v>(value: &'v DeValue<'_>) -> Result<&'v str, String> {
    value.as_str().ok_or_else(|| format!("must be a text in quotes, not {}", kind(value)))
}

pub(super) fn boolean(value: &DeValue<'_>) -> Result<bool, String> {
    value.as_bool().ok_or_else(|| format!("must be true or false, not {}", kind(value)))
}

/// A whole number from `least` to `most`.
pub(super) fn whole(value: &DeValue<'_>, least: i64, most: i64) -> Result<i64, String> {
    let range = format!("must be a whole number from {least} to {most}");
    let Some(integer) = value.as_integer() else { return Err(format!("{range}, not {}", kind(value))) };
    i64::from_str_radix(integer.as_str(), integer.radix())
        .ok()
        .filter(|number| (least..=most).contains(number))
        .ok_or_else(|| format!("{range}, not {integer}"))
}

/// A finite number.
pub(super) fn number(value: &DeValue<'_>) -> Result<f64, String> {
    let parsed = match value {
        DeValue::Integer(integer) if integer.radix() == 10 => integer.as_str().parse().ok(),
        DeValue::Float(float) => float.as_str().parse().ok(),
        other => return Err(format!("must be a number, not {}", kind(other))),
    };
    parsed.filter(|number: &f64| number.is_finite()).ok_or_else(|| "must be a finite number".to_owned())
}

/// One of a few words.
pub(super) fn one_of<T>(word: &str, words: impl IntoIterator<Item = (&'static str, T)>) -> Result<T, String> {
    let mut others = Vec::new();
    for (known, meaning) in words {
        if known == word {
            return Ok(meaning);
        }
        others.push(known);
    }
    Err(format!("`{word}` is none of {}", others.join(", ")))
}

/// What a value is, for people.
pub(super) fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
