//! Reading one raw object: for a load, or for a comparison with what was loaded.

use raw_zone::{Closing, Header, Line, ObjectKey, WalkReader};
use runtime::FetchedObject;
use sreality::PageRows;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use warehouse::{Chunk, Ending, RowComparer, Walk};

use crate::error::Error;

/// So many chunks may wait to be written.
const CHUNKS_AHEAD: usize = 2;

/// A raw object whose header was read.
pub(crate) struct Object {
    address: ObjectAddress,
    reader: WalkReader,
    walk: Walk,
}

/// Where the object lies, for errors.
#[derive(Clone, Debug)]
pub(crate) struct ObjectAddress {
    pub(crate) bucket: String,
    pub(crate) key: String,
}

/// A walk's rows on their way: what is to be looked up and written, and in the end how the walk ended.
pub(crate) struct Rows {
    pub(crate) chunks: mpsc::Receiver<Chunk>,
    reading: JoinHandle<Result<(RowComparer, Ending), Error>>,
}

impl ObjectAddress {
    fn damaged(&self, source: raw_zone::Error) -> Error {
        Error::File { bucket: self.bucket.clone(), key: self.key.clone(), source }
    }
}

impl Object {
    /// Reads the header.
    pub(crate) fn open(
        address: ObjectAddress,
        FetchedObject { size, bytes }: FetchedObject,
    ) -> Result<Self, Error> {
        let reader = WalkReader::open(bytes).map_err(|source| address.damaged(source))?;
        let walk = walk(&address, size, reader.header().clone())?;
        Ok(Self { address, reader, walk })
    }

    /// The ledger's facts from the header.
    pub(crate) fn walk(&self) -> Walk {
        self.walk.clone()
    }

    /// Reads the rows in a thread of their own, a few chunks ahead of who writes them.
    pub(crate) fn read(self, mut comparer: RowComparer) -> Rows {
        let (sender, chunks) = mpsc::channel(CHUNKS_AHEAD);
        let reading = tokio::task::spawn_blocking(move || {
            let ending = self.compare(&mut comparer, &sender)?;
            Ok((comparer, ending))
        });
        Rows { chunks, reading }
    }

    fn compare(mut self, comparer: &mut RowComparer, chunks: &mpsc::Sender<Chunk>) -> Result<Ending, Error> {
        let Self { address, reader, .. } = &mut self;
        loop {
            let chunk = match reader.next().map_err(|source| address.damaged(source))? {
                Line::Page { line, page } => {
                    let damaged = |source| {
                        let bucket = address.bucket.clone();
                        let key = address.key.clone();
                        Error::Page { bucket, key, line, source }
                    };
                    let page = PageRows::parse(page.body, |row| comparer.knows(row)).map_err(damaged)?;
                    comparer.page(line, page.rows.into_iter())?
                }
                Line::Closing(closing) if closing.rows == comparer.rows_seen() => {
                    if let Some(chunk) = comparer.rest() {
                        let _ = chunks.blocking_send(chunk);
                    }
                    return Ok(ending(closing));
                }
                Line::Closing(closing) => {
                    let claimed = closing.rows;
                    let found = comparer.rows_seen();
                    return Err(address.damaged(raw_zone::Error::Miscounted {
                        what: "rows",
                        claimed,
                        found,
                    }));
                }
            };
            // Who no longer takes chunks has failed, and says why.
            if let Some(chunk) = chunk
                && chunks.blocking_send(chunk).is_err()
            {
                return Err(Error::Abandoned);
            }
        }
    }
}

impl Rows {
    /// How the walk ended, once all chunks were taken.
    pub(crate) async fn end(self) -> Result<(RowComparer, Ending), Error> {
        drop(self.chunks);
        self.reading.await.unwrap_or(Err(Error::Abandoned))
    }
}

/// The ledger's facts from the file's header, which must be that of the key.
fn walk(address: &ObjectAddress, object_bytes: u64, header: Header) -> Result<Walk, Error> {
    let Header {
        portal,
        market,
        segment,
        since,
        walk,
        software,
        started_at,
        announced,
        robots_disregarded,
        ..
    } = header;
    let ObjectAddress { bucket, key } = address.clone();
    let found = ObjectKey { segment: segment.clone(), started_at, walk }.to_string();
    if found != key {
        return Err(Error::OtherWalk { bucket, key, found });
    }
    Ok(Walk {
        id: walk,
        bucket,
        key,
        object_bytes,
        portal,
        market,
        segment,
        since,
        software,
        started_at,
        announced,
        robots_disregarded,
    })
}

fn ending(closing: Closing) -> Ending {
    let Closing {
        complete, incomplete_because, pages, requests, retries, refusals, drift, finished_at, ..
    } = closing;
    Ending { finished_at, complete, incomplete_because, pages, requests, retries, refusals, drift }
}
