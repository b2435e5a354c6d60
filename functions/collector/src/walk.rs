//! One walk: from the first page to the raw object.

use std::collections::HashSet;
use std::path::Path;
use std::time::{Duration, Instant};

use raw_zone::{Closing, FORMAT, Header, ObjectKey, PageRecord, WalkWriter};
use runtime::RawStore;
use serde::Serialize;
use sreality::{Answer, Client, RequestError, Robots, Segment};
use tempfile::NamedTempFile;
use tokio::fs::File;
use uuid::Uuid;

use crate::clock::Clock;
use crate::error::Error;
use crate::paging::Paging;

/// Of 1 000 announced listings, this many must have been seen for a walk to be complete. Rows move while
/// paging, so a few are always missed; public collectors in production use the same share.
const COMPLETE_PER_MILLE: u64 = 995;

/// What came of one walk.
#[derive(Clone, Debug, Serialize)]
pub struct WalkSummary {
    /// What was walked.
    pub segment: Segment,
    /// Key of the raw object.
    pub key: String,
    /// Total that the portal announced.
    pub announced: u64,
    /// Different listings seen.
    pub seen: u64,
    /// Rows, duplicates included.
    pub rows: u64,
    /// Pages stored.
    pub pages: u64,
    /// Requests made.
    pub requests: u64,
    /// Requests that repeated a failed one.
    pub retries: u64,
    /// Answers that refused.
    pub refusals: u64,
    /// Size of the raw object in bytes.
    pub bytes: u64,
    /// Wall-clock seconds.
    pub seconds: f64,
    /// Whether the walk may say that a listing is gone.
    pub complete: bool,
    /// Why it may not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub incomplete_because: Option<String>,
}

/// Walks one portal into one bucket.
#[derive(Debug)]
pub(crate) struct Walker {
    pub(crate) portal: Client,
    pub(crate) store: RawStore,
    pub(crate) clock: Clock,
}

impl Walker {
    /// Walks a segment and stores the walk. When the portal fails on the way, what there is is stored as an
    /// incomplete walk, and the error is returned beside it.
    pub(crate) async fn walk(
        &self,
        segment: &Segment,
        robots: Robots,
        deadline: Option<Instant>,
    ) -> Result<(WalkSummary, Option<Error>), Error> {
        let portal_error = |source| Error::Portal { segment: segment.clone(), source };
        let file_error = |source| Error::File { segment: segment.clone(), source };
        let (started, before) = (Instant::now(), self.portal.counts());
        let key = ObjectKey { segment: segment.clone(), started_at: self.clock.now(), walk: Uuid::new_v4() };
        let mut paging = Paging::new(segment.clone());
        let first = self.portal.search(paging.query()).await.map_err(portal_error)?;
        let announced = first.pagination.total;

        let (file, output) = temporary_file().await.map_err(file_error)?;
        let mut writer =
            WalkWriter::start(output, self.header(&key, robots, announced)).await.map_err(file_error)?;
        let mut distinct = HashSet::new();
        let paged = self.page_through(first, &mut paging, &mut writer, &mut distinct, deadline).await;
        let stopped = paged.map_err(file_error)?;

        let seen = distinct.len() as u64;
        let counts = self.portal.counts();
        let incomplete_because = match &stopped {
            Some(stopped) => Some(stopped.to_string()),
            None => incompleteness(&paging, seen, announced),
        };
        let closing = Closing {
            complete: incomplete_because.is_none(),
            incomplete_because,
            distinct: seen,
            requests: counts.requests - before.requests,
            retries: counts.retries - before.retries,
            finished_at: self.clock.now(),
            ..Closing::default()
        };
        let (closing, _) = writer.finish(closing).await.map_err(file_error)?;
        let key = key.to_string();
        let stored = self.store.put_new(&key, file.path()).await;
        stored.map_err(|source| Error::Store { segment: segment.clone(), source })?;

        let summary = WalkSummary {
            segment: segment.clone(),
            key,
            announced,
            seen,
            rows: closing.rows,
            pages: closing.pages,
            requests: closing.requests,
            retries: closing.retries,
            refusals: counts.refusals - before.refusals,
            bytes: size_of(file.path()),
            seconds: started.elapsed().as_secs_f64(),
            complete: closing.complete,
            incomplete_because: closing.incomplete_because,
        };
        let error = match stopped {
            Some(Stopped::Portal(source)) => Some(portal_error(source)),
            Some(Stopped::Deadline) | None => None,
        };
        Ok((summary, error))
    }

    fn header(&self, key: &ObjectKey, robots: Robots, announced: u64) -> Header {
        Header {
            format: FORMAT,
            portal: self.portal.base_url().as_str().trim_end_matches('/').to_owned(),
            segment: key.segment.clone(),
            since: None,
            walk: key.walk,
            software: concat!("cenovka/", env!("CARGO_PKG_VERSION")).to_owned(),
            started_at: key.started_at,
            announced,
            robots_disregarded: robots == Robots::Disregarded,
        }
    }

    /// Writes the first page and all that follow it. Returns why it stopped before the end, if it did.
    async fn page_through(
        &self,
        first: Answer,
        paging: &mut Paging,
        writer: &mut WalkWriter<File>,
        distinct: &mut HashSet<i64>,
        deadline: Option<Instant>,
    ) -> Result<Option<Stopped>, raw_zone::Error> {
        let mut answer = first;
        loop {
            distinct.extend(answer.rows.iter().flatten().map(|row| row.hash_id));
            let more = paging.advance(&answer);
            writer.page(self.record(answer)).await?;
            if !more {
                return Ok(None);
            }
            if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                return Ok(Some(Stopped::Deadline));
            }
            answer = match self.portal.search(paging.query()).await {
                Ok(answer) => answer,
                Err(error) => return Ok(Some(Stopped::Portal(error))),
            };
        }
    }

    fn record(&self, answer: Answer) -> PageRecord {
        PageRecord {
            url: answer.url,
            status: answer.status,
            fetched_at: self.clock.now(),
            duration_ms: u64::try_from(answer.duration.as_millis()).unwrap_or(u64::MAX),
            rows: answer.rows.len() as u64,
            body: answer.body,
        }
    }
}

/// A file in the function's temporary folder, removed when it is dropped, and a writer to it.
async fn temporary_file() -> Result<(NamedTempFile, File), raw_zone::Error> {
    let file = NamedTempFile::new().map_err(raw_zone::Error::Transfer)?;
    let output = File::create(file.path()).await.map_err(raw_zone::Error::Transfer)?;
    Ok((file, output))
}

/// Why a walk ended before its last page.
#[derive(Debug, thiserror::Error)]
enum Stopped {
    #[error("the function's deadline was near")]
    Deadline,
    #[error(transparent)]
    Portal(RequestError),
}

fn incompleteness(paging: &Paging, seen: u64, announced: u64) -> Option<String> {
    if paging.capped() {
        return Some("a part is larger than the portal lets one query page through".to_owned());
    }
    let enough = seen * 1000 >= announced * COMPLETE_PER_MILLE;
    (!enough).then(|| format!("saw {seen} of {announced} announced listings"))
}

fn size_of(file: &Path) -> u64 {
    std::fs::metadata(file).map_or(0, |metadata| metadata.len())
}

/// When a walk has to stop paging so that what it has is stored before the function is ended.
pub(crate) fn stop_before(deadline: Duration) -> Duration {
    /// Long enough to finish the request under way and to store the object.
    const RESERVE: Duration = Duration::from_secs(20);
    deadline.saturating_sub(RESERVE.min(deadline / 2))
}
