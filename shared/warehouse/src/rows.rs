//! The rows of one walk in temporary tables: on their way into a load, or into a comparison with what a load made.

use sreality::row::{Row, RowError};
use tokio_postgres::Transaction;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::Type;

use crate::error::{Doing, Error};
use crate::ledger_row::signed;
use crate::sighting;
use crate::walk::Counts;

const CREATE_REJECTED: &str = "
create temporary table rejected (line bigint, row_index integer, pointer text, reason text, fragment text)
on commit drop";

const COPY_REJECTED: &str = "copy rejected (line, row_index, pointer, reason, fragment) from stdin binary";

/// The rows of one walk as they are read, page by page.
pub struct Rows<'w> {
    pub(crate) transaction: Transaction<'w>,
    seen: u64,
    rejected: u64,
}

impl<'w> Rows<'w> {
    /// Creates the temporary tables, which live as long as the transaction.
    pub(crate) async fn begin(transaction: Transaction<'w>) -> Result<Self, Error> {
        sighting::create_table(&transaction).await?;
        transaction.batch_execute(CREATE_REJECTED).await.doing("create the table of rejects")?;
        Ok(Self { transaction, seen: 0, rejected: 0 })
    }

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
        // Hardly any page has one.
        if rejected.is_empty() { Ok(()) } else { copy_rejected(&self.transaction, line, &rejected).await }
    }

    /// Rows added so far.
    #[must_use]
    pub fn seen(&self) -> u64 {
        self.seen
    }

    /// Makes sightings and duplicates of what was added, and counts them.
    pub(crate) async fn separate(&self) -> Result<Counts, Error> {
        let Self { transaction, seen, rejected } = self;
        let duplicate = sighting::separate_duplicates(transaction).await?;
        Ok(Counts { seen: *seen, loaded: seen - rejected - duplicate, duplicate, rejected: *rejected })
    }
}

async fn copy_rejected(
    transaction: &Transaction<'_>,
    line: i64,
    rejected: &[(i32, RowError, &str)],
) -> Result<(), Error> {
    let sink = transaction.copy_in(COPY_REJECTED).await.doing("start to copy rejects")?;
    let types = [Type::INT8, Type::INT4, Type::TEXT, Type::TEXT, Type::TEXT];
    let mut writer = std::pin::pin!(BinaryCopyInWriter::new(sink, &types));
    for (index, RowError { pointer, reason }, fragment) in rejected {
        writer.as_mut().write(&[&line, index, pointer, reason, fragment]).await.doing("copy a reject")?;
    }
    writer.as_mut().finish().await.doing("finish copying rejects")?;
    Ok(())
}
