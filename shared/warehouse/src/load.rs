//! The transaction that loads one walk: everything or nothing.

use std::collections::HashSet;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use sreality::row::PARSER_VERSION;
use tokio_postgres::Transaction;
use uuid::Uuid;

use crate::compare::{Chunk, Compared, Found, KnownListing, RowComparer};
use crate::connection::Warehouse;
use crate::drift::{self, DRIFT};
use crate::error::{Context, Error};
use crate::falsification;
use crate::history::{Filter, Moment, WALKS_BEFORE_NEWS};
use crate::ledger_row::{self, LEDGER, RowCounts};
use crate::load_lock::wait_for_other_loads;
use crate::market;
use crate::merge::{CoveringWalks, Findings, Merge, Parameter};
use crate::on_offer::{miss_what_was_on_offer, remember_digests, weigh, what_is_known};
use crate::quarantine::Finding;
use crate::schema_version::check_version;
use crate::shrinkage;
use crate::walk::{Counts, RawObject};
use sreality::walk::{Ending, Walk};

/// All that decides how a walk is loaded.
const QUESTION: &str = "
select
    (select coalesce(max(version), 0) from warehouse.migration),
    (select name from warehouse.market),
    exists (select from warehouse.walk where id = $1),
    exists (select from warehouse.reject where walk_id = $1 and parser_version < $2),
    exists (
        select from warehouse.walk
        where warehouse.pair(category, deal) = $3::integer and (started_at, id) > ($4::timestamptz, $1::uuid)
    )
    -- The latest of them, and not whether there is one: to look for that, the planner may read the ledger as a whole.
    or coalesce((
        select (started_at, id) > ($4::timestamptz, $1::uuid)
        from warehouse.walk
        where rows_elsewhere > 0
        order by started_at desc, id desc
        limit 1
    ), false),
    exists (
        select from warehouse.listing
        where warehouse.pair(category, deal) = $3::integer and missing_since is not null
    ),
    (
        select started_at
        from warehouse.walk
        where warehouse.pair(category, deal) = $3::integer and covering and started_at < $4::timestamptz
            and (segment = $5 or (region_id is null and district_ids is null and sub_categories is null))
        order by started_at desc
        limit 1
    ),
    (
        select count(*)
        from (
            select from warehouse.walk
            where warehouse.pair(category, deal) = $3::integer and covering and started_at < $4::timestamptz
            limit $6
        ) as before
    )";

const REMOVE_REJECTS: &str = "delete from warehouse.reject where walk_id = $1 returning hash_id";

/// What happened longer ago is not told to anybody: a rebuild and a walk that comes days late make no news.
const NEWS_AGE: SignedDuration = SignedDuration::from_hours(48);

/// How a load begins.
pub enum Begun<'w> {
    /// The ledger has the walk, and nothing of it was rejected by an older parser.
    AlreadyLoaded,
    /// It is to be read.
    Load(Box<Load<'w>>),
}

/// How a load ended.
#[derive(Clone, Debug)]
pub enum Finished {
    /// It is committed.
    Loaded(Counts),
    /// The walk is to be set aside: nothing of it is in the database.
    SetAside(Finding),
}

/// A load under way. Dropping it leaves no trace in the database.
pub struct Load<'w> {
    merge: Merge<'w>,
    walk: Walk,
    object: RawObject,
    trusted: bool,
    comparer: Option<RowComparer>,
}

impl Warehouse {
    /// Begins the load of a walk: waits for other loads, for at most `time_left`, and reads what is known of its segment.
    ///
    /// # Errors
    /// If Postgres cannot be reached or refuses, or has another schema than this software's; or if the walk is of another
    /// market than the warehouse.
    pub async fn begin(
        &mut self,
        walk: Walk,
        object: RawObject,
        time_left: Option<Duration>,
    ) -> Result<Begun<'_>, Error> {
        let (client, prepared) = self.session().await?;
        let transaction = client.transaction().await.context("begin the load")?;
        wait_for_other_loads(&transaction, time_left).await?;
        let filter = Filter::from(&walk.segment);
        let moment = Moment { at: walk.started_at, walk: walk.id };
        let question = prepared.statement(&transaction, QUESTION).await?;
        let pair = crate::known::pair(filter.category, filter.deal);
        let segment = walk.segment.to_string();
        let enough = WALKS_BEFORE_NEWS as i64;
        let asked: [Parameter<'_>; 6] =
            [&walk.id, &PARSER_VERSION, &pair, &walk.started_at, &segment, &enough];
        let answer = transaction.query_one(&question, &asked).await.context("read the ledger")?;
        check_version(answer.get(0))?;
        market::check(answer.get(1), &walk)?;
        let (is_known, is_outdated) = (answer.get::<_, bool>(2), answer.get::<_, bool>(3));
        if is_known && !is_outdated {
            return Ok(Begun::AlreadyLoaded);
        }
        // A walk that was loaded has been judged: its rejects are read anew, and what it accepted is met again.
        let rejected_before =
            if is_known { remove_rejects(&transaction, walk.id).await? } else { Vec::new() };
        let mut merge = Merge {
            transaction,
            prepared,
            moment,
            filter,
            late: is_known || answer.get(4),
            news_since: Timestamp::now() - NEWS_AGE,
            rejected_before,
            walks: CoveringWalks::default(),
            found: Findings {
                relistings_possible: answer.get(5),
                covered_before: answer.get(6),
                newcomers_are_news: answer.get::<_, i64>(7) >= enough,
                ..Findings::default()
            },
        };
        let comparer = Some(what_is_known(&mut merge, walk.since.is_some()).await?);
        Ok(Begun::Load(Box::new(Load { merge, walk, object, trusted: is_known, comparer })))
    }
}

impl Load<'_> {
    /// Leaves out the checks for falsified and shrunken walks: the operator has released this one.
    pub fn trust(&mut self) {
        self.trusted = true;
    }

    /// What compares the walk's rows with what is known; can be taken once.
    #[must_use]
    pub fn comparer(&mut self) -> RowComparer {
        self.comparer.take().unwrap_or_else(|| RowComparer::new(self.merge.filter.clone()))
    }

    /// Writes what the comparer handed over.
    pub async fn write(&mut self, chunk: Chunk) -> Result<(), Error> {
        self.merge.write(chunk).await
    }

    /// Merges the walk and commits it, unless it is to be set aside.
    pub async fn finish(self, comparer: RowComparer, ending: Ending) -> Result<Finished, Error> {
        let Self { mut merge, walk, object, trusted, .. } = self;
        let Compared { known, found, others, digests, seen } = comparer.finish();
        // Early, to be rid of them: of all that is held, only the listings themselves take more memory.
        remember_digests(&mut merge, &known, digests).await?;
        let covering = ending.complete && seen.rejects_without_id == 0;
        let missed = |listing: &KnownListing| {
            covering && !others.contains(&listing.hash_id) && !seen.rejected.contains(&listing.hash_id)
        };
        let implied = |listing: &KnownListing| covering && !seen.rejected.contains(&listing.hash_id);
        weigh(&mut merge, &known, &found, missed, implied);
        if merge.late && covering && walk.since.is_none() {
            miss_what_was_on_offer(&mut merge, missed).await?;
        }
        merge.update_listings().await?;
        merge.change_histories(covering).await?;
        if !trusted && let Some(finding) = judge(&mut merge, &known, &found, covering).await? {
            merge.transaction.rollback().await.context("take the load back")?;
            return Ok(Finished::SetAside(finding));
        }
        merge.keep_extra_sightings(covering, &seen.rejected).await?;
        if covering {
            merge.keep_price_levels(&seen.samples).await?;
        }
        merge.write_turnover().await?;
        merge.keep_relistings().await?;
        merge.write_events().await?;
        market::settle(&merge.transaction, &walk.market).await?;
        ledger_row::enter(&merge.transaction, LEDGER, &walk, &object, &ending, RowCounts::of(&seen)).await?;
        drift::enter(&merge.transaction, DRIFT, walk.id, &ending.drift).await?;
        ledger_row::time(&merge.transaction, walk.id).await?;
        merge.transaction.commit().await.context("commit the load")?;
        Ok(Finished::Loaded(seen.counts))
    }
}

/// Makes room for a walk that is loaded again because an older parser rejected rows of it; returns which listings' rows.
async fn remove_rejects(transaction: &Transaction<'_>, walk: Uuid) -> Result<Vec<i64>, Error> {
    let removed =
        transaction.query(REMOVE_REJECTS, &[&walk]).await.context("remove rejects of an older parser")?;
    Ok(removed.iter().filter_map(|row| row.get(0)).collect())
}

/// Whether the walk is falsified or shrunken.
async fn judge(
    merge: &mut Merge<'_>,
    known: &[KnownListing],
    found: &[Found],
    covering: bool,
) -> Result<Option<Finding>, Error> {
    if falsification::positions_may_testify(&merge.found.testimony.moves) {
        let same = known.iter().zip(found).filter(|(_, found)| **found == Found::Same);
        let ids: HashSet<i64> = same.map(|(listing, _)| listing.hash_id).collect();
        let filter = merge.filter.clone();
        merge.found.testimony.unmoved = merge.reading().positions(&filter, &ids).await?;
    }
    let falsified = falsification::judge(&merge.found.testimony).map(Finding::from);
    // Where no walk before covered the same, what is known of it is older than anybody can tell.
    let pause = merge.found.covered_before.filter(|_| covering).map(|at| merge.moment.at.duration_since(at));
    let shrunken = || shrinkage::judge(merge.found.coverage, pause?).map(Finding::from);
    Ok(falsified.or_else(shrunken))
}
