//! Which schema this software works with, and whether the database has it.

use tokio_postgres::GenericClient;

use crate::error::{Context, Error};

/// Every migration by its number; the files are never changed once released. Views and functions are not among them: they
/// are made anew every time.
pub(crate) const MIGRATIONS: &[(i32, &str, &str)] =
    &[(1, "tables", include_str!("../migrations/0001_tables.sql"))];

/// The schema version that this software works with.
#[expect(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "there are a handful")]
pub const SCHEMA_VERSION: i32 = MIGRATIONS.len() as i32;

/// Checks that the schema is the one that this software works with.
pub(crate) async fn check_schema(client: &impl GenericClient) -> Result<(), Error> {
    check_version(schema_version(client).await?)
}

/// Checks the version of the schema.
pub(crate) fn check_version(found: i32) -> Result<(), Error> {
    if found == SCHEMA_VERSION { Ok(()) } else { Err(wrong_version(found)) }
}

pub(crate) fn wrong_version(found: i32) -> Error {
    let hint = if found > SCHEMA_VERSION { "update the software" } else { "run the migrator" };
    Error::Schema { found, expected: SCHEMA_VERSION, hint }
}

/// The schema's version; 0 for none.
pub(crate) async fn schema_version(client: &impl GenericClient) -> Result<i32, Error> {
    let known = client
        .query_one("select to_regclass('warehouse.migration') is not null", &[])
        .await
        .context("look for the schema")?;
    if !known.get::<_, bool>(0) {
        return Ok(0);
    }
    let version = client.query_one("select coalesce(max(version), 0) from warehouse.migration", &[]).await;
    Ok(version.context("read the schema's version")?.get(0))
}
