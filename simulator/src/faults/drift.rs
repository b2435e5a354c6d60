//! A schema that drifts: keys that come, go, or change their type or their spelling.

use std::fmt;
use std::str::FromStr;

use serde_json::{Map, Value, json};

use crate::random::Random;

/// Keys that default drift leaves alone: what identifies and classifies a row, and what makes a page of an envelope.
/// They can be named.
const SPARED: [&str; 8] = [
    "hash_id",
    "category_main_cb",
    "category_type_cb",
    "category_sub_cb",
    "locality",
    "pagination",
    "results",
    "status_code",
];

/// Where in an answer: `envelope`, `envelope.pagination.total`, `row`, `row.locality.street`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyPath {
    in_rows: bool,
    keys: Vec<String>,
}

impl KeyPath {
    /// Whether it leads to a key, and not to the whole row or envelope.
    pub(crate) fn names_a_key(&self) -> bool {
        !self.keys.is_empty()
    }
}

/// A text that is no [`KeyPath`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a path like `row`, `row.locality.street` or `envelope.pagination`")]
pub struct KeyPathError(String);

impl FromStr for KeyPath {
    type Err = KeyPathError;

    fn from_str(text: &str) -> Result<Self, KeyPathError> {
        let mut keys = text.split('.').map(|key| key.trim().to_owned());
        let in_rows = match keys.next().as_deref() {
            Some("row") => Some(true),
            Some("envelope") => Some(false),
            _ => None,
        };
        let keys: Vec<_> = keys.collect();
        match in_rows {
            Some(in_rows) if keys.iter().all(|key| !key.is_empty()) => Ok(Self { in_rows, keys }),
            _ => Err(KeyPathError(text.to_owned())),
        }
    }
}

impl fmt::Display for KeyPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(if self.in_rows { "row" } else { "envelope" })?;
        self.keys.iter().try_for_each(|key| write!(formatter, ".{key}"))
    }
}

/// Adds keys that nobody knows.
pub(crate) fn add_keys(page: &mut Value, path: Option<&KeyPath>) {
    let mut add = |object: &mut Map<String, Value>| {
        object.insert("neznámý_klíč".to_owned(), Value::Null);
        object.insert("unknown_cb".to_owned(), json!({ "name": "- nezadáno", "value": 0 }));
        object.insert("unknown_list".to_owned(), json!([1.5, "two", { "three": [] }]));
    };
    match path {
        Some(path) => each_object(page, path.in_rows, &path.keys, &mut add),
        None => each_place(page, &mut add),
    }
}

/// Takes keys away.
pub(crate) fn remove_keys(page: &mut Value, path: Option<&KeyPath>, random: &mut Random) {
    each_key(page, path, random, |object, key| {
        object.remove(key);
    });
}

/// Gives values another type.
pub(crate) fn change_types(page: &mut Value, path: Option<&KeyPath>, random: &mut Random) {
    each_key(page, path, random, |object, key| {
        if let Some(value) = object.get_mut(key) {
            *value = of_another_type(value);
        }
    });
}

fn of_another_type(value: &Value) -> Value {
    match value {
        Value::Null => json!(false),
        Value::Bool(value) => json!(value.to_string()),
        Value::Number(value) => json!(value.to_string()),
        Value::String(value) => json!([value]),
        Value::Array(values) => json!({ "count": values.len() }),
        Value::Object(fields) => json!(fields.len()),
    }
}

/// Spells the keys of all rows in camelCase, and those of all objects in them.
pub(crate) fn spell_in_camel_case(page: &mut Value) {
    let rows = page.get_mut("results").and_then(Value::as_array_mut);
    rows.into_iter().flatten().for_each(|row| *row = in_camel_case(row.take()));
}

fn in_camel_case(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            fields.into_iter().map(|(key, value)| (camel_case(&key), in_camel_case(value))).collect()
        }
        Value::Array(items) => items.into_iter().map(in_camel_case).collect(),
        other => other,
    }
}

/// `price_czk_m2` is `priceCzkM2`.
fn camel_case(key: &str) -> String {
    let mut words = key.split('_');
    let mut name = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        name.extend(letters.next().into_iter().flat_map(char::to_uppercase).chain(letters));
    }
    name
}

/// Acts on the key that the path names or, without one, on a key of every place that is drawn for it.
fn each_key(
    page: &mut Value,
    path: Option<&KeyPath>,
    random: &mut Random,
    act: impl Fn(&mut Map<String, Value>, &str),
) {
    match path.and_then(|path| Some((path.in_rows, path.keys.split_last()?))) {
        Some((in_rows, (key, objects))) => {
            each_object(page, in_rows, objects, &mut |object| act(object, key));
        }
        None => each_place(page, &mut |object| {
            let keys: Vec<_> = object.keys().filter(|key| !SPARED.contains(&key.as_str())).cloned().collect();
            if let Some(key) = keys.get(random.below(keys.len() as u32) as usize) {
                act(object, key);
            }
        }),
    }
}

/// The envelope, every row and every locality.
fn each_place(page: &mut Value, act: &mut impl FnMut(&mut Map<String, Value>)) {
    each_object(page, true, &["locality".to_owned()], act);
    each_object(page, true, &[], act);
    each_object(page, false, &[], act);
}

/// Every object to which these keys lead from the envelope or from a row.
fn each_object(
    page: &mut Value,
    in_rows: bool,
    keys: &[String],
    act: &mut impl FnMut(&mut Map<String, Value>),
) {
    let mut visit = |from: &mut Value| {
        let object = keys.iter().try_fold(from, |object, key| object.get_mut(key));
        if let Some(object) = object.and_then(Value::as_object_mut) {
            act(object);
        }
    };
    if in_rows {
        let rows = page.get_mut("results").and_then(Value::as_array_mut);
        rows.into_iter().flatten().for_each(visit);
    } else {
        visit(page);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page() -> Value {
        json!({
            "pagination": { "total": 2 },
            "results": [{ "hash_id": 12, "price_czk_m2": 5, "locality": { "gps_lat": 49.5 }, "images": [{ "image_url": "" }] }],
            "status_message": "OK",
        })
    }

    fn drifted(drift: impl Fn(&mut Value)) -> Value {
        let mut page = page();
        drift(&mut page);
        page
    }

    #[test]
    fn a_key_that_is_named_goes_or_changes_and_nothing_else_does() {
        let path: KeyPath = "row.locality.gps_lat".parse().unwrap();
        let gone = drifted(|page| remove_keys(page, Some(&path), &mut Random::new(1)));
        assert_eq!(gone["results"][0]["locality"], json!({}));
        let changed = drifted(|page| change_types(page, Some(&path), &mut Random::new(1)));
        assert_eq!(changed["results"][0]["locality"]["gps_lat"], "49.5");
        let total: KeyPath = "envelope.pagination.total".parse().unwrap();
        let gone = drifted(|page| remove_keys(page, Some(&total), &mut Random::new(1)));
        assert_eq!((&gone["pagination"], &gone["results"]), (&json!({}), &page()["results"]));
    }

    #[test]
    fn default_drift_is_everywhere_but_spares_what_identifies() {
        for seed in 0..50 {
            let gone = drifted(|page| remove_keys(page, None, &mut Random::new(seed)));
            assert_eq!(gone["results"][0]["hash_id"], 12);
            assert_eq!(gone["results"][0]["locality"], json!({}));
            assert_eq!(gone["results"][0].as_object().unwrap().len(), 3);
            assert!(gone.get("status_message").is_none() && gone.get("pagination").is_some());
        }
        let more = drifted(|page| add_keys(page, None));
        for place in [&more, &more["results"][0], &more["results"][0]["locality"]] {
            assert!(place["unknown_cb"].is_object());
        }
    }

    #[test]
    fn camel_case_reaches_into_rows_and_leaves_the_envelope() {
        let camel = drifted(spell_in_camel_case);
        let row = json!({ "hashId": 12, "priceCzkM2": 5, "locality": { "gpsLat": 49.5 }, "images": [{ "imageUrl": "" }] });
        assert_eq!(camel["results"][0], row);
        assert_eq!(camel["status_message"], "OK");
    }

    #[test]
    fn every_type_becomes_another() {
        for value in [json!(null), json!(true), json!(1), json!("x"), json!([1]), json!({ "a": 1 })] {
            let other = of_another_type(&value);
            assert_ne!(std::mem::discriminant(&value), std::mem::discriminant(&other));
        }
    }

    #[test]
    fn paths_start_at_the_row_or_the_envelope() {
        for wrong in ["", "price", "rows.price", "row.", "row..x"] {
            assert!(wrong.parse::<KeyPath>().is_err(), "{wrong}");
        }
        assert_eq!("row.locality.street".parse::<KeyPath>().unwrap().to_string(), "row.locality.street");
    }
}
