//! Which market a warehouse holds: the first walk settles it, and every other market's are refused.

use tokio_postgres::Transaction;

use crate::connection::Warehouse;
use crate::error::{Context, Error};
use sreality::walk::Walk;

impl Warehouse {
    /// Whether nothing was ever loaded.
    pub async fn is_empty(&mut self) -> Result<bool, Error> {
        let sql = "select not exists (select from warehouse.market)";
        let row = self.checked_client().await?.query_one(sql, &[]).await;
        Ok(row.context("look whether anything was loaded")?.get(0))
    }

    /// The market that it holds; `None` before its first walk, or before its schema is there.
    pub async fn market(&mut self) -> Result<Option<String>, Error> {
        let client = self.client().await?;
        let exists = "select to_regclass('warehouse.market') is not null";
        let exists = client.query_one(exists, &[]).await.context("look for the warehouse's market")?;
        if !exists.get::<_, bool>(0) {
            return Ok(None);
        }
        let row = client.query_opt("select name from warehouse.market", &[]).await;
        Ok(row.context("read the warehouse's market")?.map(|row| row.get(0)))
    }
}

/// Refuses a walk of another market.
pub(crate) fn check(held: Option<String>, walk: &Walk) -> Result<(), Error> {
    match held {
        Some(held) if held != walk.market => Err(Error::OtherMarket { found: walk.market.clone(), held }),
        _ => Ok(()),
    }
}

pub(crate) async fn settle(transaction: &Transaction<'_>, market: &str) -> Result<(), Error> {
    let sql = "insert into warehouse.market (name) values ($1) on conflict do nothing";
    transaction.execute(sql, &[&market]).await.storing("settle the warehouse's market").map(drop)
}
