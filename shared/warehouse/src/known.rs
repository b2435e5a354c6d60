//! What a load reads of the warehouse: narrow rows by key.
//!
//! Every look-up of a list of ids is one look-up for each id, by a function or with a limit: nothing that the planner
//! believes about the tables can make it read them whole.

use std::collections::{HashMap, HashSet};

use futures_util::{TryStreamExt, future};
use jiff::Timestamp;
use jiff::civil::Date;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Row, Statement, Transaction};
use uuid::Uuid;

use crate::compare::KnownListing;
use crate::error::{Context, Error};
use crate::history::{CoveringWalk, Filter, History, ListingPlace, Moment, Sighting, Spell};
use crate::prepared::Prepared;

/// What a load knows of a listing, beside its category and deal type.
const LISTING: &str = "
    listing.hash_id, listing.digest, listing.total_price, listing.currency, listing.area_m2,
    listing.sub_category, listing.region_id, listing.district_id,
    listing.missing_since is not null, listing.delisted_at is not null";

/// How many columns those are.
const LISTING_COLUMNS: usize = 10;

/// The covering walks of a category and deal type.
const COVERING_WALKS: &str = "
select id, started_at, region_id, district_ids, sub_categories
from warehouse.walk
where warehouse.pair(category, deal) = $1::integer and covering
order by started_at, id";

/// Those of one UTC day.
const COVERING_WALKS_OF_DAY: &str = "
select id, started_at, region_id, district_ids, sub_categories
from warehouse.walk
where warehouse.pair(category, deal) = $1::integer and covering
    and started_at >= $2::date::timestamp at time zone 'UTC'
    and started_at < ($2::date + 1)::timestamp at time zone 'UTC'
order by started_at, id";

/// The positions of what is on offer.
const POSITIONS: &str = "
select hash_id, latitude, longitude
from warehouse.listing
where warehouse.pair(category, deal) = $1::integer and delisted_at is null
    and latitude is not null and longitude is not null";

/// What is known of listings, by id, and where each said just this first.
const WORDINGS: &str = "
    listing.category, listing.deal, listing.latitude, listing.longitude, said.digest,
    version.seen_at, version.walk_id, version.line, version.row_index
from unnest($1::bigint[], $2::uuid[]) as said (hash_id, digest)
cross join lateral (select * from warehouse.listing where listing.hash_id = said.hash_id limit 1) as listing
left join lateral (
    select * from warehouse.listing_version as version
    where version.hash_id = said.hash_id and version.digest = said.digest
    limit 1
) as version on true";

/// Where listings ever were, by id.
const ALL_POSITIONS: &str = "
select id.hash_id, position.latitudes, position.longitudes
from unnest($1::bigint[]) as id (hash_id)
cross join lateral warehouse.positions_of(id.hash_id) as position";

/// The histories of listings and the walks that rejected a row of them, by id.
const HISTORIES: &str = "
select id.hash_id, history.*
from unnest($1::bigint[]) as id (hash_id)
cross join lateral warehouse.history_of(id.hash_id) as history";

/// Where a wording was said first: walk, line and index.
pub(crate) type SaidFirst = (Moment, i64, i32);

/// A listing that was looked up.
#[derive(Clone, Debug)]
pub(crate) struct LookedUp {
    pub(crate) listing: KnownListing,
    pub(crate) position: Option<(f64, f64)>,
}

/// What is known of a chunk's rows: their listings, and where each wording was said first.
#[derive(Clone, Debug, Default)]
pub(crate) struct KnownRows {
    pub(crate) listings: HashMap<i64, LookedUp>,
    pub(crate) said_first: HashMap<(i64, Uuid), SaidFirst>,
}

/// A listing's history, and the walks that say nothing of it because they rejected a row of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct KnownHistory {
    pub(crate) history: History,
    pub(crate) rejected_by: Vec<Uuid>,
}

/// Reads for one load.
pub(crate) struct Reading<'t, 'w> {
    pub(crate) transaction: &'t Transaction<'w>,
    pub(crate) prepared: &'t mut Prepared,
}

impl Reading<'_, '_> {
    /// Of the listings on offer that a segment's filter matches those that are asked for. For a walk that comes late also
    /// of those that were delisted after it started.
    pub(crate) async fn on_offer(
        &mut self,
        filter: &Filter,
        delisted_since: Option<Timestamp>,
        asked_for: impl Fn(&KnownListing) -> bool,
    ) -> Result<Vec<KnownListing>, Error> {
        let pair = pair(filter.category, filter.deal);
        let mut parameters: Vec<&(dyn ToSql + Sync)> = vec![&pair];
        let mut condition = |condition: &str, value| {
            parameters.push(value);
            format!(" and {condition}").replace('?', &format!("${}", parameters.len()))
        };
        let region = filter.region_id.as_ref().map(|region| condition("region_id = ?", region));
        let subs = filter.sub_categories.as_ref().map(|subs| condition("sub_category = any (?)", subs));
        let since = delisted_since.as_ref().map(|since| {
            condition("missing_since is not null and delisted_at between ? and 'infinity'", since)
        });
        // One by one: a list of districts the planner would rather compare with every listing of the pair.
        let places: Vec<String> = match &filter.district_ids {
            None => vec![String::new()],
            Some(districts) => districts.iter().map(|id| condition("district_id = ?", id)).collect(),
        };
        let region = region.unwrap_or_default();
        let subs = subs.unwrap_or_default();
        let states = [Some(" and delisted_at is null".to_owned()), since];
        let parts = places.iter().flat_map(|place| states.iter().flatten().map(move |state| (place, state)));
        let parts = parts.map(|(place, state)| {
            format!(
                "select {LISTING} from warehouse.listing
                 where warehouse.pair(category, deal) = $1::integer{region}{place}{subs}{state}"
            )
        });
        let sql = parts.collect::<Vec<_>>().join(" union all ");
        let statement = self.prepared.statement(self.transaction, &sql).await?;
        let rows = self.stream(&statement, parameters).await?;
        let pair = (filter.category, filter.deal);
        let listings = rows.map_ok(|row| listing(&row, pair));
        let asked_for = listings.try_filter(|listing| future::ready(asked_for(listing)));
        asked_for.try_collect().await.context("read what is on offer")
    }

    /// Streams rows, so that they are never held all at once.
    async fn stream(
        &self,
        statement: &Statement,
        parameters: Vec<&(dyn ToSql + Sync)>,
    ) -> Result<tokio_postgres::RowStream, Error> {
        self.transaction.query_raw(statement, parameters).await.context("read what is known")
    }

    /// Where those of these listings are that are on offer in a segment.
    pub(crate) async fn positions(
        &mut self,
        filter: &Filter,
        ids: &HashSet<i64>,
    ) -> Result<Vec<(f64, f64)>, Error> {
        let statement = self.prepared.statement(self.transaction, POSITIONS).await?;
        let rows = self.stream(&statement, vec![&pair(filter.category, filter.deal)]).await?;
        let position = |row: Row| {
            let asked = ids.contains(&row.get(0));
            async move { Ok(if asked { Some((row.get(1), row.get(2))) } else { None }) }
        };
        rows.try_filter_map(position).try_collect().await.context("read positions")
    }

    /// The covering walks of a category, a deal type and a UTC day, in their order.
    pub(crate) async fn covering_walks_of(
        &mut self,
        filter: &Filter,
        day: Date,
    ) -> Result<Vec<CoveringWalk>, Error> {
        let category = filter.category;
        let deal = filter.deal;
        let statement = self.prepared.statement(self.transaction, COVERING_WALKS_OF_DAY).await?;
        let rows = self.transaction.query(&statement, &[&pair(category, deal), &day]).await;
        let rows = rows.context("read the ledger's walks of the day")?;
        Ok(rows.iter().map(|row| covering_walk(row, category, deal)).collect())
    }

    /// The covering walks of a category and deal type, in their order.
    pub(crate) async fn covering_walks(
        &mut self,
        category: i16,
        deal: i16,
    ) -> Result<Vec<CoveringWalk>, Error> {
        let statement = self.prepared.statement(self.transaction, COVERING_WALKS).await?;
        let rows = self.transaction.query(&statement, &[&pair(category, deal)]).await;
        let rows = rows.context("read the ledger's walks")?;
        Ok(rows.iter().map(|row| covering_walk(row, category, deal)).collect())
    }

    /// What is known of these listings, each with a digest of what it says. Those that were never seen are left out.
    pub(crate) async fn known_rows(&mut self, said: &[(i64, Uuid)]) -> Result<KnownRows, Error> {
        let statement = format!("select {LISTING}, {WORDINGS}");
        let statement = self.prepared.statement(self.transaction, &statement).await?;
        let (ids, digests): (Vec<i64>, Vec<Uuid>) = said.iter().copied().unzip();
        let rows =
            self.transaction.query(&statement, &[&ids, &digests]).await.context("look the listings up")?;
        let mut known = KnownRows::default();
        for row in &rows {
            let at = LISTING_COLUMNS;
            let listing = listing(row, (row.get(at), row.get(at + 1)));
            let position = row.get::<_, Option<f64>>(at + 2).zip(row.get(at + 3));
            if let Some((seen_at, walk)) = row.get::<_, Option<Timestamp>>(at + 5).zip(row.get(at + 6)) {
                let said_first = (Moment { at: seen_at, walk }, row.get(at + 7), row.get(at + 8));
                known.said_first.insert((listing.hash_id, row.get(at + 4)), said_first);
            }
            known.listings.insert(listing.hash_id, LookedUp { listing, position });
        }
        Ok(known)
    }

    /// Where each of these listings ever was.
    pub(crate) async fn all_positions(
        &mut self,
        ids: &[i64],
    ) -> Result<HashMap<i64, Vec<(f64, f64)>>, Error> {
        let statement = self.prepared.statement(self.transaction, ALL_POSITIONS).await?;
        let rows = self.transaction.query(&statement, &[&ids]).await.context("read where listings were")?;
        let positions = |row: &Row| array(row, 1).into_iter().zip(array(row, 2)).collect();
        Ok(rows.iter().map(|row| (row.get(0), positions(row))).collect())
    }

    /// The histories of these listings, each in the order of the ids.
    pub(crate) async fn histories(&mut self, ids: &[i64]) -> Result<HashMap<i64, KnownHistory>, Error> {
        let statement = self.prepared.statement(self.transaction, HISTORIES).await?;
        let rows = self.transaction.query(&statement, &[&ids]).await.context("read the histories")?;
        Ok(rows.iter().map(|row| (row.get(0), history(row))).collect())
    }
}

/// The number that `warehouse.pair` gives a category and a deal type.
pub(crate) fn pair(category: i16, deal: i16) -> i32 {
    i32::from(category) * 65_536 + i32::from(deal)
}

fn covering_walk(row: &Row, category: i16, deal: i16) -> CoveringWalk {
    let region_id = row.get(2);
    let district_ids = row.get(3);
    let sub_categories = row.get(4);
    CoveringWalk {
        moment: Moment { walk: row.get(0), at: row.get(1) },
        filter: Filter { category, deal, region_id, district_ids, sub_categories },
    }
}

fn listing(row: &Row, (category, deal): (i16, i16)) -> KnownListing {
    KnownListing {
        hash_id: row.get(0),
        digest: row.get(1),
        total_price: row.get(2),
        currency: row.get(3),
        area_m2: row.get(4),
        place: ListingPlace {
            category,
            deal,
            sub_category: row.get(5),
            region_id: row.get(6),
            district_id: row.get(7),
        },
        missing: row.get(8),
        delisted: row.get(9),
    }
}

fn history(row: &Row) -> KnownHistory {
    let (first_seen, first_walk): (Vec<Timestamp>, Vec<Uuid>) = (array(row, 1), array(row, 2));
    let last_seen: Vec<Option<Timestamp>> = array(row, 3);
    let last_walk: Vec<Option<Uuid>> = array(row, 4);
    let prices: Vec<Option<i64>> = array(row, 5);
    let missing_since: Vec<Option<Timestamp>> = array(row, 6);
    let delisted_at: Vec<Option<Timestamp>> = array(row, 7);
    let next_seen: Vec<Option<Timestamp>> = array(row, 8);
    let at = |times: &[Option<Timestamp>], index: usize| times.get(index).copied().flatten();
    let spell = |(index, first): (usize, Moment)| {
        let last_walk = last_walk.get(index).copied().flatten();
        Spell {
            first,
            last: at(&last_seen, index).zip(last_walk).map(|(at, walk)| Moment { at, walk }),
            total_price: prices.get(index).copied().flatten(),
            missing_since: at(&missing_since, index),
            delisted_at: at(&delisted_at, index),
            next_seen: at(&next_seen, index),
        }
    };
    let firsts = first_seen.into_iter().zip(first_walk).map(|(at, walk)| Moment { at, walk });
    let mut spells: Vec<Spell> = firsts.enumerate().map(spell).collect();
    spells.sort_unstable_by_key(|spell| spell.first);

    let (seen_at, walks): (Vec<Timestamp>, Vec<Uuid>) = (array(row, 9), array(row, 10));
    let prices: Vec<Option<i64>> = array(row, 11);
    let moments = seen_at.into_iter().zip(walks).map(|(at, walk)| Moment { at, walk });
    let mut extra_sightings: Vec<Sighting> =
        moments.zip(prices).map(|(moment, total_price)| Sighting { moment, total_price }).collect();
    extra_sightings.sort_unstable_by_key(|sighting| sighting.moment);
    KnownHistory { history: History { spells, extra_sightings }, rejected_by: array(row, 12) }
}

/// An aggregate of no rows is null.
fn array<'r, T: tokio_postgres::types::FromSql<'r>>(row: &'r Row, index: usize) -> Vec<T> {
    row.get::<_, Option<Vec<T>>>(index).unwrap_or_default()
}
