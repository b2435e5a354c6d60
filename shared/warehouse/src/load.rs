//! The transaction that loads one walk: everything or nothing.

use sreality::place::Place;
use sreality::row::{PARSER_VERSION, Row, RowError};
use tokio_postgres::Transaction;

use crate::connection::Warehouse;
use crate::error::{Doing, Error};
use crate::falsification::{self, Falsified};
use crate::walk::{Counts, Ending, Walk};
use crate::{kept, merge, price_level, sighting};

/// Serialises merges: each reads what the one before it wrote. Copying rows goes on side by side.
const MERGE_LOCK: i64 = 0x006d_6572_6765;

/// Ledger row first: its unique key makes a second loader of the same walk wait for the first, and then find
/// it done. The counts follow at the end of the transaction.
const ENTER_LEDGER: &str = "
insert into warehouse.walk (
    id, bucket, key, object_bytes, portal, segment, category, deal, region_id, district_id, sub_categories,
    software, started_at, announced, parser_version,
    finished_at, complete, pages, requests, retries, rows_seen, rows_loaded, rows_duplicate, rows_rejected
)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $13, false, 0, 0, 0, 0, 0, 0, 0)
on conflict do nothing";

const COMPLETE_LEDGER: &str = "
update warehouse.walk
set (finished_at, complete, incomplete_because, pages, requests, retries,
     rows_seen, rows_loaded, rows_duplicate, rows_rejected, parser_version)
    = ($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
where id = $1";

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
    transaction: Transaction<'w>,
    walk: Walk,
    seen: u64,
    rejected: u64,
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
        // A walk that was loaded has been judged: its rejects alone are read anew.
        let trusted = enter_ledger(&transaction, &walk).await? == 0;
        if trusted && remove_outdated_rejects(&transaction, &walk).await? == 0 {
            return Ok(None);
        }
        sighting::create_table(&transaction).await?;
        Ok(Some(Load { transaction, walk, seen: 0, rejected: 0, trusted }))
    }
}

impl Load<'_> {
    /// Adds the rows of one page: `line` is its line in the raw object, and each row comes with its JSON
    /// text, which a reject keeps.
    ///
    /// # Errors
    /// If Postgres refuses.
    pub async fn add_page(
        &mut self,
        line: u64,
        rows: impl Iterator<Item = (Result<Row<'_>, RowError>, &str)>,
    ) -> Result<(), Error> {
        let line = signed(line);
        let (mut accepted, mut rejected) = (Vec::new(), Vec::new());
        for (index, (row, fragment)) in (0_i32..).zip(rows) {
            match row {
                Ok(row) => accepted.push((index, row)),
                Err(error) => rejected.push((index, error, fragment)),
            }
        }
        self.seen += (accepted.len() + rejected.len()) as u64;
        self.rejected += rejected.len() as u64;
        sighting::copy(&self.transaction, line, &accepted).await?;
        for (index, error, fragment) in rejected {
            self.transaction
                .execute(
                    "insert into warehouse.reject (walk_id, line, row_index, pointer, reason, fragment, parser_version)
                     values ($1, $2, $3, $4, $5, $6, $7)",
                    &[&self.walk.id, &line, &index, &error.pointer, &error.reason, &fragment, &PARSER_VERSION],
                )
                .await
                .doing("keep a reject")?;
        }
        Ok(())
    }

    /// Rows added so far.
    #[must_use]
    pub fn rows_seen(&self) -> u64 {
        self.seen
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
        let Self { transaction, walk, seen, rejected, trusted } = self;
        let duplicate = sighting::separate_duplicates(&transaction).await?;
        let counts = Counts { seen, loaded: seen - rejected - duplicate, duplicate, rejected };

        transaction
            .execute("select pg_advisory_xact_lock($1)", &[&MERGE_LOCK])
            .await
            .doing("wait for other loads")?;
        if !trusted && let Some(falsified) = falsification::check(&transaction, walk.id).await? {
            transaction.rollback().await.doing("take the load back")?;
            return Ok(Finished::Falsified(falsified));
        }
        merge::find_affected(&transaction, &walk, ending.complete).await?;
        complete_ledger(&transaction, &walk, &ending, counts).await?;
        merge::merge(&transaction, walk.id).await?;
        price_level::keep(&transaction, walk.id).await?;
        merge::analyze_grown(&transaction).await?;
        kept::keep(&transaction).await?;
        transaction.commit().await.doing("commit the load")?;
        Ok(Finished::Loaded(counts))
    }
}

async fn enter_ledger(transaction: &Transaction<'_>, walk: &Walk) -> Result<u64, Error> {
    let Walk { id, bucket, key, object_bytes, portal, segment, software, started_at, announced } = walk;
    let (region, district) = match segment.place {
        Some(Place::Region(region)) => (Some(region.id), None),
        Some(Place::District(district)) => (None, Some(district.id)),
        None => (None, None),
    };
    let sub_categories: Vec<i16> = segment.sub_categories.iter().map(|sub| sub.code).collect();
    let sub_categories = Some(sub_categories).filter(|subs| !subs.is_empty());
    let (category, deal) = (segment.category.code(), segment.deal.code());
    transaction
        .execute(
            ENTER_LEDGER,
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
            ],
        )
        .await
        .doing("enter the walk in the ledger")
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

async fn complete_ledger(
    transaction: &Transaction<'_>,
    walk: &Walk,
    ending: &Ending,
    counts: Counts,
) -> Result<(), Error> {
    let Ending { finished_at, complete, incomplete_because, pages, requests, retries } = ending;
    let pages = i32::try_from(*pages).unwrap_or(i32::MAX);
    transaction
        .execute(
            COMPLETE_LEDGER,
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
            ],
        )
        .await
        .doing("complete the ledger's row")?;
    Ok(())
}

/// Postgres has no unsigned integers; no count here gets near the limit.
fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
