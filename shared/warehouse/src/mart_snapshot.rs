//! Marts as of one moment, as an analyst reads them: row by row, so that no mart has to fit into memory.

use std::pin::Pin;

use futures_util::StreamExt;
use jiff::Timestamp;
use jiff::civil::Date;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{IsolationLevel, Row, RowStream, Transaction};

use crate::connection::Warehouse;
use crate::error::{Context, Error};

const MARTS: &str = "
select relname::text
from pg_class
where relnamespace = to_regnamespace('mart') and relkind in ('v', 'r')
    and has_table_privilege(pg_class.oid, 'select')
order by relname collate \"C\"";

const COLUMNS: &str = "
select attname::text, format_type(atttypid, null), col_description(attrelid, attnum)
from pg_attribute
where attrelid = to_regclass('mart.' || quote_ident($1)) and attnum > 0 and not attisdropped
order by attnum";

const COMMENT: &str = "select obj_description(to_regclass('mart.' || quote_ident($1)), 'pg_class')";

const LOCK: &str = "select pg_try_advisory_xact_lock(hashtext($1))";

/// Longer than a login's own limit may be, which is meant for the queries of dashboards; and days are those of UTC, whatever the
/// server's time zone.
const PATIENT_IN_UTC: &str = "set local statement_timeout = '10min'; set local timezone = 'UTC'";

/// What a column of a mart holds, after [`MartColumn::expression`] was applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnType {
    Boolean,
    /// 32 bits.
    Integer,
    /// 64 bits.
    Bigint,
    /// Also for `numeric`; for an `interval` its seconds.
    Double,
    /// Also for `uuid`, and for the elements of a `text[]`, separated by commas.
    Text,
    Date,
    /// With a time zone.
    Timestamp,
}

/// A column of a mart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MartColumn {
    /// The mart's own name, and `<name>_seconds` for an interval.
    pub name: String,
    pub data_type: ColumnType,
    /// What the database says of it.
    pub comment: Option<String>,
    /// What is selected for it: the column itself, or its value as one of the types that files know.
    expression: String,
}

impl MartColumn {
    /// # Errors
    /// If the type is none that a file could hold.
    fn new(mart: &str, name: &str, postgres_type: &str, comment: Option<String>) -> Result<Self, Error> {
        let quoted = quoted(name);
        let (data_type, expression) = match postgres_type {
            "boolean" => (ColumnType::Boolean, quoted),
            "integer" | "smallint" => (ColumnType::Integer, format!("{quoted}::integer")),
            "bigint" => (ColumnType::Bigint, quoted),
            "double precision" | "real" | "numeric" => {
                (ColumnType::Double, format!("{quoted}::double precision"))
            }
            "text" | "uuid" | "character varying" => (ColumnType::Text, format!("{quoted}::text")),
            "text[]" => (ColumnType::Text, format!("array_to_string({quoted}, ', ')")),
            "date" => (ColumnType::Date, quoted),
            "timestamp with time zone" => (ColumnType::Timestamp, quoted),
            "interval" => (ColumnType::Double, format!("extract(epoch from {quoted})::double precision")),
            other => {
                return Err(Error::ColumnType {
                    column: format!("mart.{mart}.{name}"),
                    found: other.to_owned(),
                });
            }
        };
        let name = match postgres_type {
            "interval" => format!("{name}_seconds"),
            _ => name.to_owned(),
        };
        Ok(Self { name, data_type, comment, expression })
    }

    /// The column in SQL, as one of the types of [`ColumnType`].
    #[must_use]
    pub fn expression(&self) -> &str {
        &self.expression
    }
}

/// A name as SQL has it.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A value of a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum MartValue<'r> {
    Null,
    Boolean(bool),
    Integer(i32),
    Bigint(i64),
    Double(f64),
    Text(&'r str),
    Date(Date),
    Timestamp(Timestamp),
}

/// A row of a mart.
#[derive(Debug)]
pub struct MartRow(Row);

impl MartRow {
    /// All values of a row of texts.
    ///
    /// # Errors
    /// If one is null or no text.
    pub fn texts(&self) -> Result<Vec<String>, Error> {
        let Self(row) = self;
        let texts: Result<_, _> = (0..row.len()).map(|index| row.try_get(index)).collect();
        texts.context("read a row of texts")
    }

    /// The value in a column, counted from 0.
    ///
    /// # Errors
    /// If it is out of the range of [`MartValue`], such as the time `infinity`.
    pub fn value(&self, index: usize, data_type: ColumnType) -> Result<MartValue<'_>, Error> {
        let row = &self.0;
        let value = match data_type {
            ColumnType::Boolean => {
                row.try_get::<_, Option<_>>(index).map(|value| value.map(MartValue::Boolean))
            }
            ColumnType::Integer => {
                row.try_get::<_, Option<_>>(index).map(|value| value.map(MartValue::Integer))
            }
            ColumnType::Bigint => {
                row.try_get::<_, Option<_>>(index).map(|value| value.map(MartValue::Bigint))
            }
            ColumnType::Double => {
                row.try_get::<_, Option<_>>(index).map(|value| value.map(MartValue::Double))
            }
            ColumnType::Text => row.try_get::<_, Option<_>>(index).map(|value| value.map(MartValue::Text)),
            ColumnType::Date => row.try_get::<_, Option<_>>(index).map(|value| value.map(MartValue::Date)),
            ColumnType::Timestamp => {
                row.try_get::<_, Option<_>>(index).map(|value| value.map(MartValue::Timestamp))
            }
        };
        Ok(value.context("read a mart's row")?.unwrap_or(MartValue::Null))
    }
}

/// The rows of a query, as they arrive.
pub struct MartRows(Pin<Box<RowStream>>);

impl MartRows {
    /// The next row; `None` after the last.
    ///
    /// # Errors
    /// If the connection or the query fails on the way.
    pub async fn next(&mut self) -> Result<Option<MartRow>, Error> {
        self.0.next().await.transpose().map(|row| row.map(MartRow)).context("read a mart")
    }
}

/// The marts as they were at one moment, however long the reading takes.
pub struct MartSnapshot<'w> {
    transaction: Transaction<'w>,
    taken_at: Timestamp,
}

impl Warehouse {
    /// Begins to read. Nothing of the schema `warehouse` is needed, so any analyst can.
    ///
    /// # Errors
    /// If there is no connection.
    pub async fn mart_snapshot(&mut self) -> Result<MartSnapshot<'_>, Error> {
        let action = "take a snapshot of the marts";
        let builder = self.client().await?.build_transaction();
        let builder = builder.isolation_level(IsolationLevel::RepeatableRead).read_only(true);
        let transaction = builder.start().await.context(action)?;
        transaction.batch_execute(PATIENT_IN_UTC).await.context(action)?;
        let taken_at = transaction.query_one("select now()", &[]).await.context(action)?.get(0);
        Ok(MartSnapshot { transaction, taken_at })
    }
}

impl MartSnapshot<'_> {
    /// Takes a lock of this name that lasts as long as the snapshot; whether it was free.
    ///
    /// # Errors
    /// If the connection fails.
    pub async fn lock(&self, name: &str) -> Result<bool, Error> {
        let row = self.transaction.query_one(LOCK, &[&name]).await;
        Ok(row.context("take a lock")?.get(0))
    }

    /// The moment, by Postgres's clock.
    #[must_use]
    pub fn taken_at(&self) -> Timestamp {
        self.taken_at
    }

    /// The names of the marts that this login can read, in alphabetical order.
    ///
    /// # Errors
    /// If the connection fails.
    pub async fn marts(&self) -> Result<Vec<String>, Error> {
        let rows = self.transaction.query(MARTS, &[]).await.context("list the marts")?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }

    /// What the database says of a mart.
    ///
    /// # Errors
    /// If the connection fails.
    pub async fn comment(&self, mart: &str) -> Result<Option<String>, Error> {
        let row = self.transaction.query_one(COMMENT, &[&mart]).await;
        Ok(row.context("read a mart's comment")?.get(0))
    }

    /// The columns of a mart, in its order.
    ///
    /// # Errors
    /// If there is no such mart, or a column has a type that no file could hold.
    pub async fn columns(&self, mart: &str) -> Result<Vec<MartColumn>, Error> {
        let rows = self.transaction.query(COLUMNS, &[&mart]).await.context("read a mart's columns")?;
        if rows.is_empty() {
            return Err(Error::NoSuchMart { name: mart.to_owned(), marts: self.marts().await?.join(", ") });
        }
        rows.iter().map(|row| MartColumn::new(mart, row.get(0), row.get(1), row.get(2))).collect()
    }

    /// The rows of a query that selects [`MartColumn::expression`]s. They are asked for as they are read: Postgres waits for a
    /// reader that is slow.
    ///
    /// # Errors
    /// If the query is refused.
    pub async fn rows(&self, query: &str, parameters: &[&(dyn ToSql + Sync)]) -> Result<MartRows, Error> {
        let parameters = parameters.iter().copied();
        let rows = self.transaction.query_raw(query, parameters).await.context("read a mart")?;
        Ok(MartRows(Box::pin(rows)))
    }

    /// The rows of a query whose columns are all texts, such as a page's slices, and whose parameters are integers of 32 bits.
    ///
    /// # Errors
    /// If the query is refused.
    pub async fn text_rows(&self, query: &str, parameters: &[i32]) -> Result<MartRows, Error> {
        let parameters = parameters.iter().map(|parameter| (*parameter, Type::INT4));
        let rows = self.transaction.query_typed_raw(query, parameters).await;
        Ok(MartRows(Box::pin(rows.context("run a query over the marts")?)))
    }

    /// The first row of such a query without parameters; empty if there is none.
    ///
    /// # Errors
    /// If the query is refused or fails on the way.
    pub async fn texts(&self, query: &str) -> Result<Vec<String>, Error> {
        let mut rows = self.text_rows(query, &[]).await?;
        let mut first = None;
        // What is not read to its end keeps the connection busy.
        while let Some(row) = rows.next().await? {
            if first.is_none() {
                first = Some(row.texts()?);
            }
        }
        Ok(first.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_selected_as_a_type_that_files_know() {
        let column = |postgres_type| MartColumn::new("walk_health", "x", postgres_type, None);
        let is = |postgres_type, name: &str, data_type, expression: &str| {
            let column = column(postgres_type).unwrap();
            assert_eq!(
                (column.name.as_str(), column.data_type, column.expression()),
                (name, data_type, expression)
            );
        };
        is("bigint", "x", ColumnType::Bigint, "\"x\"");
        is("numeric", "x", ColumnType::Double, "\"x\"::double precision");
        is("uuid", "x", ColumnType::Text, "\"x\"::text");
        is("interval", "x_seconds", ColumnType::Double, "extract(epoch from \"x\")::double precision");
        let error = column("point").unwrap_err().to_string();
        assert!(error.contains("mart.walk_health.x") && error.contains("point"), "{error}");
    }
}
