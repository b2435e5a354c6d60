//! Some members of a JSON object, each with its value as the text that it is.
//!
//! So whatever a value is, the others can be read: serde would give up the whole row at a number that fits no float, or
//! at half a surrogate pair, although both are JSON.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

/// Stands for a value whose key stands twice: no value at all, for no reader takes it for one.
pub(super) const TWICE: &str = "";

/// Makes a struct of these keys, each with its value's text, or [`TWICE`]; `None` if the key is missing.
macro_rules! members {
    ($(#[$doc:meta])* $name:ident { $($key:ident),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Default)]
        struct $name<'a> {
            $($key: Option<&'a str>),*
        }

        impl<'a> $name<'a> {
            const KEYS: &'static [&'static str] = &[$(stringify!($key)),*];

            /// What can be read of the text, and why that is not all.
            fn read(json: &'a str) -> (Self, Result<(), serde_json::Error>) {
                let mut values = [None; Self::KEYS.len()];
                let read = $crate::row::members::read(json, Self::KEYS, &mut values);
                let [$($key),*] = values;
                (Self { $($key),* }, read)
            }
        }
    };
}

/// What was read; nothing of what is no object.
pub(super) fn of_object<T: Default>((members, read): (T, Result<(), serde_json::Error>)) -> T {
    if read.is_ok() { members } else { T::default() }
}

/// Reads the values of these keys, which stand mostly in this order.
pub(super) fn read<'a>(
    json: &'a str,
    keys: &[&str],
    values: &mut [Option<&'a str>],
) -> Result<(), serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    deserializer.deserialize_map(Members { keys, values })?;
    deserializer.end()
}

struct Members<'k, 'v, 'a> {
    keys: &'k [&'k str],
    values: &'v mut [Option<&'a str>],
}

impl<'de> Visitor<'de> for Members<'_, '_, 'de> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut next = 0;
        while let Some(position) = map.next_key_seed(Key { keys: self.keys, next })? {
            let Some(value) = self.values.get_mut(position) else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            let text = map.next_value::<&RawValue>()?.get();
            *value = Some(if value.is_some() { TWICE } else { text });
            next = position + 1;
        }
        Ok(())
    }
}

/// Finds a key's position; one beyond all if it is none of them.
struct Key<'k> {
    keys: &'k [&'k str],
    next: usize,
}

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = usize;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<usize, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = usize;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<usize, E> {
        if self.keys.get(self.next) == Some(&key) {
            return Ok(self.next);
        }
        Ok(self.keys.iter().position(|known| *known == key).unwrap_or(usize::MAX))
    }
}
