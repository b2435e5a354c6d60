//! What the warehouse must hold after a set of walks: the definitions of ARCHITECTURE.md in plain Rust, written to be
//! read. The tests hold the SQL against it. It knows nothing of orders of loading, because nothing depends on them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use sreality::Segment;
use sreality::place::Place;
use uuid::Uuid;

/// One walk and what it saw.
#[derive(Clone, Debug)]
pub(crate) struct Walk {
    pub(crate) started_at: Timestamp,
    pub(crate) id: Uuid,
    pub(crate) segment: Segment,
    pub(crate) complete: bool,
    /// Its rows by page and index.
    pub(crate) pages: Vec<Vec<Result<Row, Reject>>>,
    /// What every row says beside, of which nothing is kept.
    pub(crate) noise: u8,
}

/// A row that cannot be understood, and which listing it is, as far as it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reject {
    pub(crate) hash_id: Option<i64>,
}

/// What the model knows of a row.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Row {
    pub(crate) hash_id: i64,
    pub(crate) total_price: Option<i64>,
    pub(crate) name: &'static str,
    pub(crate) place: Whereabouts,
}

impl Row {
    /// Square metres, as the name says.
    fn area_m2(&self) -> i64 {
        if self.name.contains("51 m²") { 51 } else { 50 }
    }

    /// Price per m², rounded half up.
    fn price_per_m2(&self) -> Option<i32> {
        let area = self.area_m2();
        self.total_price.map(|price| ((2 * price + area) / (2 * area)) as i32)
    }
}

/// What decides which walks cover a listing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Whereabouts {
    pub(crate) category: i16,
    pub(crate) deal: i16,
    pub(crate) sub_category: Option<i16>,
    pub(crate) region_id: Option<i32>,
    pub(crate) district_id: Option<i32>,
}

/// Where a row stands: walk, line (the header is line 1), index on the page.
pub(crate) type Position = (Uuid, i64, i32);

/// The tables of facts.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Tables {
    pub(crate) ledger: Vec<Ledger>,
    pub(crate) listings: Vec<Listing>,
    pub(crate) versions: Vec<(i64, Position)>,
    pub(crate) spells: Vec<Spell>,
    pub(crate) extra_sightings: Vec<(Uuid, i64, Option<i64>)>,
    pub(crate) rejects: Vec<Position>,
    pub(crate) price_levels: Vec<PriceLevel>,
    /// Rows in which a kept table differs from its definition: none.
    pub(crate) kept_otherwise: Vec<String>,
}

/// Prices per m² of one day and one cell.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct PriceLevel {
    pub(crate) day: i32,
    pub(crate) cell: Cell,
    pub(crate) listings: i32,
    pub(crate) quartiles: [i32; 3],
}

/// Category and deal type; region, district and sub-category, each -1 for all and 0 for none given.
pub(crate) type Cell = (i16, i16, i32, i32, i16);

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ledger {
    pub(crate) walk: Uuid,
    pub(crate) complete: bool,
    pub(crate) seen: i64,
    pub(crate) loaded: i64,
    pub(crate) duplicate: i64,
    pub(crate) rejected: i64,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Listing {
    pub(crate) hash_id: i64,
    pub(crate) first_seen: Timestamp,
    pub(crate) name: String,
    pub(crate) place: Whereabouts,
    /// The first row that said all that the newest says.
    pub(crate) said_first: Position,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Spell {
    pub(crate) hash_id: i64,
    pub(crate) first: (Timestamp, Uuid),
    /// `None`: nothing has ended it.
    pub(crate) last: Option<(Timestamp, Uuid)>,
    pub(crate) total_price: Option<i64>,
    pub(crate) missing_since: Option<Timestamp>,
    pub(crate) delisted_at: Option<Timestamp>,
    pub(crate) next_seen: Option<Timestamp>,
}

impl Walk {
    /// Walks are ordered by their start, then by their id.
    pub(crate) fn order(&self) -> (Timestamp, Uuid) {
        (self.started_at, self.id)
    }

    /// Every row that can be understood, with its position.
    fn rows(&self) -> impl Iterator<Item = (Position, &Row)> {
        self.positions().filter_map(|(position, row)| Some((position, row.as_ref().ok()?)))
    }

    fn rejects(&self) -> impl Iterator<Item = (Position, &Reject)> {
        self.positions().filter_map(|(position, row)| Some((position, row.as_ref().err()?)))
    }

    fn positions(&self) -> impl Iterator<Item = (Position, &Result<Row, Reject>)> {
        (2..).zip(&self.pages).flat_map(move |(line, page)| {
            (0..).zip(page).map(move |(index, row)| ((self.id, line, index), row))
        })
    }

    /// What the walk says of a listing: its first row counts.
    fn sighting(&self, hash_id: i64) -> Option<&Row> {
        self.rows().map(|(_, row)| row).find(|row| row.hash_id == hash_id)
    }

    /// Days since 1970.
    fn day(&self) -> i32 {
        (self.started_at.as_second() / 86_400) as i32
    }

    /// Whether it can say that a listing is gone: it is complete, and every reject says which listing it is.
    fn is_covering(&self) -> bool {
        self.complete && self.rejects().all(|(_, reject)| reject.hash_id.is_some())
    }

    /// A walk says nothing of a listing whose row it rejected.
    fn rejected(&self, hash_id: i64) -> bool {
        self.rejects().any(|(_, reject)| reject.hash_id == Some(hash_id))
    }

    /// A walk covers what its segment matches, as far as it says nothing else of it.
    pub(crate) fn covers(&self, place: &Whereabouts, hash_id: i64) -> bool {
        self.is_covering() && self.matches(place) && !self.rejected(hash_id)
    }

    /// A walk takes in a cell when its segment matches every listing of it.
    fn takes_in(&self, &(category, deal, region, district, sub_category): &Cell) -> bool {
        self.matches(&Whereabouts {
            category,
            deal,
            sub_category: Some(sub_category),
            region_id: Some(region),
            district_id: Some(district),
        })
    }

    /// The price per m² of every listing that the walk saw in its segment, for each cell that it is a part of.
    fn prices_per_m2(&self) -> impl Iterator<Item = (Cell, i32)> {
        let mut ids: Vec<i64> = self.rows().map(|(_, row)| row.hash_id).collect();
        ids.sort_unstable();
        ids.dedup();
        let sightings = ids.into_iter().filter_map(|hash_id| self.sighting(hash_id));
        sightings
            .filter(|row| self.matches(&row.place))
            .filter_map(|row| Some((row, row.price_per_m2()?)))
            .flat_map(|(row, price_per_m2)| {
                let Whereabouts { category, deal, sub_category, region_id, district_id } = row.place;
                let (region, district) = (region_id.unwrap_or(0), district_id.unwrap_or(0));
                let sub_category = sub_category.unwrap_or(0);
                [
                    (region, district, sub_category),
                    (region, district, -1),
                    (region, -1, sub_category),
                    (region, -1, -1),
                    (-1, -1, sub_category),
                    (-1, -1, -1),
                ]
                .map(|(region, district, sub_category)| {
                    ((category, deal, region, district, sub_category), price_per_m2)
                })
            })
    }

    /// Whether the segment's filter matches a listing that is there.
    fn matches(&self, listing: &Whereabouts) -> bool {
        let Segment { category, deal, place, sub_categories } = &self.segment;
        let in_place = match place {
            None => true,
            Some(Place::Region(region)) => listing.region_id == Some(region.id),
            Some(Place::District(district)) => listing.district_id.is_some_and(|id| district.includes(id)),
        };
        let in_sub_categories = sub_categories.is_empty()
            || sub_categories.iter().any(|sub| Some(sub.code) == listing.sub_category);
        category.code() == listing.category && deal.code() == listing.deal && in_place && in_sub_categories
    }
}

/// The tables that a set of walks makes.
pub(crate) fn tables(walks: &[Walk]) -> Tables {
    let mut walks: Vec<&Walk> = walks.iter().collect();
    walks.sort_by_key(|walk| walk.order());
    let mut hash_ids: Vec<i64> =
        walks.iter().flat_map(|walk| walk.rows().map(|(_, row)| row.hash_id)).collect();
    hash_ids.sort_unstable();
    hash_ids.dedup();

    let mut tables = Tables::default();
    for walk in &walks {
        tables.ledger.push(ledger(walk));
        tables.rejects.extend(walk.rejects().map(|(position, _)| position));
    }
    for hash_id in hash_ids {
        // Oldest first.
        let sightings: Vec<(&Walk, &Row)> =
            walks.iter().filter_map(|walk| Some((*walk, walk.sighting(hash_id)?))).collect();
        let (Some((first_walk, _)), Some((_, newest))) = (sightings.first(), sightings.last()) else {
            continue;
        };
        let versions = versions(&walks, hash_id);
        tables.listings.push(Listing {
            hash_id,
            first_seen: first_walk.started_at,
            name: newest.name.to_owned(),
            place: newest.place.clone(),
            said_first: versions[newest],
        });
        tables.versions.extend(versions.into_values().map(|position| (hash_id, position)));

        // A listing is where its newest sighting says; the walks that cover it there can miss it.
        let covering: Vec<&Walk> =
            walks.iter().copied().filter(|walk| walk.covers(&newest.place, hash_id)).collect();
        let covers = |walk: &Walk| covering.iter().any(|covering| covering.id == walk.id);
        tables.extra_sightings.extend(
            sightings
                .iter()
                .filter(|(walk, _)| !covers(walk))
                .map(|(walk, row)| (walk.id, hash_id, row.total_price)),
        );
        tables.spells.extend(spells(hash_id, &sightings, &covering));
    }
    tables.price_levels = price_levels(&walks);
    tables.sort();
    tables
}

/// Of every day and cell, what the last covering walk that takes the cell in saw there.
fn price_levels(walks: &[&Walk]) -> Vec<PriceLevel> {
    let covering: Vec<&Walk> = walks.iter().copied().filter(|walk| walk.is_covering()).collect();
    let mut last: BTreeMap<(i32, Cell), &Walk> = BTreeMap::new();
    for walk in &covering {
        for (cell, _) in walk.prices_per_m2() {
            let mut takers =
                covering.iter().filter(|taker| taker.day() == walk.day() && taker.takes_in(&cell));
            if let Some(taker) = takers.next_back() {
                last.insert((walk.day(), cell), taker);
            }
        }
    }
    let level = |((day, cell), walk): ((i32, Cell), &Walk)| {
        let mut prices: Vec<i32> =
            walk.prices_per_m2().filter(|(seen, _)| *seen == cell).map(|(_, price)| price).collect();
        prices.sort_unstable();
        let quantile = |quarter: usize| prices[(quarter * prices.len()).div_ceil(4) - 1];
        (!prices.is_empty()).then(|| PriceLevel {
            day,
            cell,
            listings: prices.len() as i32,
            quartiles: [1, 2, 3].map(quantile),
        })
    };
    last.into_iter().filter_map(level).collect()
}

/// What became of a walk's rows.
fn ledger(walk: &Walk) -> Ledger {
    let seen = walk.positions().count() as i64;
    let mut ids: Vec<i64> = walk.rows().map(|(_, row)| row.hash_id).collect();
    let accepted = ids.len() as i64;
    ids.sort_unstable();
    ids.dedup();
    let loaded = ids.len() as i64;
    Ledger {
        walk: walk.id,
        complete: walk.complete,
        seen,
        loaded,
        duplicate: accepted - loaded,
        rejected: seen - accepted,
    }
}

/// Every wording of a listing with the first row that carried it.
fn versions<'w>(walks: &[&'w Walk], hash_id: i64) -> BTreeMap<&'w Row, Position> {
    let mut versions = BTreeMap::new();
    for (position, row) in walks.iter().flat_map(|walk| walk.rows()) {
        if row.hash_id == hash_id {
            versions.entry(row).or_insert(position);
        }
    }
    versions
}

/// A spell is a longest stretch of sightings at one price with no walk between them that covered the listing and did not
/// see it. The last one is open until such a walk comes.
fn spells(hash_id: i64, sightings: &[(&Walk, &Row)], covering: &[&Walk]) -> Vec<Spell> {
    let mut spells = Vec::new();
    let mut first = None;
    for (index, (walk, row)) in sightings.iter().enumerate() {
        let first_walk = *first.get_or_insert(*walk);
        let next = sightings.get(index + 1);
        // Walks that covered the listing between this sighting and the next all missed it.
        let missed: Vec<&Walk> = covering
            .iter()
            .copied()
            .filter(|covering| covering.order() > walk.order())
            .filter(|covering| next.is_none_or(|(next, _)| covering.order() < next.order()))
            .collect();
        let goes_on = next.is_some_and(|(_, next)| next.total_price == row.total_price && missed.is_empty());
        if goes_on {
            continue;
        }
        let ended = next.is_some() || !missed.is_empty();
        spells.push(Spell {
            hash_id,
            first: first_walk.order(),
            last: ended.then(|| walk.order()),
            total_price: row.total_price,
            missing_since: missed.first().map(|walk| walk.started_at),
            delisted_at: missed.get(2).map(|walk| walk.started_at),
            next_seen: next.map(|(next, _)| next.started_at),
        });
        first = None;
    }
    spells
}

impl Tables {
    /// Rows have no order in a table.
    pub(crate) fn sort(&mut self) {
        self.ledger.sort();
        self.listings.sort();
        self.versions.sort();
        self.spells.sort();
        self.extra_sightings.sort();
        self.rejects.sort();
        self.price_levels.sort();
    }
}
