//! Rows to one Parquet file.

use std::io::Write;
use std::sync::Arc;

use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::SortingColumn;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;
use warehouse::{MartColumn, MartRow};

use crate::column_values::{ColumnValues, parquet_type};

/// So many rows are held in memory: with the widest mart some 20 MB.
pub const ROWS_PER_GROUP: usize = 65_536;
/// So many rows make a page, so that its index lets a reader skip most of a group.
const ROWS_PER_PAGE: usize = 8_192;
/// Beyond it files hardly get smaller, and take longer to make.
const ZSTD_LEVEL: i32 = 3;

/// Why a mart's rows do not become a file.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Warehouse(#[from] warehouse::Error),
    #[error("could not write the Parquet file")]
    Parquet(#[from] ParquetError),
}

/// A Parquet file in the making: zstd, statistics and page indexes. The same rows make the same bytes.
pub struct FileWriter<W: Write + Send> {
    columns: Vec<(MartColumn, ColumnValues)>,
    /// Rows since the last group.
    pending: usize,
    file: SerializedFileWriter<W>,
}

impl<W: Write + Send> FileWriter<W> {
    /// Begins a file of these columns. `sorted_by` are the columns by which the rows come sorted, ascending, nulls last:
    /// the file says so.
    ///
    /// # Errors
    /// If nothing can be written to `output`.
    pub fn new(columns: &[MartColumn], sorted_by: &[&str], output: W) -> Result<Self, Error> {
        let fields = columns.iter().map(|column| parquet_type(column).map(Arc::new));
        let fields = fields.collect::<Result<Vec<_>, _>>()?;
        let schema = Type::group_type_builder("mart").with_fields(fields).build()?;
        let position = |name: &&str| columns.iter().position(|column| column.name == *name);
        let sorting = sorted_by.iter().filter_map(position).filter_map(|index| i32::try_from(index).ok());
        let sorting =
            sorting.map(|column_idx| SortingColumn { column_idx, descending: false, nulls_first: false });
        let sorting: Vec<_> = sorting.collect();
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(ZSTD_LEVEL)?))
            .set_statistics_enabled(EnabledStatistics::Page)
            .set_data_page_row_count_limit(ROWS_PER_PAGE)
            .set_write_batch_size(ROWS_PER_PAGE)
            // The crate's version would make every file another one with each update.
            .set_created_by("cenovka".to_owned())
            .set_sorting_columns((!sorting.is_empty()).then_some(sorting))
            .build();
        let file = SerializedFileWriter::new(output, Arc::new(schema), Arc::new(properties))?;
        let columns = columns.iter().map(|column| (column.clone(), ColumnValues::new(column.data_type)));
        Ok(Self { columns: columns.collect(), pending: 0, file })
    }

    /// Adds a row whose values begin at column `first` of the query.
    ///
    /// # Errors
    /// If a value cannot be read or the file not be written.
    pub fn push(&mut self, row: &MartRow, first: usize) -> Result<(), Error> {
        for (index, (column, values)) in self.columns.iter_mut().enumerate() {
            values.push(row.value(first + index, column.data_type)?)?;
        }
        self.pending += 1;
        if self.pending == ROWS_PER_GROUP { self.write_group() } else { Ok(()) }
    }

    fn write_group(&mut self) -> Result<(), Error> {
        let mut group = self.file.next_row_group()?;
        for (_, values) in &mut self.columns {
            let Some(mut column) = group.next_column()? else { break };
            values.write(column.untyped())?;
            column.close()?;
        }
        group.close()?;
        self.pending = 0;
        Ok(())
    }

    /// Ends the file and gives back what it was written to.
    ///
    /// # Errors
    /// If the rest cannot be written.
    pub fn finish(mut self) -> Result<W, Error> {
        if self.pending > 0 {
            self.write_group()?;
        }
        Ok(self.file.into_inner()?)
    }
}
