//! The main job on one machine: simulated days, collected and loaded through the functions' own handlers.

use std::future::Future;
use std::time::{Duration, Instant};

use collector::{Clock, Collector, Request};
use indicatif::{ProgressBar, ProgressStyle};
use jiff::{SignedDuration, Timestamp};
use loader::{Event, Loaded, Loader};
use runtime::Interrupt;
use runtime::s3_event::ObjectCreated;
use sreality::host::parse_base_url;
use sreality::{Client, ClientSettings, Segment};
use tokio::sync::mpsc::UnboundedReceiver;

use crate::args::SimulationArgs;
use crate::data_folder::{DataFolder, State};
use crate::error::Error;
use crate::local::{BUCKET, Local, Postgres};
use crate::summary;

/// When day 0 is collected.
const FIRST_DAY: &str = "2026-01-01T05:00:00Z";
/// The simulator needs no pauses.
const REQUESTS_PER_SECOND: f64 = 10_000.0;

/// Lets simulated days pass and ends with a summary of the market. When `interrupted` ends first, everything
/// is shut down in order; what was stored but not loaded is loaded by the next run.
///
/// # Errors
/// If a part cannot start, or a collection or a load fails.
pub async fn run(arguments: &SimulationArgs, interrupted: impl Future<Output = ()>) -> Result<(), Error> {
    let mut interrupted = std::pin::pin!(interrupted);
    let folder = DataFolder::open(arguments)?;
    let postgres = tokio::select! {
        postgres = Postgres::start(&folder) => postgres?,
        () = &mut interrupted => return Err(Error::Interrupted),
    };
    let result = tokio::select! {
        result = Box::pin(simulate(arguments, &folder, &postgres)) => result,
        () = &mut interrupted => Err(Error::Interrupted),
    };
    postgres.stop().await?;
    result
}

async fn simulate(arguments: &SimulationArgs, folder: &DataFolder, postgres: &Postgres) -> Result<(), Error> {
    let started = Instant::now();
    let state = folder.state()?;
    let Local { simulator, segments, store, events, object_store } =
        Local::start(arguments, folder, postgres, state.days).await?;
    let loader = Loader::new(store.clone(), postgres.warehouse()?);

    let days = arguments.days.unwrap_or(if arguments.rows.is_empty() { 5 } else { 1 });
    let mut loading = Loading { loader, events, rows: 0, busy: Duration::ZERO };
    let mut now = not_before(postgres).await?;
    let end = state.days.saturating_add(days);
    for day in state.days..end {
        simulator.advance_to(day);
        now = now
            .max(first_day().saturating_add(SignedDuration::from_hours(24 * i64::from(day))).unwrap_or(now));
        let base_url = parse_base_url(&simulator.base_url())
            .map_err(|error| Error::Simulator(std::io::Error::other(error)))?;
        let client = Client::new(ClientSettings {
            requests_per_second: REQUESTS_PER_SECOND,
            ..ClientSettings::new(base_url)
        })?;
        let collector = Collector::new(client, store.clone(), Clock::showing(now), Interrupt::never());
        let progress = Progress::new(day, now, end - 1, segments.len());
        collect_and_load(&collector, &segments, &mut loading, &progress).await?;
        progress.finish(&loading);
        folder.save(State { days: day + 1 })?;
        now = now.saturating_add(SignedDuration::from_hours(1)).unwrap_or(now);
    }
    let run = summary::Run {
        simulated: arguments.rows.is_empty(),
        private_postgres: postgres.private.is_some(),
        raw_folder: folder.object_store().join(BUCKET),
        rows: loading.rows,
        loading: loading.busy,
        total: started.elapsed(),
    };
    summary::print(&mut postgres.warehouse()?, &run).await?;
    object_store.stop().await;
    simulator.stop().await;
    Ok(())
}

/// A walk must not start before those that are loaded, also where a day is collected again after it was
/// interrupted.
async fn not_before(postgres: &Postgres) -> Result<Timestamp, Error> {
    let latest = postgres.warehouse()?.latest_start().await?;
    Ok(latest
        .and_then(|latest| latest.checked_add(SignedDuration::from_mins(1)).ok())
        .unwrap_or(Timestamp::UNIX_EPOCH))
}

fn first_day() -> Timestamp {
    FIRST_DAY.parse().unwrap_or(Timestamp::UNIX_EPOCH)
}

/// The loading side: takes S3's events from their queue, as Lambda would.
struct Loading {
    loader: Loader,
    events: UnboundedReceiver<ObjectCreated>,
    rows: u64,
    busy: Duration,
}

/// Collects one day while what is stored is being loaded.
async fn collect_and_load(
    collector: &Collector,
    segments: &[Segment],
    loading: &mut Loading,
    progress: &Progress,
) -> Result<(), Error> {
    let request = Request { segments: segments.iter().map(ToString::to_string).collect(), since: None };
    let collecting = async {
        let collected = collector.collect(&request, None, |walk| progress.stored(&walk.segment)).await;
        collected.map_err(Error::Failed)
    };
    let loading = async {
        for _ in segments {
            let Some(created) = loading.events.recv().await else { break };
            loading.load(&created, progress).await?;
        }
        Ok(())
    };
    // One fails, both end.
    tokio::try_join!(collecting, loading)?;
    Ok(())
}

impl Loading {
    async fn load(&mut self, created: &ObjectCreated, progress: &Progress) -> Result<(), Error> {
        let event: Event = serde_json::from_value(created.to_event())?;
        let started = Instant::now();
        let response = self.loader.load_event(&event).await.map_err(Error::Failed)?;
        self.busy += started.elapsed();
        for object in response.objects {
            if let Loaded::Loaded { rows_seen, .. } = object.loaded {
                self.rows += rows_seen;
            }
            if let Some(segment) = &object.segment {
                progress.loaded(segment);
            }
        }
        Ok(())
    }
}

/// One line per day: a bar on a terminal, a plain line elsewhere.
struct Progress {
    bar: ProgressBar,
    day: String,
    started: Instant,
}

impl Progress {
    fn new(day: u32, date: Timestamp, last_day: u32, segments: usize) -> Self {
        let day = format!("day {day} of {last_day}, {}", date.strftime("%-d %B %Y"));
        let bar = ProgressBar::new(2 * segments as u64).with_prefix(day.clone());
        let style = ProgressStyle::with_template("  {prefix} {bar:32} {msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("━╸─"));
        Self { bar, day, started: Instant::now() }
    }

    fn stored(&self, segment: &Segment) {
        self.bar.inc(1);
        self.bar.set_message(format!("collected {segment}"));
    }

    fn loaded(&self, segment: &Segment) {
        self.bar.inc(1);
        self.bar.set_message(format!("loaded {segment}"));
    }

    fn finish(&self, loading: &Loading) {
        self.bar.finish_and_clear();
        let seconds = self.started.elapsed().as_secs_f64();
        println!("  {}: {} rows loaded so far, {seconds:.1} s", self.day, summary::thousands(loading.rows));
    }
}
