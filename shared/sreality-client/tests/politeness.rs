//! Pace, pauses and refusals, as the portal sees them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::http::HeaderMap;
use axum::response::IntoResponse;
use jiff::{SignedDuration, Timestamp};
use sreality_client::{Client, ClientSettings, RequestCounts, RequestError};

use crate::portal::{PAGE, Portal, page, query, status, wait};

#[tokio::test]
async fn requests_are_never_closer_than_the_rate_whoever_makes_them() {
    let robots = |number| if number == 0 { status(503) } else { status(404) };
    let search = |number, _: &HeaderMap| if number % 3 == 0 { status(500) } else { page() };
    let portal = Portal::start(robots, search).await;
    let client = Client::new(ClientSettings { requests_per_second: 20.0, ..portal.settings() }).unwrap();
    client.begin_run().await.unwrap();
    let client = Arc::new(client);
    let tasks: Vec<_> = (0..3)
        .map(|_| {
            let client = Arc::clone(&client);
            tokio::spawn(async move {
                for _ in 0..3 {
                    client.search(&query()).await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let times: Vec<_> = portal.requests().into_iter().map(|(_, time)| time).collect();
    assert_eq!(times.len() as u64, client.counts().requests);
    assert!(times.windows(2).all(|pair| pair[1] - pair[0] >= Duration::from_millis(50)), "{times:?}");
}

#[tokio::test]
async fn retry_after_is_obeyed_in_seconds_on_any_status() {
    for code in [429, 503, 500] {
        let (_, client) =
            Portal::searched(move |number, _| if number == 0 { wait(code, "1") } else { page() }).await;
        let started = Instant::now();
        client.search(&query()).await.unwrap();
        assert!(started.elapsed() >= Duration::from_secs(1), "{:?}", started.elapsed());
        assert_eq!(client.counts().refusals, u64::from(code == 429));
    }
}

#[tokio::test]
async fn retry_after_is_obeyed_with_a_page_and_with_a_final_error() {
    let (_, client) = Portal::searched(|number, _| match number {
        0 => ([("retry-after", "1")], PAGE).into_response(),
        1 => wait(404, "1"),
        _ => page(),
    })
    .await;
    let started = Instant::now();
    client.search(&query()).await.unwrap();
    let error = client.search(&query()).await.unwrap_err();
    assert!(matches!(error, RequestError::Blocked { .. }), "{error}");
    client.search(&query()).await.unwrap();
    assert!(started.elapsed() >= Duration::from_secs(2), "{:?}", started.elapsed());
}

#[tokio::test]
async fn retry_after_is_obeyed_as_a_date() {
    let until = Timestamp::now().checked_add(SignedDuration::from_secs(2)).unwrap();
    let until = Timestamp::from_second(until.as_second()).unwrap();
    let date = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&until).unwrap();
    assert!(date.ends_with("GMT"));
    let (_, client) =
        Portal::searched(move |number, _| if number == 0 { wait(503, &date) } else { page() }).await;
    client.search(&query()).await.unwrap();
    assert!(Timestamp::now() >= until);
}

#[tokio::test]
async fn a_pause_holds_for_requests_that_wait_already() {
    let (portal, client) =
        Portal::searched(|number, _| if number == 0 { wait(503, "1") } else { page() }).await;
    let query = query();
    let (first, second, third) =
        tokio::join!(client.search(&query), client.search(&query), client.search(&query));
    assert!(first.is_ok() && second.is_ok() && third.is_ok());
    let times: Vec<_> = portal.requests().into_iter().skip(1).map(|(_, time)| time).collect();
    assert_eq!(times.len(), 4);
    // Header dates are whole seconds, but a number of seconds is exact, counted from when it was read.
    assert!(times[1..].iter().all(|time| *time - times[0] >= Duration::from_secs(1)), "{times:?}");
}

#[tokio::test]
async fn a_long_retry_after_ends_the_run_and_holds_for_later_ones() {
    for code in [429, 503, 404, 302] {
        let (portal, client) = Portal::searched(move |_, _| wait(code, "3600")).await;
        for _ in 0..2 {
            let error = client.search(&query()).await.unwrap_err();
            assert!(matches!(&error, RequestError::Refused(refused) if refused.status == code), "{error}");
            assert!(error.to_string().contains("it asks for a pause until 20"), "{error}");
        }
        let error = client.begin_run().await.unwrap_err();
        assert!(matches!(error, RequestError::Refused(_)), "{error}");
        assert_eq!(portal.requests().len(), 2);
    }
}

#[tokio::test]
async fn a_page_with_a_long_retry_after_is_the_last_one() {
    let (portal, client) = Portal::searched(|_, _| ([("retry-after", "121")], PAGE).into_response()).await;
    client.search(&query()).await.unwrap();
    let error = client.search(&query()).await.unwrap_err();
    assert!(matches!(error, RequestError::Refused(_)), "{error}");
    assert_eq!(portal.searches(), 1);
}

#[tokio::test]
async fn ten_refusals_in_a_row_end_the_run() {
    let refuse = |number: usize, _: &HeaderMap| status([401, 403, 429][number % 3]);
    let (portal, client) = Portal::searched(refuse).await;
    for _ in 0..3 {
        let error = client.search(&query()).await.unwrap_err();
        assert!(matches!(&error, RequestError::Refused(refused) if refused.refusals == 10), "{error}");
        assert!(error.to_string().starts_with("the portal refuses this run"), "{error}");
        assert_eq!(portal.searches(), 10);
    }
    assert_eq!(client.counts(), RequestCounts { requests: 11, retries: 9, refusals: 10 });

    // The next run may try anew, and has its own counts.
    client.begin_run().await.unwrap();
    assert_eq!(client.counts(), RequestCounts { requests: 1, retries: 0, refusals: 0 });
    client.search(&query()).await.unwrap_err();
    assert_eq!(portal.searches(), 20);
}

#[tokio::test]
async fn a_page_in_between_starts_the_count_anew() {
    let (_, client) = Portal::searched(|number, _| if number % 3 == 2 { page() } else { status(429) }).await;
    for _ in 0..9 {
        client.search(&query()).await.unwrap();
    }
    assert_eq!(client.counts(), RequestCounts { requests: 28, retries: 18, refusals: 18 });
}

#[tokio::test]
async fn a_run_that_is_mostly_refused_ends_although_there_are_pages_in_between() {
    let (portal, client) =
        Portal::searched(|number, _| if number % 3 == 2 { page() } else { status(429) }).await;
    let error = loop {
        if let Err(error) = client.search(&query()).await {
            break error;
        }
    };
    assert!(matches!(&error, RequestError::Refused(refused) if refused.refusals == 20), "{error}");
    assert_eq!(portal.searches(), 29);
}

#[tokio::test]
async fn a_request_that_waits_is_not_made_once_the_run_has_ended() {
    let (portal, client) = Portal::searched(|_, _| wait(503, "3600")).await;
    let query = query();
    let (first, second) = tokio::join!(client.search(&query), client.search(&query));
    assert!(
        matches!(first, Err(RequestError::Refused(_))) && matches!(second, Err(RequestError::Refused(_)))
    );
    assert_eq!((portal.searches(), client.counts().requests), (1, 2));
}

#[tokio::test]
async fn without_a_run_nothing_is_asked() {
    let portal = Portal::start(|_| status(404), |_, _| page()).await;
    let client = portal.client();
    assert!(matches!(client.search(&query()).await, Err(RequestError::NotBegun { .. })));
    // A run whose beginning was given up has not begun.
    assert!(tokio::time::timeout(Duration::ZERO, client.begin_run()).await.is_err());
    assert!(matches!(client.search(&query()).await, Err(RequestError::NotBegun { .. })));
    assert_eq!(portal.searches(), 0);
    client.begin_run().await.unwrap();
    client.search(&query()).await.unwrap();
}

#[tokio::test]
async fn a_search_can_be_given_up_at_any_point() {
    let search = |number: usize, _: &HeaderMap| if number.is_multiple_of(2) { status(500) } else { page() };
    let portal = Portal::start(|_| status(404), search).await;
    let client = Client::new(ClientSettings { requests_per_second: 500.0, ..portal.settings() }).unwrap();
    client.begin_run().await.unwrap();
    let (query, mut served) = (query(), 0);
    for step in 0..150 {
        let patience = Duration::from_micros(step * 100);
        let search = tokio::time::timeout(patience, client.search(&query));
        served += u64::from(search.await.is_ok_and(|answer| answer.is_ok()));
    }
    // Whatever was given up, the counts hold at least what the portal saw, and the next run is as any other.
    let counts = client.counts();
    assert!(
        counts.requests >= portal.requests().len() as u64 && counts.retries < counts.requests,
        "{counts:?}"
    );
    assert!(counts.requests > served && counts.refusals == 0, "{counts:?}");
    client.begin_run().await.unwrap();
    let before = portal.searches();
    client.search(&query).await.unwrap();
    let again = portal.searches() - before - 1;
    let expected = RequestCounts { requests: 2 + again as u64, retries: again as u64, refusals: 0 };
    assert_eq!(client.counts(), expected);
}
