//! How the pages of a walk differ from the known shape, beside the ledger.

use sreality::shape::Drift;
use tokio_postgres::Transaction;
use uuid::Uuid;

use crate::error::{Context, Error};
use crate::ledger_row::signed;

/// The table of all walks.
pub(crate) const DRIFT: &str = "warehouse.drift";

/// Enters what a walk's object tells.
pub(crate) async fn enter(
    transaction: &Transaction<'_>,
    table: &str,
    walk: Uuid,
    drift: &[Drift],
) -> Result<(), Error> {
    if drift.is_empty() {
        return Ok(());
    }
    let paths: Vec<_> = drift.iter().map(|drift| drift.path.as_str()).collect();
    let changes: Vec<_> = drift.iter().map(|drift| drift.change.name()).collect();
    let found: Vec<_> = drift.iter().map(|drift| drift.found.as_str()).collect();
    let rows: Vec<_> = drift.iter().map(|drift| signed(drift.rows)).collect();
    // A walk is loaded again when a newer parser may understand its rejects.
    let remove = format!("delete from {table} where walk_id = $1");
    transaction.execute(&remove, &[&walk]).await.context("make room for the walk's drift")?;
    let insert = format!(
        "insert into {table} (walk_id, path, change, found, rows)
         select $1, * from unnest($2::text[], $3::text[], $4::text[], $5::bigint[])"
    );
    transaction
        .execute(&insert, &[&walk, &paths, &changes, &found, &rows])
        .await
        .entering("enter the walk's drift")?;
    Ok(())
}
