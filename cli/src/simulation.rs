//! The main job on one machine: simulated days, collected and loaded through the functions' own handlers.

use std::future::Future;
use std::time::Instant;

use jiff::{SignedDuration, Timestamp};
use simulator::Faults;
use sreality::Segment;

use crate::args::MarketArgs;
use crate::data_folder::{DataFolder, State};
use crate::days::{CollectorRun, Day, Days};
use crate::error::Error;
use crate::market::Market;
use crate::parts::{BUCKET, Postgres};
use crate::summary;

/// When day 0 is collected.
const FIRST_DAY: &str = "2026-01-01T05:00:00Z";

/// Days that are to pass.
pub(crate) struct Course<'a> {
    pub(crate) market: Market<'a>,
    pub(crate) folder: &'a DataFolder,
    /// The options that lead to them.
    pub(crate) typed: String,
    /// How far the market has come.
    pub(crate) state: State,
    /// The day before which it ends.
    pub(crate) end: u32,
    /// When a day begins.
    pub(crate) begins: &'a dyn Fn(u32) -> Timestamp,
    /// The collector's runs of a day.
    pub(crate) runs: &'a dyn Fn(u32, &[Segment]) -> Vec<CollectorRun>,
}

/// Lets simulated days pass, unless said otherwise 5 of a simulated market or 1 of recorded rows, and ends with a summary
/// of the market. When `interrupted` ends first, everything is shut down in order; what was stored but not loaded is
/// loaded by the next run.
///
/// # Errors
/// If a part cannot start, or a collection or a load fails.
pub async fn run(
    arguments: &MarketArgs,
    days: Option<u32>,
    interrupted: impl Future<Output = ()>,
) -> Result<(), Error> {
    let market = arguments.market();
    let folder = DataFolder::open(arguments.folder.data_dir.as_deref(), &market)?;
    let state = folder.state()?;
    let days = days.unwrap_or(if market.is_simulated() { 5 } else { 1 });
    let first = FIRST_DAY.parse().unwrap_or(Timestamp::UNIX_EPOCH);
    let begins = |day| first.saturating_add(SignedDuration::from_hours(24 * i64::from(day))).unwrap_or(first);
    let runs = |_, segments: &[Segment]| {
        vec![CollectorRun { segments: segments.to_vec(), faults: Faults::default() }]
    };
    let end = state.days.saturating_add(days);
    let typed = arguments.typed();
    let course = Course { market, folder: &folder, typed, state, end, begins: &begins, runs: &runs };
    course.run(interrupted).await
}

impl Course<'_> {
    /// As [`run`].
    pub(crate) async fn run(&self, interrupted: impl Future<Output = ()>) -> Result<(), Error> {
        println!("starting a simulated portal, an S3 and Postgres; data are in {}", self.folder);
        let mut interrupted = std::pin::pin!(interrupted);
        let postgres = tokio::select! {
            postgres = Postgres::start(self.folder) => postgres?,
            () = &mut interrupted => return Err(Error::Interrupted),
        };
        let result = tokio::select! {
            result = Box::pin(self.pass(&postgres)) => result,
            () = &mut interrupted => Err(Error::Interrupted),
        };
        postgres.stop().await?;
        result
    }

    async fn pass(&self, postgres: &Postgres) -> Result<(), Error> {
        let started = Instant::now();
        let mut days = Days::start(&self.market, self.folder, postgres, self.state).await?;
        for number in self.state.days..self.end {
            let runs = (self.runs)(number, days.segments());
            days.pass(Day { number, begins: (self.begins)(number), runs }, self.end - 1).await?;
        }
        let loads = days.stop().await;
        let run = summary::RunSummary {
            market: self.market,
            private_postgres: postgres.private.is_some(),
            typed: &self.typed,
            raw_folder: self.folder.object_store().join(BUCKET),
            rows: loads.rows,
            loading: loads.busy,
            total: started.elapsed(),
        };
        let mut warehouse = postgres.warehouse()?;
        summary::print(&mut warehouse, &run).await
    }
}
