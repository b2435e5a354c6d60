//! Why a mart was not exported.

use std::io;
use std::path::PathBuf;

/// Why a mart was not exported.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("mart.{mart} has no column that {option} could filter: it has {columns}")]
    NotFilterable { mart: String, option: &'static str, columns: String },
    #[error("{} has no ending that names a format: call it .csv, .parquet or .xlsx, or say --format", path.display())]
    UnknownEnding { path: PathBuf },
    #[error("{format} is not for a terminal to show: name a file in --output, or send it on to a program")]
    Terminal { format: &'static str },
    #[error(
        "a sheet holds {most} rows and mart.{mart} has more: filter it, or export it as .csv or .parquet"
    )]
    TooManyRows { mart: String, most: u32 },
    #[error("could not write {path}")]
    Write { path: String, source: io::Error },
    #[error("could not make the sheet")]
    Sheet(#[from] rust_xlsxwriter::XlsxError),
    #[error("could not make the Parquet file")]
    Parquet(#[source] lake::Error),
}
