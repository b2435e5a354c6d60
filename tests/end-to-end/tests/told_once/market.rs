//! A small market that knows what is true, and the walks that saw it, well or badly.

use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

/// A price in crowns, or none that is told.
pub(super) type Price = Option<i64>;

/// So many walks a history has at least and at most.
const WALKS: std::ops::RangeInclusive<usize> = 6..=8;

/// What there was to see, and how it was seen.
#[derive(Debug)]
pub(super) struct Market {
    /// Of each listing, what it cost at the time of each walk; `None` where it was not on offer.
    pub(super) listings: Vec<Vec<Option<Price>>>,
    pub(super) walks: Vec<Walk>,
}

/// One walk of all listings.
#[derive(Debug)]
pub(super) struct Walk {
    pub(super) started_at: Timestamp,
    pub(super) kind: Kind,
    /// What it has of each listing.
    pub(super) found: Vec<Found>,
    /// So many walks that began later are loaded before it.
    pub(super) late_by: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Complete,
    /// It ended early.
    Incomplete,
    /// All its prices are the true ones times a factor.
    Falsified,
    /// It never took place.
    Skipped,
}

/// What a walk has of a listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    Nothing,
    Price(Price),
    /// A row that tells only which listing it is of.
    Unreadable,
}

impl Market {
    /// A market and its walks, the last of which began half an hour before `now`.
    pub(super) fn new(random: &mut Rng, now: Timestamp) -> Self {
        // Fewer than fifty listings testify to nothing, and so nothing is falsified there.
        let is_large = random.u8(..12) == 0;
        let size = if is_large { random.usize(76..84) } else { random.usize(6..15) };
        let walks = random.usize(WALKS);
        // Within 48 hours all of it is news; of longer histories only the last part is.
        let hours = [4, 5, 7, 10][random.usize(..4)];
        // A falsified walk is known by what it says of listings that are still here.
        let is_falsified = is_large && random.bool();
        let falsified = is_falsified.then(|| random.usize(2..walks));
        let withdrawal = (is_large && !is_falsified).then(|| random.usize(3..walks - 1));
        let listings: Vec<_> =
            (0..size).map(|_| life(random, walks, if is_large { 0.03 } else { 0.1 }, withdrawal)).collect();
        let walks = (0..walks)
            .map(|index| {
                let kind = match random.u8(..20) {
                    _ if falsified == Some(index) => Kind::Falsified,
                    // What is falsified is known as such by the walk before it.
                    _ if is_large && index < 2 => Kind::Complete,
                    0 => Kind::Skipped,
                    1..4 => Kind::Incomplete,
                    _ => Kind::Complete,
                };
                let is_late = random.u8(..7) == 0 && kind != Kind::Falsified && !(is_large && index < 2);
                Walk {
                    started_at: now
                        - SignedDuration::from_mins(30)
                        - SignedDuration::from_hours(hours * (walks - 1 - index) as i64),
                    kind,
                    found: listings.iter().map(|life| found(random, life[index], kind)).collect(),
                    late_by: if is_late { random.usize(1..5) } else { 0 },
                }
            })
            .collect();
        Self { listings, walks }
    }

    /// In which order walks are loaded for the first time.
    pub(super) fn order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.walks.len()).collect();
        order.retain(|index| self.walks[*index].kind != Kind::Skipped);
        // A walk that is late comes after those that overtake it.
        order.sort_by_key(|index| (index + self.walks[*index].late_by, self.walks[*index].late_by > 0));
        order
    }
}

impl Walk {
    /// Its rows, as the portal writes them.
    pub(super) fn rows(&self) -> Vec<String> {
        let factor = if self.kind == Kind::Falsified { 0.473 } else { 1.0 };
        let row = |(listing, found): (i64, &Found)| match found {
            Found::Nothing => None,
            Found::Unreadable => Some(json!({ "hash_id": listing, "price_czk": "free" })),
            Found::Price(price) => Some(row(listing, price.map(|price| falsified(price, factor)))),
        };
        (1..).zip(&self.found).filter_map(row).map(|row| row.to_string()).collect()
    }
}

/// To thousands, as the portal did it once.
fn falsified(price: i64, factor: f64) -> i64 {
    (price as f64 * factor / 1000.0).round() as i64 * 1000
}

fn row(listing: i64, price: Price) -> Value {
    json!({
        "hash_id": listing,
        // Each is a property of its own: none is another one anew.
        "advert_name": format!("Prodej bytu 2+kk {} m²", 30 + listing),
        "category_main_cb": { "value": 1 },
        "category_type_cb": { "value": 1 },
        "category_sub_cb": { "value": 4 },
        "price_summary_czk": price.unwrap_or(0),
        "price_summary_unit_cb": { "value": 1 },
        "price_currency_cb": { "value": 1 },
        "locality": {
            "region_id": 10,
            "district_id": 5001,
            "gps_lat": 50.0 + listing as f64 / 100.0,
            "gps_lon": 14.4,
        },
    })
}

/// What a listing costs at each walk: it comes, changes its price, goes, comes back.
fn life(random: &mut Rng, walks: usize, restless: f64, withdrawal: Option<usize>) -> Vec<Option<Price>> {
    let mut price: Price = Some(random.i64(200..900) * 10_000);
    let mut is_here = random.f64() < 0.85;
    let mut was_here = is_here;
    (0..walks)
        .map(|walk| {
            let chance = random.f64();
            if walk > 0 {
                is_here = match (is_here, was_here) {
                    (true, _) => chance >= restless,
                    (false, true) => chance < 0.2,
                    (false, false) => chance < 0.15,
                };
            }
            if withdrawal == Some(walk) && random.f64() < 0.45 {
                is_here = false;
            }
            was_here |= is_here;
            if walk > 0 && random.f64() < restless {
                price = match price {
                    Some(price) if random.u8(..8) > 0 => {
                        Some(price + (random.i64(1..20) - 10) * 10_000 + 5_000)
                    }
                    Some(_) => None,
                    None => Some(random.i64(200..900) * 10_000),
                };
            }
            is_here.then_some(price)
        })
        .collect()
}

fn found(random: &mut Rng, offer: Option<Price>, kind: Kind) -> Found {
    let Some(price) = offer else { return Found::Nothing };
    match kind {
        Kind::Incomplete if random.f64() < 0.4 => Found::Nothing,
        Kind::Complete | Kind::Incomplete if random.u8(..100) == 0 => Found::Unreadable,
        _ => Found::Price(price),
    }
}
