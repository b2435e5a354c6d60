//! The known shape of a page, and how the pages of a walk differ from it: the first sign that the portal changes.

mod known;

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use known::{KNOWN, Known, ROW, Type, Types, child, parent};

/// So many new keys are told apart; all others together are told under [`OTHERS`].
const MOST_NEW_KEYS: usize = 100;
/// The path of the new keys beyond those.
const OTHERS: &str = "*";
/// So many bytes of a key are shown as they stand, if they are harmless.
const LONGEST_PLAIN_KEY: usize = 64;
/// So many characters of any other key are shown, each escaped to at most ten bytes.
const LONGEST_QUOTED_KEY: usize = 24;

/// One difference between the pages of a walk and the known shape.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drift {
    /// Where: `locality.gps_lat`, `advert_images_all[].restb_room_type`. The envelope's keys start with `/`;
    /// `/results[]` is a row itself. Keys of other characters than `[A-Za-z0-9_-]`, or longer than 64, are quoted,
    /// cut, and escaped where a character cannot be shown, so a path takes less than 300 bytes.
    pub path: String,
    /// What.
    pub change: Change,
    /// The JSON types that were found there, such as `string` or `null, number`, known ones left out; empty if the key
    /// is missing.
    pub found: String,
    /// In how many rows (for the envelope: pages).
    pub rows: u64,
}

/// What can differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// A key that is not known.
    Appeared,
    /// A key that every row has had.
    Disappeared,
    /// A value of a type that was never seen there.
    ChangedType,
}

impl Change {
    /// As it is written in raw objects and tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Appeared => "appeared",
            Self::Disappeared => "disappeared",
            Self::ChangedType => "changed_type",
        }
    }
}

/// Is shown the pages of a walk one after the other, and tells in the end how they differ from the known shape.
///
/// What it keeps does not grow with the pages, whatever a portal sends: two counts for each known place, and a hundred
/// new keys. The rows with any other new key are counted too, under the path `*`.
#[derive(Debug)]
pub struct ShapeWatch {
    page: KnownPlace,
    new: NewKeys,
}

impl Default for ShapeWatch {
    fn default() -> Self {
        Self { page: KnownPlace::build(KNOWN[0]), new: NewKeys::default() }
    }
}

impl ShapeWatch {
    /// Looks at the body of a page. What cannot be read as JSON counts as a value of the type `unreadable`: the row,
    /// or else the page.
    pub fn page(&mut self, body: &str) {
        self.page.read(body, &mut self.new);
    }

    /// The differences so far, by path and change: at most two for each known place, and a hundred and one new keys.
    #[must_use]
    pub fn drift(&self) -> Vec<Drift> {
        let mut drift = Vec::new();
        self.page.tell(&mut drift);
        let others = (self.new.others.rows > 0).then_some((OTHERS, &self.new.others));
        let keys = self.new.keys.iter().map(|(path, tally)| (path.as_str(), tally));
        drift.extend(keys.chain(others).map(|(path, tally)| tally.drift(path, Change::Appeared)));
        drift.sort_by(|one, other| (&one.path, one.change).cmp(&(&other.path, other.change)));
        drift
    }
}

/// Rows or pages, each counted once, and the types that were found in them.
#[derive(Debug, Default)]
struct Tally {
    rows: u64,
    latest: u64,
    found: Types,
}

impl Tally {
    /// Counts the row or page of this number, unless it was the latest to be counted.
    fn count(&mut self, number: u64) {
        if self.latest != number {
            self.latest = number;
            self.rows += 1;
        }
    }

    fn count_found(&mut self, number: u64, found: Type) {
        self.count(number);
        self.found.insert(found);
    }

    fn drift(&self, path: &str, change: Change) -> Drift {
        Drift { path: path.to_owned(), change, found: self.found.to_string(), rows: self.rows }
    }
}

/// A known place of a page, with what lies in it and how the pages differ there.
#[derive(Debug)]
struct KnownPlace {
    path: &'static str,
    types: Types,
    always: bool,
    /// In the order of the table, which is the portal's.
    keys: Vec<(&'static str, KnownPlace)>,
    item: Option<Box<KnownPlace>>,
    /// Number of the object that had the key last.
    met_in: u64,
    missing: Tally,
    otherwise: Tally,
}

impl KnownPlace {
    fn build((path, types, always): Known) -> Self {
        let mut keys = Vec::new();
        let mut item = None;
        for known in KNOWN {
            match parent(known.0) {
                Some((within, Some(key))) if within == path => keys.push((key, Self::build(known))),
                Some((within, None)) if within == path => item = Some(Box::new(Self::build(known))),
                _ => {}
            }
        }
        let (missing, otherwise) = Default::default();
        Self { path, types, always, keys, item, met_in: 0, missing, otherwise }
    }

    /// Looks at the text of a page or a row.
    fn read(&mut self, text: &str, new: &mut NewKeys) {
        let number = new.number();
        let mut json = serde_json::Deserializer::from_str(text);
        let value = Value { place: Some(&mut *self), new, number };
        if value.deserialize(&mut json).and_then(|_| json.end()).is_err() {
            self.otherwise.count_found(number, Type::Unreadable);
        }
    }

    fn tell(&self, drift: &mut Vec<Drift>) {
        if self.missing.rows > 0 {
            drift.push(self.missing.drift(self.path, Change::Disappeared));
        }
        if self.otherwise.rows > 0 {
            drift.push(self.otherwise.drift(self.path, Change::ChangedType));
        }
        let items = self.item.as_deref();
        self.keys.iter().map(|(_, place)| place).chain(items).for_each(|place| place.tell(drift));
    }
}

/// Keys that no recorded page has.
#[derive(Debug, Default)]
struct NewKeys {
    keys: BTreeMap<String, Tally>,
    others: Tally,
    numbered: u64,
}

impl NewKeys {
    /// A number for the next page, row or object.
    fn number(&mut self) -> u64 {
        self.numbered += 1;
        self.numbered
    }

    fn count(&mut self, path: String, number: u64, found: Type) {
        let tally = if self.keys.len() < MOST_NEW_KEYS {
            self.keys.entry(path).or_default()
        } else {
            self.keys.get_mut(&path).unwrap_or(&mut self.others)
        };
        tally.count_found(number, found);
    }
}

/// A value that is being read, at a known place or none: tells its type. Below a new key, or a value of an unknown
/// type, nothing is looked at.
struct Value<'w> {
    place: Option<&'w mut KnownPlace>,
    new: &'w mut NewKeys,
    /// Of the row, or for the envelope of the page.
    number: u64,
}

impl<'de> DeserializeSeed<'de> for Value<'_> {
    type Value = Type;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Type, D::Error> {
        let Self { mut place, new, number } = self;
        let found = json.deserialize_any(Value { place: place.as_deref_mut(), new, number })?;
        if let Some(place) = place
            && !place.types.contains(found)
        {
            place.otherwise.count_found(number, found);
        }
        Ok(found)
    }
}

impl<'de> Visitor<'de> for Value<'_> {
    type Value = Type;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Type, E> {
        Ok(Type::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Type, E> {
        Ok(Type::Bool)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Type, E> {
        Ok(Type::Number)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Type, E> {
        Ok(Type::Number)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Type, E> {
        Ok(Type::Number)
    }

    fn visit_str<E>(self, _: &str) -> Result<Type, E> {
        Ok(Type::String)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Type, A::Error> {
        let Self { place, new, number } = self;
        match place.and_then(|place| place.item.as_deref_mut()) {
            // Each for itself, so that one that cannot be read does not take the others along.
            Some(row) if row.path == ROW => {
                while let Some(text) = items.next_element::<&RawValue>()? {
                    row.read(text.get(), new);
                }
            }
            Some(item) => {
                while items.next_element_seed(Value { place: Some(item), new, number })?.is_some() {}
            }
            None => while items.next_element::<IgnoredAny>()?.is_some() {},
        }
        Ok(Type::Array)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Type, A::Error> {
        let Self { place, new, number } = self;
        let Some(KnownPlace { path, keys, .. }) = place.filter(|place| !place.keys.is_empty()) else {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            return Ok(Type::Object);
        };
        let object = new.number();
        let mut next = 0;
        while let Some(key) = map.next_key_seed(Keys { keys, next })? {
            match key {
                Key::Known(index) => {
                    next = index + 1;
                    let mut place = keys.get_mut(index).map(|(_, place)| place);
                    if let Some(place) = &mut place {
                        place.met_in = object;
                    }
                    map.next_value_seed(Value { place, new, number })?;
                }
                Key::New(key) => {
                    let found = map.next_value_seed(Value { place: None, new, number })?;
                    new.count(child(path, &key), number, found);
                }
            }
        }
        for (_, place) in keys.iter_mut().filter(|(_, place)| place.always && place.met_in != object) {
            place.missing.count(number);
        }
        Ok(Type::Object)
    }
}

/// The keys of an object, and which of them is likely to come next.
struct Keys<'k> {
    keys: &'k [(&'static str, KnownPlace)],
    next: usize,
}

enum Key {
    Known(usize),
    /// As it is shown.
    New(String),
}

impl<'de> DeserializeSeed<'de> for Keys<'_> {
    type Value = Key;

    fn deserialize<D: Deserializer<'de>>(self, key: D) -> Result<Key, D::Error> {
        key.deserialize_str(self)
    }
}

impl Visitor<'_> for Keys<'_> {
    type Value = Key;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Key, E> {
        let Self { keys, next } = self;
        if keys.get(next).is_some_and(|(expected, _)| *expected == key) {
            return Ok(Key::Known(next));
        }
        let index = keys.iter().position(|(known, _)| *known == key);
        Ok(index.map_or_else(|| Key::New(shown(key)), Key::Known))
    }
}

/// A key as a part of a path, which can be taken for no other part of one.
fn shown(key: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if !key.is_empty() && key.len() <= LONGEST_PLAIN_KEY && key.bytes().all(plain) {
        return key.to_owned();
    }
    let start: String = key.chars().take(LONGEST_QUOTED_KEY).flat_map(char::escape_debug).collect();
    let cut = if key.chars().nth(LONGEST_QUOTED_KEY).is_some() { "..." } else { "" };
    format!("\"{start}\"{cut}")
}

#[cfg(test)]
mod tests;
