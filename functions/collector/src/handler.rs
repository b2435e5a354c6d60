//! The handler: one invocation, any number of segments.

use std::time::{Instant, SystemTime};

use lambda_runtime::LambdaEvent;
use runtime::{Bucket, Failure, Metrics, time_left};
use serde::{Deserialize, Serialize};
use sreality::{Age, Segment};
use sreality_client::{Client, Robots};
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::error::{Error, StartError};
use crate::pause;
use crate::settings::Settings;
use crate::stop_signal::{StopSignal, stop_before};
use crate::walk::{WalkSummary, WalkUnderWay, Walker};

/// What a schedule asks for: `{"segments": ["flats-sale", "flats-rent/praha"]}`.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Request {
    /// Segments to walk.
    #[serde(default)]
    pub segments: Vec<String>,
    /// `24h`, `7d` or `30d`: only adverts that are not older. Such a walk sees listings, and never says that one is gone.
    #[serde(default)]
    pub since: Option<String>,
}

/// What came of it.
#[derive(Clone, Debug, Serialize)]
pub struct Response {
    /// One entry for each segment, in the order in which they were stored.
    pub walks: Vec<WalkSummary>,
}

/// Walks the portal and stores what it sees. Built once, at start.
#[derive(Debug)]
pub struct Collector {
    walker: Walker,
    interrupted: CancellationToken,
}

impl Collector {
    /// Builds the collector from its parts.
    #[must_use]
    pub fn new(portal: Client, store: Bucket, clock: Clock, interrupted: CancellationToken) -> Self {
        Self { walker: Walker { portal, store, clock }, interrupted }
    }

    /// Builds the collector from the environment. When the process is asked to end, the walks under way are stored as
    /// incomplete ones.
    ///
    /// # Errors
    /// If a setting is missing or wrong, or the portal is real and may not be asked.
    pub async fn from_env() -> Result<Self, StartError> {
        let settings = Settings::from_env()?;
        let portal = Client::new(settings.portal)?;
        let store = Bucket::new(runtime::bucket::s3_client().await, settings.raw_bucket);
        Ok(Self::new(portal, store, Clock::default(), runtime::interrupt::on_signals()))
    }

    /// Answers one invocation.
    ///
    /// # Errors
    /// With the class of the worst error, after the other segments were walked.
    pub async fn handle(&self, event: LambdaEvent<Request>) -> Result<Response, Failure> {
        let left = time_left(event.context.deadline(), SystemTime::now());
        let deadline = Instant::now() + stop_before(left);
        self.collect(&event.payload, Some(deadline), |_| ()).await
    }

    /// Walks the segments of a request, reporting each as it is stored.
    ///
    /// The first page of each is asked for first: with it there is something to store of every segment, and its size is
    /// known. Then they are walked from the smallest to the largest, each with an equal share of the time that is left:
    /// what one does not need goes to those after it.
    ///
    /// # Errors
    /// As [`Collector::handle`].
    pub async fn collect(
        &self,
        request: &Request,
        deadline: Option<Instant>,
        mut stored: impl FnMut(&WalkSummary),
    ) -> Result<Response, Failure> {
        let (segments, since) = parse(request)?;
        let stop = StopSignal { deadline, interrupted: self.interrupted.clone(), run_ended: false };
        let Walker { portal, store, .. } = &self.walker;
        pause::read(store, portal).await?;
        let mut failures = Failures::default();
        let walks = match self.begin_run(&stop).await {
            Ok(robots) => self.walk(&segments, since, robots, &stop, &mut failures, &mut stored).await,
            Err(error) => {
                failures.note(Some(error));
                Vec::new()
            }
        };
        failures.note(pause::keep(store, portal).await.err());
        match Failure::merge(failures.failures) {
            None => Ok(Response { walks }),
            Some(failure) => Err(failure),
        }
    }

    /// Walks the segments, once the run has begun.
    async fn walk(
        &self,
        segments: &[Segment],
        since: Option<Age>,
        robots: Robots,
        stop: &StopSignal,
        failures: &mut Failures,
        stored: &mut impl FnMut(&WalkSummary),
    ) -> Vec<WalkSummary> {
        let begun = self.begin_walks(segments, since, stop, failures).await;
        let mut left = begun.len();
        let mut walks = Vec::new();
        for walk in begun {
            let share = StopSignal { run_ended: failures.end_run, ..stop.share(left) };
            left -= 1;
            match walk.finish(robots, &share).await {
                Ok((summary, error)) => {
                    log(&summary);
                    metrics(&summary).write();
                    stored(&summary);
                    walks.push(summary);
                    failures.note(error);
                }
                Err(error) => failures.note(Some(error)),
            }
        }
        walks
    }

    /// Begins the run, with a look at the portal's robots.txt.
    async fn begin_run(&self, stop: &StopSignal) -> Result<Robots, Error> {
        tokio::select! {
            stopped = stop.reached() => Err(Error::NoTime(stopped.to_string())),
            begun = self.walker.portal.begin_run() => begun.map_err(Error::Begin),
        }
    }

    /// Begins walks, the smallest first in the answer.
    async fn begin_walks(
        &self,
        segments: &[Segment],
        since: Option<Age>,
        stop: &StopSignal,
        failures: &mut Failures,
    ) -> Vec<WalkUnderWay<'_>> {
        let mut begun = Vec::new();
        for segment in segments {
            let stop = StopSignal { run_ended: failures.end_run, ..stop.clone() };
            match self.walker.begin(segment, since, &stop).await {
                Ok(walk) => {
                    begun.push(walk);
                    failures.note(None);
                }
                Err(error) => failures.note(Some(error)),
            }
        }
        begun.sort_by_key(WalkUnderWay::announced);
        begun
    }
}

/// What has failed in a run, and whether that ends it.
#[derive(Debug, Default)]
struct Failures {
    failures: Vec<Failure>,
    end_run: bool,
    /// Whether the last segment was asked for in vain.
    in_vain: bool,
}

impl Failures {
    /// Takes note of how a segment ended. A portal that refuses one would refuse the next, and one that answers to none
    /// of two is out of order: it is left alone.
    fn note(&mut self, error: Option<Error>) {
        let in_vain = error.as_ref().is_some_and(Error::is_vain);
        self.end_run |= in_vain && self.in_vain;
        self.in_vain = in_vain;
        if let Some(error) = error {
            self.end_run |= error.ends_run();
            self.failures.push(Failure::of(&error));
        }
    }
}

fn parse(request: &Request) -> Result<(Vec<Segment>, Option<Age>), Error> {
    if request.segments.is_empty() {
        return Err(Error::NoSegments);
    }
    let segments = request.segments.iter().map(|text| text.parse()).collect::<Result<_, _>>()?;
    let since = request.since.as_deref().map(str::parse).transpose()?;
    Ok((segments, since))
}

fn log(walk: &WalkSummary) {
    tracing::info!(
        segment = %walk.segment,
        since = walk.since.map(tracing::field::display),
        key = walk.key,
        announced = walk.announced,
        seen = walk.seen,
        requests = walk.requests,
        retries = walk.retries,
        refusals = walk.refusals,
        bytes = walk.bytes,
        drifts = walk.drifts,
        seconds = walk.seconds,
        complete = walk.complete,
        incomplete_because = walk.incomplete_because,
        "stored a walk of {}",
        walk.segment,
    );
}

/// What is measured of a walk. That a segment is not collected any more, the reconciler notices.
fn metrics(walk: &WalkSummary) -> Metrics {
    Metrics::default()
        .count("Seen", walk.seen)
        .count("Requests", walk.requests)
        .count("Retries", walk.retries)
        .count("Refusals", walk.refusals)
        .seconds("WalkSeconds", walk.seconds)
        .count("Drifts", walk.drifts)
        .bytes("ObjectBytes", walk.bytes)
        .whether("Complete", walk.complete)
        .percent("Completeness", completeness(walk.seen, walk.announced))
        .field("segment", walk.segment.to_string())
        .field("key", walk.key.clone())
        .field("since", walk.since.map(|age| age.to_string()))
        .field("incomplete_because", walk.incomplete_because.clone())
}

/// Percent of the announced listings that were seen: all, if there was nothing to see.
fn completeness(seen: u64, announced: u64) -> f64 {
    if announced == 0 { 100.0 } else { 100.0 * seen as f64 / announced as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a rule sends whose target has no constant input: the form of the EventBridge user guide.
    #[test]
    fn the_event_of_a_rule_without_input_names_no_segment() {
        let event = serde_json::json!({
            "version": "0",
            "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa",
            "detail-type": "Scheduled Event",
            "source": "aws.events",
            "account": "123456789012",
            "time": "2015-10-08T16:53:06Z",
            "region": "us-east-1",
            "resources": ["arn:aws:events:us-east-1:123456789012:rule/my-scheduled-rule"],
            "detail": {},
        });
        let request: Request = serde_json::from_value(event).unwrap();
        assert!(matches!(parse(&request), Err(Error::NoSegments)));
    }

    #[test]
    fn completeness_is_the_share_of_the_announced_listings() {
        for (seen, announced, percent) in
            [(0, 0, 100.0), (0, 4, 0.0), (3, 4, 75.0), (4, 4, 100.0), (5, 4, 125.0)]
        {
            assert!((completeness(seen, announced) - percent).abs() < 1e-9, "{seen} of {announced}");
        }
    }
}
