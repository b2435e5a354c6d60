//! One walk: from the first page to the raw object.

use std::path::Path;
use std::time::{Duration, Instant};

use causes::with_causes;
use raw_zone::{ObjectKey, PageRecord, WalkWriter};
use runtime::Bucket;
use serde::Serialize;
use sreality::shape::{Drift, ShapeWatch};
use sreality::walk::{Ending, Walk};
use sreality::{Age, SearchQuery, Segment};
use sreality_client::{Answer, Client, RequestCounts, RequestError, Robots};
use tempfile::NamedTempFile;
use tokio::fs::File;
use uuid::Uuid;

use crate::clock::Clock;
use crate::error::Error;
use crate::paging::Paging;
use crate::stop_signal::{StopSignal, Stopped};

/// What came of one walk.
#[derive(Clone, Debug, Serialize)]
pub struct WalkSummary {
    /// What was walked.
    pub segment: Segment,
    /// The age that adverts were asked for, if not all were.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Age>,
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
    /// In how many ways the pages differ from the known shape.
    pub drifts: u64,
    /// Wall-clock seconds, those left out in which other segments were walked.
    pub seconds: f64,
    /// Whether the walk may say that a listing is gone.
    pub complete: bool,
    /// Why it may not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub incomplete_because: Option<String>,
}

impl WalkSummary {
    fn of(
        key: &ObjectKey,
        since: Option<Age>,
        announced: u64,
        ending: Ending,
        bytes: u64,
        took: Duration,
    ) -> Self {
        Self {
            segment: key.segment.clone(),
            since,
            key: key.to_string(),
            announced,
            seen: ending.distinct,
            rows: ending.rows,
            pages: ending.pages,
            requests: ending.requests,
            retries: ending.retries,
            refusals: ending.refusals.unwrap_or_default(),
            bytes,
            drifts: ending.drift.len() as u64,
            seconds: took.as_secs_f64(),
            complete: ending.complete,
            incomplete_because: ending.incomplete_because,
        }
    }
}

/// Walks one portal into one bucket.
#[derive(Debug)]
pub(crate) struct Walker {
    pub(crate) portal: Client,
    pub(crate) store: Bucket,
    pub(crate) clock: Clock,
}

/// A walk whose first page is there, so that its size is known.
#[derive(Debug)]
pub(crate) struct WalkUnderWay<'w> {
    walker: &'w Walker,
    key: ObjectKey,
    since: Option<Age>,
    market: String,
    paging: Paging,
    first_page: SpilledPage,
    counts: RequestCounts,
    busy: Duration,
}

/// A page that waits in a file until its walk goes on: the first pages of all segments would not fit into memory.
#[derive(Debug)]
struct SpilledPage {
    page: PageRecord,
    body: NamedTempFile,
}

impl Walker {
    /// Begins a walk with its first page.
    ///
    /// # Errors
    /// If there is no first page, or no room for it. Nothing is stored then.
    pub(crate) async fn begin(
        &self,
        segment: &Segment,
        since: Option<Age>,
        stop: &StopSignal,
    ) -> Result<WalkUnderWay<'_>, Error> {
        let started = Instant::now();
        let key = ObjectKey { segment: segment.clone(), started_at: self.clock.now(), walk: Uuid::new_v4() };
        let mut paging = Paging::new(segment.clone(), since);
        let mut counts = RequestCounts::default();
        let first = SearchQuery { age: since, ..SearchQuery::first_page(segment.clone()) };
        let answer = self.ask(&first, &mut counts, stop).await;
        let answer = answer.map_err(|stopped| Error::not_begun(segment, stopped))?;
        paging.answered(&answer);
        let market = answer.market.clone();
        let first_page = SpilledPage::new(self.record(answer)).await;
        let first_page = first_page.map_err(|error| Error::file(segment, error))?;
        Ok(WalkUnderWay {
            walker: self,
            key,
            since,
            market,
            paging,
            first_page,
            counts,
            busy: started.elapsed(),
        })
    }

    /// Asks for one page, unless the time is up before it is there.
    async fn ask(
        &self,
        query: &SearchQuery,
        counts: &mut RequestCounts,
        stop: &StopSignal,
    ) -> Result<Answer, Stopped> {
        let before = self.portal.counts();
        let answer = tokio::select! {
            biased;
            stopped = stop.reached() => Err(stopped),
            answer = self.portal.search(query) => answer.map_err(Stopped::Portal),
        };
        let after = self.portal.counts();
        counts.requests += after.requests - before.requests;
        counts.retries += after.retries - before.retries;
        counts.refusals += after.refusals - before.refusals;
        answer
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

impl WalkUnderWay<'_> {
    /// How many listings its first page has announced.
    pub(crate) fn announced(&self) -> u64 {
        self.paging.announced()
    }

    /// Walks on to the end and stores the walk. When the time is up or the portal fails on the way, what there is is
    /// stored as an incomplete walk; the portal's error is returned beside it.
    ///
    /// # Errors
    /// If the walk cannot be stored.
    pub(crate) async fn finish(
        self,
        robots: Robots,
        stop: &StopSignal,
    ) -> Result<(WalkSummary, Option<Error>), Error> {
        let started = Instant::now();
        let facts = self.facts(robots);
        let WalkUnderWay { walker, key, since, mut paging, first_page, mut counts, busy, .. } = self;
        let segment = &key.segment;
        let file_error = |source| Error::File { segment: segment.clone(), source };

        let (file, output) = temporary_file().await.map_err(|error| Error::file(segment, error))?;
        let mut writer = WalkWriter::start(output, &facts).await.map_err(file_error)?;
        let first_page = first_page.take_back().await.map_err(|error| Error::file(segment, error))?;
        let mut watch = ShapeWatch::default();
        watch.page(&first_page.body);
        writer.page(first_page).await.map_err(file_error)?;
        let paged = walker.page_through(&mut paging, &mut writer, &mut watch, &mut counts, stop).await;
        let stopped = paged.map_err(file_error)?;
        let drift = watch.drift();
        log_drift(segment, &drift);
        let ending = Ending {
            drift,
            finished_at: walker.clock.now(),
            ..ending(&paging, counts, incompleteness(&paging, since, stopped.as_ref()))
        };
        let (ending, _) = writer.finish(ending).await.map_err(file_error)?;
        let stored = walker.store.put_new(&key.to_string(), file.path()).await;
        stored.map_err(|source| Error::Store { segment: segment.clone(), source })?;

        let bytes = size_of(file.path());
        let summary =
            WalkSummary::of(&key, since, paging.announced(), ending, bytes, busy + started.elapsed());
        let error = match stopped {
            Some(Stopped::Portal(source)) => Some(Error::Portal { segment: segment.clone(), source }),
            Some(_) | None => None,
        };
        Ok((summary, error))
    }

    fn facts(&self, robots: Robots) -> Walk {
        Walk {
            portal: self.walker.portal.base_url().as_str().trim_end_matches('/').to_owned(),
            market: self.market.clone(),
            segment: self.key.segment.clone(),
            since: self.since,
            id: self.key.walk,
            software: concat!("cenovka/", env!("CARGO_PKG_VERSION")).to_owned(),
            started_at: self.key.started_at,
            announced: self.paging.announced(),
            robots_disregarded: robots == Robots::Disregarded,
        }
    }
}

/// Why a walk is not complete; `None` if it is.
fn incompleteness(paging: &Paging, since: Option<Age>, stopped: Option<&Stopped>) -> Option<String> {
    if let Some(stopped) = stopped {
        return Some(with_causes(stopped));
    }
    let Some(age) = since else { return paging.incompleteness() };
    let only = format!("only adverts of the last {age} were asked for");
    Some(paging.incompleteness().map_or(only.clone(), |reason| format!("{only}; {reason}")))
}

/// What the last line of the file says of the pages and the requests for them.
fn ending(paging: &Paging, counts: RequestCounts, incomplete_because: Option<String>) -> Ending {
    Ending {
        complete: incomplete_because.is_none(),
        incomplete_because,
        distinct: paging.seen(),
        requests: counts.requests,
        retries: counts.retries,
        refusals: Some(counts.refusals),
        ..Ending::default()
    }
}

impl Walker {
    /// Asks for all pages that are left and writes them. Returns why it stopped before the end, if it did.
    async fn page_through(
        &self,
        paging: &mut Paging,
        writer: &mut WalkWriter<File>,
        watch: &mut ShapeWatch,
        counts: &mut RequestCounts,
        stop: &StopSignal,
    ) -> Result<Option<Stopped>, raw_zone::Error> {
        // A page that fails is a hole to come back to; when the next one fails too, the portal is out of order.
        let mut failed_before = false;
        while let Some(query) = paging.query() {
            match self.ask(&query, counts, stop).await {
                Ok(answer) => {
                    failed_before = false;
                    paging.answered(&answer);
                    watch.page(&answer.body);
                    writer.page(self.record(answer)).await?;
                }
                Err(Stopped::Portal(RequestError::Unprocessable { .. })) if paging.refused() => {}
                Err(Stopped::Portal(error)) if error.is_transient() && !failed_before => {
                    tracing::warn!(
                        error = with_causes(&error),
                        "a page could not be read and is left for later"
                    );
                    failed_before = true;
                    paging.failed();
                }
                Err(stopped) => return Ok(Some(stopped)),
            }
        }
        Ok(None)
    }
}

/// Whatever becomes of the object, its operator learns that the portal has changed.
fn log_drift(segment: &Segment, drift: &[Drift]) {
    for Drift { path, change, found, rows } in drift {
        let change = change.name();
        tracing::warn!(%segment, path, change, found, rows, "the portal's answers differ from the known shape");
    }
}

impl SpilledPage {
    async fn new(mut page: PageRecord) -> std::io::Result<Self> {
        let body = NamedTempFile::new()?;
        tokio::fs::write(body.path(), std::mem::take(&mut page.body)).await?;
        Ok(Self { page, body })
    }

    async fn take_back(self) -> std::io::Result<PageRecord> {
        let body = tokio::fs::read_to_string(self.body.path()).await?;
        Ok(PageRecord { body, ..self.page })
    }
}

/// A file in the function's temporary folder, removed when it is dropped, and a writer to it.
async fn temporary_file() -> std::io::Result<(NamedTempFile, File)> {
    let file = NamedTempFile::new()?;
    let output = File::create(file.path()).await?;
    Ok((file, output))
}

fn size_of(file: &Path) -> u64 {
    std::fs::metadata(file).map_or(0, |metadata| metadata.len())
}
