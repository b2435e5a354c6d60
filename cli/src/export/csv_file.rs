//! A mart as CSV (RFC 4180, with `\n`): null is an empty field, an empty text a quoted one.

use std::fmt::Write;

use warehouse::{MartColumn, MartRow, MartValue};

use super::error::Error;
use super::{OutputFile, write_all};
use crate::error::Error as CommandError;

pub(super) struct CsvFile<'c> {
    columns: &'c [MartColumn],
    file: OutputFile,
    line: String,
}

impl<'c> CsvFile<'c> {
    pub(super) fn new(columns: &'c [MartColumn], mut file: OutputFile) -> Result<Self, Error> {
        let names = columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>().join(",");
        write_all(&mut file, format!("{names}\n").as_bytes())?;
        Ok(Self { columns, file, line: String::new() })
    }

    pub(super) fn push(&mut self, row: &MartRow) -> Result<(), CommandError> {
        self.line.clear();
        for (index, column) in self.columns.iter().enumerate() {
            if index > 0 {
                self.line.push(',');
            }
            add(&mut self.line, row.value(index, column.data_type)?);
        }
        self.line.push('\n');
        Ok(write_all(&mut self.file, self.line.as_bytes())?)
    }

    pub(super) fn finish(self) -> OutputFile {
        self.file
    }
}

fn add(line: &mut String, value: MartValue<'_>) {
    // Writing to a string does not fail.
    let _ = match value {
        MartValue::Null => Ok(()),
        MartValue::Boolean(value) => write!(line, "{value}"),
        MartValue::Integer(value) => write!(line, "{value}"),
        MartValue::Bigint(value) => write!(line, "{value}"),
        MartValue::Double(value) => write!(line, "{value}"),
        MartValue::Date(value) => write!(line, "{value}"),
        MartValue::Timestamp(value) => write!(line, "{value}"),
        MartValue::Text(text) if text.is_empty() || text.contains([',', '"', '\n', '\r']) => {
            write!(line, "\"{}\"", text.replace('"', "\"\""))
        }
        MartValue::Text(text) => write!(line, "{text}"),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_be_read_as_more_than_one_field_is_quoted() {
        let field = |value| {
            let mut line = String::new();
            add(&mut line, value);
            line
        };
        assert_eq!(field(MartValue::Null), "");
        assert_eq!(field(MartValue::Text("")), "\"\"");
        assert_eq!(field(MartValue::Text("a, \"b\"\nc")), "\"a, \"\"b\"\"\nc\"");
        assert_eq!(field(MartValue::Text("Praha 7")), "Praha 7");
        assert_eq!(field(MartValue::Double(-0.5)), "-0.5");
        assert_eq!(
            field(MartValue::Timestamp("2026-11-26T05:12:00Z".parse().unwrap())),
            "2026-11-26T05:12:00Z"
        );
    }
}
