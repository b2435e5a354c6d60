//! The handler: one comparison of raw zone and ledger, and the loads that follow from it.

use std::time::{Duration, SystemTime};

use jiff::{SignedDuration, Timestamp};
use lambda_runtime::LambdaEvent;
use runtime::{Bucket, Class, Classed, Failure, Metrics, time_left};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use warehouse::Warehouse;

use crate::error::Error;
use crate::loader_function::LoaderFunction;
use crate::missing::{Ages, Comparison, MissingObject, find_missing};
use crate::staleness::Stalest;

/// Most events load within seconds. One that Lambda is still trying again may be overtaken: two loads of one object do no
/// harm.
const DEFAULT_MINUTES: u32 = 15;
/// What the longest load may take: no new one is begun later than this before the function's deadline, so the function's
/// timeout must be longer.
const LONGEST_LOAD: Duration = Duration::from_secs(120);
/// So many keys are named in a report.
const NAMED: usize = 100;

/// The constant input of the schedule's rule; `{}` will do.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// Objects stored less than so many minutes ago are left to their own event: 15 unless said otherwise.
    #[serde(default)]
    pub older_than_minutes: Option<u32>,
    /// Objects stored more than so many days ago are left alone, and those of earlier days not even listed, so that such a run
    /// costs the same after ten years; all are looked at unless said otherwise. An old object that was copied here is found
    /// by a look at all of them only.
    #[serde(default)]
    pub younger_than_days: Option<u32>,
    /// Only say what is missing.
    #[serde(default)]
    pub dry_run: bool,
    /// Segments that are walked by schedule: how long ago that was, the metrics tell.
    #[serde(default)]
    pub segments: Vec<String>,
}

/// What was found and done.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Objects that were listed: all of the raw zone, or those of the days that were asked for.
    pub listed: u64,
    /// Objects that the ledger lacked, or whose rejects a newer parser may understand.
    pub missing: u64,
    /// Of these, handed to the loader, which dealt with them.
    pub loaded: u64,
    /// Of these, handed to the loader, which failed.
    pub failed: u64,
    /// Of these, left for the next run: this one's time was up.
    pub left: u64,
    /// Keys of the first hundred missing objects.
    pub keys: Vec<String>,
}

/// Reconciles raw zone and ledger. Built once, at start; holds one connection to Postgres.
#[derive(Debug)]
pub struct Reconciler<L> {
    store: Bucket,
    warehouse: Mutex<Warehouse>,
    loader: L,
}

impl<L: LoaderFunction> Reconciler<L> {
    /// Builds the reconciler from its parts.
    #[must_use]
    pub fn new(store: Bucket, warehouse: Warehouse, loader: L) -> Self {
        Self { store, warehouse: Mutex::new(warehouse), loader }
    }

    /// Answers one invocation.
    ///
    /// # Errors
    /// With the class of the worst error, after everything else was tried.
    pub async fn handle(&self, event: LambdaEvent<Request>) -> Result<Report, Failure> {
        let left = time_left(event.context.deadline(), SystemTime::now());
        let deadline = Timestamp::now().checked_add(left).ok();
        self.reconcile(&event.payload, deadline).await
    }

    /// Hands what is missing to the loader, oldest walk first, and last what has failed most. May be run at any time, stopped
    /// at any time, and be run again: what was loaded is not missing any more.
    ///
    /// # Errors
    /// If the raw zone or the ledger cannot be read, or loads failed; the other objects are loaded then, unless a failure
    /// says that a person must act first.
    pub async fn reconcile(&self, request: &Request, deadline: Option<Timestamp>) -> Result<Report, Failure> {
        let now = Timestamp::now();
        let ages = Ages {
            at_least: SignedDuration::from_mins(request.older_than_minutes.unwrap_or(DEFAULT_MINUTES).into()),
            at_most: request.younger_than_days.map(|days| SignedDuration::from_hours(24 * i64::from(days))),
        };
        let compared = {
            let mut warehouse = self.warehouse.lock().await;
            find_missing(&self.store, &mut warehouse, ages, now).await
        };
        let Comparison { listed, missing } = compared?;
        let keys = missing.iter().take(NAMED).map(|missing| missing.object.key.clone()).collect();
        let mut report = Report { listed, missing: missing.len() as u64, keys, ..Report::default() };
        if request.dry_run {
            tracing::info!(listed, missing = report.missing, "compared the raw zone with the ledger");
            return Ok(report);
        }
        let mut failures = self.load_all(&missing, deadline, &mut report).await;
        let Report { missing, loaded, failed, left, .. } = report;
        tracing::info!(listed, missing, loaded, failed, left, "reconciled the raw zone with the ledger");
        let metrics =
            Metrics::default().count("Listed", listed).count("Missing", missing).count("Left", left);
        match self.stalest(&request.segments).await {
            Ok(None) => metrics.write(),
            Ok(Some(stalest)) => stalest.metrics(metrics).write(),
            Err(error) => {
                metrics.write();
                failures.push(Failure::of(&error));
            }
        }
        Failure::merge(failures).map_or(Ok(report), Err)
    }

    /// Asked after the loads, which may have brought what was stale up to date.
    async fn stalest(&self, planned: &[String]) -> Result<Option<Stalest>, Error> {
        if planned.is_empty() {
            return Ok(None);
        }
        let latest = self.warehouse.lock().await.latest_complete(planned).await?;
        Ok(Stalest::find(planned, &latest, Timestamp::now()))
    }

    async fn load_all(
        &self,
        missing: &[MissingObject],
        deadline: Option<Timestamp>,
        report: &mut Report,
    ) -> Vec<Failure> {
        let mut failures = Vec::new();
        for (done, missing) in (0_u64..).zip(missing) {
            let object = &missing.object;
            if deadline.is_some_and(|deadline| Timestamp::now() + LONGEST_LOAD > deadline) {
                report.left = report.missing - done;
                break;
            }
            let loaded = self.loader.load(&object.key, object.created_event(self.store.bucket())).await;
            failures.extend(self.remember(missing, &loaded).await.err().map(|error| Failure::of(&error)));
            match loaded {
                Ok(()) => report.loaded += 1,
                Err(error) => {
                    report.failed += 1;
                    failures.push(Failure::of(&error));
                    // A person must act first: the other loads would fail alike.
                    if error.class() == Class::Stop {
                        report.left = report.missing - done - 1;
                        break;
                    }
                }
            }
        }
        failures
    }

    /// Keeps in mind whether the load of an object came to an end: next time the others have their turn first.
    async fn remember(&self, missing: &MissingObject, loaded: &Result<(), Error>) -> Result<(), Error> {
        let key = missing.object.key.as_str();
        let mut warehouse = self.warehouse.lock().await;
        match loaded {
            Ok(()) if missing.failures > 0 => warehouse.forget_unfinished_load(key).await?,
            Err(error) if error.class() == Class::Retry => {
                warehouse.note_unfinished_load(key).await?;
            }
            _ => {}
        }
        Ok(())
    }
}
