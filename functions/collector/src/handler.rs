//! The handler: one invocation, any number of segments.

use std::time::{Duration, Instant, SystemTime};

use lambda_runtime::LambdaEvent;
use runtime::{Class, CollectorSettings, Failure, RawStore};
use serde::{Deserialize, Serialize};
use sreality::{Client, Segment};

use crate::clock::Clock;
use crate::error::{Error, StartError};
use crate::walk::{WalkSummary, Walker, stop_before};

/// What a schedule asks for: `{"segments": ["flats-sale", "flats-rent/praha"]}`.
#[derive(Clone, Debug, Deserialize)]
pub struct Request {
    /// Segments to walk, in this order.
    #[serde(default)]
    pub segments: Vec<String>,
}

/// What came of it.
#[derive(Clone, Debug, Serialize)]
pub struct Response {
    /// One entry for each segment.
    pub walks: Vec<WalkSummary>,
}

/// Walks the portal and stores what it sees. Built once, at start.
#[derive(Debug)]
pub struct Collector {
    walker: Walker,
}

impl Collector {
    /// Builds the collector from its parts.
    #[must_use]
    pub fn new(portal: Client, store: RawStore, clock: Clock) -> Self {
        Self { walker: Walker { portal, store, clock } }
    }

    /// Builds the collector from the environment.
    ///
    /// # Errors
    /// If a setting is missing or wrong, or the portal is real and may not be asked.
    pub async fn from_env() -> Result<Self, StartError> {
        let settings = CollectorSettings::from_env()?;
        let portal = Client::new(settings.portal)?;
        let store = RawStore::new(runtime::raw_store::s3_client().await, settings.raw_bucket);
        Ok(Self::new(portal, store, Clock::default()))
    }

    /// Answers one invocation.
    ///
    /// # Errors
    /// With the class of the worst error, after the other segments were walked.
    pub async fn handle(&self, event: LambdaEvent<Request>) -> Result<Response, Failure> {
        let left = event.context.deadline().duration_since(SystemTime::now()).unwrap_or(Duration::ZERO);
        let deadline = Instant::now() + stop_before(left);
        self.collect(&event.payload, Some(deadline), |_| ()).await
    }

    /// Walks the segments of a request one after the other, reporting each as it is stored.
    ///
    /// # Errors
    /// As [`Collector::handle`].
    pub async fn collect(
        &self,
        request: &Request,
        deadline: Option<Instant>,
        mut stored: impl FnMut(&WalkSummary),
    ) -> Result<Response, Failure> {
        let segments = parse_segments(request).map_err(|error| failure(&error))?;
        let robots = self.walker.portal.begin_run().await.map_err(|error| failure(&Error::Begin(error)))?;
        let mut walks = Vec::new();
        let mut failures = Vec::new();
        for segment in &segments {
            let error = match self.walker.walk(segment, robots, deadline).await {
                Ok((summary, error)) => {
                    log(&summary);
                    stored(&summary);
                    walks.push(summary);
                    error
                }
                Err(error) => Some(error),
            };
            if let Some(error) = error {
                let failed = failure(&error);
                let stop = failed.class == Class::Stop;
                failures.push(failed);
                // A portal that refuses one segment would refuse the next: it is left alone.
                if stop {
                    break;
                }
            }
        }
        match Failure::merge(failures) {
            None => Ok(Response { walks }),
            Some(failure) => Err(failure),
        }
    }
}

fn failure(error: &Error) -> Failure {
    Failure::new(error.class(), error)
}

fn parse_segments(request: &Request) -> Result<Vec<Segment>, Error> {
    if request.segments.is_empty() {
        return Err(Error::NoSegments);
    }
    Ok(request.segments.iter().map(|text| text.parse()).collect::<Result<_, _>>()?)
}

fn log(walk: &WalkSummary) {
    tracing::info!(
        segment = %walk.segment,
        key = walk.key,
        announced = walk.announced,
        seen = walk.seen,
        requests = walk.requests,
        retries = walk.retries,
        refusals = walk.refusals,
        bytes = walk.bytes,
        seconds = walk.seconds,
        complete = walk.complete,
        incomplete_because = walk.incomplete_because,
        "stored a walk of {}",
        walk.segment,
    );
}
