//! What differs between raw objects, ledger and tables. Nothing is changed: every transaction here ends in a rollback
//! or may only read.
//!
//! A raw object is compared by what a load would start with, its rows in temporary tables; the tables among each other
//! by statements over all of them. Each check is one file of SQL that selects a sentence for each difference.

use sreality::row::PARSER_VERSION;
use tokio_postgres::{IsolationLevel, Transaction};
use uuid::Uuid;

use crate::attributes::{ATTRIBUTES, values};
use crate::compare::{Chunk, RowComparer};
use crate::connection::Warehouse;
use crate::copy::CopyRows;
use crate::drift;
use crate::error::{Context, Error};
use crate::history::Filter;
use crate::ledger_row::{self, RowCounts};
use crate::prepared::Prepared;
use crate::walk::RawObject;
use sreality::walk::{Ending, Walk};

/// So many differences of a kind are named; the others are only counted.
pub const NAMED: usize = 20;

/// Where the ledger's row goes as the object gives it.
const ENTRY: &str = "entry";
const CREATE_ENTRY: &str = "
create temporary table entry (like warehouse.walk including defaults including generated, unique (id)) on commit drop";
/// Where the object's drift goes.
const DRIFTED: &str = "drifted";
const CREATE_DRIFTED: &str = "create temporary table drifted (like warehouse.drift) on commit drop";
const UNDER_WAY: &str = include_str!("../verify/walk/under_way.sql");

/// What is checked of one walk.
const WALK_CHECKS: [Check; 8] = [
    Check { kind: "ledger", sql: include_str!("../verify/walk/ledger.sql") },
    Check { kind: "drift", sql: include_str!("../verify/walk/drift.sql") },
    Check { kind: "reject", sql: include_str!("../verify/walk/reject.sql") },
    Check { kind: "sighting", sql: include_str!("../verify/walk/sighting.sql") },
    Check { kind: "implied sighting", sql: include_str!("../verify/walk/implied_sighting.sql") },
    Check { kind: "extra sighting", sql: include_str!("../verify/walk/extra_sighting.sql") },
    Check { kind: "version", sql: include_str!("../verify/walk/version.sql") },
    Check { kind: "attributes", sql: include_str!("../verify/walk/listing.sql") },
];

/// What is checked of all tables together.
const TABLE_CHECKS: [Check; 7] = [
    Check { kind: "counts", sql: include_str!("../verify/tables/counts.sql") },
    Check { kind: "quarantine", sql: include_str!("../verify/tables/quarantine.sql") },
    Check { kind: "listing", sql: include_str!("../verify/tables/listing.sql") },
    Check { kind: "spell and walk", sql: include_str!("../verify/tables/spell_walk.sql") },
    Check { kind: "order of spells", sql: include_str!("../verify/tables/spell_order.sql") },
    Check { kind: "end of spell", sql: include_str!("../verify/tables/spell_end.sql") },
    Check { kind: "kept table", sql: include_str!("../verify/tables/kept.sql") },
];

/// Messages have their times in UTC. A statement over all tables may take longer than one of a load.
const SETTINGS: &str = "set local timezone = 'UTC'; set local statement_timeout = '1h'";

/// By the bytes of the key, as S3 orders them, not by the database's collation.
const LEDGER_BETWEEN: &str = r#"
select
    key,
    object_bytes,
    exists (select from warehouse.reject where walk_id = walk.id and parser_version < $3) as outdated
from warehouse.walk
where key collate "C" > $1 and ($2::text is null or key collate "C" <= $2)
order by key collate "C""#;

struct Check {
    kind: &'static str,
    sql: &'static str,
}

/// The differences that one check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Differences {
    /// What was checked.
    pub kind: &'static str,
    /// How many there are.
    pub count: u64,
    /// The first [`NAMED`] of them, in words.
    pub first: Vec<String>,
}

/// What the ledger has of a raw object, for a comparison with S3.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerEntry {
    pub key: String,
    /// Its size when it was loaded.
    pub object_bytes: u64,
    /// Whether an older parser rejected rows of it that this one may understand.
    pub outdated: bool,
}

/// The walk's rows: each listing's first one, the others, and those that cannot be understood.
const CREATE_DUPLICATE: &str = "
create temporary table duplicate (hash_id bigint, digest uuid, line bigint, row_index integer) on commit drop";
const CREATE_REJECTED: &str = "
create temporary table rejected (
    line bigint, row_index integer, hash_id bigint, pointer text, reason text, fragment text
) on commit drop";

/// A comparison of one raw object with the tables, under way. It leaves no trace in the database.
pub struct Comparison<'w> {
    transaction: Transaction<'w>,
    /// Its temporary tables are dropped with it, and so are these statements.
    prepared: Prepared,
    walk: Walk,
    object: RawObject,
}

impl Warehouse {
    /// The ledger's entries whose keys come after one key and up to another, in the order of their bytes.
    pub async fn ledger_between(
        &mut self,
        after: &str,
        up_to: Option<&str>,
    ) -> Result<Vec<LedgerEntry>, Error> {
        let client = self.checked_client().await?;
        let rows = client.query(LEDGER_BETWEEN, &[&after, &up_to, &PARSER_VERSION]).await;
        let entry = |row: &tokio_postgres::Row| LedgerEntry {
            key: row.get(0),
            object_bytes: u64::try_from(row.get::<_, i64>(1)).unwrap_or_default(),
            outdated: row.get(2),
        };
        Ok(rows.context("read the ledger")?.iter().map(entry).collect())
    }

    /// Begins to compare a walk that was loaded with the tables, as they are now.
    pub async fn compare(&mut self, walk: Walk, object: RawObject) -> Result<Comparison<'_>, Error> {
        let transaction = self.snapshot(false).await?;
        let columns = ATTRIBUTES.map(|(name, r#type)| format!("{name} {type}")).join(", ");
        let create_sighting = format!(
            "create temporary table sighting (
                 line bigint, row_index integer, hash_id bigint, total_price bigint, digest uuid, {columns}
             ) on commit drop"
        );
        for sql in [&create_sighting, CREATE_DUPLICATE, CREATE_REJECTED, CREATE_ENTRY, CREATE_DRIFTED] {
            transaction.batch_execute(sql).await.context("create the tables of the object's rows")?;
        }
        Ok(Comparison { transaction, prepared: Prepared::default(), walk, object })
    }

    /// Compares the tables with each other; tells what each check found as soon as it did.
    pub async fn compare_tables(&mut self, mut found: impl FnMut(Differences)) -> Result<(), Error> {
        let transaction = self.snapshot(true).await?;
        for check in &TABLE_CHECKS {
            found(check.run(&transaction, None).await?);
        }
        transaction.rollback().await.context("end the comparison")
    }

    /// A transaction in which all statements see the same tables, whatever is loaded meanwhile.
    async fn snapshot(&mut self, read_only: bool) -> Result<Transaction<'_>, Error> {
        let client = self.checked_client().await?;
        let begin = client.build_transaction().isolation_level(IsolationLevel::RepeatableRead);
        let transaction = begin.read_only(read_only).start().await.context("begin the comparison")?;
        transaction.batch_execute(SETTINGS).await.context("set the comparison's limits")?;
        Ok(transaction)
    }
}

impl Comparison<'_> {
    /// What takes the walk's rows apart.
    #[must_use]
    pub fn comparer(&self) -> RowComparer {
        RowComparer::new(Filter::from(&self.walk.segment))
    }

    /// Takes what the comparer handed over.
    pub async fn write(&mut self, chunk: Chunk) -> Result<(), Error> {
        let mut sightings = CopyRows::default();
        let mut duplicates = CopyRows::default();
        for row in &chunk.rows {
            let digest = row.attributes.digest;
            if row.first {
                sightings.row(5 + values(ATTRIBUTES.len()));
                sightings.add(row.line);
                sightings.add(row.index);
                sightings.add(row.hash_id);
                sightings.add(row.total_price);
                sightings.add(digest);
                sightings.encoded(&row.attributes.encoded);
            } else {
                duplicates.row(4);
                duplicates.add(row.hash_id);
                duplicates.add(digest);
                duplicates.add(row.line);
                duplicates.add(row.index);
            }
        }
        let mut rejected = CopyRows::default();
        for reject in &chunk.rejects {
            rejected.row(6);
            rejected.add(reject.line);
            rejected.add(reject.index);
            rejected.add(reject.hash_id);
            rejected.add(reject.pointer.as_str());
            rejected.add(reject.reason.as_str());
            rejected.add(reject.fragment.as_str());
        }
        sightings
            .send(&self.transaction, &mut self.prepared, "sighting", "copy the walk's sightings")
            .await?;
        duplicates
            .send(&self.transaction, &mut self.prepared, "duplicate", "copy the walk's duplicates")
            .await?;
        rejected.send(&self.transaction, &mut self.prepared, "rejected", "copy the walk's rejects").await
    }

    /// Compares what was read with the tables, and takes everything back.
    pub async fn finish(self, comparer: RowComparer, ending: &Ending) -> Result<Vec<Differences>, Error> {
        let Self { transaction, walk, object, .. } = self;
        let seen = comparer.finish().seen;
        ledger_row::enter(&transaction, ENTRY, &walk, &object, ending, RowCounts::of(&seen)).await?;
        drift::enter(&transaction, DRIFTED, walk.id, &ending.drift).await?;
        // A comparison is no load: it joins the walk's rows with the tables, and tells the planner how many there are.
        transaction.batch_execute("analyze sighting, duplicate").await.context("count the walk's rows")?;
        transaction.execute(UNDER_WAY, &[&walk.id]).await.context("find the spells of the walk's time")?;
        transaction
            .batch_execute("analyze under_way")
            .await
            .context("count the spells of the walk's time")?;
        let mut found = Vec::new();
        for check in &WALK_CHECKS {
            found.push(check.run(&transaction, Some(walk.id)).await?);
        }
        transaction.rollback().await.context("end the comparison")?;
        Ok(found)
    }
}

impl Check {
    /// Runs the check, of one walk or of all.
    async fn run(&self, transaction: &Transaction<'_>, walk: Option<Uuid>) -> Result<Differences, Error> {
        let Self { kind, sql } = self;
        let sql = format!(
            "select what, count(*) over () from (\n{sql}\n) as difference (what) order by what limit {NAMED}"
        );
        let statement = transaction.prepare(&sql).await.context("compare the tables")?;
        // Some need not know which walk is in the temporary tables.
        let rows = match walk.filter(|_| !statement.params().is_empty()) {
            Some(walk) => transaction.query(&statement, &[&walk]).await,
            None => transaction.query(&statement, &[]).await,
        };
        let rows = rows.context("compare the tables")?;
        let count = rows.first().map_or(0, |row| row.get::<_, i64>(1));
        let count = u64::try_from(count).unwrap_or_default();
        Ok(Differences { kind, count, first: rows.iter().map(|row| row.get(0)).collect() })
    }
}
