//! What happened to a listing that somebody may want to hear.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EventKind {
    /// It was never here.
    New,
    /// It was never here under this id, but the same property was under another.
    Relisted,
    /// It was gone, and is here again.
    Back,
    /// Its price is lower than before.
    Cheaper,
    /// Its price is higher than before.
    Dearer,
    /// Three covering walks in a row have missed it.
    Gone,
}

impl EventKind {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::New, Self::Relisted, Self::Back, Self::Cheaper, Self::Dearer, Self::Gone];

    /// As it is stored, and written in watches.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Relisted => "relisted",
            Self::Back => "back",
            Self::Cheaper => "cheaper",
            Self::Dearer => "dearer",
            Self::Gone => "gone",
        }
    }

    /// The reverse of [`EventKind::name`].
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// An event, and what its listing says now.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Its place in the outbox.
    pub id: i64,
    pub kind: EventKind,
    pub hash_id: i64,
    /// Start of the spell that it tells of.
    pub spell: Timestamp,
    /// Start of the walk that showed it.
    pub happened_at: Timestamp,
    /// Total prices in whole crowns, per month for rents; `None` on request. Of a relisted listing, the earlier advert's.
    pub price_before: Option<i64>,
    pub price: Option<i64>,
    /// Of a relisted listing, the earlier advert.
    pub relisted_from: Option<i64>,
    pub listing: EventListing,
}

/// The listing of an event, as its newest sighting says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EventListing {
    /// The portal's codes: `sreality::category`, `sreality::place`.
    pub category: i16,
    pub deal: i16,
    pub sub_category: Option<i16>,
    pub region_id: Option<i32>,
    pub district_id: Option<i32>,
    /// The advert's name.
    pub name: Option<String>,
    pub city: Option<String>,
    pub city_part: Option<String>,
    pub street: Option<String>,
    pub area_m2: Option<i32>,
    /// In degrees.
    pub latitude: Option<f64>,
    pub longitude: Option<f64>,
    /// `None` for a private seller.
    pub agency_id: Option<i32>,
    pub first_seen: Option<Timestamp>,
    /// The advert's page on the portal.
    pub url: Option<String>,
    /// In whole crowns, like the median of what is on offer of the same kind in its district.
    pub price_per_m2: Option<i32>,
    pub district_median_per_m2: Option<i32>,
    /// Where the raw row stands that first carried just these attributes: object key, line and index.
    pub lineage: Option<(String, i64, i32)>,
}
