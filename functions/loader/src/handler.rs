//! The handler: one event, any number of records.

use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant, SystemTime};

use causes::with_causes;
use credentials::StartError;
use jiff::Timestamp;
use lambda_runtime::LambdaEvent;
use raw_zone::{KeyError, ObjectKey};
use runtime::{Bucket, Failure, Metrics, time_left};
use serde::Serialize;
use tokio::sync::Mutex;
use tokio::time::timeout_at;
use warehouse::Warehouse;

use crate::error::Error;
use crate::event::{Action, Event};
use crate::load::{LoadResult, Outcome, load, set_aside_strange};
use crate::settings::Settings;

/// A load that is not done so long before the function's deadline takes itself back, and says which object it was.
const RESERVE: Duration = Duration::from_secs(2);

/// What became of an event's objects.
#[derive(Clone, Debug, Serialize)]
pub struct Response {
    /// One entry for each object; ignored records have none.
    pub objects: Vec<Outcome>,
}

/// Loads raw objects. Built once, at start; holds one connection to Postgres.
#[derive(Debug)]
pub struct Loader {
    store: Bucket,
    warehouse: Mutex<Warehouse>,
    /// Whether the decisions were read since the process started.
    heeded: AtomicBool,
}

impl Loader {
    /// Builds the loader from its parts.
    #[must_use]
    pub fn new(store: Bucket, warehouse: Warehouse) -> Self {
        Self { store, warehouse: Mutex::new(warehouse), heeded: AtomicBool::new(false) }
    }

    /// Builds the loader from the environment. Postgres is connected at once, while Lambda still gives a
    /// starting function its full processor; if that fails, the first load tries again and reports it.
    ///
    /// # Errors
    /// If a setting is missing or wrong.
    pub async fn from_env() -> Result<Self, StartError> {
        let settings = Settings::from_env()?;
        let store = Bucket::new(runtime::bucket::s3_client().await, settings.raw_bucket);
        let mut warehouse = credentials::warehouse(&settings.database)?;
        if let Err(error) = warehouse.client().await {
            tracing::warn!(error = with_causes(&error), "Postgres is not reachable yet");
        }
        Ok(Self::new(store, warehouse))
    }

    /// Answers one invocation.
    ///
    /// # Errors
    /// With the class of the worst error, after the other records were loaded.
    pub async fn handle(&self, event: LambdaEvent<Event>) -> Result<Response, Failure> {
        let left = time_left(event.context.deadline(), SystemTime::now());
        self.load_event(&event.payload, Some(Instant::now() + left.saturating_sub(RESERVE))).await
    }

    /// Loads what an event asks for, until a deadline.
    ///
    /// # Errors
    /// As [`Loader::handle`].
    pub async fn load_event(&self, event: &Event, deadline: Option<Instant>) -> Result<Response, Failure> {
        let mut keys = Vec::new();
        let mut strange = Vec::new();
        let mut failures = Vec::new();
        match &event.event {
            Some(name) => tracing::info!(event = name, "ignored an event without records"),
            None if event.records.is_empty() => {
                failures.push(Error::NoRecords.into());
            }
            None => (),
        }
        for record in &event.records {
            match record.action(self.store.bucket()) {
                Ok(Action::Load(key)) => keys.push(key),
                Ok(Action::SetAside(error)) => strange.push(error),
                Ok(Action::Ignore(reason)) => {
                    let name = record.event_name.as_deref();
                    let key = record.s3.object.key.as_deref();
                    tracing::info!(event = name, key, reason, "ignored a record: {reason}");
                }
                Err(error) => failures.push(error.into()),
            }
        }
        // A walk is compared with those before it: the older one first, however the records came.
        keys.sort_by_key(|key| (key.started_at, key.walk));
        let mut objects = Vec::new();
        for key in keys {
            match self.load_key(&key, deadline).await {
                Ok(outcome) => objects.push(outcome),
                Err(failure) => failures.push(failure),
            }
        }
        for error in strange {
            match self.set_aside(error).await {
                Ok(outcome) => objects.push(outcome),
                Err(failure) => failures.push(failure),
            }
        }
        match Failure::merge(failures) {
            None => Ok(Response { objects }),
            Some(failure) => Err(failure),
        }
    }

    /// Loads one raw object by its key, or sets it aside.
    ///
    /// # Errors
    /// If it cannot be loaded through no fault of its own; nothing of it is in the warehouse then.
    pub async fn load_key(&self, key: &ObjectKey, deadline: Option<Instant>) -> Result<Outcome, Failure> {
        let mut warehouse = self.warehouse.lock().await;
        let started = Instant::now();
        let loading = load(&self.store, &mut warehouse, key, deadline, &self.heeded);
        let outcome = match deadline {
            None => loading.await,
            Some(deadline) => match timeout_at(deadline.into(), loading).await {
                Ok(outcome) => outcome,
                Err(_) => {
                    warehouse.disconnect();
                    let bucket = self.store.bucket().to_owned();
                    let key = key.to_string();
                    Err(Error::OutOfTime { bucket, key })
                }
            },
        };
        let outcome = outcome.map_err(|error| self.failure(&key.to_string(), &error))?;
        log(&outcome);
        metrics(&outcome, started.elapsed()).write();
        Ok(outcome)
    }

    async fn set_aside(&self, error: KeyError) -> Result<Outcome, Failure> {
        let mut warehouse = self.warehouse.lock().await;
        let started = Instant::now();
        let key = error.key.clone();
        let outcome = set_aside_strange(&self.store, &mut warehouse, error).await;
        let outcome = outcome.map_err(|error| self.failure(&key, &error))?;
        log(&outcome);
        metrics(&outcome, started.elapsed()).write();
        Ok(outcome)
    }

    /// The failure of one object. Its message names the object, of which Postgres knows nothing.
    fn failure(&self, key: &str, error: &Error) -> Failure {
        let failure = Failure::of(error);
        match error {
            Error::Warehouse(_) => {
                Failure { message: format!("s3://{}/{key}: {failure}", self.store.bucket()), ..failure }
            }
            _ => failure,
        }
    }
}

fn log(outcome: &Outcome) {
    let Outcome { key, segment, result } = outcome;
    let segment = segment.as_ref().map(tracing::field::display);
    match result {
        LoadResult::AlreadyLoaded => {
            tracing::info!(key, segment, outcome = "already_loaded", "{key} was loaded before");
        }
        LoadResult::Loaded { rows_seen, rows_loaded, rows_duplicate, rows_rejected, complete, .. } => {
            let outcome = "loaded";
            tracing::info!(
                key,
                segment,
                outcome,
                rows_seen,
                rows_loaded,
                rows_duplicate,
                rows_rejected,
                complete,
                "loaded {key}",
            );
        }
        // An error, though the event succeeds: a person must look at the object.
        LoadResult::Quarantined { kind, reason } => {
            tracing::error!(key, segment, outcome = "quarantined", kind, reason, "set {key} aside: {reason}");
        }
        LoadResult::AlreadyQuarantined { kind, .. } => {
            let outcome = "already_quarantined";
            tracing::info!(key, segment, outcome, kind, "{key} is in quarantine");
        }
    }
}

/// What is measured of an object that was dealt with; of its rows, what was loaded now.
fn metrics(Outcome { key, segment, result }: &Outcome, took: Duration) -> Metrics {
    let metrics = Metrics::default()
        .whether("Quarantined", matches!(result, LoadResult::Quarantined { .. }))
        .whether("AlreadyLoaded", matches!(result, LoadResult::AlreadyLoaded))
        .field("key", key.clone())
        .field("segment", segment.as_ref().map(ToString::to_string));
    let LoadResult::Loaded { rows_seen, rows_loaded, rows_duplicate, rows_rejected, finished_at, .. } =
        result
    else {
        return metrics;
    };
    metrics
        .count("RowsSeen", *rows_seen)
        .count("RowsLoaded", *rows_loaded)
        .count("RowsDuplicate", *rows_duplicate)
        .count("RowsRejected", *rows_rejected)
        .seconds("LoadSeconds", took.as_secs_f64())
        .seconds("LagSeconds", lag(*finished_at, Timestamp::now()))
}

/// Seconds from the end of a walk, as its closing line tells it, to its commit a moment ago: how much older than the
/// portal the warehouse is, what S3 and its event took included. An event has no such time of its own if the reconciler
/// or a person sends it. Two machines' clocks may differ: nothing is loaded before it ends.
fn lag(finished_at: Timestamp, committed_at: Timestamp) -> f64 {
    committed_at.duration_since(finished_at).as_secs_f64().max(0.0)
}
