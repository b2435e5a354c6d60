//! What a watch tells.

mod item;
mod numbers;
mod property;

#[cfg(test)]
mod tests;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use warehouse::EventKind;

use self::numbers::{NBSP, grouped, plural};

/// In which language people are told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    #[default]
    Cs,
    En,
}

/// What one watch tells through one channel at once: one event, or several in a digest.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Message {
    /// The same events make the same key, so that a receiver can drop what comes twice.
    pub key: String,
    pub watch: String,
    pub language: Language,
    /// In the order in which it happened.
    pub items: Vec<Item>,
    /// So many more events are not told one by one.
    pub more: usize,
}

/// One event, as people read it and as machines do.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Item {
    /// Of this event for this watch: never the same for two.
    pub key: String,
    pub kind: EventKind,
    pub hash_id: i64,
    /// Start of the walk that showed it.
    pub happened_at: Timestamp,
    /// What happened to what, where: one line.
    pub title: String,
    /// Price and how it changed, area, price per m² beside the district's median, days on market: some lines.
    pub text: String,
    /// The advert's page.
    pub url: Option<String>,
    /// Total prices in whole crowns, per month for rents.
    pub price: Option<i64>,
    pub price_before: Option<i64>,
    pub area_m2: Option<i32>,
    /// In whole crowns, like the median of what is on offer in its district.
    pub price_per_m2: Option<i32>,
    pub district_median_per_m2: Option<i32>,
    pub days_on_market: Option<i32>,
    /// The raw row behind it: object key, line, index.
    pub lineage: Option<String>,
}

impl Message {
    /// What a watch tells of these events, and of so many `more`.
    #[must_use]
    pub fn new(watch: &str, language: Language, items: Vec<Item>, more: usize) -> Self {
        let key = match items.as_slice() {
            [item] => item.key.clone(),
            items => key_of(watch, items),
        };
        Self { key, watch: watch.to_owned(), language, items, more }
    }

    /// One line: the event if it is one, else how many there are.
    #[must_use]
    pub fn title(&self) -> String {
        match self.items.as_slice() {
            [item] if self.more == 0 => item.title.clone(),
            items => {
                let count = items.len().saturating_add(self.more);
                let forms = match self.language {
                    Language::Cs => ["událost", "události", "událostí"],
                    Language::En => ["event", "events", "events"],
                };
                format!("{}: {}", self.watch, counted(count, forms))
            }
        }
    }

    /// What [`Message::title`] does not say: some lines of each event, then how many more there are.
    #[must_use]
    pub fn text(&self) -> String {
        match self.items.as_slice() {
            [item] if self.more == 0 => item.text.clone(),
            items => {
                let items = items.iter().map(|item| format!("{}\n{}", item.title, item.text));
                items.chain(self.and_more()).collect::<Vec<_>>().join("\n\n")
            }
        }
    }

    /// `and 40 more`, if there are more than are told one by one.
    #[must_use]
    pub fn and_more(&self) -> Option<String> {
        (self.more > 0).then(|| match self.language {
            Language::Cs => format!("a {}", counted(self.more, ["další", "další", "dalších"])),
            Language::En => format!("and {}", counted(self.more, ["more", "more", "more"])),
        })
    }
}

/// A digest of the keys of all items: SHA-256 in hexadecimal digits.
fn key_of(watch: &str, items: &[Item]) -> String {
    let mut digest = Sha256::new();
    digest.update(watch);
    for item in items {
        digest.update("\n");
        digest.update(&item.key);
    }
    hex(&digest.finalize())
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn counted(number: usize, forms: [&str; 3]) -> String {
    let number = i64::try_from(number).unwrap_or(i64::MAX);
    format!("{}{NBSP}{}", grouped(number), plural(number, forms))
}
