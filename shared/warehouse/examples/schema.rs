//! Prints docs/schema.md: starts a Postgres of its own, migrates it, and writes down what its comments say.
#![allow(clippy::unwrap_used, reason = "a tool of the developers")]

use std::os::unix::fs::PermissionsExt;

use local::postgres::PrivatePostgres;
use tokio_postgres::NoTls;
use warehouse::Warehouse;

#[path = "../tests/schema_document.rs"]
mod schema_document;

#[tokio::main]
async fn main() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
    let postgres = PrivatePostgres::start(&folder.path().join("postgres")).await.unwrap();
    Warehouse::new(&postgres.database_url(), None).unwrap().migrate().await.unwrap();
    let (sql, connection) = tokio_postgres::connect(&postgres.database_url(), NoTls).await.unwrap();
    tokio::spawn(connection);
    print!("{}", schema_document::document(&sql).await);
}
