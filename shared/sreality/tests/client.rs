//! The client's behaviour towards a portal that does not always answer well.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use sreality::{Client, ClientSettings, RequestError, SearchQuery};
use tokio::net::TcpListener;

const PAGE: &str = r#"{"pagination":{"limit":2,"offset":0,"total":2},"results":[{"hash_id":12},{"hash_id":28}],"status_code":200}"#;

fn page() -> Response {
    PAGE.into_response()
}

/// Answers the n-th request with `answer(n)`, every later one with a page.
async fn portal(answer: fn(usize, &HeaderMap) -> Response) -> (Client, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let app = Router::new().fallback(move |headers: HeaderMap| {
        let number = count.fetch_add(1, Ordering::SeqCst);
        std::future::ready(answer(number, &headers))
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    let settings = ClientSettings { base_url, requests_per_second: 1000.0, contact: None, permission: false };
    (Client::new(settings).unwrap(), asked)
}

fn query() -> SearchQuery {
    SearchQuery { limit: 2, ..SearchQuery::first_page("flats-sale".parse().unwrap()) }
}

#[tokio::test]
async fn a_page_comes_back_as_received() {
    let (client, _) = portal(|_, headers| {
        assert_eq!(headers["accept"], "application/json");
        assert!(headers["user-agent"].to_str().unwrap().starts_with("Cenovka/"));
        page()
    })
    .await;
    let answer = client.search(&query()).await.unwrap();
    assert_eq!(answer.body, PAGE);
    assert_eq!(answer.rows.iter().flatten().map(|row| row.hash_id).collect::<Vec<_>>(), [12, 28]);
    assert_eq!(answer.pagination.total, 2);
    assert!(answer.url.contains("category_main_cb=1"));
}

#[tokio::test]
async fn transient_failures_are_tried_again_and_counted() {
    let (client, asked) = portal(|number, _| match number {
        0 => StatusCode::BAD_GATEWAY.into_response(),
        1 => "<html>stránka nebyla nalezena</html>".into_response(),
        _ => page(),
    })
    .await;
    client.search(&query()).await.unwrap();
    assert_eq!(asked.load(Ordering::SeqCst), 3);
    assert_eq!((client.counts().requests, client.counts().retries), (3, 2));
}

#[tokio::test]
async fn what_cannot_get_better_is_not_tried_again() {
    for status in [404, 410, 422, 302] {
        let (client, asked) = match status {
            404 => portal(|_, _| StatusCode::NOT_FOUND.into_response()).await,
            410 => portal(|_, _| StatusCode::GONE.into_response()).await,
            422 => portal(|_, _| StatusCode::UNPROCESSABLE_ENTITY.into_response()).await,
            _ => {
                portal(|_, _| (StatusCode::FOUND, [("location", "https://login.szn.cz")]).into_response())
                    .await
            }
        };
        let error = client.search(&query()).await.unwrap_err();
        assert_eq!(asked.load(Ordering::SeqCst), 1, "{error}");
        match status {
            422 => assert!(matches!(error, RequestError::Unprocessable { .. }), "{error}"),
            302 => assert!(matches!(error, RequestError::Redirect { .. }), "{error}"),
            _ => assert!(matches!(error, RequestError::Status { .. }), "{error}"),
        }
    }
}

#[tokio::test]
async fn retry_after_is_obeyed() {
    let (client, _) = portal(|number, _| match number {
        0 => (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "2")]).into_response(),
        _ => page(),
    })
    .await;
    let started = std::time::Instant::now();
    client.search(&query()).await.unwrap();
    assert!(started.elapsed() >= Duration::from_secs(2), "{:?}", started.elapsed());
    assert_eq!(client.counts().refusals, 1);
}

#[tokio::test]
async fn a_long_retry_after_stops_the_run() {
    let (client, asked) =
        portal(|_, _| (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "86400")]).into_response()).await;
    let error = client.search(&query()).await.unwrap_err();
    assert!(matches!(error, RequestError::Refused { status: 429, .. }), "{error}");
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_long_retry_after_stops_the_run_whatever_the_status() {
    let (client, asked) =
        portal(|_, _| (StatusCode::SERVICE_UNAVAILABLE, [("retry-after", "3600")]).into_response()).await;
    let error = client.search(&query()).await.unwrap_err();
    assert!(matches!(error, RequestError::Refused { status: 503, .. }), "{error}");
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn each_run_counts_its_own_refusals() {
    let (client, _) =
        portal(|_, _| (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "86400")]).into_response()).await;
    for _ in 0..2 {
        client.begin_run();
        let error = client.search(&query()).await.unwrap_err();
        assert!(matches!(error, RequestError::Refused { refusals: 1, .. }), "{error}");
    }
}

#[tokio::test]
async fn an_unreachable_portal_is_named_with_the_cause() {
    let base_url = "http://127.0.0.1:1".parse().unwrap();
    let settings = ClientSettings { base_url, requests_per_second: 1000.0, contact: None, permission: false };
    let error = Client::new(settings).unwrap().search(&query()).await.unwrap_err().to_string();
    assert!(error.contains("127.0.0.1:1") && error.contains("refused"), "{error}");
}
