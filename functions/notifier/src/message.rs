//! What a watch tells.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use warehouse::EventKind;

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
