//! The ledger's row of one walk, as its raw object gives it: into the ledger, or beside it for a comparison.

use sreality::Age;
use sreality::row::PARSER_VERSION;
use tokio_postgres::Transaction;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use crate::compare::Seen;
use crate::error::{Context, Error};
use crate::history::Filter;
use crate::walk::{Counts, RawObject};
use sreality::walk::{Ending, Walk};

/// The ledger.
pub(crate) const LEDGER: &str = "warehouse.walk";

/// What is counted of a walk's rows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RowCounts {
    pub(crate) rows: Counts,
    /// Rejected rows that do not say which listing they are.
    pub(crate) without_id: u64,
    /// Loaded rows whose category or deal type is not the segment's.
    pub(crate) elsewhere: u64,
}

impl RowCounts {
    pub(crate) fn of(seen: &Seen) -> Self {
        Self { rows: seen.counts, without_id: seen.rejects_without_id, elsewhere: seen.elsewhere }
    }
}

/// Enters a walk. One that was loaded before is entered anew.
pub(crate) async fn enter(
    transaction: &Transaction<'_>,
    table: &str,
    walk: &Walk,
    object: &RawObject,
    ending: &Ending,
    counts: RowCounts,
) -> Result<(), Error> {
    let Walk { id, portal, market, segment, software, started_at, robots_disregarded, .. } = walk;
    let RawObject { bucket, key, bytes } = object;
    let Ending { finished_at, complete, incomplete_because, pages, .. } = ending;
    let Filter { category, deal, region_id, district_ids, sub_categories } = Filter::from(segment);
    let pages = i32::try_from(*pages).unwrap_or(i32::MAX);
    let numbers = [
        *bytes,
        walk.announced,
        ending.requests,
        ending.retries,
        counts.rows.seen,
        counts.rows.loaded,
        counts.rows.duplicate,
        counts.rows.rejected,
        counts.without_id,
        counts.elsewhere,
    ]
    .map(signed);
    let [
        object_bytes,
        announced,
        requests,
        retries,
        seen,
        loaded,
        duplicate,
        rejected,
        without_id,
        elsewhere,
    ] = &numbers;
    let sql = format!(
        "insert into {table} (
             id, bucket, key, object_bytes, portal, market, segment, category, deal, region_id, district_ids, sub_categories,
             since, software, robots_disregarded, started_at, finished_at, complete, incomplete_because, announced,
             pages, requests, retries, refusals, rows_seen, rows_loaded, rows_duplicate, rows_rejected,
             rejects_without_id, rows_elsewhere, parser_version
         )
         values (
             $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23,
             $24, $25, $26, $27, $28, $29, $30, $31
         )
         on conflict (id) do update
         set (rows_seen, rows_loaded, rows_duplicate, rows_rejected, rejects_without_id, rows_elsewhere, parser_version)
             = (excluded.rows_seen, excluded.rows_loaded, excluded.rows_duplicate, excluded.rows_rejected,
                excluded.rejects_without_id, excluded.rows_elsewhere, excluded.parser_version)"
    );
    let parameters: [&(dyn ToSql + Sync); 31] = [
        id,
        bucket,
        key,
        object_bytes,
        portal,
        market,
        &segment.to_string(),
        &category,
        &deal,
        &region_id,
        &district_ids,
        &sub_categories,
        &walk.since.map(Age::name),
        software,
        robots_disregarded,
        started_at,
        finished_at,
        complete,
        incomplete_because,
        announced,
        &pages,
        requests,
        retries,
        &ending.refusals.map(signed),
        seen,
        loaded,
        duplicate,
        rejected,
        without_id,
        elsewhere,
        &PARSER_VERSION,
    ];
    transaction.execute(&sql, &parameters).await.storing("enter the walk in the ledger").map(drop)
}

/// Enters how long the load has taken: the last statement before its commit.
pub(crate) async fn time(transaction: &Transaction<'_>, walk: Uuid) -> Result<(), Error> {
    let sql = "
        update warehouse.walk
        set load_seconds = extract(epoch from clock_timestamp() - transaction_timestamp())
        where id = $1";
    transaction.execute(sql, &[&walk]).await.context("enter the load's time in the ledger")?;
    Ok(())
}

/// Postgres has no unsigned integers; no count here gets near the limit.
pub(crate) fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
