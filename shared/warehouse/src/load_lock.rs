//! The lock that lets one load, or one migration, change the tables at a time.

use std::time::Duration;

use tokio_postgres::Transaction;

use crate::error::{Context, Error};

/// Serialises loads: each reads what the one before it wrote. The migrator takes it, too. It is held until the transaction
/// ends. The number is arbitrary but fixed.
pub(crate) const LOAD_LOCK: i64 = 0x006d_6572_6765;

/// Takes the lock. Plans are made anew: one that was made while a table was empty must not outlive its growth.
pub(crate) async fn wait_for_other_loads(
    transaction: &Transaction<'_>,
    time_left: Option<Duration>,
) -> Result<(), Error> {
    let limit = time_left.map(|left| {
        let milliseconds = left.as_millis().max(1);
        format!("set local lock_timeout = {milliseconds}; set local statement_timeout = {milliseconds};")
    });
    let sql =
        format!("discard plans; {} select pg_advisory_xact_lock({LOAD_LOCK})", limit.unwrap_or_default());
    transaction.batch_execute(&sql).await.context("wait for other loads")
}
