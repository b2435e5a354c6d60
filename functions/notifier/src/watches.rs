//! The file of watches: all of it is understood and right, or every fault is named.

mod fault;
mod fields;
mod index;
mod nearest;
mod reading;
mod watch_table;

#[cfg(test)]
mod matching_tests;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use warehouse::Event;

pub use self::fault::{Fault, WatchesError};
use self::index::Index;
use crate::channel::Channel;
use crate::watch::Watch;

/// More than these are refused.
pub const MOST_WATCHES: usize = 10_000;

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
        let (watches, channels) = reading::read(text)?;
        let mut index = Index::default();
        for (number, watch) in (0..).zip(&watches) {
            index.insert(number, &watch.filter);
        }
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

    /// The watch of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Watch> {
        self.iter().find(|watch| watch.name == name)
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
