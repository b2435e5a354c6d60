//! The running simulator: HTTP in front of a market or of recorded rows.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use axum::Router;
use axum::extract::{Extension, Query as QueryOf, Request, State};
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::get;
use serde::Serialize;
use sreality::MARKET_HEADER;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::answer::{self, Answer};
use crate::control::{self, Parameters};
use crate::detail::detail;
use crate::encounter::{Encounter, Encounters};
use crate::falsified::Falsified;
use crate::fault::Fault;
use crate::fault_layer::{Deviation, serve_faults};
use crate::faults::Faults;
use crate::market::Market;
use crate::random::Random;
use crate::recorded::RecordedRows;
use crate::request_log::{self, RequestLog, RequestLogs};
use crate::robots::Robots;
use crate::search::Query;
use crate::toppings::Toppings;
use crate::wire::{Wire, WireListener};

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

/// A running simulator. It stops when it is dropped.
#[derive(Debug)]
pub struct Simulator {
    address: SocketAddr,
    served: Arc<Served>,
    stop: oneshot::Sender<()>,
    server: JoinHandle<io::Result<()>>,
}

/// What the answers are made of.
#[derive(Debug)]
pub(crate) struct Served {
    stock: Stock,
    encounters: Mutex<Encounters>,
    toppings: RwLock<Toppings>,
    /// The market of an earlier day, once somebody was shown it.
    replica: Mutex<Option<Market>>,
    robots: RwLock<Robots>,
    /// What the market is called.
    market: RwLock<String>,
    pub(crate) requests: Arc<RequestLogs>,
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
        let (name, stock) = match source {
            Source::Market(market) => (market.name(), Stock::Market(RwLock::new(market))),
            Source::Rows(rows) => (rows.market().to_owned(), Stock::Rows(rows)),
        };
        let served = Arc::new(Served {
            stock,
            encounters: Mutex::default(),
            toppings: RwLock::default(),
            replica: Mutex::default(),
            robots: RwLock::default(),
            market: RwLock::new(name),
            requests: Arc::new(RequestLogs::new()),
        });
        // Dropping the sender stops the server too: waiting for it ends either way.
        let (stop, stopped) = oneshot::channel::<()>();
        let stopped = async { stopped.await.unwrap_or_default() };
        let service = router(Arc::clone(&served)).into_make_service_with_connect_info::<Wire>();
        let server = axum::serve(WireListener(listener), service).with_graceful_shutdown(stopped);
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

    /// Lets requests meet these faults from now on, instead of those before. The script and the chances begin anew, and
    /// rows that have moved stay where they are.
    pub fn set_faults(&self, faults: Faults) {
        self.served.set_faults(faults);
    }

    /// No faults any more, but for what the portal always does: see [`Faults::default`].
    pub fn clear_faults(&self) {
        self.set_faults(Faults::default());
    }

    /// The faults that requests can meet.
    #[must_use]
    pub fn faults(&self) -> Faults {
        self.served.faults()
    }

    /// Falsifies every row that is served from now on, or with `None` serves true rows again: [`Fault::Falsified`]
    /// always or never, beside what other faults there are.
    pub fn falsify(&self, falsified: Option<Falsified>) {
        let mut encounters = self.served.encounters.lock().unwrap_or_else(PoisonError::into_inner);
        encounters.faults.drop_rates(|fault| matches!(fault, Fault::Falsified(_)));
        if let Some(falsified) = falsified {
            encounters.faults = std::mem::take(&mut encounters.faults).with(Fault::Falsified(falsified), 1.0);
        }
    }

    /// Answers `/robots.txt` like this from now on.
    pub fn set_robots(&self, robots: Robots) {
        self.served.set_robots(robots);
    }

    /// Calls the market so from now on, in ASCII letters, digits and what is usual between them. Two markets of one name are
    /// taken for one: they go into one warehouse.
    pub fn set_market(&self, name: &str) {
        name.clone_into(&mut self.served.market.write().unwrap_or_else(PoisonError::into_inner));
    }

    /// The requests the portal was asked, in the order of their arrival; those to `/simulator` are not among
    /// them.
    #[must_use]
    pub fn requests(&self) -> Vec<RequestLog> {
        self.served.requests.all()
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
    let requests = Arc::clone(&served.requests);
    let portal = Router::new()
        .route("/robots.txt", get(robots))
        .route("/api/v1/estates", get(|| async { answer::error(401, "Unauthorized") }))
        .route("/api/v1/estates/search", get(search))
        .route("/detail/{*address}", get(detail))
        .fallback(|| async { answer::error(404, "Not Found") })
        .layer(middleware::from_fn_with_state(Arc::clone(&served), serve_faults))
        .layer(middleware::from_fn_with_state(Arc::clone(&served), name_market))
        // Around the faults: they are noted like any answer.
        .layer(middleware::from_fn_with_state(requests, request_log::log));
    control::routes().merge(portal).with_state(served)
}

/// Says in every answer which market it is of.
async fn name_market(State(served): State<Arc<Served>>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let name = HeaderValue::from_str(&served.market.read().unwrap_or_else(PoisonError::into_inner));
    if let Ok(name) = name {
        response.headers_mut().insert(MARKET_HEADER, name);
    }
    response
}

async fn robots(State(served): State<Arc<Served>>) -> Robots {
    served.robots.read().unwrap_or_else(PoisonError::into_inner).clone()
}

async fn search(
    State(served): State<Arc<Served>>,
    Extension(deviation): Extension<Deviation>,
    parameters: Parameters,
) -> Answer {
    let query = match parameters {
        Ok(QueryOf(parameters)) => Query::parse(&parameters).map_err(|error| error.to_string()),
        Err(rejection) => Err(rejection.body_text()),
    };
    match query {
        Ok(query) => served.page(query, deviation),
        Err(message) => answer::error(422, &message),
    }
}

impl Served {
    fn page(&self, mut query: Query, deviation: Deviation) -> Answer {
        query.limit = query.limit.min(deviation.largest_limit.unwrap_or(query.limit));
        let toppings = self.toppings.read().unwrap_or_else(PoisonError::into_inner);
        match &self.stock {
            Stock::Market(market) => {
                let market = market.read().unwrap_or_else(PoisonError::into_inner);
                let day = market.day().saturating_sub(deviation.days_behind);
                if day == market.day() {
                    return answer::market_page(&market, &query, &toppings);
                }
                let mut replica = self.replica.lock().unwrap_or_else(PoisonError::into_inner);
                let known = replica.take().filter(|known| known.day() == day);
                let known = replica.insert(known.unwrap_or_else(|| market.as_of(day)));
                answer::market_page(known, &query, &toppings)
            }
            Stock::Rows(rows) => answer::recorded_page(rows, &query, &toppings),
        }
    }

    /// The row of an advert on offer.
    pub(crate) fn row(&self, hash_id: u64) -> Option<String> {
        match &self.stock {
            Stock::Market(market) => market.read().unwrap_or_else(PoisonError::into_inner).row(hash_id),
            Stock::Rows(rows) => rows.row(hash_id),
        }
    }

    /// What the next request meets.
    pub(crate) fn encounter(&self, headers: &HeaderMap) -> Encounter {
        self.encounters.lock().unwrap_or_else(PoisonError::into_inner).next(headers)
    }

    /// Tops this share of all adverts.
    pub(crate) fn top(&self, share: f64, random: &mut Random) {
        let adverts = match &self.stock {
            Stock::Market(market) => market.read().unwrap_or_else(PoisonError::into_inner).listings_ever(),
            Stock::Rows(rows) => rows.len(),
        };
        self.toppings.write().unwrap_or_else(PoisonError::into_inner).top(share, adverts, random);
    }

    pub(crate) fn faults(&self) -> Faults {
        self.encounters.lock().unwrap_or_else(PoisonError::into_inner).faults.clone()
    }

    pub(crate) fn set_faults(&self, faults: Faults) {
        *self.encounters.lock().unwrap_or_else(PoisonError::into_inner) = Encounters::new(faults);
    }

    pub(crate) fn set_robots(&self, robots: Robots) {
        *self.robots.write().unwrap_or_else(PoisonError::into_inner) = robots;
    }

    /// Moves the market to the day that `to` makes of today.
    pub(crate) fn advance(&self, to: impl FnOnce(u32) -> u32) {
        if let Stock::Market(market) = &self.stock {
            let mut market = market.write().unwrap_or_else(PoisonError::into_inner);
            let (today, day) = (market.day(), to(market.day()));
            market.advance_to(day);
            drop(market);
            if day > today {
                // A topping is for its day, and what is new goes before what was topped the day before.
                self.toppings.write().unwrap_or_else(PoisonError::into_inner).clear();
            }
        }
    }

    pub(crate) fn state(&self) -> Answer {
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
}
