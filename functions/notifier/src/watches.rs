//! The file of watches: all of it is understood and right, or every fault is named.

mod fault;
mod fields;
mod index;
mod nearest;
mod watch_table;

#[cfg(test)]
mod matching_tests;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashSet};

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};
use warehouse::Event;

use self::fault::Faults;
pub use self::fault::{Fault, WatchesError};
use self::fields::{Fields, kind};
use self::index::Index;
use crate::watch::Watch;

/// More than these are refused.
pub const MOST_WATCHES: usize = 10_000;

/// A way to people. Stands for `crate::channel::Channel`.
pub type Channel = toml::Table;

/// All watches and the channels that they name.
#[derive(Clone, Debug, Default)]
pub struct Watches {
    watches: Vec<Watch>,
    channels: BTreeMap<String, Channel>,
    index: Index,
}

impl Watches {
    /// Reads `watches.toml`.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn parse(text: &str) -> Result<Self, WatchesError> {
        let mut faults = Faults::default();
        let mut fields = Fields::new("", 0, document(text)?);
        let channels =
            fields.take("channels").map_or_else(BTreeMap::new, |value| channels(value, &mut faults));
        let watches =
            fields.take("watch").map_or_else(Vec::new, |value| watches(value, &channels, &mut faults));
        fields.finish(&mut faults);
        faults.finish(text)?;
        let mut index = Index::default();
        for (number, watch) in (0..).zip(&watches) {
            index.insert(number, &watch.filter);
        }
        let channels = channels.into_iter().filter_map(|(name, channel)| Some((name, channel?))).collect();
        Ok(Self { watches, channels, index })
    }

    /// The watches that ask for this event, each once.
    pub fn matches<'a>(&'a self, event: &Event) -> impl Iterator<Item = &'a Watch> {
        self.candidates(event).filter(|watch| watch.filter.matches_within(event))
    }

    /// Those that are compared with it.
    fn candidates(&self, event: &Event) -> impl Iterator<Item = &Watch> {
        let numbers = self.index.candidates(&event.listing);
        numbers.filter_map(|number| self.watches.get(usize::try_from(number).ok()?))
    }

    /// All of them, as the file has them.
    pub fn iter(&self) -> impl Iterator<Item = &Watch> {
        self.watches.iter()
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.watches.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.watches.is_empty()
    }

    /// All channels of the file by name; each that a watch names is there.
    #[must_use]
    pub fn channels(&self) -> &BTreeMap<String, Channel> {
        &self.channels
    }
}

/// The file as TOML.
fn document(text: &str) -> Result<DeTable<'_>, WatchesError> {
    let (document, errors) = DeTable::parse_recoverable(text);
    let mut faults = Faults::default();
    for error in errors {
        faults.push(error.span().map_or(0, |span| span.start), "", lower_case(error.message()));
    }
    faults.finish(text).map(|()| document.into_inner())
}

/// The channels by name; `None` for one with a fault, which is defined all the same.
fn channels(value: Spanned<DeValue<'_>>, faults: &mut Faults) -> BTreeMap<String, Option<Channel>> {
    let offset = value.span().start;
    let table = match value.into_inner() {
        DeValue::Table(table) => table,
        other => {
            let wrong =
                format!("must be tables: write [channels.name] above each channel, not {}", kind(&other));
            faults.push(offset, "channels", wrong);
            return BTreeMap::new();
        }
    };
    let read = |(name, value): (Spanned<_>, Spanned<DeValue<'_>>)| {
        let (offset, name) = (name.span().start, String::from(name.into_inner()));
        let at = format!("channel `{name}`");
        if !is_name(&name) {
            faults.push(offset, at.as_str(), format!("its name {NAME}"));
        }
        let start = value.span().start;
        let channel = Channel::deserialize(ValueDeserializer::from(value));
        let channel = channel.map_err(|error| {
            // Without the lines around it, which may hold an address.
            faults.push(error.span().map_or(start, |span| span.start), at, lower_case(error.message()));
        });
        (name, channel.ok())
    };
    table.into_iter().map(read).collect()
}

fn watches(
    value: Spanned<DeValue<'_>>,
    channels: &BTreeMap<String, Option<Channel>>,
    faults: &mut Faults,
) -> Vec<Watch> {
    let offset = value.span().start;
    let array = match value.into_inner() {
        DeValue::Array(array) => array,
        other => {
            let wrong = format!("must be a list of tables: write [[watch]] above each, not {}", kind(&other));
            faults.push(offset, "watch", wrong);
            return Vec::new();
        }
    };
    if array.len() > MOST_WATCHES {
        let wrong = format!("there are {} watches; at most {MOST_WATCHES} can be told", array.len());
        faults.push(offset, "watch", wrong);
        return Vec::new();
    }
    let is_channel = |name: &str| match channels.contains_key(name) {
        true => Ok(name.to_owned()),
        false if channels.is_empty() => Err(format!("`{name}` is no channel; write [channels.{name}]")),
        false => {
            let known: Vec<_> = channels.keys().map(String::as_str).collect();
            Err(format!("`{name}` is no channel; there are {}", known.join(", ")))
        }
    };
    let mut names = HashSet::new();
    let mut watches = Vec::with_capacity(array.len());
    for (number, value) in (1..).zip(array) {
        let offset = value.span().start;
        let DeValue::Table(table) = value.into_inner() else {
            faults.push(offset, format!("watch {number}"), "must be a table: write [[watch]] above it");
            continue;
        };
        let name = table.get("name").and_then(|name| name.get_ref().as_str()).unwrap_or_default();
        let at = if is_name(name) { format!("watch `{name}`") } else { format!("watch {number}") };
        if is_name(name) && !names.insert(name.to_owned()) {
            faults.push(offset, format!("{at}: name"), "is the name of an earlier watch too");
        }
        watches.extend(watch_table::read(Fields::new(at, offset, table), faults, is_channel));
    }
    watches
}

/// What the TOML library says begins in either case.
fn lower_case(message: &str) -> String {
    let mut characters = message.chars();
    let first = characters.next().map(|first| first.to_lowercase().to_string()).unwrap_or_default();
    first + characters.as_str()
}

const NAME: &str = "must be 1 to 40 characters of a-z, 0-9 and -";

/// Whether it can be the name of a watch or channel: it stands in keys and logs.
fn is_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=40).contains(&name.len()) && name.bytes().all(allowed)
}
