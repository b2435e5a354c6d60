//! One raw object into the warehouse, or into its quarantine.

use raw_zone::{Closing, Header, KeyError, Line, ObjectKey, WalkReader};
use runtime::RawStore;
use runtime::failure::with_causes;
use serde::Serialize;
use sreality::row::Row;
use sreality::{Page, Segment};
use tokio::io::AsyncBufRead;
use warehouse::{
    Counts, Ending, Entry, Falsified, Finding, Finished, Load, QuarantineKind, Quarantined, Suspect, Walk,
    Warehouse,
};

use crate::error::Error;

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
    let object = Object { bucket: store.bucket(), key: &key.to_string() };
    let outcome = |loaded| Outcome { key: object.key.to_owned(), segment: Some(key.segment.clone()), loaded };
    // Duplicate events are common enough to spare them the download.
    if warehouse.entry(object.bucket, object.key).await? == Entry::Loaded {
        return Ok(outcome(Loaded::AlreadyLoaded));
    }
    let trusted = match warehouse.quarantined(object.bucket, object.key).await? {
        Some(found) if found.released_at.is_none() => return Ok(outcome(already_quarantined(found))),
        Some(found) => found.kind == QuarantineKind::Falsified,
        None => false,
    };
    let mut object_bytes = None;
    let finding = match load_file(store, warehouse, &object, trusted, &mut object_bytes).await {
        Ok(Ended::Loaded(loaded)) => return Ok(outcome(loaded)),
        Ok(Ended::Falsified(falsified)) => falsified.into(),
        Err(error) => finding(error)?,
    };
    // The load is taken back before this is written; whoever is killed in between decides the same the next time.
    let walk = Some((key.walk, &key.segment, key.started_at));
    let suspect = Suspect { bucket: object.bucket, key: object.key, object_bytes, walk };
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
    object: &Object<'_>,
    trusted: bool,
    object_bytes: &mut Option<u64>,
) -> Result<Ended, Error> {
    let (body, bytes) = store.get(object.key).await?;
    *object_bytes = Some(bytes);
    let mut reader = WalkReader::open(body).await.map_err(|source| object.damaged(source))?;
    let walk = walk(object, bytes, reader.header().clone())?;
    let Some(mut load) = warehouse.begin(walk).await? else {
        return Ok(Ended::Loaded(Loaded::AlreadyLoaded));
    };
    if trusted {
        load.trust();
    }
    let closing = add_pages(object, &mut reader, &mut load).await?;
    let complete = closing.complete;
    match load.finish(ending(closing)).await? {
        Finished::Falsified(falsified) => Ok(Ended::Falsified(falsified)),
        Finished::Loaded(Counts { seen, loaded, duplicate, rejected }) => Ok(Ended::Loaded(Loaded::Loaded {
            rows_seen: seen,
            rows_loaded: loaded,
            rows_duplicate: duplicate,
            rows_rejected: rejected,
            complete,
        })),
    }
}

/// Where the object lies, for errors.
struct Object<'a> {
    bucket: &'a str,
    key: &'a str,
}

impl Object<'_> {
    fn damaged(&self, source: raw_zone::Error) -> Error {
        Error::File { bucket: self.bucket.to_owned(), key: self.key.to_owned(), source }
    }
}

/// The ledger's facts from the file's header, which must be that of the key.
fn walk(object: &Object<'_>, object_bytes: u64, header: Header) -> Result<Walk, Error> {
    let Header { format: _, portal, segment, walk, software, started_at, announced } = header;
    let (bucket, key) = (object.bucket.to_owned(), object.key.to_owned());
    let found = ObjectKey { segment: segment.clone(), started_at, walk }.to_string();
    if found != key {
        return Err(Error::OtherWalk { bucket, key, found });
    }
    Ok(Walk { id: walk, bucket, key, object_bytes, portal, segment, software, started_at, announced })
}

/// Moves the rows page by page, so that memory holds one page at a time.
async fn add_pages<R: AsyncBufRead + Unpin>(
    object: &Object<'_>,
    reader: &mut WalkReader<R>,
    load: &mut Load<'_>,
) -> Result<Closing, Error> {
    loop {
        match reader.next().await.map_err(|source| object.damaged(source))? {
            Line::Page { line, page } => {
                let page = Page::parse(page.body.get()).map_err(|source| {
                    let (bucket, key) = (object.bucket.to_owned(), object.key.to_owned());
                    Error::Page { bucket, key, line, source }
                })?;
                let rows = page.results.iter().map(|row| (Row::parse(row.get()), row.get()));
                load.add_page(line, rows).await?;
            }
            Line::Closing(closing) if closing.rows == load.rows_seen() => return Ok(closing),
            Line::Closing(closing) => {
                let (claimed, found) = (closing.rows, load.rows_seen());
                return Err(object.damaged(raw_zone::Error::Miscounted { what: "rows", claimed, found }));
            }
        }
    }
}

fn ending(closing: Closing) -> Ending {
    let Closing { complete, incomplete_because, pages, requests, retries, finished_at, rows: _, distinct: _ } =
        closing;
    Ending { finished_at, complete, incomplete_because, pages, requests, retries }
}
