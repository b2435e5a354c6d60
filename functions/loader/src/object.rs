//! Reading one raw object: for a load, or for a comparison with what was loaded.

use raw_zone::{Line, ObjectKey, WalkReader};
use runtime::FetchedObject;
use sreality::PageRows;
use sreality::walk::{Ending, Walk};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use warehouse::{Chunk, RawObject, RowComparer};

use crate::error::Error;

/// So many chunks may wait to be written.
const CHUNKS_AHEAD: usize = 1;

/// A raw object whose header was read.
pub(crate) struct Object {
    raw: RawObject,
    reader: WalkReader,
}

/// A walk's rows on their way: what is to be looked up and written, and in the end how the walk ended.
pub(crate) struct Rows {
    pub(crate) chunks: mpsc::Receiver<Chunk>,
    reading: JoinHandle<Result<(RowComparer, Ending), Error>>,
}

impl Object {
    /// Reads the header, which must be that of the key.
    pub(crate) fn open(
        bucket: &str,
        key: &str,
        FetchedObject { size, bytes, .. }: FetchedObject,
    ) -> Result<Self, Error> {
        let raw = RawObject { bucket: bucket.to_owned(), key: key.to_owned(), bytes: size };
        let reader = WalkReader::open(bytes).map_err(|source| damaged(&raw, source))?;
        let Walk { segment, started_at, id, .. } = reader.walk();
        let found = ObjectKey { segment: segment.clone(), started_at: *started_at, walk: *id }.to_string();
        if found != raw.key {
            let RawObject { bucket, key, .. } = raw;
            return Err(Error::OtherWalk { bucket, key, found });
        }
        Ok(Self { raw, reader })
    }

    /// What the header says of the walk.
    pub(crate) fn walk(&self) -> Walk {
        self.reader.walk().clone()
    }

    /// Where it lies.
    pub(crate) fn raw(&self) -> RawObject {
        self.raw.clone()
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
        let Self { raw, reader } = &mut self;
        loop {
            let chunk = match reader.next().map_err(|source| damaged(raw, source))? {
                Line::Page { line, page } => {
                    let damaged = |source| {
                        let bucket = raw.bucket.clone();
                        let key = raw.key.clone();
                        Error::Page { bucket, key, line, source }
                    };
                    let page = PageRows::parse(page.body, |row| comparer.knows(row)).map_err(damaged)?;
                    comparer.page(line, page.rows.into_iter())?
                }
                Line::Closing(ending) if ending.rows == comparer.rows_seen() => {
                    if let Some(chunk) = comparer.rest() {
                        let _ = chunks.blocking_send(chunk);
                    }
                    return Ok(ending);
                }
                Line::Closing(ending) => {
                    let claimed = ending.rows;
                    let found = comparer.rows_seen();
                    return Err(damaged(raw, raw_zone::Error::Miscounted { what: "rows", claimed, found }));
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

fn damaged(raw: &RawObject, source: raw_zone::Error) -> Error {
    Error::File { bucket: raw.bucket.clone(), key: raw.key.clone(), source }
}
