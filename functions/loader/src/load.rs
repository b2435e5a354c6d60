//! One raw object into the warehouse, or into its quarantine.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use causes::with_causes;
use jiff::Timestamp;
use raw_zone::{KeyError, ObjectKey};
use runtime::Bucket;
use serde::Serialize;
use sreality::Segment;
use warehouse::{Begun, Counts, Entry, Finding, Finished, QuarantineKind, Suspect, Warehouse};

use crate::decisions::heed_decisions;
use crate::error::Error;
use crate::object::Object;

/// What became of one object.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    pub key: String,
    /// The walk's segment, if the key is a raw object's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub segment: Option<Segment>,
    /// Whether it was loaded or set aside, now or before.
    #[serde(flatten)]
    pub result: LoadResult,
}

/// Whether an object was loaded or set aside, now or before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum LoadResult {
    /// Loaded now.
    Loaded {
        /// Rows in the object.
        rows_seen: u64,
        /// Rows that became sightings.
        rows_loaded: u64,
        /// Rows that repeat a listing of the same walk.
        rows_duplicate: u64,
        /// Rows that could not be understood.
        rows_rejected: u64,
        /// Whether the walk was complete.
        complete: bool,
        /// When the walk had ended.
        finished_at: Timestamp,
    },
    /// Loaded before: the ledger has it, and nothing was changed.
    AlreadyLoaded,
    /// Set aside now: nothing of it is in any other table.
    Quarantined {
        /// `damaged`, `unknown_format`, `falsified` or `shrunken`.
        kind: &'static str,
        reason: String,
    },
    /// Set aside before: it was not even read again.
    AlreadyQuarantined {
        /// As of [`LoadResult::Quarantined`].
        kind: &'static str,
        /// As of [`LoadResult::Quarantined`].
        reason: String,
    },
}

/// Loads one raw object, or finds it loaded, or sets it aside, or finds it set aside.
///
/// What operators have decided is read once a process (`heeded`), and where the warehouse is empty: there is nothing to
/// compare an object with, so one that was dismissed would be loaded.
pub(crate) async fn load(
    store: &Bucket,
    warehouse: &mut Warehouse,
    key: &ObjectKey,
    deadline: Option<Instant>,
    heeded: &AtomicBool,
) -> Result<Outcome, Error> {
    let bucket = store.bucket();
    let name = key.to_string();
    let outcome = |result| Outcome { key: name.clone(), segment: Some(key.segment.clone()), result };
    loop {
        // Duplicate events are common enough to spare them the download.
        let entry = warehouse.entry(bucket, &name).await?;
        if entry == Entry::Missing && (!heeded.load(Ordering::Relaxed) || warehouse.is_empty().await?) {
            let is_other_now = heed_decisions(store, warehouse).await?;
            heeded.store(true, Ordering::Relaxed);
            if is_other_now {
                continue;
            }
        }
        let trusted = match &entry {
            Entry::Loaded => return Ok(outcome(LoadResult::AlreadyLoaded)),
            Entry::SetAside { kind, reason } => {
                return Ok(outcome(already_quarantined(*kind, reason.clone())));
            }
            Entry::Released(kind) => kind.is_judgement(),
            Entry::Missing | Entry::Outdated => false,
        };
        let mut object_bytes = None;
        let loaded = load_object(store, warehouse, &name, trusted, deadline, &mut object_bytes).await;
        let finding = match loaded {
            Ok(Attempt::Done(result)) => return Ok(outcome(result)),
            Ok(Attempt::SetAside(finding)) => finding,
            // What was loaded before stays; that it cannot be read again is a failure.
            Err(error) if entry == Entry::Outdated => return Err(error),
            Err(error) => finding(error)?,
        };
        // An operator may have decided of it before this database knew it.
        if heed_decisions(store, warehouse).await? {
            continue;
        }
        // The load is taken back before this is written; whoever is killed in between decides the same the next time.
        let walk = Some((key.walk, &key.segment, key.started_at));
        let suspect = Suspect { bucket, key: &name, object_bytes, walk };
        warehouse.quarantine(suspect, &finding).await?;
        return Ok(outcome(quarantined(finding)));
    }
}

/// Sets aside what lies in the raw zone under a key that is no raw object's.
pub(crate) async fn set_aside_strange(
    store: &Bucket,
    warehouse: &mut Warehouse,
    error: KeyError,
) -> Result<Outcome, Error> {
    let bucket = store.bucket();
    let key = error.key.clone();
    let outcome = |result| Outcome { key: key.clone(), segment: None, result };
    if let Entry::SetAside { kind, reason } = warehouse.entry(bucket, &key).await? {
        return Ok(outcome(already_quarantined(kind, reason)));
    }
    if heed_decisions(store, warehouse).await?
        && let Entry::SetAside { kind, reason } = warehouse.entry(bucket, &key).await?
    {
        return Ok(outcome(already_quarantined(kind, reason)));
    }
    let finding = finding(Error::Key(error))?;
    warehouse.quarantine(Suspect { bucket, key: &key, object_bytes: None, walk: None }, &finding).await?;
    Ok(outcome(quarantined(finding)))
}

/// Why to set the object aside; the error itself if the object is not at fault.
fn finding(error: Error) -> Result<Finding, Error> {
    match error.quarantine() {
        Some(kind) => Ok(Finding { kind, reason: with_causes(&error), figures: None }),
        None => Err(error),
    }
}

fn quarantined(Finding { kind, reason, .. }: Finding) -> LoadResult {
    LoadResult::Quarantined { kind: kind.name(), reason }
}

fn already_quarantined(kind: QuarantineKind, reason: String) -> LoadResult {
    LoadResult::AlreadyQuarantined { kind: kind.name(), reason }
}

/// How a load ended whose object is not damaged.
enum Attempt {
    Done(LoadResult),
    SetAside(Finding),
}

/// Fetches the object, then loads it in one transaction: nothing waits in Postgres while S3 is read. Notes the object's size
/// once it is known.
async fn load_object(
    store: &Bucket,
    warehouse: &mut Warehouse,
    key: &str,
    trusted: bool,
    deadline: Option<Instant>,
    object_bytes: &mut Option<u64>,
) -> Result<Attempt, Error> {
    let fetched = store.fetch(key).await?;
    *object_bytes = Some(fetched.size);
    let object = Object::open(store.bucket(), key, fetched)?;
    let time_left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
    let Begun::Load(mut load) = warehouse.begin(object.walk(), object.raw(), time_left).await? else {
        return Ok(Attempt::Done(LoadResult::AlreadyLoaded));
    };
    if trusted {
        load.trust();
    }
    let mut rows = object.read(load.comparer());
    while let Some(chunk) = rows.chunks.recv().await {
        load.write(chunk).await?;
    }
    let (comparer, ending) = rows.end().await?;
    let complete = ending.complete;
    let finished_at = ending.finished_at;
    match load.finish(comparer, ending).await? {
        Finished::SetAside(finding) => Ok(Attempt::SetAside(finding)),
        Finished::Loaded(Counts { seen, loaded, duplicate, rejected }) => {
            Ok(Attempt::Done(LoadResult::Loaded {
                rows_seen: seen,
                rows_loaded: loaded,
                rows_duplicate: duplicate,
                rows_rejected: rejected,
                complete,
                finished_at,
            }))
        }
    }
}
