//! The merge of one walk into what is known, under the lock: what every part of it shares.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use futures_util::TryStreamExt;
use futures_util::stream::FuturesOrdered;
use jiff::Timestamp;
use jiff::civil::Date;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Statement, Transaction};
use uuid::Uuid;

use crate::compare::{KnownListing, ParsedRow};
use crate::error::{Context, Error};
use crate::falsification::Testimony;
use crate::history::{CoveringWalk, Filter, Happening, ListingPlace, Moment, Said, Stay, Turnover};
use crate::known::Reading;
use crate::newcomer::Newcomer;
use crate::prepared::Prepared;
use crate::shrinkage;

/// So many statements are on their way at once.
const IN_FLIGHT: usize = 64;

/// A parameter of a statement.
pub(crate) type Parameter<'a> = &'a (dyn ToSql + Sync);

/// The key of a table whose rows belong to a listing and a walk.
pub(crate) fn moment_key((hash_id, moment): &(i64, Moment)) -> [Parameter<'_>; 3] {
    [hash_id, &moment.at, &moment.walk]
}

/// What the parts of a merge share.
pub(crate) struct Merge<'w> {
    pub(crate) transaction: Transaction<'w>,
    pub(crate) prepared: &'w mut Prepared,
    pub(crate) moment: Moment,
    pub(crate) filter: Filter,
    /// Whether a later walk may have seen the same listings: then nothing that the walk says is taken for their newest.
    pub(crate) late: bool,
    /// What happened before is no news.
    pub(crate) news_since: Timestamp,
    /// What an earlier load of the same walk rejected.
    pub(crate) rejected_before: Vec<i64>,
    pub(crate) walks: CoveringWalks,
    pub(crate) found: Findings,
}

/// What was found out while rows were written, for the end of the merge.
#[derive(Default)]
pub(crate) struct Findings {
    /// Sightings that change no history.
    pub(crate) unchanged: Vec<Unchanged>,
    /// Listings whose history may change.
    pub(crate) affected: Vec<Affected>,
    /// Whether a listing that was known says something else.
    pub(crate) changed: bool,
    /// Listings that were written: they may be other ones anew.
    pub(crate) written: Vec<i64>,
    /// Whether a listing of the walk's category and deal type is or was missing, or one of another was met.
    pub(crate) relistings_possible: bool,
    /// When the latest walk before started that covered all that this one covers.
    pub(crate) covered_before: Option<Timestamp>,
    pub(crate) testimony: Testimony,
    pub(crate) coverage: shrinkage::Coverage,
    pub(crate) turnover: HashMap<TurnoverKey, Turnover>,
    /// Listings that were never seen, if such may be news.
    pub(crate) newcomers: Vec<Newcomer>,
    /// Whether so many walks covered this category and deal type before that what is new in them may be news.
    pub(crate) newcomers_are_news: bool,
    /// What else happened to which listings.
    pub(crate) happenings: Vec<(i64, Happening)>,
}

/// A sighting that changes no history: a covering walk's need not even be kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unchanged {
    pub(crate) hash_id: i64,
    pub(crate) total_price: Option<i64>,
    /// Whether the walk's filter matches the listing.
    pub(crate) matched: bool,
}

/// A listing whose history may change, and what the walk says of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Affected {
    pub(crate) hash_id: i64,
    /// As it was; `None` if it was never seen.
    pub(crate) before: Option<Whereabouts>,
    pub(crate) after: Whereabouts,
    pub(crate) said: Said,
    /// Whether its row is written anew, with how it stands after being seen.
    pub(crate) rewritten: bool,
    /// Whether its prices before and now are both set in crowns, for the same deal.
    pub(crate) comparable: bool,
}

/// What the kept tables tell of a listing beside its history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Whereabouts {
    pub(crate) place: ListingPlace,
    pub(crate) area_m2: Option<i32>,
}

impl Whereabouts {
    pub(crate) fn of(listing: &KnownListing) -> Self {
        Self { place: listing.place, area_m2: listing.area_m2 }
    }

    pub(crate) fn seen(row: &ParsedRow) -> Self {
        Self { place: row.place, area_m2: row.area_m2 }
    }
}

/// Category, deal type, day, region and district; 0 for none given.
pub(crate) type TurnoverKey = (i16, i16, Date, i32, i32);

/// The covering walks of those categories and deal types that the merge needs, each read once, as they were before.
#[derive(Debug, Default)]
pub(crate) struct CoveringWalks(HashMap<(i16, i16), Vec<CoveringWalk>>);

impl CoveringWalks {
    pub(crate) async fn read(
        &mut self,
        reading: &mut Reading<'_, '_>,
        place: &ListingPlace,
    ) -> Result<(), Error> {
        let pair = (place.category, place.deal);
        if let Entry::Vacant(entry) = self.0.entry(pair) {
            entry.insert(reading.covering_walks(pair.0, pair.1).await?);
        }
        Ok(())
    }

    /// Those of a place's category and deal type, which must have been read.
    pub(crate) fn of(&self, place: &ListingPlace) -> &[CoveringWalk] {
        self.0.get(&(place.category, place.deal)).map_or(&[], Vec::as_slice)
    }

    /// The same with this walk as it is now: covering or not, whatever it was.
    pub(crate) fn with_walk(&self, moment: Moment, filter: &Filter, covering: bool) -> Self {
        let mut walks = self.0.clone();
        if let Some(walks) = walks.get_mut(&(filter.category, filter.deal)) {
            walks.retain(|walk| walk.moment != moment);
            if covering {
                let place = walks.partition_point(|walk| walk.moment < moment);
                walks.insert(place, CoveringWalk { moment, filter: filter.clone() });
            }
        }
        Self(walks)
    }
}

impl<'w> Merge<'w> {
    pub(crate) fn reading(&mut self) -> Reading<'_, 'w> {
        Reading { transaction: &self.transaction, prepared: self.prepared }
    }

    /// Adds a listing's stay to the turnover, or takes it away again.
    pub(crate) fn count(&mut self, stay: &Stay, place: &ListingPlace, sign: i32) {
        let region = place.region_id.unwrap_or(0);
        let district = place.district_id.unwrap_or(0);
        for (day, event) in stay.turnover() {
            let key = (place.category, place.deal, day, region, district);
            let turnover = self.found.turnover.entry(key).or_default();
            turnover.new += sign * event.new;
            turnover.returned += sign * event.returned;
            turnover.last_seen += sign * event.last_seen;
            turnover.gone += sign * event.gone;
        }
    }

    /// The walks that rejected a row of this listing, before this load of the walk.
    pub(crate) fn rejected_before(&self, hash_id: i64, now: &[Uuid]) -> Vec<Uuid> {
        let mut walks: Vec<Uuid> = now.iter().copied().filter(|walk| *walk != self.moment.walk).collect();
        if self.rejected_before.contains(&hash_id) {
            walks.push(self.moment.walk);
        }
        walks
    }

    /// [`each`] in this merge's transaction.
    pub(crate) async fn each<'r, T, const N: usize>(
        &mut self,
        sql: &str,
        rows: &'r [T],
        parameters: impl Fn(&'r T) -> [Parameter<'r>; N],
        action: &'static str,
    ) -> Result<(), Error> {
        each(&self.transaction, self.prepared, sql, rows, parameters, action).await
    }
}

/// Runs a statement by key once for each row, without waiting for one before the next.
pub(crate) async fn each<'r, T, const N: usize>(
    transaction: &Transaction<'_>,
    prepared: &mut Prepared,
    sql: &str,
    rows: &'r [T],
    parameters: impl Fn(&'r T) -> [Parameter<'r>; N],
    action: &'static str,
) -> Result<(), Error> {
    if rows.is_empty() {
        return Ok(());
    }
    let statement: Statement = prepared.statement(transaction, sql).await?;
    let mut in_flight = FuturesOrdered::new();
    for row in rows {
        in_flight.push_back(transaction.execute_raw(&statement, parameters(row)));
        if in_flight.len() == IN_FLIGHT {
            in_flight.try_next().await.context(action)?;
        }
    }
    while in_flight.try_next().await.context(action)?.is_some() {}
    Ok(())
}
