//! Simulated days: each is collected and loaded through the functions' own handlers.

use std::time::Duration;

use collector::{Clock, Collector, Request};
use jiff::{SignedDuration, Timestamp};
use loader::Loader;
use runtime::Bucket;
use simulator::{Faults, Simulator};
use sreality::Segment;
use sreality_client::host::parse_base_url;
use sreality_client::{Client, ClientSettings};
use tokio_util::sync::CancellationToken;

use crate::data_folder::{DataFolder, State};
use crate::error::Error;
use crate::loading::Loading;
use crate::market::Market;
use crate::parts::{Local, Postgres};
use crate::progress::Progress;
use local::object_store::ObjectStore;

/// The simulator needs no pauses.
const REQUESTS_PER_SECOND: f64 = 10_000.0;

/// When the walks of a simulated day were loaded, by that day's clock: Postgres knows the machine's only. An
/// interrupted day is loaded in parts, between which the machine's clock went on; no part was loaded before its walk
/// ended.
const LOADED_AT: &str = "
update warehouse.walk
set loaded_at = greatest(finished_at, loaded_at + $2::double precision * interval '1 second')
where started_at >= date_trunc('day', $1::timestamptz, 'UTC')";
const NOTED_AT: &str = "
update warehouse.quarantine
set noted_at = greatest(started_at, noted_at + $2::double precision * interval '1 second')
where started_at >= date_trunc('day', $1::timestamptz, 'UTC')";

/// One day as it is to pass.
#[derive(Debug)]
pub(crate) struct Day {
    /// From 0.
    pub(crate) number: u32,
    /// When its collection begins, at the earliest.
    pub(crate) begins: Timestamp,
    /// The collector's runs.
    pub(crate) runs: Vec<CollectorRun>,
}

/// One run of the collector.
#[derive(Debug)]
pub(crate) struct CollectorRun {
    /// What it walks.
    pub(crate) segments: Vec<Segment>,
    /// What it meets.
    pub(crate) faults: Faults,
}

/// What was loaded in all.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Loads {
    pub(crate) rows: u64,
    /// The time in which at least one loader was at work.
    pub(crate) busy: Duration,
}

/// The days of one market, which pass one after the other.
pub(crate) struct Days<'a> {
    folder: &'a DataFolder,
    postgres: &'a Postgres,
    simulator: Simulator,
    segments: Vec<Segment>,
    store: Bucket,
    object_store: ObjectStore,
    loading: Loading,
    state: State,
    /// No walk may start before it.
    not_before: Timestamp,
}

impl<'a> Days<'a> {
    /// Starts all parts, with the market on the day that `state` says.
    pub(crate) async fn start(
        market: &Market<'_>,
        folder: &'a DataFolder,
        postgres: &'a Postgres,
        state: State,
    ) -> Result<Self, Error> {
        let Local { simulator, segments, store, events, object_store } =
            Local::start(market, folder, postgres, state.days).await?;
        let loader = || Ok::<_, Error>(Loader::new(store.clone(), postgres.loaders_warehouse()?));
        let loading = Loading::new([loader()?, loader()?], events);
        let not_before = not_before(postgres).await?;
        Ok(Self { folder, postgres, simulator, segments, store, object_store, loading, state, not_before })
    }

    /// What there is to walk.
    pub(crate) fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Lets a day pass, up to what is told as the last one.
    pub(crate) async fn pass(&mut self, day: Day, last: u32) -> Result<(), Error> {
        self.simulator.advance_to(day.number);
        let begins = self.not_before.max(day.begins);
        let clock = Clock::showing(begins);
        let began = Timestamp::now();
        let walks: usize = day.runs.iter().map(|run| run.segments.len()).sum();
        let progress = Progress::new(day.number, begins, last, walks);
        // One fails, all end.
        tokio::try_join!(self.collect(day.runs, clock, &progress), self.loading.load(walks, &progress))?;
        self.simulator.clear_faults();
        self.date_loads(begins, began).await?;
        progress.finish(self.loading.rows());

        self.state.days = day.number + 1;
        self.folder.save(self.state)?;
        self.not_before = begins.saturating_add(SignedDuration::from_hours(1)).unwrap_or(begins);
        Ok(())
    }

    async fn collect(&self, runs: Vec<CollectorRun>, clock: Clock, progress: &Progress) -> Result<(), Error> {
        for CollectorRun { segments, faults } in runs {
            self.simulator.set_faults(faults);
            let base_url = parse_base_url(&self.simulator.base_url())
                .map_err(|error| Error::Simulator(std::io::Error::other(error)))?;
            let settings =
                ClientSettings { requests_per_second: REQUESTS_PER_SECOND, ..ClientSettings::new(base_url) };
            let portal = Client::new(settings)?;
            let collector = Collector::new(portal, self.store.clone(), clock, CancellationToken::new());
            let request =
                Request { segments: segments.iter().map(ToString::to_string).collect(), since: None };
            let collected = collector.collect(&request, None, |walk| progress.stored(&walk.segment)).await;
            collected.map_err(Error::Failed)?;
        }
        Ok(())
    }

    /// Dates the day's loads by its clock, which showed `begins` when it `began`.
    async fn date_loads(&self, begins: Timestamp, began: Timestamp) -> Result<(), Error> {
        let seconds = begins.duration_since(began).as_secs_f64();
        let mut warehouse = self.postgres.warehouse()?;
        let client = warehouse.client().await?;
        for sql in [LOADED_AT, NOTED_AT] {
            client.execute(sql, &[&begins, &seconds]).await.map_err(Error::LoadTimes)?;
        }
        Ok(())
    }

    /// Stops all parts but Postgres.
    pub(crate) async fn stop(self) -> Loads {
        self.object_store.stop().await;
        self.simulator.stop().await;
        Loads { rows: self.loading.rows(), busy: self.loading.busy() }
    }
}

/// A walk must not start before those that are loaded, also where a day is collected again after it was
/// interrupted.
async fn not_before(postgres: &Postgres) -> Result<Timestamp, Error> {
    let latest = postgres.warehouse()?.latest_start().await?;
    Ok(latest
        .and_then(|latest| latest.checked_add(SignedDuration::from_mins(1)).ok())
        .unwrap_or(Timestamp::UNIX_EPOCH))
}
