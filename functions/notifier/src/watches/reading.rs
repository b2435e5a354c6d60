//! Reads the file part by part, so that memory holds one part's TOML at a time: that of ten thousand watches at once
//! takes 110 MB.

use std::collections::{BTreeMap, HashSet};

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use super::fault::Faults;
use super::fields::{Fields, kind};
use super::{Channel, MOST_WATCHES, WatchesError, watch_table};
use crate::watch::Watch;

pub(super) const NAME: &str = "must be 1 to 40 characters of a-z, 0-9 and -";

/// Whether it can be the name of a watch or channel: it stands in keys and logs.
pub(super) fn is_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=40).contains(&name.len()) && name.bytes().all(allowed)
}

/// Reads a file.
pub(super) fn read(text: &str) -> Result<(Vec<Watch>, BTreeMap<String, Channel>), WatchesError> {
    let mut reading = Reading::default();
    for (start, part) in parts(text) {
        reading.faults.part_starts_at(start);
        reading.part(part);
    }
    reading.faults.part_starts_at(0);
    reading.finish(text)
}

/// Cuts a file before each line that begins with `[[watch]]`, and tells where each part starts. What such a line opens
/// depends on no line before it. In a text of several lines it would cut the text, but no value here is one.
fn parts(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut starts = vec![0];
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        if offset > 0 && line.trim_start().starts_with("[[watch]]") {
            starts.push(offset);
        }
        offset += line.len();
    }
    let ends: Vec<_> = starts.iter().skip(1).copied().chain([text.len()]).collect();
    starts.into_iter().zip(ends).filter_map(|(start, end)| Some((start, text.get(start..end)?)))
}

/// What was read so far.
#[derive(Default)]
struct Reading {
    faults: Faults,
    /// Some part is no TOML, so channels may be missing that are there.
    broken: bool,
    /// By name; `None` for one with a fault, which is defined all the same.
    channels: BTreeMap<String, Option<Channel>>,
    /// Whether they are defined is known at the end.
    named_channels: Vec<NamedChannel>,
    watches: Vec<Watch>,
    names: HashSet<String>,
    /// Of all watches.
    count: usize,
}

/// A channel that a watch names.
struct NamedChannel {
    /// In the file.
    offset: usize,
    /// The watch.
    at: String,
    name: String,
}

impl Reading {
    fn part(&mut self, text: &str) {
        let (document, errors) = DeTable::parse_recoverable(text);
        if !errors.is_empty() {
            self.broken = true;
            for error in errors {
                let offset = error.span().map_or(0, |span| span.start);
                self.faults.push(offset, "", lower_case(error.message()));
            }
            return;
        }
        let mut fields = Fields::new("", 0, document.into_inner());
        if let Some(value) = fields.take("channels") {
            self.channels(value);
        }
        if let Some(value) = fields.take("watch") {
            self.watches(value);
        }
        fields.finish(&mut self.faults);
    }

    fn channels(&mut self, value: Spanned<DeValue<'_>>) {
        let offset = value.span().start;
        let table = match value.into_inner() {
            DeValue::Table(table) => table,
            other => {
                let wrong = format!("must be tables: write [channels.name] above each, not {}", kind(&other));
                return self.faults.push(offset, "channels", wrong);
            }
        };
        for (key, value) in table {
            let (offset, name) = (key.span().start, String::from(key.into_inner()));
            let at = format!("channel `{name}`");
            if !is_name(&name) {
                self.faults.push(offset, at.as_str(), format!("its name {NAME}"));
            }
            let start = value.span().start;
            let channel = Channel::deserialize(ValueDeserializer::from(value));
            let channel = channel.map_err(|error| {
                // Without the line around it, which may hold an address.
                let offset = error.span().map_or(start, |span| span.start);
                self.faults.push(offset, at.as_str(), lower_case(error.message()));
            });
            if self.channels.insert(name, channel.ok()).is_some() {
                self.faults.push(offset, at, "is defined above too");
            }
        }
    }

    fn watches(&mut self, value: Spanned<DeValue<'_>>) {
        let offset = value.span().start;
        let array = match value.into_inner() {
            DeValue::Array(array) => array,
            other => {
                let wrong =
                    format!("must be a list of tables: write [[watch]] above each, not {}", kind(&other));
                return self.faults.push(offset, "watch", wrong);
            }
        };
        for value in array {
            self.count += 1;
            match self.count {
                ..=MOST_WATCHES => self.watch(value),
                count if count == MOST_WATCHES + 1 => {
                    self.faults.push(value.span().start, "watch", format!("is one more than {MOST_WATCHES}"));
                }
                _ => {}
            }
        }
    }

    fn watch(&mut self, value: Spanned<DeValue<'_>>) {
        let (number, offset) = (self.count, value.span().start);
        let DeValue::Table(table) = value.into_inner() else {
            let wrong = "must be a table: write [[watch]] above it";
            return self.faults.push(offset, format!("watch {number}"), wrong);
        };
        let name = table.get("name").and_then(|name| name.get_ref().as_str()).filter(|name| is_name(name));
        let at = name.map_or_else(|| format!("watch {number}"), |name| format!("watch `{name}`"));
        if name.is_some_and(|name| !self.names.insert(name.to_owned())) {
            self.faults.push(offset, format!("{at}: name"), "is the name of an earlier watch too");
        }
        let named = table.get("channels").and_then(|channels| channels.get_ref().as_array());
        for channel in named.into_iter().flatten() {
            if let Some(name) = channel.get_ref().as_str() {
                let offset = self.faults.offset_in_file(channel.span().start);
                self.named_channels.push(NamedChannel { offset, at: at.clone(), name: name.to_owned() });
            }
        }
        self.watches.extend(watch_table::read(Fields::new(at, offset, table), &mut self.faults));
    }

    fn finish(mut self, text: &str) -> Result<(Vec<Watch>, BTreeMap<String, Channel>), WatchesError> {
        let undefined = |named: &NamedChannel| !self.broken && !self.channels.contains_key(&named.name);
        for NamedChannel { offset, at, name } in self.named_channels.into_iter().filter(undefined) {
            let known: Vec<_> = self.channels.keys().map(String::as_str).collect();
            let right = match known.as_slice() {
                [] => format!("write [channels.{name}]"),
                known => format!("there are {}", known.join(", ")),
            };
            self.faults.push(offset, format!("{at}: channels"), format!("`{name}` is no channel; {right}"));
        }
        self.faults.finish(text)?;
        let channels = self.channels.into_iter().filter_map(|(name, channel)| Some((name, channel?)));
        Ok((self.watches, channels.collect()))
    }
}

/// What the TOML library says begins in either case.
fn lower_case(message: &str) -> String {
    let mut characters = message.chars();
    let first = characters.next().map(|first| first.to_lowercase().to_string()).unwrap_or_default();
    first + characters.as_str()
}
