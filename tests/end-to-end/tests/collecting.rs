//! How walks end: at the deadline, when the process is told to end, and on purpose early.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::http::header::CONTENT_LENGTH;
use axum::http::{Method, StatusCode, Uri};
use axum::response::IntoResponse;
use end_to_end::{Function, World, event};
use serde_json::{Value, json};
use simulator::{Market, Robots, Source};
use tokio::net::TcpListener;

/// At this rate a walk of [`SEGMENTS`] takes some seconds.
const REQUESTS_PER_SECOND: f64 = 5.0;
/// Each takes several pages.
const SEGMENTS: [&str; 5] = ["land-sale", "flats-rent", "houses-sale", "flats-sale", "commercial-rent"];

async fn world() -> World {
    World::start(Source::Market(Market::new(7, 20_000))).await
}

fn request() -> Value {
    json!({ "segments": SEGMENTS })
}

/// The walks of an answer that are complete, and those that are not.
fn by_completeness(answer: &Value) -> (Vec<&Value>, Vec<&Value>) {
    answer["walks"].as_array().unwrap().iter().partition(|walk| walk["complete"] == true)
}

async fn load(world: &mut World, loader: &mut Function, walks: usize) {
    for _ in 0..walks {
        let event = world.next_event().await;
        loader.invoke(event).await.unwrap();
    }
}

const ON_OFFER: &str = "select count(*) from mart.current_listing where missing_since is null";

#[tokio::test]
async fn a_third_of_the_time_gives_incomplete_walks_that_withdraw_nothing_and_the_next_run_completes() {
    let mut world = world().await;
    let (mut collector, mut loader) = (world.collector_at(REQUESTS_PER_SECOND).await, world.loader().await);
    let started = Instant::now();
    let answer = collector.invoke(request()).await.unwrap();
    let whole = started.elapsed();
    assert!(by_completeness(&answer).1.is_empty(), "{answer}");
    load(&mut world, &mut loader, SEGMENTS.len()).await;
    let listings = world.count("select count(*) from warehouse.listing").await;
    assert_eq!(world.count(ON_OFFER).await, listings);

    for _ in 0..3 {
        // Half of a short time is kept for storing.
        let answer = collector.invoke_within(whole * 2 / 3, request()).await.unwrap();
        let (complete, incomplete) = by_completeness(&answer);
        assert_eq!(complete.len() + incomplete.len(), SEGMENTS.len(), "{answer}");
        assert!(!incomplete.is_empty(), "{answer}");
        for walk in incomplete {
            assert_eq!(walk["incomplete_because"], "the function's deadline was near");
            assert!(walk["seen"].as_u64().unwrap() < walk["announced"].as_u64().unwrap(), "{walk}");
        }
        load(&mut world, &mut loader, SEGMENTS.len()).await;
    }
    assert_eq!(world.count(ON_OFFER).await, listings, "three incomplete walks in a row withdraw nothing");
    let marked =
        "select count(*) from warehouse.walk where not complete and incomplete_because like '%deadline%'";
    assert!(world.count(marked).await >= 3);

    let answer = collector.invoke(request()).await.unwrap();
    assert!(by_completeness(&answer).1.is_empty(), "{answer}");
}

#[tokio::test]
async fn when_the_time_is_short_the_small_segments_are_complete() {
    let world = world().await;
    let mut collector = world.collector_at(REQUESTS_PER_SECOND).await;
    let segments = ["houses-sale", "flats-auction", "flats-sale", "other-rent", "land-sale"];
    let request = json!({ "segments": segments });
    let answer = collector.invoke_within(Duration::from_secs(5), request).await.unwrap();
    let (complete, incomplete) = by_completeness(&answer);
    let complete: BTreeSet<_> = complete.iter().map(|walk| walk["segment"].as_str().unwrap()).collect();
    assert!(complete.contains("flats-auction") && complete.contains("other-rent"), "{answer}");
    assert!(incomplete.len() >= 2, "{answer}");
    // Each has at least the page that it began with.
    assert!(incomplete.iter().all(|walk| walk["seen"].as_u64() >= Some(500)), "{answer}");
}

#[tokio::test]
async fn a_segment_that_fails_does_not_take_the_others_along() {
    let mut world = world().await;
    let mut collector = world.collector().await;
    // The first page of the second segment.
    world.simulator.set_faults("script=ok, 422".parse().unwrap());
    let error = collector.invoke(request()).await.unwrap_err();
    assert_eq!(error.class, "stop");
    assert!(error.message.starts_with("could not walk flats-rent to its end: "), "{}", error.message);
    assert!(error.message.contains("422"), "{}", error.message);
    let mut loader = world.loader().await;
    load(&mut world, &mut loader, SEGMENTS.len() - 1).await;
    let complete = "select count(*) from warehouse.walk where complete and segment <> 'flats-rent'";
    assert_eq!(world.count(complete).await, SEGMENTS.len() as i64 - 1);
}

#[tokio::test]
async fn a_first_page_that_is_not_there_ends_the_run_for_so_does_the_portal_refuse_data_centres() {
    let world = world().await;
    let mut collector = world.collector().await;
    world.simulator.set_faults("404".parse().unwrap());
    let error = collector.invoke(request()).await.unwrap_err();
    assert_eq!(error.class, "stop");
    assert!(error.message.contains("the portal refuses this address"), "{}", error.message);
    // robots.txt, and one segment once.
    assert_eq!(world.simulator.requests().len(), 2);
}

#[tokio::test]
async fn a_portal_that_is_out_of_order_is_not_asked_for_every_segment() {
    let world = world().await;
    let mut collector = world.collector().await;
    world.simulator.set_faults("503".parse().unwrap());
    let error = collector.invoke(request()).await.unwrap_err();
    assert_eq!(error.class, "retry");
    assert!(
        error.message.contains("houses-sale: another segment's failure ended the run"),
        "{}",
        error.message
    );
    // robots.txt, and two segments as often as that is done.
    assert_eq!(world.simulator.requests().len(), 1 + 2 * 12);
}

#[tokio::test]
async fn a_portal_that_refuses_in_the_middle_is_left_alone_and_what_was_read_is_stored() {
    let mut world = world().await;
    let mut collector = world.collector().await;
    world.simulator.set_faults("script=ok*7; 403".parse().unwrap());
    let error = collector.invoke(request()).await.unwrap_err();
    assert_eq!(error.class, "stop");
    assert_eq!(error.message.matches("the portal refuses this run").count(), 1, "{}", error.message);
    // robots.txt, seven pages, ten refusals.
    assert_eq!(world.simulator.requests().len(), 18);
    world.simulator.clear_faults();
    let mut loader = world.loader().await;
    load(&mut world, &mut loader, SEGMENTS.len()).await;
    let because = "
        select count(*) from warehouse.walk
        where not complete and (
            incomplete_because like 'the portal refuses%'
            or incomplete_because = 'another segment''s failure ended the run'
        )";
    assert_eq!(world.count(because).await, SEGMENTS.len() as i64);
    assert_eq!(world.count("select sum(refusals)::bigint from warehouse.walk").await, 10);
    let judged_bad =
        "select count(*) from mart.pipeline_check where \"check\" = 'refusals' and state = 'bad'";
    assert_eq!(world.count(judged_bad).await, 1);
}

#[tokio::test]
async fn a_portal_that_has_changed_is_told_of_before_its_data_rot() {
    let mut world = world().await;
    let (mut collector, mut loader) = (world.collector().await, world.loader().await);
    world.simulator.set_faults("missing-keys(row.has_video); extra-keys(row.locality)".parse().unwrap());
    let answer = collector.invoke(json!({ "segments": ["flats-auction"] })).await.unwrap();
    assert!(answer["walks"][0]["drifts"].as_u64() >= Some(2), "{answer}");
    load(&mut world, &mut loader, 1).await;
    let told = "
        select count(*) from mart.drift
        where still_shown and (
            path = 'has_video' and change = 'disappeared' or path like 'locality.%' and change = 'appeared'
        )";
    assert!(world.count(told).await >= 2);
    world.simulator.clear_faults();
    collector.invoke(json!({ "segments": ["flats-auction"] })).await.unwrap();
    load(&mut world, &mut loader, 1).await;
    assert_eq!(world.count(told).await, 0);
}

#[tokio::test]
async fn a_walk_against_robots_txt_is_marked_in_its_object() {
    let mut world = world().await;
    world
        .simulator
        .set_robots(Robots { text: "User-agent: *\nDisallow: /\n".to_owned(), ..Robots::default() });
    let request = json!({ "segments": ["flats-auction"] });
    let error = world.collector().await.invoke(request.clone()).await.unwrap_err();
    assert_eq!(error.class, "stop");
    assert!(error.message.contains("CENOVKA_ROBOTS_TXT"), "{}", error.message);
    assert!(world.simulator.requests().iter().all(|request| request.path_and_query == "/robots.txt"));

    let disregard = world.environment_with(&[("CENOVKA_ROBOTS_TXT", "disregard")]);
    let mut collector = Function::start("collector", &disregard).await;
    collector.invoke(request).await.unwrap();
    let mut loader = world.loader().await;
    load(&mut world, &mut loader, 1).await;
    assert_eq!(world.count("select count(*) from warehouse.walk where robots_disregarded").await, 1);
}

#[tokio::test]
async fn a_collector_that_is_told_to_end_stores_what_it_has_and_ends_well() {
    let mut world = world().await;
    let collector = world.collector_at(REQUESTS_PER_SECOND).await;
    collector.ready().await;
    // robots.txt, the first pages, and one more.
    let under_way = async {
        while world.simulator.requests().len() < SEGMENTS.len() + 2 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let (answer, ended_well) = collector.terminate_while_invoked(request(), under_way).await;
    let answer = answer.unwrap();
    assert!(ended_well);
    let (_, incomplete) = by_completeness(&answer);
    assert!(!incomplete.is_empty(), "{answer}");
    assert!(
        incomplete.iter().all(|walk| walk["incomplete_because"] == "the process was asked to end"),
        "{answer}"
    );
    let mut loader = world.loader().await;
    load(&mut world, &mut loader, SEGMENTS.len()).await;
    assert_eq!(world.count("select count(*) from warehouse.walk").await, SEGMENTS.len() as i64);
}

#[tokio::test]
async fn a_function_that_waits_for_work_ends_when_it_is_told_to() {
    let world = world().await;
    for name in ["collector", "loader"] {
        let function = Function::start(name, &world.environment()).await;
        function.ready().await;
        assert!(function.terminate().await, "{name}");
    }
}

#[tokio::test]
async fn a_walk_since_yesterday_sees_what_is_new_and_never_says_that_something_is_gone() {
    let mut world = world().await;
    let (mut collector, mut loader) = (world.collector().await, world.loader().await);
    collector.invoke(json!({ "segments": ["flats-rent"] })).await.unwrap();
    load(&mut world, &mut loader, 1).await;
    let before = world.count(ON_OFFER).await;
    let mut seen = 0;
    for day in 1..=4 {
        world.simulator.advance_to(day);
        let since_yesterday = json!({ "segments": ["flats-rent"], "since": "24h" });
        let answer = collector.invoke(since_yesterday).await.unwrap();
        let walk = &answer["walks"][0];
        assert_eq!((&walk["since"], &walk["complete"]), (&json!("24h"), &json!(false)));
        assert!(walk["requests"] == 1 && walk["seen"].as_i64().unwrap() * 10 < before, "{walk}");
        seen += walk["seen"].as_i64().unwrap();
        load(&mut world, &mut loader, 1).await;
    }
    let whole_market = collector.invoke(event::file("collector-since-yesterday.json")).await.unwrap();
    let walks = whole_market["walks"].as_array().unwrap();
    assert!(
        walks.len() == 20 && walks.iter().all(|walk| walk["requests"].as_u64() <= Some(2)),
        "{whole_market}"
    );

    let after = world.count(ON_OFFER).await;
    assert!(after > before && after <= before + seen, "{before}, then {after}");
    assert_eq!(world.count("select count(*) from warehouse.spell where missing_since is not null").await, 0);

    let error = collector.invoke(json!({ "segments": ["flats-rent"], "since": "36h" })).await.unwrap_err();
    assert_eq!(error.class, "reject");
    assert!(error.message.contains("give 24h, 7d or 30d"), "{}", error.message);
}

/// An S3 that stores an object and then loses its own answer; it keeps only the objects' sizes.
async fn forgetful_s3() -> String {
    let sizes = Arc::new(Mutex::new(HashMap::new()));
    let answer = move |method: Method, uri: Uri, body: Bytes| {
        let mut sizes = sizes.lock().unwrap();
        let stored: Option<usize> = sizes.get(uri.path()).copied();
        let response = match stored {
            // Nobody has asked for a pause.
            _ if method == Method::GET => {
                (StatusCode::NOT_FOUND, "<Error><Code>NoSuchKey</Code></Error>").into_response()
            }
            Some(size) if method == Method::HEAD => {
                (StatusCode::OK, [(CONTENT_LENGTH, size.to_string())]).into_response()
            }
            Some(_) => StatusCode::PRECONDITION_FAILED.into_response(),
            None => {
                sizes.insert(uri.path().to_owned(), body.len());
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        };
        std::future::ready(response)
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await });
    endpoint
}

#[tokio::test]
async fn an_object_whose_answer_was_lost_is_known_to_be_stored() {
    let world = world().await;
    let endpoint = forgetful_s3().await;
    let environment = world.environment_with(&[("AWS_ENDPOINT_URL", &endpoint)]);
    let mut collector = Function::start("collector", &environment).await;
    let answer = collector.invoke(json!({ "segments": ["flats-auction"] })).await.unwrap();
    assert_eq!(answer["walks"][0]["complete"], true, "{answer}");
}
