//! One raw object into the warehouse.

use raw_zone::{Closing, Line, ObjectKey, WalkReader};
use serde::Serialize;
use sreality::row::Row;
use sreality::{Page, Segment};
use tokio::io::AsyncBufRead;
use warehouse::{Counts, Ending, Load, Walk};

use crate::error::Error;
use crate::handler::Loader;

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

impl Loader {
    /// Loads one raw object, or finds it loaded.
    pub(crate) async fn load(&self, key: &ObjectKey) -> Result<Outcome, Error> {
        let bucket = self.store.bucket().to_owned();
        let text = key.to_string();
        let mut warehouse = self.warehouse.lock().await;
        let outcome = |loaded| Outcome { key: text.clone(), segment: key.segment.clone(), loaded };
        // Duplicate events are common enough to spare them the download.
        if warehouse.is_loaded(&bucket, &text).await? {
            return Ok(outcome(Loaded::AlreadyLoaded));
        }
        let file = |source| Error::File { bucket: bucket.clone(), key: text.clone(), source };
        let (body, object_bytes) = self.store.get(&text).await?;
        let mut reader = WalkReader::open(body).await.map_err(file)?;
        let header = reader.header().clone();
        let walk = Walk {
            id: header.walk,
            bucket: bucket.clone(),
            key: text.clone(),
            object_bytes,
            portal: header.portal,
            segment: header.segment.clone(),
            software: header.software,
            started_at: header.started_at,
            announced: header.announced,
        };
        let own_key = ObjectKey { segment: header.segment, started_at: header.started_at, walk: header.walk }
            .to_string();
        if own_key != text {
            return Err(Error::OtherWalk { bucket, key: text, found: own_key });
        }
        let Some(mut load) = warehouse.begin(walk).await? else {
            return Ok(outcome(Loaded::AlreadyLoaded));
        };
        let closing = self.add_pages(&mut reader, &mut load, &text).await?;
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

    /// Moves the rows page by page, so that memory holds one page at a time.
    async fn add_pages<R: AsyncBufRead + Unpin>(
        &self,
        reader: &mut WalkReader<R>,
        load: &mut Load<'_>,
        key: &str,
    ) -> Result<Closing, Error> {
        let bucket = self.store.bucket();
        let file = |source| Error::File { bucket: bucket.to_owned(), key: key.to_owned(), source };
        loop {
            match reader.next().await.map_err(file)? {
                Line::Page { line, page } => {
                    let parsed = Page::parse(page.body.get());
                    let damaged =
                        |source| Error::Page { bucket: bucket.to_owned(), key: key.to_owned(), line, source };
                    let rows = parsed.map_err(damaged)?.results.into_iter();
                    load.add_page(line, rows.map(|row| (Row::parse(row.get()), row.get()))).await?;
                }
                Line::Closing(closing) if closing.rows == load.rows_seen() => return Ok(closing),
                Line::Closing(closing) => {
                    let (claimed, found) = (closing.rows, load.rows_seen());
                    return Err(file(raw_zone::Error::Miscounted { what: "rows", claimed, found }));
                }
            }
        }
    }
}

fn ending(closing: Closing) -> Ending {
    let Closing { complete, incomplete_because, pages, requests, retries, finished_at, rows: _, distinct: _ } =
        closing;
    Ending { finished_at, complete, incomplete_because, pages, requests, retries }
}
