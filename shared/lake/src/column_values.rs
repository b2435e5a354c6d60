//! The values of one column until their row group is written.

use jiff::civil::Date;
use jiff::{Timestamp, Unit};
use parquet::basic::{LogicalType, Repetition, TimeUnit, Type as PhysicalType};
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::errors::{ParquetError, Result};
use parquet::schema::types::Type;
use warehouse::{ColumnType, MartColumn, MartValue};

/// The values that are there, and for each row whether one is: what Parquet calls definition levels.
#[derive(Debug)]
pub(crate) struct ColumnValues {
    present: Vec<i16>,
    values: Values,
}

#[derive(Debug)]
enum Values {
    Boolean(Vec<bool>),
    Integer(Vec<i32>),
    Bigint(Vec<i64>),
    Double(Vec<f64>),
    Text(Vec<ByteArray>),
}

/// How a file has a column. Every column may hold nulls: Postgres does not say of a view's columns that they hold none.
pub(crate) fn parquet_type(column: &MartColumn) -> Result<Type> {
    let (physical_type, logical_type) = match column.data_type {
        ColumnType::Boolean => (PhysicalType::BOOLEAN, None),
        ColumnType::Integer => (PhysicalType::INT32, None),
        ColumnType::Bigint => (PhysicalType::INT64, None),
        ColumnType::Double => (PhysicalType::DOUBLE, None),
        ColumnType::Text => (PhysicalType::BYTE_ARRAY, Some(LogicalType::String)),
        ColumnType::Date => (PhysicalType::INT32, Some(LogicalType::Date)),
        // A moment, not a time of day somewhere.
        ColumnType::Timestamp => (PhysicalType::INT64, Some(LogicalType::timestamp(true, TimeUnit::MICROS))),
    };
    Type::primitive_type_builder(&column.name, physical_type)
        .with_repetition(Repetition::OPTIONAL)
        .with_logical_type(logical_type)
        .build()
}

impl ColumnValues {
    pub(crate) fn new(data_type: ColumnType) -> Self {
        let values = match data_type {
            ColumnType::Boolean => Values::Boolean(Vec::new()),
            ColumnType::Integer | ColumnType::Date => Values::Integer(Vec::new()),
            ColumnType::Bigint | ColumnType::Timestamp => Values::Bigint(Vec::new()),
            ColumnType::Double => Values::Double(Vec::new()),
            ColumnType::Text => Values::Text(Vec::new()),
        };
        Self { present: Vec::new(), values }
    }

    /// Adds the value of a row.
    ///
    /// # Errors
    /// If it is of another type than the column.
    pub(crate) fn push(&mut self, value: MartValue<'_>) -> Result<()> {
        match (&mut self.values, value) {
            (_, MartValue::Null) => {
                self.present.push(0);
                return Ok(());
            }
            (Values::Boolean(values), MartValue::Boolean(value)) => values.push(value),
            (Values::Integer(values), MartValue::Integer(value)) => values.push(value),
            (Values::Integer(values), MartValue::Date(value)) => values.push(days(value)?),
            (Values::Bigint(values), MartValue::Bigint(value)) => values.push(value),
            (Values::Bigint(values), MartValue::Timestamp(value)) => values.push(value.as_microsecond()),
            (Values::Double(values), MartValue::Double(value)) => values.push(value),
            (Values::Text(values), MartValue::Text(value)) => {
                // Rows are sorted, so that neighbours often say the same: they share one text.
                let again = values.last().filter(|last| last.data() == value.as_bytes()).cloned();
                values.push(again.unwrap_or_else(|| ByteArray::from(value.as_bytes().to_vec())));
            }
            (values, value) => {
                return Err(ParquetError::General(format!("{value:?} is no value of {values:?}")));
            }
        }
        self.present.push(1);
        Ok(())
    }

    /// Writes what there is, and begins anew.
    pub(crate) fn write(&mut self, writer: &mut ColumnWriter<'_>) -> Result<()> {
        let present = Some(self.present.as_slice());
        match (&mut self.values, writer) {
            (Values::Boolean(values), ColumnWriter::BoolColumnWriter(writer)) => {
                writer.write_batch(values, present, None)?;
                values.clear();
            }
            (Values::Integer(values), ColumnWriter::Int32ColumnWriter(writer)) => {
                writer.write_batch(values, present, None)?;
                values.clear();
            }
            (Values::Bigint(values), ColumnWriter::Int64ColumnWriter(writer)) => {
                writer.write_batch(values, present, None)?;
                values.clear();
            }
            (Values::Double(values), ColumnWriter::DoubleColumnWriter(writer)) => {
                writer.write_batch(values, present, None)?;
                values.clear();
            }
            (Values::Text(values), ColumnWriter::ByteArrayColumnWriter(writer)) => {
                writer.write_batch(values, present, None)?;
                values.clear();
            }
            _ => return Err(ParquetError::General("a column's writer is of another type".to_owned())),
        }
        self.present.clear();
        Ok(())
    }
}

/// Days since 1970.
fn days(date: Date) -> Result<i32> {
    let epoch = Timestamp::UNIX_EPOCH.to_zoned(jiff::tz::TimeZone::UTC).date();
    let days = date.since((Unit::Day, epoch)).map(|span| span.get_days());
    days.map_err(|error| ParquetError::General(format!("{date} is no date of Parquet's: {error}")))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_date_is_its_days_since_1970() {
        assert_eq!(days(date(1970, 1, 1)).unwrap(), 0);
        assert_eq!(days(date(1969, 12, 31)).unwrap(), -1);
        assert_eq!(days(date(2026, 11, 26)).unwrap(), 20_783);
    }

    #[test]
    fn a_value_of_another_type_is_refused() {
        let mut values = ColumnValues::new(ColumnType::Bigint);
        assert!(values.push(MartValue::Integer(1)).is_err());
        values.push(MartValue::Bigint(1)).unwrap();
        values.push(MartValue::Null).unwrap();
    }
}
