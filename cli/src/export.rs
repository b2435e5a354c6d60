//! `cenovka export`: a mart as a file for a spreadsheet, a notebook or another database.

mod csv_file;
pub mod error;
mod file;
mod filters;
mod xlsx_file;

use std::future::Future;
use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use lake::FileWriter;
use warehouse::{MartColumn, MartRow, MartRows, Warehouse};

use crate::args::{ExportArgs, ExportFormat};
use crate::data_folder::DataFolder;
use crate::error::Error as CommandError;
use crate::parts::Postgres;
use crate::summary;
use csv_file::CsvFile;
use error::Error;
use file::OutputFile;
use xlsx_file::XlsxFile;

/// Writes a mart to a file, or to standard output, as it is at one moment.
///
/// # Errors
/// If there is no such mart, a filter does not fit it, or the file cannot be written. A file that was there stays then.
pub async fn run(arguments: &ExportArgs, interrupted: impl Future<Output = ()>) -> Result<(), CommandError> {
    let output = arguments.output.as_deref().filter(|path| *path != Path::new("-"));
    let format = format(arguments.format, output)?;
    if output.is_none() && format != ExportFormat::Csv && io::stdout().is_terminal() {
        return Err(Error::Terminal { format: format.name() }.into());
    }
    let market = arguments.local.market();
    let folder = DataFolder::open(arguments.local.data_dir(), &market)?;
    let postgres = Postgres::start(&folder).await?;
    let exported = async {
        let mut warehouse = postgres.filled_warehouse(&market).await?;
        export(&mut warehouse, arguments, format, output).await
    };
    let exported = tokio::select! {
        exported = exported => exported,
        () = interrupted => Err(CommandError::Interrupted),
    };
    postgres.stop().await?;
    match exported {
        // Whoever reads has had enough, as `head` has.
        Err(CommandError::Export(error)) if is_broken_pipe(&error) => Ok(()),
        exported => exported,
    }
}

/// What is asked for, or what the file's name says; CSV on standard output.
fn format(asked: Option<ExportFormat>, output: Option<&Path>) -> Result<ExportFormat, Error> {
    let Some(path) = output.filter(|_| asked.is_none()) else {
        return Ok(asked.unwrap_or(ExportFormat::Csv));
    };
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_lowercase();
    let format = ExportFormat::ALL.into_iter().find(|format| format.name() == ending);
    format.ok_or_else(|| Error::UnknownEnding { path: path.to_owned() })
}

fn is_broken_pipe(error: &Error) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe) {
            return true;
        }
        cause = error.source();
    }
    false
}

async fn export(
    warehouse: &mut Warehouse,
    arguments: &ExportArgs,
    format: ExportFormat,
    output: Option<&Path>,
) -> Result<(), CommandError> {
    let mart = arguments.mart.as_str();
    let snapshot = warehouse.mart_snapshot().await?;
    let columns = snapshot.columns(mart).await?;
    let (condition, parameters) = filters::condition(mart, &columns, &arguments.filters)?;
    let selected = columns.iter().map(MartColumn::expression).collect::<Vec<_>>().join(", ");
    let query = format!("select {selected} from mart.{mart}{condition}");
    let mut rows = snapshot.rows(&query, &filters::borrowed(&parameters)).await?;

    let mut progress = Progress::new(mart);
    let file = OutputFile::create(output)?;
    let (file, written) = match format {
        ExportFormat::Csv => {
            let mut csv = CsvFile::new(&columns, file)?;
            let written = copy(&mut rows, &mut progress, |row| csv.push(row)).await?;
            (csv.finish(), written)
        }
        ExportFormat::Parquet => {
            let mut parquet = FileWriter::new(&columns, &[], file).map_err(Error::Parquet)?;
            let push = |row: &MartRow| parquet.push(row, 0).map_err(|error| Error::Parquet(error).into());
            let written = copy(&mut rows, &mut progress, push).await?;
            (parquet.finish().map_err(Error::Parquet)?, written)
        }
        ExportFormat::Xlsx => {
            let mut sheet = XlsxFile::new(mart, &columns)?;
            let written = copy(&mut rows, &mut progress, |row| sheet.push(row)).await?;
            (sheet.finish(file)?, written)
        }
    };
    file.finish()?;
    progress.end();
    if let Some(path) = output {
        eprintln!("{} rows of mart.{mart} in {}", summary::thousands(written), path.display());
    }
    Ok(())
}

/// Hands over row by row; how many there were.
async fn copy(
    rows: &mut MartRows,
    progress: &mut Progress,
    mut push: impl FnMut(&MartRow) -> Result<(), CommandError>,
) -> Result<u64, CommandError> {
    let mut written = 0;
    while let Some(row) = rows.next().await? {
        push(&row)?;
        written += 1;
        progress.at(written);
    }
    Ok(written)
}

/// How many rows are written, on a terminal.
struct Progress(ProgressBar);

impl Progress {
    fn new(mart: &str) -> Self {
        let bar = ProgressBar::new_spinner().with_message(format!("mart.{mart}"));
        let style = ProgressStyle::with_template("  {spinner} {msg}: {human_pos} rows, {per_sec}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
        bar.enable_steady_tick(Duration::from_millis(120));
        Self(bar)
    }

    fn at(&mut self, rows: u64) {
        self.0.set_position(rows);
    }

    fn end(&self) {
        self.0.finish_and_clear();
    }
}

/// An error of the file that is written.
fn writing(path: &str) -> impl Fn(io::Error) -> Error {
    move |source| Error::Write { path: path.to_owned(), source }
}

/// Writes all of it.
fn write_all(file: &mut OutputFile, bytes: &[u8]) -> Result<(), Error> {
    let path = file.name();
    file.write_all(bytes).map_err(writing(&path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_format_is_what_is_asked_for_or_what_the_file_is_called() {
        let of = |asked, path: Option<&str>| format(asked, path.map(Path::new));
        assert_eq!(of(None, None).unwrap(), ExportFormat::Csv);
        assert_eq!(of(None, Some("a.XLSX")).unwrap(), ExportFormat::Xlsx);
        assert_eq!(of(Some(ExportFormat::Parquet), Some("a.csv")).unwrap(), ExportFormat::Parquet);
        let error = of(None, Some("a.txt")).unwrap_err().to_string();
        assert!(error.contains("a.txt") && error.contains("--format"), "{error}");
    }
}
