//! The transaction that loads one walk: everything or nothing.

use sreality::row::PARSER_VERSION;
use tokio_postgres::Transaction;

use crate::connection::Warehouse;
use crate::drift::DRIFT;
use crate::error::{Doing, Error};
use crate::falsification::{self, Falsified};
use crate::ledger_row::{self, LEDGER};
use crate::rows::Rows;
use crate::walk::{Counts, Ending, Walk};
use crate::{drift, kept, merge, price_level};

/// Serialises merges: each reads what the one before it wrote. Copying rows goes on side by side.
const MERGE_LOCK: i64 = 0x006d_6572_6765;

const KEEP_REJECTS: &str = "
insert into warehouse.reject (walk_id, line, row_index, pointer, reason, fragment, parser_version)
select $1, line, row_index, pointer, reason, fragment, $2 from rejected";

/// How a load ended.
#[derive(Clone, Debug)]
pub enum Finished {
    /// It is committed.
    Loaded(Counts),
    /// The walk is falsified: nothing of it is in the database.
    Falsified(Falsified),
}

/// A load under way. Dropping it leaves no trace in the database.
pub struct Load<'w> {
    rows: Rows<'w>,
    walk: Walk,
    trusted: bool,
}

impl Warehouse {
    /// Begins the load of a walk; `None` if the ledger has it and nothing of it was rejected by an older parser. While
    /// another connection is loading the same walk, this waits for its end.
    ///
    /// # Errors
    /// If Postgres cannot be reached or refuses.
    pub async fn begin(&mut self, walk: Walk) -> Result<Option<Load<'_>>, Error> {
        let transaction = self.checked_client().await?.transaction().await.doing("begin the load")?;
        // Ledger row first: its unique key makes a second loader of the same walk wait for the first, and then find it
        // done. A walk that was loaded has been judged: its rejects alone are read anew.
        let trusted = ledger_row::enter(&transaction, LEDGER, &walk).await? == 0;
        if trusted && remove_outdated_rejects(&transaction, &walk).await? == 0 {
            return Ok(None);
        }
        Ok(Some(Load { rows: Rows::begin(transaction).await?, walk, trusted }))
    }
}

impl<'w> Load<'w> {
    /// Where the walk's rows go.
    pub fn rows(&mut self) -> &mut Rows<'w> {
        &mut self.rows
    }

    /// Leaves out the check for falsified walks: the operator has released this one.
    pub fn trust(&mut self) {
        self.trusted = true;
    }

    /// Merges the walk and commits it, unless it is falsified.
    ///
    /// # Errors
    /// If Postgres refuses.
    pub async fn finish(self, ending: Ending) -> Result<Finished, Error> {
        let Self { rows, walk, trusted } = self;
        let counts = rows.separate().await?;
        let transaction = rows.transaction;
        transaction
            .execute("select pg_advisory_xact_lock($1)", &[&MERGE_LOCK])
            .await
            .doing("wait for other loads")?;
        if !trusted && let Some(falsified) = falsification::check(&transaction, walk.id).await? {
            transaction.rollback().await.doing("take the load back")?;
            return Ok(Finished::Falsified(falsified));
        }
        merge::find_affected(&transaction, &walk, ending.complete).await?;
        ledger_row::complete(&transaction, LEDGER, &walk, &ending, counts).await?;
        drift::enter(&transaction, DRIFT, walk.id, &ending.drift).await?;
        if counts.rejected > 0 {
            let kept = transaction.execute(KEEP_REJECTS, &[&walk.id, &PARSER_VERSION]).await;
            kept.doing("keep the rejects")?;
        }
        merge::merge(&transaction, walk.id).await?;
        price_level::keep(&transaction, walk.id).await?;
        merge::analyze_grown(&transaction).await?;
        kept::keep(&transaction).await?;
        ledger_row::time(&transaction, walk.id).await?;
        transaction.commit().await.doing("commit the load")?;
        Ok(Finished::Loaded(counts))
    }
}

/// Makes room for a walk that is loaded again because an older parser rejected rows of it; returns how many. What it
/// accepted stays and is met again: a newer parser reads it the same (see [`PARSER_VERSION`]).
async fn remove_outdated_rejects(transaction: &Transaction<'_>, walk: &Walk) -> Result<u64, Error> {
    // Two loaders of the same walk: the second waits here and then finds nothing outdated. Merges that refer to the
    // walk do not wait.
    transaction
        .execute("select from warehouse.walk where id = $1 for no key update", &[&walk.id])
        .await
        .doing("lock the ledger's row")?;
    transaction
        .execute(
            "delete from warehouse.reject
             where walk_id = $1
                 and exists (select from warehouse.reject where walk_id = $1 and parser_version < $2)",
            &[&walk.id, &PARSER_VERSION],
        )
        .await
        .doing("remove rejects of an older parser")
}
