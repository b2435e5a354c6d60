//! Reading one raw object: for a load, or for a comparison with what was loaded.

use raw_zone::{Closing, Header, Line, ObjectKey, WalkReader};
use sreality::Page;
use sreality::row::Row;
use tokio::io::AsyncBufRead;
use warehouse::{Ending, Rows, Walk};

use crate::error::Error;

/// A raw object whose header was read.
pub(crate) struct Object<'a, R> {
    place: Place<'a>,
    reader: WalkReader<R>,
    walk: Walk,
}

/// Where the object lies, for errors.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) bucket: &'a str,
    pub(crate) key: &'a str,
}

impl Place<'_> {
    fn damaged(&self, source: raw_zone::Error) -> Error {
        Error::File { bucket: self.bucket.to_owned(), key: self.key.to_owned(), source }
    }
}

impl<'a, R: AsyncBufRead + Unpin> Object<'a, R> {
    /// Reads the header of an object of so many bytes.
    pub(crate) async fn open(place: Place<'a>, body: R, bytes: u64) -> Result<Self, Error> {
        let reader = WalkReader::open(body).await.map_err(|source| place.damaged(source))?;
        let walk = walk(place, bytes, reader.header().clone())?;
        Ok(Self { place, reader, walk })
    }

    /// The ledger's facts from the header.
    pub(crate) fn walk(&self) -> Walk {
        self.walk.clone()
    }

    /// Moves the rows page by page, so that memory holds one page at a time.
    pub(crate) async fn read(mut self, rows: &mut Rows<'_>) -> Result<Ending, Error> {
        let Self { place, reader, .. } = &mut self;
        loop {
            match reader.next().await.map_err(|source| place.damaged(source))? {
                Line::Page { line, page } => {
                    let page = Page::parse(page.body.get()).map_err(|source| {
                        let (bucket, key) = (place.bucket.to_owned(), place.key.to_owned());
                        Error::Page { bucket, key, line, source }
                    })?;
                    let parsed = page.results.iter().map(|row| (Row::parse(row.get()), row.get()));
                    rows.add_page(line, parsed).await?;
                }
                Line::Closing(closing) if closing.rows == rows.seen() => return Ok(ending(closing)),
                Line::Closing(closing) => {
                    let (claimed, found) = (closing.rows, rows.seen());
                    return Err(place.damaged(raw_zone::Error::Miscounted { what: "rows", claimed, found }));
                }
            }
        }
    }
}

/// The ledger's facts from the file's header, which must be that of the key.
fn walk(place: Place<'_>, object_bytes: u64, header: Header) -> Result<Walk, Error> {
    let Header { portal, segment, since, walk, software, started_at, announced, robots_disregarded, .. } =
        header;
    let (bucket, key) = (place.bucket.to_owned(), place.key.to_owned());
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
