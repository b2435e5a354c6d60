//! The running simulator: HTTP in front of a market or of recorded rows.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Extension, Query as QueryOf, Request, State};
use axum::http::HeaderValue;
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::get;
use sreality::MARKET_HEADER;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::control::{self, Parameters};
use crate::faults::Faults;
use crate::faults::falsified::Falsified;
use crate::faults::layer::serve_faults;
use crate::market::Market;
pub use crate::served::Source;
use crate::served::{Deviation, Served};
use crate::wire::answer::{self, Answer};
use crate::wire::connection::{Wire, WireListener};
use crate::wire::detail::detail;
use crate::wire::request_log::{self, RequestLog};
use crate::wire::robots::Robots;
use crate::wire::search::Query;

/// How long a stopping simulator waits for answers that are under way.
const STOP_WITHIN: Duration = Duration::from_secs(5);

/// A running simulator. It stops when it is dropped.
#[derive(Debug)]
pub struct Simulator {
    address: SocketAddr,
    served: Arc<Served>,
    stop: oneshot::Sender<()>,
    server: JoinHandle<io::Result<()>>,
}

impl Simulator {
    /// Serves on this address; on a free port if it names port 0.
    pub async fn start(source: Source, address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let served = Arc::new(Served::of(source));
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
        self.served.with_market(read)
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
        self.served.falsify(falsified);
    }

    /// Answers `/robots.txt` like this from now on.
    pub fn set_robots(&self, robots: Robots) {
        self.served.set_robots(robots);
    }

    /// Calls the market so from now on, in ASCII letters, digits and what is usual between them. Two markets of one name are
    /// taken for one: they go into one warehouse.
    pub fn set_market(&self, name: &str) {
        self.served.set_market(name);
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
    let name = HeaderValue::from_str(&served.market());
    if let Ok(name) = name {
        response.headers_mut().insert(MARKET_HEADER, name);
    }
    response
}

async fn robots(State(served): State<Arc<Served>>) -> Robots {
    served.robots()
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
