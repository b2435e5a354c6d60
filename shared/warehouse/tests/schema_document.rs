//! docs/schema.md, made from the comments in the database.

use std::fmt::Write;

use tokio_postgres::Client;

const INTRODUCTION: &str = "\
# Tables and marts

<!-- Made by `cargo run -p warehouse --example schema > docs/schema.md`: change the comments in the SQL instead. -->

Readers see the schema `mart`. Only the functions see the schema `warehouse`. Times are in UTC, prices in
CZK unless a column says otherwise. Each mart is a file in
[`shared/warehouse/marts`](../shared/warehouse/marts), and the tables are in
[`0001_tables.sql`](../shared/warehouse/migrations/0001_tables.sql).

A view named `…_by_definition` says in plain SQL what a kept table must hold. `cenovka verify` compares
them. `listing`'s columns about its latest spell have such a view too.
";

/// Tables and views with their comments, in the order of their names.
const RELATIONS: &str = "
select
    oid,
    relname::text,
    case relkind when 'v' then 'View.' else 'Table.' end,
    coalesce(obj_description(oid, 'pg_class'), '')
from pg_class
where relnamespace = $1::text::regnamespace and relkind in ('r', 'v')
order by relname";

const COLUMNS: &str = "
select attname::text, format_type(atttypid, atttypmod), coalesce(col_description(attrelid, attnum), '')
from pg_attribute
where attrelid = $1 and attnum > 0 and not attisdropped
order by attnum";

/// The document, from a database that the migrator has brought up to date.
pub(crate) async fn document(sql: &Client) -> String {
    let mut text = INTRODUCTION.to_owned();
    for schema in ["mart", "warehouse"] {
        write!(text, "\n## {schema}\n").unwrap();
        for relation in sql.query(RELATIONS, &[&schema]).await.unwrap() {
            let (oid, name): (u32, String) = (relation.get(0), relation.get(1));
            let (kind, comment): (String, String) = (relation.get(2), relation.get(3));
            write!(text, "\n### {schema}.{name}\n\n{kind} {comment}\n\n").unwrap();
            text.push_str("| column | type | meaning |\n| --- | --- | --- |\n");
            for column in sql.query(COLUMNS, &[&oid]).await.unwrap() {
                let [name, kind, comment]: [String; 3] = [column.get(0), column.get(1), column.get(2)];
                writeln!(text, "| `{name}` | {kind} | {} |", comment.replace('|', "\\|")).unwrap();
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    #[tokio::test]
    async fn the_document_of_the_schema_is_what_the_database_says() {
        let database = crate::database::Database::start().await;
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/schema.md");
        let kept = std::fs::read_to_string(path).unwrap();
        let made = super::document(&database.sql).await;
        let differs = kept.lines().zip(made.lines()).find(|(kept, made)| kept != made);
        assert!(
            kept == made,
            "make it anew with `cargo run -p warehouse --example schema > docs/schema.md`: {differs:?}"
        );
    }

    #[tokio::test]
    async fn every_mart_has_a_comment() {
        let database = crate::database::Database::start().await;
        for relation in database.sql.query(super::RELATIONS, &[&"mart"]).await.unwrap() {
            let [name, comment]: [String; 2] = [relation.get(1), relation.get(3)];
            assert!(!comment.is_empty(), "{name}");
        }
    }
}
