//! The ledger's row of one walk, as its raw object gives it: into the ledger, or beside it for a comparison.

use sreality::Age;
use sreality::place::Place;
use sreality::row::PARSER_VERSION;
use tokio_postgres::Transaction;
use uuid::Uuid;

use crate::error::{Doing, Error};
use crate::walk::{Counts, Ending, Walk};

/// The ledger.
pub(crate) const LEDGER: &str = "warehouse.walk";

/// Enters what is known before the rows are read, unless the walk is there already; returns the number of rows entered.
/// The rest follows with [`complete`].
pub(crate) async fn enter(transaction: &Transaction<'_>, table: &str, walk: &Walk) -> Result<u64, Error> {
    let Walk { id, bucket, key, object_bytes, portal, segment, since, software, started_at, .. } = walk;
    let Walk { announced, robots_disregarded, .. } = walk;
    let (region, district) = match segment.place {
        Some(Place::Region(region)) => (Some(region.id), None),
        Some(Place::District(district)) => (None, Some(district.id)),
        None => (None, None),
    };
    let sub_categories: Vec<i16> = segment.sub_categories.iter().map(|sub| sub.code).collect();
    let sub_categories = Some(sub_categories).filter(|subs| !subs.is_empty());
    let (category, deal) = (segment.category.code(), segment.deal.code());
    let sql = format!(
        "insert into {table} (
             id, bucket, key, object_bytes, portal, segment, category, deal, region_id, district_id, sub_categories,
             software, started_at, announced, parser_version, since, robots_disregarded,
             finished_at, complete, pages, requests, retries, rows_seen, rows_loaded, rows_duplicate, rows_rejected
         )
         values (
             $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17,
             $13, false, 0, 0, 0, 0, 0, 0, 0
         )
         on conflict do nothing"
    );
    transaction
        .execute(
            &sql,
            &[
                id,
                bucket,
                key,
                &signed(*object_bytes),
                portal,
                &segment.to_string(),
                &category,
                &deal,
                &region,
                &district,
                &sub_categories,
                software,
                started_at,
                &signed(*announced),
                &PARSER_VERSION,
                &since.map(Age::name),
                robots_disregarded,
            ],
        )
        .await
        .doing("enter the walk in the ledger")
}

/// Enters what is known once the rows are read.
pub(crate) async fn complete(
    transaction: &Transaction<'_>,
    table: &str,
    walk: &Walk,
    ending: &Ending,
    counts: Counts,
) -> Result<(), Error> {
    let Ending { finished_at, complete, incomplete_because, pages, requests, retries, refusals, drift: _ } =
        ending;
    let pages = i32::try_from(*pages).unwrap_or(i32::MAX);
    let sql = format!(
        "update {table}
         set (finished_at, complete, incomplete_because, pages, requests, retries,
              rows_seen, rows_loaded, rows_duplicate, rows_rejected, parser_version, refusals)
             = ($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
         where id = $1"
    );
    transaction
        .execute(
            &sql,
            &[
                &walk.id,
                finished_at,
                complete,
                incomplete_because,
                &pages,
                &signed(*requests),
                &signed(*retries),
                &signed(counts.seen),
                &signed(counts.loaded),
                &signed(counts.duplicate),
                &signed(counts.rejected),
                &PARSER_VERSION,
                &refusals.map(signed),
            ],
        )
        .await
        .doing("complete the ledger's row")?;
    Ok(())
}

/// Enters how long the load has taken: the last statement before its commit.
pub(crate) async fn time(transaction: &Transaction<'_>, walk: Uuid) -> Result<(), Error> {
    let sql = "
        update warehouse.walk
        set load_seconds = extract(epoch from clock_timestamp() - transaction_timestamp())
        where id = $1";
    transaction.execute(sql, &[&walk]).await.doing("enter the load's time in the ledger")?;
    Ok(())
}

/// Postgres has no unsigned integers; no count here gets near the limit.
pub(crate) fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
