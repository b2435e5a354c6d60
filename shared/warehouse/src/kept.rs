//! The tables that the load keeps for readers: current listings, stays, price changes, relistings.
//!
//! Each is defined by a view of the facts and is brought in line with it for the listings that a walk touched, so it depends on
//! the facts only, and can be compared with its definition at any time.

use tokio_postgres::Transaction;

use crate::error::{Doing, Error};

const TOUCHED: &str = include_str!("../merge/touched.sql");

/// Each with what it does.
const KEPT: &[(&str, &str)] = &[
    (include_str!("../merge/current_listing.sql"), "keep the current listings"),
    (include_str!("../merge/stay.sql"), "keep the stays"),
    (include_str!("../merge/price_change.sql"), "keep the price changes"),
    (include_str!("../merge/relisting.sql"), "keep the relistings"),
];

/// What stays took back: a place and day without any leaves no row.
const REMOVE_EMPTY: &str =
    "delete from warehouse.turnover where new = 0 and returned = 0 and last_seen = 0 and gone = 0";

/// Brings the kept tables in line after a merge.
pub(crate) async fn keep(transaction: &Transaction<'_>) -> Result<(), Error> {
    transaction.execute(TOUCHED, &[]).await.doing("find what the kept tables must follow")?;
    follow(transaction).await
}

/// Makes the kept tables anew for all listings: after a change of a definition or of a name. Takes a minute for a year.
pub(crate) async fn remake(transaction: &Transaction<'_>) -> Result<(), Error> {
    transaction
        .batch_execute(
            "create temporary table touched on commit drop as select hash_id from warehouse.listing",
        )
        .await
        .doing("find what the kept tables must follow")?;
    follow(transaction).await
}

async fn follow(transaction: &Transaction<'_>) -> Result<(), Error> {
    transaction.batch_execute("analyze touched").await.doing("count the touched listings")?;
    for (sql, action) in KEPT {
        transaction.execute(*sql, &[]).await.doing(action)?;
    }
    transaction.execute(REMOVE_EMPTY, &[]).await.doing("remove empty rows of turnover")?;
    Ok(())
}
