//! A portal on this machine that answers as a test says.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use axum::Router;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use sreality::SearchQuery;
use sreality::query::SEARCH_PATH;
use sreality_client::{Client, ClientSettings};
use tokio::net::TcpListener;

pub(crate) const PAGE: &str = r#"{"pagination":{"limit":2,"offset":0,"total":2},"results":[{"hash_id":12},{"hash_id":28}],"status_code":200}"#;

pub(crate) fn page() -> Response {
    PAGE.into_response()
}

pub(crate) fn status(code: u16) -> Response {
    StatusCode::from_u16(code).unwrap().into_response()
}

/// No answer, ever.
pub(crate) fn silence() -> Response {
    let mut answer = page();
    answer.extensions_mut().insert(Silence);
    answer
}

#[derive(Clone)]
struct Silence;

/// A status with a `Retry-After`.
pub(crate) fn wait(code: u16, retry_after: &str) -> Response {
    (StatusCode::from_u16(code).unwrap(), [("retry-after", retry_after)]).into_response()
}

pub(crate) fn query() -> SearchQuery {
    SearchQuery { limit: 2, ..SearchQuery::first_page("flats-sale".parse().unwrap()) }
}

pub(crate) struct Portal {
    pub(crate) base_url: String,
    requests: Arc<Mutex<Vec<(String, Instant)>>>,
}

impl Portal {
    /// Answers the n-th request for robots.txt with `robots(n)`, and the n-th other one with `search(n)`.
    pub(crate) async fn start(
        robots: impl Fn(usize) -> Response + Clone + Send + Sync + 'static,
        search: impl Fn(usize, &HeaderMap) -> Response + Clone + Send + Sync + 'static,
    ) -> Self {
        let requests = Arc::new(Mutex::new(Vec::<(String, Instant)>::new()));
        let log = Arc::clone(&requests);
        let app = Router::new().fallback(move |uri: Uri, headers: HeaderMap| {
            let path = uri.path().to_owned();
            let mut log = log.lock().unwrap();
            let for_robots = path == "/robots.txt";
            let before = log.iter().filter(|(path, _)| (path == "/robots.txt") == for_robots).count();
            log.push((path, Instant::now()));
            let answer = if for_robots { robots(before) } else { search(before, &headers) };
            async move {
                if answer.extensions().get::<Silence>().is_some() {
                    std::future::pending::<()>().await;
                }
                answer
            }
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { base_url, requests }
    }

    /// One without a robots.txt, and a client whose run has begun.
    pub(crate) async fn searched(
        search: impl Fn(usize, &HeaderMap) -> Response + Clone + Send + Sync + 'static,
    ) -> (Self, Client) {
        let portal = Self::start(|_| status(404), search).await;
        let client = portal.client();
        client.begin_run().await.unwrap();
        (portal, client)
    }

    /// At a rate that no test waits for.
    pub(crate) fn settings(&self) -> ClientSettings {
        let settings = ClientSettings::new(self.base_url.parse().unwrap());
        ClientSettings { requests_per_second: 10_000.0, ..settings }
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(self.settings()).unwrap()
    }

    /// How often the search was asked.
    pub(crate) fn searches(&self) -> usize {
        self.requests.lock().unwrap().iter().filter(|(path, _)| path == SEARCH_PATH).count()
    }

    /// Paths of all requests, and when they came.
    pub(crate) fn requests(&self) -> Vec<(String, Instant)> {
        self.requests.lock().unwrap().clone()
    }
}
