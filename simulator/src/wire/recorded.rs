//! Recorded rows: real answers of the portal, served again as they stand in their files.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::value::RawValue;
use sreality::Segment;
use sreality::area::areas_from_name;
use sreality::category::Category;

use crate::wire::search::{Query, Subject};
use crate::wire::toppings::Toppings;

/// Rows of recorded answers, each kept as the text it was recorded as.
///
/// A listing that was recorded twice is served twice, as the portal does now and then.
#[derive(Debug)]
pub struct RecordedRows {
    /// Made of the files' names.
    market: String,
    rows: Vec<RecordedRow>,
}

/// Why recorded rows cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum RecordedRowsError {
    /// The file cannot be read.
    #[error("cannot read {}", file.display())]
    Read {
        /// Which file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is neither an answer nor a list of rows.
    #[error("{} is neither an answer with `results` nor an array of rows", file.display())]
    Format {
        /// Which file.
        file: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// A row lacks what a search has to know.
    #[error("row {index} of {} is not a list row", file.display())]
    Row {
        /// Which file.
        file: PathBuf,
        /// Which row, from 0.
        index: usize,
        /// Why.
        source: serde_json::Error,
    },
}

#[derive(Debug)]
struct RecordedRow {
    text: Box<RawValue>,
    subject: Subject,
}

impl RecordedRows {
    /// Reads files that hold an answer (`{"results": […]}`, with or without the rest of it) or an array of
    /// rows.
    pub fn read(files: &[PathBuf]) -> Result<Self, RecordedRowsError> {
        let mut rows = Vec::new();
        for file in files {
            read_file(file, &mut rows)?;
        }
        let stems = files.iter().filter_map(|file| file.file_stem()).map(|stem| stem.to_string_lossy());
        let stems: Vec<String> =
            stems.map(|stem| stem.replace(|c: char| !c.is_ascii_alphanumeric(), "-")).collect();
        let market = format!("recorded-{}", stems.join("-")).chars().take(60).collect();
        Ok(Self { market, rows })
    }

    /// What the market is called.
    #[must_use]
    pub fn market(&self) -> &str {
        &self.market
    }

    /// The national segments that occur in the rows, in the portal's order.
    #[must_use]
    pub fn segments(&self) -> Vec<Segment> {
        let occurs = |segment: &Segment| {
            let codes = (segment.category.code(), segment.deal.code());
            self.rows.iter().any(|row| (row.subject.category, row.subject.deal) == codes)
        };
        Segment::all_national().filter(occurs).collect()
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The row of an advert.
    pub(crate) fn row(&self, hash_id: u64) -> Option<String> {
        #[derive(Deserialize)]
        struct Id {
            hash_id: u64,
        }

        let is_it = |text: &str| serde_json::from_str(text).is_ok_and(|row: Id| row.hash_id == hash_id);
        self.rows.iter().map(|row| row.text.get()).find(|text| is_it(text)).map(str::to_owned)
    }

    /// The rows that match, the topped ones first, the others in the order of the files.
    pub(crate) fn matching<'a>(
        &'a self,
        query: &'a Query,
        toppings: &'a Toppings,
    ) -> impl Iterator<Item = &'a RawValue> + 'a {
        let order = toppings.order(0..self.rows.len() as u32, |_| true);
        let rows = order.filter_map(|position| self.rows.get(position as usize));
        rows.filter(|row| query.matches(&row.subject)).map(|row| &*row.text)
    }
}

fn read_file(file: &Path, rows: &mut Vec<RecordedRow>) -> Result<(), RecordedRowsError> {
    #[derive(Deserialize)]
    struct Answer {
        results: Vec<Box<RawValue>>,
    }

    let file = || file.to_owned();
    let text =
        fs::read_to_string(file()).map_err(|source| RecordedRowsError::Read { file: file(), source })?;
    let texts = if text.trim_start().starts_with('[') {
        serde_json::from_str(&text)
    } else {
        serde_json::from_str(&text).map(|answer: Answer| answer.results)
    };
    let texts: Vec<Box<RawValue>> =
        texts.map_err(|source| RecordedRowsError::Format { file: file(), source })?;
    for (index, text) in texts.into_iter().enumerate() {
        let subject =
            subject(&text).map_err(|source| RecordedRowsError::Row { file: file(), index, source })?;
        rows.push(RecordedRow { text, subject });
    }
    Ok(())
}

/// What a search has to know of a row.
fn subject(text: &RawValue) -> serde_json::Result<Subject> {
    #[derive(Deserialize)]
    struct Row {
        category_main_cb: Code,
        category_type_cb: Code,
        category_sub_cb: Code,
        locality: Locality,
        price_czk: f64,
        #[serde(default)]
        advert_name: String,
    }
    #[derive(Deserialize)]
    struct Code {
        value: i16,
    }
    #[derive(Deserialize)]
    struct Locality {
        region_id: i32,
        district_id: i32,
    }

    let row: Row = serde_json::from_str(text.get())?;
    let areas = areas_from_name(&row.advert_name);
    let (area, plot) = (areas.area_m2.map(i64::from), areas.plot_area_m2.map(i64::from));
    let is_land = row.category_main_cb.value == Category::Land.code();
    Ok(Subject {
        category: row.category_main_cb.value,
        deal: row.category_type_cb.value,
        sub_category: row.category_sub_cb.value,
        region_id: row.locality.region_id,
        district_id: row.locality.district_id,
        advertised: row.price_czk,
        usable_area: area.filter(|_| !is_land),
        estate_area: if is_land { area } else { plot },
        age_days: None,
    })
}
