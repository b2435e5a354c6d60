//! The client's behaviour towards a portal that does not always answer well.

use std::process::Command;
use std::time::Duration;

use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use causes::with_causes;
use sreality::{PageError, SearchQuery};
use sreality_client::{Client, ClientSettings, RequestError, Timeouts};

use crate::portal::{PAGE, Portal, page, query, silence, status};

/// The error of a portal that answers every search so, and how often it was asked.
async fn failing(answer: impl Fn() -> Response + Clone + Send + Sync + 'static) -> (RequestError, usize) {
    let (portal, client) = Portal::searched(move |_, _| answer()).await;
    let error = client.search(&query()).await.unwrap_err();
    (error, portal.searches())
}

#[tokio::test]
async fn a_page_comes_back_as_received() {
    let (_portal, client) = Portal::searched(|_, headers: &HeaderMap| {
        assert_eq!(headers["accept"], "application/json");
        assert_eq!(headers["user-agent"], concat!("Cenovka/", env!("CARGO_PKG_VERSION")));
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
async fn statuses_that_pass_are_tried_again() {
    for code in [401, 403, 408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524] {
        let answer = move |number, _: &HeaderMap| if number == 0 { status(code) } else { page() };
        let (portal, client) = Portal::searched(answer).await;
        client.search(&query()).await.unwrap();
        assert_eq!(portal.searches(), 2, "{code}");
        assert_eq!((client.counts().requests, client.counts().retries), (3, 1), "{code}");
    }
}

#[tokio::test]
async fn what_is_no_page_is_tried_again() {
    let (portal, client) = Portal::searched(|number, _| match number {
        0 => "<html>stránka nebyla nalezena</html>".into_response(),
        1 => r#"{"results":[],"status_code":500}"#.into_response(),
        2 => PAGE[..40].into_response(),
        3 => b"{\"results\":[\"\xff\"]}".into_response(),
        4 => r#"{"results":[]}"#.into_response(),
        _ => page(),
    })
    .await;
    client.search(&query()).await.unwrap();
    assert_eq!(portal.searches(), 6);
}

#[tokio::test]
async fn statuses_that_stay_are_not_tried_again() {
    for code in [204, 400, 404, 405, 410, 422, 451, 501, 505, 507] {
        let (error, asked) = failing(move || status(code)).await;
        assert_eq!(asked, 1, "{error}");
        match (code, error) {
            (422, RequestError::Unprocessable { .. }) | (404, RequestError::Blocked { .. }) => {}
            (_, RequestError::Status { status, .. }) => assert_eq!(status, code),
            (_, error) => panic!("{error}"),
        }
    }
}

#[tokio::test]
async fn a_first_page_that_is_not_there_is_a_refusal_and_a_later_one_is_not() {
    let (_, client) = Portal::searched(|_, _| status(404)).await;
    let error = client.search(&query()).await.unwrap_err();
    assert!(error.to_string().contains("collect from another network"), "{error}");
    assert_eq!(client.counts().refusals, 1);
    let later = SearchQuery { offset: 2, ..query() };
    let error = client.search(&later).await.unwrap_err();
    assert!(matches!(error, RequestError::Status { status: 404, .. }), "{error}");
    assert_eq!(client.counts().refusals, 1);
}

#[tokio::test]
async fn an_envelope_means_what_http_should_have_said() {
    for code in [404, 410, 422] {
        let body = format!(r#"{{"status_code":{code},"status_message":"no"}}"#);
        let (error, asked) = failing(move || body.clone().into_response()).await;
        assert_eq!(asked, 1, "{error}");
        match error {
            RequestError::Unprocessable { .. } => assert_eq!(code, 422),
            RequestError::Blocked { .. } => assert_eq!(code, 404),
            RequestError::Status { status, .. } => assert_eq!(status, code),
            error => panic!("{error}"),
        }
    }
    for code in [401, 403, 429] {
        let (portal, client) = Portal::searched(move |number, _| match number {
            0 => format!(r#"{{"status_code":{code}}}"#).into_response(),
            _ => page(),
        })
        .await;
        client.search(&query()).await.unwrap();
        assert_eq!((portal.searches(), client.counts().refusals), (2, 1), "{code}");
    }
}

#[tokio::test]
async fn a_request_is_tried_twelve_times() {
    let (error, asked) = failing(|| status(503)).await;
    assert!(matches!(error, RequestError::Status { status: 503, .. }), "{error}");
    assert_eq!(asked, 12);
    let (error, asked) = failing(|| "<html>".into_response()).await;
    assert!(matches!(error, RequestError::NotAPage { source: PageError::Shape(..), .. }), "{error}");
    assert_eq!(asked, 12);
}

#[tokio::test]
async fn no_other_host_and_no_other_path_is_asked() {
    let (other, _) = Portal::searched(|_, _| page()).await;
    for code in [301, 302, 303, 307, 308] {
        let to = format!("{}/login", other.base_url);
        let before = other.requests().len();
        let (portal, client) = Portal::searched(move |_, _| {
            let mut answer = Redirect::to(&to).into_response();
            *answer.status_mut() = status(code).status();
            answer
        })
        .await;
        let error = client.search(&query()).await.unwrap_err();
        assert!(matches!(error, RequestError::Redirect { .. }), "{error}");
        assert!(error.to_string().contains("/login, which is not followed"), "{error}");
        let paths: Vec<_> = portal.requests().into_iter().map(|(path, _)| path).collect();
        assert_eq!(paths, ["/robots.txt", "/api/v1/estates/search"]);
        assert_eq!(other.requests().len(), before);
    }
}

/// Runs another test of this file in a process that is told of a proxy at which nobody answers.
#[test]
fn no_proxy_of_the_environment_is_used() {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "client::a_page_comes_back_as_received"]);
    for variable in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
        command.env(variable, "http://127.0.0.1:1");
    }
    let output = command.env_remove("NO_PROXY").env_remove("no_proxy").output().unwrap();
    let log = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && log.contains("1 passed"), "{log}");
}

#[tokio::test]
async fn an_unreachable_portal_is_named_with_the_cause() {
    let settings = ClientSettings::new("http://127.0.0.1:1".parse().unwrap());
    let settings = ClientSettings { requests_per_second: 10_000.0, ..settings };
    let client = Client::new(settings).unwrap();
    let error = client.begin_run().await.unwrap_err();
    assert!(matches!(error, RequestError::RobotsUnreachable { .. }), "{error}");
    let error = with_causes(&error);
    assert!(
        error.contains("no answer from http://127.0.0.1:1/robots.txt") && error.contains("refused"),
        "{error}"
    );
    assert_eq!(client.counts().requests, 12);
}

#[tokio::test]
async fn an_answer_that_takes_too_long_is_tried_again() {
    let (portal, _) = Portal::searched(|number, _| if number == 0 { silence() } else { page() }).await;
    let timeouts = Timeouts::within(Duration::from_millis(500));
    let client = Client::new(ClientSettings { timeouts, ..portal.settings() }).unwrap();
    client.begin_run().await.unwrap();
    client.search(&query()).await.unwrap();
    assert!(client.counts().retries >= 1);
}

#[tokio::test]
async fn a_body_larger_than_any_page_is_not_read() {
    let (error, asked) = failing(|| vec![b' '; 17 * 1024 * 1024].into_response()).await;
    assert!(matches!(error, RequestError::TooLarge { .. }), "{error}");
    assert_eq!(asked, 1);
}

#[tokio::test]
async fn what_a_compressed_body_unpacks_to_is_bounded_too() {
    let bomb = bomb();
    assert!(bomb.len() < 2 * 1024 * 1024, "{}", bomb.len());
    let (error, asked) =
        failing(move || ([("content-encoding", "gzip")], bomb.clone()).into_response()).await;
    assert!(matches!(error, RequestError::TooLarge { .. }), "{error}");
    assert_eq!(asked, 1);
}

/// A gzip file of 200 MB of spaces, without its end: deflate's fixed code for one space, and then for repeating it 258
/// times, in 13 bits.
fn bomb() -> Vec<u8> {
    let mut bits: Vec<u8> = Vec::new();
    bits.extend([1, 1, 0]); // the last block, with the fixed code, least significant bit first
    bits.extend([0, 1, 0, 1, 0, 0, 0, 0]); // the literal 32
    for _ in 0..800_000 {
        bits.extend([1, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0]); // length 258, distance 1
    }
    let mut file = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    file.extend(bits.chunks(8).map(|byte| byte.iter().rev().fold(0, |value, bit| value << 1 | bit)));
    file
}

#[tokio::test]
async fn a_page_that_announces_more_than_there_can_be_is_none() {
    for (key, absurd) in [("total", "1000000000000000"), ("limit", "18446744073709551615")] {
        let body = PAGE.replace(&format!("\"{key}\":2"), &format!("\"{key}\":{absurd}"));
        let (error, searches) = failing(move || body.clone().into_response()).await;
        assert!(matches!(&error, RequestError::NotAPage { source: PageError::Absurd { .. }, .. }), "{error}");
        assert!(with_causes(&error).contains(absurd), "{}", with_causes(&error));
        assert_eq!(searches, 12);
    }
}

#[tokio::test]
async fn a_page_of_too_many_rows_is_not_taken() {
    let body = format!(
        r#"{{"pagination":{{"limit":1,"offset":0,"total":1}},"results":[{}0]}}"#,
        "0,".repeat(2_000_000)
    );
    let (error, asked) = failing(move || body.clone().into_response()).await;
    assert!(error.to_string().contains("more than 10000 rows"), "{error}");
    assert_eq!(asked, 1);
}
