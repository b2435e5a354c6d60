//! One raw object into the warehouse.

use raw_zone::{Closing, Header, Line, ObjectKey, WalkReader};
use runtime::RawStore;
use serde::Serialize;
use sreality::row::Row;
use sreality::{Page, Segment};
use tokio::io::AsyncBufRead;
use warehouse::{Counts, Ending, Entry, Load, Walk, Warehouse};

use crate::error::Error;

/// What became of one object.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// The object's key.
    pub key: String,
    /// The walk's segment.
    pub segment: Segment,
    /// Whether it was loaded now or before.
    #[serde(flatten)]
    pub loaded: Loaded,
}

/// Whether an object was loaded now or before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Loaded {
    /// Now.
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
    /// Before: the ledger has it, and nothing was changed.
    AlreadyLoaded,
}

/// Loads one raw object, or finds it loaded.
pub(crate) async fn load(
    store: &RawStore,
    warehouse: &mut Warehouse,
    key: &ObjectKey,
) -> Result<Outcome, Error> {
    let object = Object { bucket: store.bucket(), key: &key.to_string() };
    let outcome = |loaded| Outcome { key: object.key.to_owned(), segment: key.segment.clone(), loaded };
    // Duplicate events are common enough to spare them the download.
    if warehouse.entry(object.bucket, object.key).await? == Entry::Loaded {
        return Ok(outcome(Loaded::AlreadyLoaded));
    }
    let (body, object_bytes) = store.get(object.key).await?;
    let mut reader = WalkReader::open(body).await.map_err(|source| object.damaged(source))?;
    let walk = walk(&object, object_bytes, reader.header().clone())?;
    let Some(mut load) = warehouse.begin(walk).await? else {
        return Ok(outcome(Loaded::AlreadyLoaded));
    };
    let closing = add_pages(&object, &mut reader, &mut load).await?;
    let complete = closing.complete;
    let Counts { seen, loaded, duplicate, rejected } = load.finish(ending(closing)).await?;
    Ok(outcome(Loaded::Loaded {
        rows_seen: seen,
        rows_loaded: loaded,
        rows_duplicate: duplicate,
        rows_rejected: rejected,
        complete,
    }))
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
