//! Schema migrations: numbered, forward only, each applied once.

use sreality::category::{Category, Deal, SUB_CATEGORIES};
use sreality::place::{DISTRICTS, District, REGIONS};
use sreality::{address, codes};
use tokio_postgres::Transaction;
use xxhash_rust::xxh3::xxh3_128;

use crate::connection::Warehouse;
use crate::error::{Context, Error};
use crate::load_lock::LOAD_LOCK;
use crate::schema_version::{MIGRATIONS, SCHEMA_VERSION, schema_version, wrong_version};
use crate::{roles, views};

/// Stands for all that the migrator does, views, grants and code tables included: the template names it, so that a stack runs
/// the migrator whenever any of it changes.
#[must_use]
pub fn schema_digest() -> String {
    let migrations = MIGRATIONS.iter().map(|(_, _, sql)| *sql);
    let views = views::VIEWS.iter().map(|(_, sql)| *sql);
    let mut text = migrations.chain(views).chain([roles::GRANTS]).collect::<Vec<_>>().join("\n");
    for row in code_rows() {
        text.push_str(&format!("\n{row:?}"));
    }
    format!("{:032x}", xxh3_128(text.as_bytes()))
}

/// Postgres reckons the checksum, of the very text that it was given.
const RECORD: &str = "insert into warehouse.migration (version, name, md5) values ($1, $2, md5($3))";

/// The first migration that was applied with another text.
const CHANGED: &str = "
select version
from warehouse.migration
join unnest($1::integer[], $2::text[]) as known (version, text) using (version)
where migration.md5 <> md5(known.text)
order by version
limit 1";

/// Serialises migrators. The number is arbitrary but fixed.
const MIGRATION_LOCK: i64 = 0x0063_656e_6f76_6b61;

impl Warehouse {
    /// Brings the schema to [`SCHEMA_VERSION`], and roles and grants to what they should be, in one transaction;
    /// returns the names of the migrations applied. Started twice at once, the second waits and finds nothing to do.
    ///
    /// # Errors
    /// If the schema is newer than this software or was made by other migrations, if the roles are missing and this
    /// user may not create them, or if Postgres refuses. Nothing is changed then.
    pub async fn migrate(&mut self) -> Result<Vec<&'static str>, Error> {
        let transaction = self.client().await?.transaction().await.context("begin the migration")?;
        transaction
            .execute("select pg_advisory_xact_lock($1)", &[&MIGRATION_LOCK])
            .await
            .context("wait for other migrators")?;
        let found = schema_version(&transaction).await?;
        if found > SCHEMA_VERSION {
            return Err(wrong_version(found));
        }
        if found > 0 {
            check_applied(&transaction).await?;
        }
        // No load may be under way: it reads what is made anew here, and writes what a migration may change.
        let lock = transaction.execute("select pg_advisory_xact_lock($1)", &[&LOAD_LOCK]).await;
        lock.context("wait for loads to end")?;
        views::drop_all(&transaction).await?;
        let mut applied = Vec::new();
        for (version, name, sql) in MIGRATIONS.iter().filter(|(version, ..)| *version > found) {
            let failed = |source| Error::Migration { version: *version, name, source };
            transaction.batch_execute(sql).await.map_err(failed)?;
            transaction.execute(RECORD, &[version, name, sql]).await.context("record a migration")?;
            applied.push(*name);
        }
        views::make_all(&transaction).await?;
        fill_codes(&transaction).await?;
        roles::create(&transaction).await?;
        roles::grant(&transaction).await?;
        transaction.commit().await.context("commit the migration")?;
        Ok(applied)
    }
}

/// Checks that the applied migrations are this software's: a number alone does not say which schema it is.
async fn check_applied(transaction: &Transaction<'_>) -> Result<(), Error> {
    let versions: Vec<_> = MIGRATIONS.iter().map(|migration| migration.0).collect();
    let texts: Vec<_> = MIGRATIONS.iter().map(|migration| migration.2).collect();
    let changed = transaction.query_opt(CHANGED, &[&versions, &texts]).await;
    let changed = changed.context("compare the applied migrations")?.map(|row| row.get(0));
    match MIGRATIONS.iter().find(|(version, ..)| changed == Some(*version)) {
        Some((version, name, _)) => Err(Error::ChangedMigration { version: *version, name }),
        None => Ok(()),
    }
}

/// A row of `warehouse.code`: kind, code, name, code of what it is a part of, what stands for it in an advert's address.
type CodeRow = (&'static str, i32, &'static str, Option<i32>, Option<String>);

/// Stores the software's own code tables, so that names and addresses need no code to be looked up.
async fn fill_codes(transaction: &Transaction<'_>) -> Result<(), Error> {
    let rows = code_rows();
    let kinds: Vec<_> = rows.iter().map(|row| row.0).collect();
    let numbers: Vec<_> = rows.iter().map(|row| row.1).collect();
    let names: Vec<_> = rows.iter().map(|row| row.2).collect();
    let wholes: Vec<_> = rows.iter().map(|row| row.3).collect();
    let addresses: Vec<_> = rows.iter().map(|row| row.4.as_deref()).collect();
    transaction
        .execute(
            "insert into warehouse.code (kind, code, name, part_of, address)
             select * from unnest($1::text[], $2::integer[], $3::text[], $4::integer[], $5::text[])
             on conflict (kind, code) do update
             set (name, part_of, address) = (excluded.name, excluded.part_of, excluded.address)
             where (code.name, code.part_of, code.address)
                 is distinct from (excluded.name, excluded.part_of, excluded.address)",
            &[&kinds, &numbers, &names, &wholes, &addresses],
        )
        .await
        .context("store the code tables")
        .map(drop)
}

fn code_rows() -> Vec<CodeRow> {
    let category = |code| Category::ALL.into_iter().find(|category| category.code() == code);
    let deal = |code| Deal::ALL.into_iter().find(|deal| deal.code() == code);
    let mut rows: Vec<CodeRow> = Vec::new();
    for table in codes::ALL {
        rows.extend(table.codes.iter().map(|(code, name)| {
            let address = match table.name {
                "category_main" => {
                    category(*code).map(|category| address::category_word(category).to_owned())
                }
                "category_type" => deal(*code).map(address::beginning),
                _ => None,
            };
            (table.name, i32::from(*code), *name, None, address)
        }));
    }
    rows.extend(SUB_CATEGORIES.iter().map(|sub| {
        let word = address::sub_category_word(sub.code).map(str::to_owned);
        ("category_sub", i32::from(sub.code), sub.name, None, word)
    }));
    rows.extend(REGIONS.iter().map(|region| ("region", region.id, region.name, None, None)));
    let district =
        |district: &District| ("district", district.id, district.name, Some(district.region_id), None);
    rows.extend(DISTRICTS.iter().map(district));
    rows
}
