//! One raw object into the warehouse, or into its quarantine.

use jiff::Timestamp;
use raw_zone::{KeyError, ObjectKey};
use runtime::RawStore;
use runtime::failure::with_causes;
use serde::Serialize;
use sreality::Segment;
use warehouse::{
    Counts, Entry, Falsified, Finding, Finished, QuarantineKind, Quarantined, Suspect, Warehouse,
};

use crate::error::Error;
use crate::object::{Object, Place};

/// What became of one object.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// The object's key.
    pub key: String,
    /// The walk's segment, if the key is a raw object's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub segment: Option<Segment>,
    /// Whether it was loaded or set aside, now or before.
    #[serde(flatten)]
    pub loaded: Loaded,
}

/// Whether an object was loaded or set aside, now or before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Loaded {
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
        /// `damaged`, `unknown_format` or `falsified`.
        kind: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// Set aside before: it was not even read again.
    AlreadyQuarantined {
        /// As of [`Loaded::Quarantined`].
        kind: &'static str,
        /// As of [`Loaded::Quarantined`].
        reason: String,
    },
}

/// Loads one raw object, or finds it loaded, or sets it aside, or finds it set aside.
pub(crate) async fn load(
    store: &RawStore,
    warehouse: &mut Warehouse,
    key: &ObjectKey,
) -> Result<Outcome, Error> {
    let place = Place { bucket: store.bucket(), key: &key.to_string() };
    let outcome = |loaded| Outcome { key: place.key.to_owned(), segment: Some(key.segment.clone()), loaded };
    // Duplicate events are common enough to spare them the download.
    if warehouse.entry(place.bucket, place.key).await? == Entry::Loaded {
        return Ok(outcome(Loaded::AlreadyLoaded));
    }
    let trusted = match warehouse.quarantined(place.bucket, place.key).await? {
        Some(found) if found.released_at.is_none() => return Ok(outcome(already_quarantined(found))),
        Some(found) => found.kind == QuarantineKind::Falsified,
        None => false,
    };
    let mut object_bytes = None;
    let finding = match load_file(store, warehouse, place, trusted, &mut object_bytes).await {
        Ok(Ended::Loaded(loaded)) => return Ok(outcome(loaded)),
        Ok(Ended::Falsified(falsified)) => falsified.into(),
        Err(error) => finding(error)?,
    };
    // The load is taken back before this is written; whoever is killed in between decides the same the next time.
    let walk = Some((key.walk, &key.segment, key.started_at));
    let suspect = Suspect { bucket: place.bucket, key: place.key, object_bytes, walk };
    warehouse.quarantine(suspect, &finding).await?;
    Ok(outcome(quarantined(finding)))
}

/// Sets aside what lies in the raw zone under a key that is no raw object's.
pub(crate) async fn set_aside_strange(
    store: &RawStore,
    warehouse: &mut Warehouse,
    error: KeyError,
) -> Result<Outcome, Error> {
    let (bucket, key) = (store.bucket(), error.key.clone());
    let outcome = |loaded| Outcome { key: key.clone(), segment: None, loaded };
    if let Some(found) = warehouse.quarantined(bucket, &key).await?
        && found.released_at.is_none()
    {
        return Ok(outcome(already_quarantined(found)));
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

fn quarantined(Finding { kind, reason, .. }: Finding) -> Loaded {
    Loaded::Quarantined { kind: kind.name(), reason }
}

fn already_quarantined(Quarantined { kind, reason, .. }: Quarantined) -> Loaded {
    Loaded::AlreadyQuarantined { kind: kind.name(), reason }
}

/// How a load ended whose object is not damaged.
enum Ended {
    Loaded(Loaded),
    Falsified(Falsified),
}

/// Reads the file and loads it, in one transaction; notes the object's size once it is known.
async fn load_file(
    store: &RawStore,
    warehouse: &mut Warehouse,
    place: Place<'_>,
    trusted: bool,
    object_bytes: &mut Option<u64>,
) -> Result<Ended, Error> {
    let (body, bytes) = store.get(place.key).await?;
    *object_bytes = Some(bytes);
    let object = Object::open(place, body, bytes).await?;
    let Some(mut load) = warehouse.begin(object.walk()).await? else {
        return Ok(Ended::Loaded(Loaded::AlreadyLoaded));
    };
    if trusted {
        load.trust();
    }
    let ending = object.read(load.rows()).await?;
    let (complete, finished_at) = (ending.complete, ending.finished_at);
    match load.finish(ending).await? {
        Finished::Falsified(falsified) => Ok(Ended::Falsified(falsified)),
        Finished::Loaded(Counts { seen, loaded, duplicate, rejected }) => Ok(Ended::Loaded(Loaded::Loaded {
            rows_seen: seen,
            rows_loaded: loaded,
            rows_duplicate: duplicate,
            rows_rejected: rejected,
            complete,
            finished_at,
        })),
    }
}
