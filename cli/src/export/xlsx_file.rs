//! A mart as a sheet for Excel and its like: numbers are numbers, and times are in UTC.

use std::io::{self, Seek};

use rust_xlsxwriter::{ExcelDateTime, Format, Workbook, Worksheet};
use warehouse::{ColumnType, MartColumn, MartRow, MartValue};

use super::error::Error;
use super::{OutputFile, writing};
use crate::error::Error as CommandError;

/// Rows below the header: <https://support.microsoft.com/en-us/office/excel-specifications-and-limits-1672b34d-7043-467e-8e27-269d656771c3>.
const MOST_ROWS: u32 = 1_048_575;

pub(super) struct XlsxFile<'c> {
    mart: &'c str,
    columns: &'c [MartColumn],
    workbook: Workbook,
    rows: u32,
    date: Format,
    time: Format,
}

impl<'c> XlsxFile<'c> {
    pub(super) fn new(mart: &'c str, columns: &'c [MartColumn]) -> Result<Self, Error> {
        let mut workbook = Workbook::new();
        // Its rows go to a temporary file as they come.
        let sheet = workbook.add_worksheet_with_constant_memory()?;
        sheet.set_name(mart)?;
        sheet.set_freeze_panes(1, 0)?;
        let bold = Format::new().set_bold();
        for (index, column) in (0..).zip(columns) {
            sheet.set_column_width(index, width(column))?;
            sheet.write_with_format(0, index, column.name.as_str(), &bold)?;
        }
        let date = Format::new().set_num_format("yyyy-mm-dd");
        let time = Format::new().set_num_format("yyyy-mm-dd hh:mm:ss");
        Ok(Self { mart, columns, workbook, rows: 0, date, time })
    }

    pub(super) fn push(&mut self, row: &MartRow) -> Result<(), CommandError> {
        if self.rows == MOST_ROWS {
            return Err(Error::TooManyRows { mart: self.mart.to_owned(), most: MOST_ROWS }.into());
        }
        self.rows += 1;
        let sheet = self.workbook.worksheet_from_index(0).map_err(Error::Sheet)?;
        for (index, column) in (0..).zip(self.columns) {
            let value = row.value(usize::from(index), column.data_type)?;
            write(sheet, (self.rows, index), value, (&self.date, &self.time)).map_err(Error::Sheet)?;
        }
        Ok(())
    }

    pub(super) fn finish(mut self, mut file: OutputFile) -> Result<OutputFile, Error> {
        let last = u16::try_from(self.columns.len().saturating_sub(1)).unwrap_or(u16::MAX);
        self.workbook.worksheet_from_index(0)?.autofilter(0, 0, self.rows, last)?;
        // A zip is written back and forth, which standard output cannot be.
        let name = file.name();
        let mut zip = tempfile::tempfile().map_err(writing(&name))?;
        self.workbook.save_to_writer(&mut zip)?;
        zip.rewind().map_err(writing(&name))?;
        io::copy(&mut zip, &mut file).map_err(writing(&name))?;
        Ok(file)
    }
}

/// Characters.
fn width(column: &MartColumn) -> f64 {
    let narrowest = match column.data_type {
        ColumnType::Text | ColumnType::Timestamp => 19.0,
        _ => 11.0,
    };
    #[expect(clippy::cast_precision_loss, reason = "a name is short")]
    let name = column.name.len() as f64 + 4.0;
    name.max(narrowest)
}

fn write(
    sheet: &mut Worksheet,
    (row, column): (u32, u16),
    value: MartValue<'_>,
    (date, time): (&Format, &Format),
) -> Result<(), rust_xlsxwriter::XlsxError> {
    #[expect(clippy::cast_precision_loss, reason = "every number of a sheet is a double")]
    match value {
        MartValue::Null => return Ok(()),
        MartValue::Boolean(value) => sheet.write_boolean(row, column, value)?,
        MartValue::Integer(value) => sheet.write_number(row, column, value)?,
        MartValue::Bigint(value) => sheet.write_number(row, column, value as f64)?,
        MartValue::Double(value) => sheet.write_number(row, column, value)?,
        MartValue::Text(text) => sheet.write_string(row, column, text)?,
        MartValue::Date(day) => {
            let day = ExcelDateTime::parse_from_str(&day.to_string())?;
            sheet.write_datetime_with_format(row, column, &day, date)?
        }
        MartValue::Timestamp(at) => {
            let at = ExcelDateTime::parse_from_str(&at.strftime("%Y-%m-%dT%H:%M:%S").to_string())?;
            sheet.write_datetime_with_format(row, column, &at, time)?
        }
    };
    Ok(())
}
