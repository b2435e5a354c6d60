//! What the warehouse must hold of a simulated market: the simulator's truth as far as the walks could see it, by the
//! definitions of ARCHITECTURE.md. Written to be read; it knows nothing of SQL or of the order of loads.

use std::collections::BTreeMap;

use end_to_end::walked::Walk;
use jiff::Timestamp;
use simulator::{Market, Stretch};
use sreality::Segment;
use sreality::place::Place;

/// A stretch of sightings of one listing at one price, not interrupted by a complete walk that covered the listing and
/// did not see it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Spell {
    pub(crate) hash_id: i64,
    pub(crate) first_seen: Timestamp,
    /// `None`: nothing has ended the spell, neither a complete walk that missed the listing nor another spell.
    pub(crate) last_seen: Option<Timestamp>,
    pub(crate) price: Option<i64>,
    /// The first complete walk that missed it afterwards.
    pub(crate) missing_since: Option<Timestamp>,
    /// The third in a row.
    pub(crate) delisted_at: Option<Timestamp>,
}

/// All spells, by listing and time.
pub(crate) fn spells(market: &Market, walks: &[Walk]) -> Vec<Spell> {
    let mut walks: Vec<&Walk> = walks.iter().collect();
    walks.sort_by_key(|walk| (walk.started_at, walk.id));
    let mut listings: BTreeMap<u64, Vec<Stretch>> = BTreeMap::new();
    for stretch in market.history() {
        listings.entry(stretch.hash_id).or_default().push(stretch);
    }
    listings
        .into_values()
        .flat_map(|stretches| {
            // A listing of the simulator never moves, so its first stretch tells what covers it.
            let covering: Vec<&Walk> =
                walks.iter().copied().filter(|walk| covers(&walk.segment, &stretches[0])).collect();
            spells_of(market, &stretches, &covering)
        })
        .collect()
}

/// The spells of one listing, from the walks that cover it, in their order.
fn spells_of(market: &Market, stretches: &[Stretch], covering: &[&Walk]) -> Vec<Spell> {
    let mut spells: Vec<Spell> = Vec::new();
    let mut misses = 0;
    for walk in covering {
        if let Some(stretch) = seen(market, stretches, walk) {
            match spells.last_mut() {
                Some(spell) if spell.price == stretch.total_price && misses == 0 => {
                    spell.last_seen = Some(walk.started_at);
                }
                _ => spells.push(Spell {
                    hash_id: i64::try_from(stretch.hash_id).unwrap(),
                    first_seen: walk.started_at,
                    last_seen: Some(walk.started_at),
                    price: stretch.total_price,
                    missing_since: None,
                    delisted_at: None,
                }),
            }
            misses = 0;
        } else if is_complete(walk)
            && let Some(spell) = spells.last_mut()
        {
            misses += 1;
            match misses {
                1 => spell.missing_since = Some(walk.started_at),
                3 => spell.delisted_at = Some(walk.started_at),
                _ => {}
            }
        }
    }
    if let Some(spell) = spells.last_mut()
        && misses == 0
    {
        spell.last_seen = None;
    }
    spells
}

/// At what price the walk saw the listing: what was offered that day, unless the portal left it out, or the walk ended
/// before it came to it.
fn seen<'s>(market: &Market, stretches: &'s [Stretch], walk: &Walk) -> Option<&'s Stretch> {
    let offered =
        stretches.iter().find(|stretch| (stretch.first_day..=stretch.last_day).contains(&walk.day))?;
    let came_to_it =
        walk.reached.as_ref().is_none_or(|reached| reached.contains(&offered.hash_id.cast_signed()));
    (came_to_it && !market.hides(offered.hash_id, walk.day)).then_some(offered)
}

fn is_complete(walk: &Walk) -> bool {
    walk.reached.is_none()
}

fn covers(segment: &Segment, listing: &Stretch) -> bool {
    let Segment { category, deal, place, sub_categories } = segment;
    let in_place = match place {
        None => true,
        Some(Place::Region(region)) => region.id == listing.region_id,
        Some(Place::District(district)) => district.includes(listing.district_id),
    };
    let in_sub_categories = sub_categories.is_empty()
        || sub_categories.iter().any(|sub_category| sub_category.code == listing.sub_category.code);
    *category == listing.category && *deal == listing.deal && in_place && in_sub_categories
}

/// A change of a listing's price: which one, when it was first seen, from what, to what.
pub(crate) type PriceChange = (i64, Timestamp, i64, i64);

/// Every change from one known price to another, also across an absence.
pub(crate) fn price_changes(spells: &[Spell]) -> Vec<PriceChange> {
    let change = |pair: &[Spell]| {
        let [old, new] = pair else { return None };
        let (old_price, new_price) = old.price.zip(new.price)?;
        (old.hash_id == new.hash_id && old_price != new_price).then_some((
            new.hash_id,
            new.first_seen,
            old_price,
            new_price,
        ))
    };
    spells.windows(2).filter_map(change).collect()
}

/// Every withdrawal: which listing, and when it was missed for the third time in a row.
pub(crate) fn delistings(spells: &[Spell]) -> Vec<(i64, Timestamp)> {
    spells.iter().filter_map(|spell| Some((spell.hash_id, spell.delisted_at?))).collect()
}

/// The listings that are on offer: whose last spell has not ended in a withdrawal.
pub(crate) fn current(spells: &[Spell]) -> Vec<i64> {
    let last = |listing: &[Spell]| {
        listing.last().filter(|spell| spell.delisted_at.is_none()).map(|spell| spell.hash_id)
    };
    spells.chunk_by(|one, next| one.hash_id == next.hash_id).filter_map(last).collect()
}
