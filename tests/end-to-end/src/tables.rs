//! The warehouse's tables as a whole: what two of them must have in common, and emptying one.

use std::collections::BTreeMap;

use tokio_postgres::Client;

/// What tells when, or in which time, something was written, not what.
const TIMES_OF_WRITING: [&str; 4] = ["loaded_at", "load_seconds", "noted_at", "applied_at"];
/// What the migrator fills.
const NO_FACTS: [&str; 2] = ["migration", "code"];

/// What depends on the order of loads. The cache only spares work: emptied, it changes times and nothing else. The outbox
/// tells what became known when, and is not rebuilt.
const NO_FUNCTIONS_OF_RAW_OBJECTS: [&str; 6] =
    ["row_digest", "event", "outbox_position", "watch", "delivery", "failing_channel"];

/// Rows and their checksum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// How many there are.
    pub rows: i64,
    /// Of all rows in order, whole but for the times at which they were written.
    pub md5: String,
}

/// Every table of the schema `warehouse` but those: the catalog knows them, so none is forgotten.
pub async fn contents(sql: &Client) -> BTreeMap<String, Content> {
    let tables = "
        select relname::text, string_agg(format('%I', attname), ', ' order by attnum)
        from pg_class join pg_attribute on attrelid = pg_class.oid
        where relnamespace = 'warehouse'::regnamespace and relkind = 'r' and relname <> all ($2)
            and attnum > 0 and not attisdropped and attname <> all ($1)
        group by relname";
    let mut contents = BTreeMap::new();
    for table in sql
        .query(tables, &[&TIMES_OF_WRITING.as_slice(), &NO_FUNCTIONS_OF_RAW_OBJECTS.as_slice()])
        .await
        .unwrap()
    {
        let (table, columns): (String, String) = (table.get(0), table.get(1));
        let content = format!(
            "select count(*), md5(coalesce(string_agg(line, E'\\n' order by line collate \"C\"), ''))
             from (select row({columns})::text as line from warehouse.{table}) as lines"
        );
        let content = sql.query_one(&content, &[]).await.unwrap();
        contents.insert(table, Content { rows: content.get(0), md5: content.get(1) });
    }
    contents
}

/// Removes all facts, as if Postgres had been lost and migrated anew.
pub async fn empty(sql: &Client) {
    sql.batch_execute(&format!("truncate {}", tables_of_facts(sql).await.join(", "))).await.unwrap();
}

/// As [`empty`], row by row: faster where there are few.
pub async fn delete(sql: &Client) {
    let deletes: String =
        tables_of_facts(sql).await.iter().map(|table| format!("delete from {table};")).collect();
    // In whatever order they come.
    let without_keys =
        format!("set session_replication_role = replica; {deletes} reset session_replication_role");
    sql.batch_execute(&without_keys).await.unwrap();
}

async fn tables_of_facts(sql: &Client) -> Vec<String> {
    let tables = "
        select format('warehouse.%I', relname)
        from pg_class
        where relnamespace = 'warehouse'::regnamespace and relkind = 'r' and relname <> all ($1)";
    let tables = sql.query(tables, &[&NO_FACTS.as_slice()]).await.unwrap();
    tables.iter().map(|table| table.get(0)).collect()
}
