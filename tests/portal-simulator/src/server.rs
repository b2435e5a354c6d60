//! The running simulator: HTTP in front of a market or of recorded rows.

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query as QueryOf, Request, State};
use axum::http::header::{CONTENT_TYPE, USER_AGENT};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Serialize;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::answer::{self, Answer};
use crate::falsified::Falsified;
use crate::market::Market;
use crate::recorded::RecordedRows;
use crate::search::Query;

/// How many requests are remembered; the oldest are forgotten first.
const REQUESTS_KEPT: usize = 100_000;
/// How far the market can be moved forward by one request.
const MOST_DAYS_AT_ONCE: u32 = 366;
/// How long a stopping simulator waits for answers that are under way.
const STOP_WITHIN: Duration = Duration::from_secs(5);

/// What a simulator serves.
#[derive(Debug)]
pub enum Source {
    /// A simulated market.
    Market(Market),
    /// Recorded rows; days do not pass in them.
    Rows(RecordedRows),
}

/// One request the portal was asked, so that a test can judge how politely it was asked.
#[derive(Clone, Debug)]
pub struct RequestLog {
    /// `GET`, mostly.
    pub method: String,
    /// Path and query as sent.
    pub path_and_query: String,
    /// The `User-Agent` header, if one was sent.
    pub user_agent: Option<String>,
    /// When its headers had arrived.
    pub arrived_at: Instant,
    /// When its answer was ready.
    pub answered_at: Instant,
    /// HTTP status of the answer.
    pub status: u16,
    /// How many rows the answer held.
    pub rows: usize,
}

/// A running simulator. It stops when it is dropped.
#[derive(Debug)]
pub struct Simulator {
    address: SocketAddr,
    served: Arc<Served>,
    stop: oneshot::Sender<()>,
    server: JoinHandle<io::Result<()>>,
}

#[derive(Debug)]
struct Served {
    stock: Stock,
    falsified: RwLock<Option<Falsified>>,
    requests: Mutex<VecDeque<RequestLog>>,
}

#[derive(Debug)]
enum Stock {
    Market(RwLock<Market>),
    Rows(RecordedRows),
}

impl Simulator {
    /// Serves on this address; on a free port if it names port 0.
    pub async fn start(source: Source, address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let stock = match source {
            Source::Market(market) => Stock::Market(RwLock::new(market)),
            Source::Rows(rows) => Stock::Rows(rows),
        };
        let served = Arc::new(Served { stock, falsified: RwLock::default(), requests: Mutex::default() });
        // Dropping the sender stops the server too: waiting for it ends either way.
        let (stop, stopped) = oneshot::channel::<()>();
        let stopped = async { stopped.await.unwrap_or_default() };
        let server = axum::serve(listener, router(Arc::clone(&served))).with_graceful_shutdown(stopped);
        Ok(Self { address, served, stop, server: tokio::spawn(server.into_future()) })
    }

    /// Where it is reached: `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn base_url(&self) -> String {
        let mut address = self.address;
        if address.ip().is_unspecified() {
            address.set_ip(IpAddr::V4(Ipv4Addr::LOCALHOST));
        }
        format!("http://{address}")
    }

    /// Lets `read` look at the market; `None` if recorded rows are served.
    pub fn with_market<R>(&self, read: impl FnOnce(&Market) -> R) -> Option<R> {
        match &self.served.stock {
            Stock::Market(market) => Some(read(&market.read().unwrap_or_else(PoisonError::into_inner))),
            Stock::Rows(_) => None,
        }
    }

    /// Moves the market forward to this day; does nothing if it is already reached, or if recorded rows are
    /// served.
    pub fn advance_to(&self, day: u32) {
        self.served.advance(|_| day);
    }

    /// Falsifies every row that is served from now on, or with `None` serves true rows again.
    pub fn falsify(&self, falsified: Option<Falsified>) {
        *self.served.falsified.write().unwrap_or_else(PoisonError::into_inner) = falsified;
    }

    /// The requests the portal was asked, in the order of their arrival; those to `/simulator` are not among
    /// them.
    #[must_use]
    pub fn requests(&self) -> Vec<RequestLog> {
        let requests = self.served.requests.lock().unwrap_or_else(PoisonError::into_inner);
        let mut requests: Vec<_> = requests.iter().cloned().collect();
        requests.sort_by_key(|request| request.arrived_at);
        requests
    }

    /// Stops listening, and waits a moment for answers that are under way.
    pub async fn stop(self) {
        let Self { stop, mut server, .. } = self;
        drop(stop);
        if tokio::time::timeout(STOP_WITHIN, &mut server).await.is_err() {
            server.abort();
        }
    }
}

fn router(served: Arc<Served>) -> Router {
    let portal = Router::new()
        .route("/robots.txt", get(|| async { "User-agent: *\nAllow: /\n" }))
        .route("/api/v1/estates", get(|| async { answer::error(401, "Unauthorized") }))
        .route("/api/v1/estates/search", get(search))
        .fallback(|| async { answer::error(404, "Not Found") })
        // Faults that answer in the portal's place belong here, as a layer under the log: they are then
        // logged like any answer.
        .layer(middleware::from_fn_with_state(Arc::clone(&served), log));
    Router::new()
        .route("/simulator/advance", post(advance))
        .route("/simulator/state", get(state))
        .merge(portal)
        .with_state(served)
}

type Parameters = Result<QueryOf<Vec<(String, String)>>, QueryRejection>;

async fn search(State(served): State<Arc<Served>>, parameters: Parameters) -> Answer {
    let query = match parameters {
        Ok(QueryOf(parameters)) => Query::parse(&parameters).map_err(|error| error.to_string()),
        Err(rejection) => Err(rejection.body_text()),
    };
    match query {
        Ok(query) => served.falsify(served.page(&query)),
        Err(message) => answer::error(422, &message),
    }
}

async fn advance(State(served): State<Arc<Served>>, parameters: Parameters) -> Answer {
    let parameters = parameters.map(|QueryOf(parameters)| parameters).unwrap_or_default();
    let days = parameters.iter().find(|(name, _)| name == "days").and_then(|(_, days)| days.parse().ok());
    match days {
        Some(days @ 0..=MOST_DAYS_AT_ONCE) => {
            served.advance(|today| today.saturating_add(days));
            served.state()
        }
        _ => answer::error(422, &format!("days: a number from 0 to {MOST_DAYS_AT_ONCE} is needed")),
    }
}

async fn state(State(served): State<Arc<Served>>) -> Answer {
    served.state()
}

/// Notes each request with its answer.
async fn log(State(served): State<Arc<Served>>, request: Request, next: Next) -> Response {
    let arrived_at = Instant::now();
    let method = request.method().to_string();
    let path_and_query = request.uri().to_string();
    let user_agent =
        request.headers().get(USER_AGENT).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let response = next.run(request).await;
    let status = response.status().as_u16();
    let rows = response.extensions().get::<Rows>().map_or(0, |rows| rows.0);
    let answered_at = Instant::now();
    tracing::debug!(method, path_and_query, status, rows, took = ?(answered_at - arrived_at), "answered");
    served.note(RequestLog { method, path_and_query, user_agent, arrived_at, answered_at, status, rows });
    response
}

impl Served {
    fn page(&self, query: &Query) -> Answer {
        match &self.stock {
            Stock::Market(market) => {
                answer::market_page(&market.read().unwrap_or_else(PoisonError::into_inner), query)
            }
            Stock::Rows(rows) => answer::recorded_page(rows, query),
        }
    }

    fn falsify(&self, answer: Answer) -> Answer {
        let falsified = *self.falsified.read().unwrap_or_else(PoisonError::into_inner);
        match falsified {
            Some(falsified) => Answer { body: falsified.page(answer.body), ..answer },
            None => answer,
        }
    }

    /// Moves the market to the day that `to` makes of today.
    fn advance(&self, to: impl FnOnce(u32) -> u32) {
        if let Stock::Market(market) = &self.stock {
            let mut market = market.write().unwrap_or_else(PoisonError::into_inner);
            let day = to(market.day());
            market.advance_to(day);
        }
    }

    fn state(&self) -> Answer {
        #[derive(Serialize)]
        struct State {
            day: u32,
            listings: usize,
        }

        let state = match &self.stock {
            Stock::Market(market) => {
                let market = market.read().unwrap_or_else(PoisonError::into_inner);
                State { day: market.day(), listings: market.len() }
            }
            Stock::Rows(rows) => State { day: 0, listings: rows.len() },
        };
        answer::json(200, &state, 0)
    }

    fn note(&self, request: RequestLog) {
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        if requests.len() == REQUESTS_KEPT {
            requests.pop_front();
        }
        requests.push_back(request);
    }
}

/// How many rows an answer holds, for the log.
#[derive(Clone, Copy, Debug)]
struct Rows(usize);

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut response = Response::new(self.body.into());
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let json = HeaderValue::from_static("application/json; charset=utf-8");
        response.headers_mut().insert(CONTENT_TYPE, json);
        response.extensions_mut().insert(Rows(self.rows));
        response
    }
}
