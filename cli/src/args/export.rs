//! The options of `cenovka export`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use jiff::civil::Date;

use super::LocalArgs;

/// What is exported, and how.
#[derive(Args, Clone, Debug)]
pub struct ExportArgs {
    /// Name of the mart, such as `current_listing`
    pub mart: String,
    /// The file; standard output if it is left out or `-`
    #[arg(short, long)]
    pub output: Option<PathBuf>,
    /// The format, if the file's ending does not name it
    #[arg(long, value_enum)]
    pub format: Option<ExportFormat>,
    /// Which rows.
    #[command(flatten)]
    pub filters: ExportFilters,
    /// Whose marts.
    #[command(flatten)]
    pub local: LocalArgs,
}

/// What a mart can become.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    Csv,
    Parquet,
    Xlsx,
}

impl ExportFormat {
    pub(crate) const ALL: [Self; 3] = [Self::Csv, Self::Parquet, Self::Xlsx];

    /// Also the ending of a file's name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Parquet => "parquet",
            Self::Xlsx => "xlsx",
        }
    }
}

/// The dashboards' filters. One that a mart has no column for is refused.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Filters")]
pub struct ExportFilters {
    /// Such as `Byty`; give it again for more
    #[arg(long)]
    pub category: Vec<String>,
    /// Such as `Prodej`
    #[arg(long)]
    pub deal: Vec<String>,
    /// Such as `Hlavní město Praha`
    #[arg(long)]
    pub region: Vec<String>,
    /// Such as `Praha 7`
    #[arg(long)]
    pub district: Vec<String>,
    /// Such as `2+kk`
    #[arg(long)]
    pub sub_category: Vec<String>,
    /// Such as `flats-sale`
    #[arg(long)]
    pub segment: Vec<String>,
    /// The number at the end of an advert's address
    #[arg(long)]
    pub hash_id: Vec<i64>,
    /// Crowns
    #[arg(long)]
    pub min_price: Option<i64>,
    /// Crowns
    #[arg(long)]
    pub max_price: Option<i64>,
    /// Square metres
    #[arg(long)]
    pub min_area: Option<i64>,
    /// Square metres
    #[arg(long)]
    pub max_area: Option<i64>,
    /// First UTC day, such as 2026-11-01
    #[arg(long)]
    pub since: Option<Date>,
    /// Last UTC day
    #[arg(long)]
    pub until: Option<Date>,
}
