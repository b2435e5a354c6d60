//! What is remembered of every request, so that a test can judge how politely the portal was asked.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Instant;

use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::http::header::{ACCEPT, HeaderName, USER_AGENT};
use axum::middleware::Next;
use axum::response::Response;
use serde::Serialize;

use crate::faults::fault::Fault;

/// How many requests are remembered; the oldest are forgotten first.
const REQUESTS_KEPT: usize = 100_000;

/// One request the portal was asked, so that a test can judge how politely it was asked.
#[derive(Clone, Debug)]
pub struct RequestLog {
    /// `GET`, mostly.
    pub method: String,
    /// Path and query as sent.
    pub path_and_query: String,
    /// The `User-Agent` header, if one was sent.
    pub user_agent: Option<String>,
    /// The `Accept` header, if one was sent.
    pub accept: Option<String>,
    /// When its headers had arrived.
    pub arrived_at: Instant,
    /// When its answer was ready.
    pub answered_at: Instant,
    /// HTTP status of the answer; 0 if none was sent.
    pub status: u16,
    /// How many rows the answer held; 0 if it could not be read.
    pub rows: usize,
    /// The faults that it met.
    pub faults: Vec<Fault>,
    /// Until when nothing may be asked, because the answer said `Retry-After`.
    pub quiet_until: Option<Instant>,
    /// What became of the answer.
    pub sent: Sent,
}

/// What became of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sent {
    /// It was sent as HTTP wants it.
    Whole,
    /// The connection ended in the middle of the body.
    Cut,
    /// Nothing was sent: the connection was reset.
    Reset,
    /// Nothing was sent: whoever had asked was gone before.
    Abandoned,
}

/// The requests so far.
#[derive(Debug)]
pub(crate) struct RequestLogs {
    since: Instant,
    requests: Mutex<VecDeque<RequestLog>>,
}

/// What the layers below tell of the answer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Told {
    /// As soon as it is drawn, so that it is known of requests that are abandoned, too.
    pub(crate) faults: Arc<OnceLock<Vec<Fault>>>,
}

/// How many rows an answer holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rows(pub(crate) usize);

/// Until when an answer asks to be left alone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Quiet(pub(crate) Instant);

impl RequestLogs {
    pub(crate) fn new() -> Self {
        Self { since: Instant::now(), requests: Mutex::default() }
    }

    /// All of them, in the order of their arrival.
    pub(crate) fn all(&self) -> Vec<RequestLog> {
        let requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        let mut requests: Vec<_> = requests.iter().cloned().collect();
        requests.sort_by_key(|request| request.arrived_at);
        requests
    }

    /// The same as JSON objects; times are milliseconds since the start.
    pub(crate) fn as_json(&self) -> Vec<impl Serialize + use<>> {
        #[derive(Serialize)]
        struct Json {
            method: String,
            path_and_query: String,
            user_agent: Option<String>,
            accept: Option<String>,
            arrived_ms: u128,
            answered_ms: u128,
            status: u16,
            rows: usize,
            faults: Vec<String>,
            retry_after_ms: Option<u128>,
            sent: Sent,
        }

        let json = |request: RequestLog| Json {
            method: request.method,
            path_and_query: request.path_and_query,
            user_agent: request.user_agent,
            accept: request.accept,
            arrived_ms: (request.arrived_at - self.since).as_millis(),
            answered_ms: (request.answered_at - self.since).as_millis(),
            status: request.status,
            rows: request.rows,
            faults: request.faults.iter().map(ToString::to_string).collect(),
            retry_after_ms: request
                .quiet_until
                .map(|until| until.saturating_duration_since(request.answered_at).as_millis()),
            sent: request.sent,
        };
        self.all().into_iter().map(json).collect()
    }

    fn note(&self, request: RequestLog) {
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        if requests.len() == REQUESTS_KEPT {
            requests.pop_front();
        }
        requests.push_back(request);
    }
}

/// Notes a request when it is dropped: whoever asked may be gone before there is an answer.
struct Entry {
    logs: Arc<RequestLogs>,
    told: Told,
    request: Option<RequestLog>,
}

impl Drop for Entry {
    fn drop(&mut self) {
        if let Some(mut request) = self.request.take() {
            request.answered_at = Instant::now();
            request.faults = self.told.faults.get().cloned().unwrap_or_default();
            let RequestLog { method, path_and_query, status, rows, faults, sent, .. } = &request;
            let took = request.answered_at - request.arrived_at;
            tracing::debug!(method, path_and_query, status, rows, ?faults, ?sent, ?took, "answered");
            self.logs.note(request);
        }
    }
}

/// Notes each request with its answer.
pub(crate) async fn log(State(logs): State<Arc<RequestLogs>>, mut request: Request, next: Next) -> Response {
    let arrived_at = Instant::now();
    let told = Told::default();
    request.extensions_mut().insert(told.clone());
    let mut entry = Entry {
        logs,
        told,
        request: Some(RequestLog {
            method: request.method().to_string(),
            path_and_query: request.uri().to_string(),
            user_agent: header(request.headers(), &USER_AGENT),
            accept: header(request.headers(), &ACCEPT),
            arrived_at,
            answered_at: arrived_at,
            status: 0,
            rows: 0,
            faults: Vec::new(),
            quiet_until: None,
            sent: Sent::Abandoned,
        }),
    };
    let response = next.run(request).await;
    if let Some(request) = &mut entry.request {
        let told = response.extensions();
        request.sent = told.get().copied().unwrap_or(Sent::Whole);
        request.status = if request.sent == Sent::Reset { 0 } else { response.status().as_u16() };
        request.rows = told.get().map_or(0, |Rows(rows)| *rows);
        request.quiet_until = told.get().map(|Quiet(until)| *until);
    }
    response
}

fn header(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}
