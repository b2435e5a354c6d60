//! Which market a local run is about.

use std::path::PathBuf;

use simulator::{Market as SimulatedMarket, RecordedRows, RecordedRowsError, Source};
use sreality::Segment;

/// The same market on every machine.
const SEED: u64 = 20_260_101;

/// A market. Data of different markets never mix.
#[derive(Clone, Copy, Debug)]
pub enum Market<'a> {
    /// Simulated, from a fixed date on.
    Simulated {
        /// How many listings it has.
        listings: usize,
    },
    /// Simulated, up to today.
    Seeded {
        /// How many listings it has.
        listings: usize,
    },
    /// Recorded rows, in these files.
    Recorded { files: &'a [PathBuf] },
}

impl Market<'_> {
    /// Whether it is made up.
    #[must_use]
    pub fn is_simulated(&self) -> bool {
        !matches!(self, Self::Recorded { .. })
    }

    /// What fills its warehouse.
    pub(crate) fn fill(&self) -> &'static str {
        match self {
            Self::Seeded { .. } => "cargo run -- seed",
            _ => "cargo run",
        }
    }

    /// The name of its folder.
    pub(crate) fn name(&self) -> String {
        let files = match self {
            Self::Simulated { listings } => return format!("simulated-{listings}"),
            Self::Seeded { listings } => return format!("seeded-{listings}"),
            Self::Recorded { files } => files.iter(),
        };
        let stem = |file: &PathBuf| file.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        let stems: Vec<_> = files.filter_map(stem).collect();
        let plain = |character: char| if character.is_alphanumeric() { character } else { '-' };
        format!("recorded-{}", stems.join("-")).chars().map(plain).take(60).collect()
    }

    /// What the portal simulator serves on this day, and what there is to walk.
    pub(crate) fn source(&self, day: u32) -> Result<(Source, Vec<Segment>), RecordedRowsError> {
        match *self {
            Self::Simulated { listings } | Self::Seeded { listings } => {
                let mut market = SimulatedMarket::new(SEED, listings);
                market.advance_to(day);
                Ok((Source::Market(market), Segment::all_national().collect()))
            }
            Self::Recorded { files } => {
                let rows = RecordedRows::read(files)?;
                let segments = rows.segments();
                Ok((Source::Rows(rows), segments))
            }
        }
    }
}
