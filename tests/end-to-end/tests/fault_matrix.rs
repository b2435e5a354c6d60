//! The collector against every fault of the portal, alone at several rates and all together: what comes of the walk, how
//! many requests it takes, and how long the collector rests. And whether it was polite, judged from the portal's side.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use end_to_end::function::InvocationError;
use end_to_end::{Function, World};
use raw_zone::{Line, WalkReader};
use serde_json::{Value, json};
use simulator::{Effect, Fault, Faults, Market, RequestLog, Source};
use sreality::Page;

const SEGMENT: &str = "flats-sale";
/// So many rows a page, that a walk takes a few dozen requests.
const ROWS_PER_PAGE: usize = 50;
/// Fast, so that pauses, which double from the gap between two requests, are short.
const REQUESTS_PER_SECOND: &str = "1000";
const MOST_REFUSALS_IN_A_ROW: usize = 10;
const MOST_TRIES: usize = 12;

/// A collector that gives a request up after a second.
async fn collector(world: &World, requests_per_second: &str) -> Function {
    let settings =
        [("CENOVKA_REQUESTS_PER_SECOND", requests_per_second), ("CENOVKA_REQUEST_TIMEOUT_SECONDS", "1")];
    Function::start("collector", &world.environment_with(&settings)).await
}

async fn walk(collector: &mut Function, segment: &str) -> Result<Value, InvocationError> {
    let answer = collector.invoke(json!({ "segments": [segment] })).await;
    answer.map(|mut answer| answer["walks"][0].take())
}

/// What the market has on offer in a segment.
fn truth(world: &World, segment: &str) -> BTreeSet<i64> {
    let segment: sreality::Segment = segment.parse().unwrap();
    let of_segment =
        |offer: &simulator::Offer| (offer.category, offer.deal) == (segment.category, segment.deal);
    let ids = |market: &Market| {
        market.offers().filter(of_segment).map(|offer| i64::try_from(offer.hash_id).unwrap()).collect()
    };
    world.simulator.with_market(ids).unwrap()
}

/// The listings in a raw object.
async fn stored(world: &World, walk: &Value) -> BTreeSet<i64> {
    let object = world.object(walk["key"].as_str().unwrap()).await;
    let mut reader = WalkReader::open(std::io::Cursor::new(object)).unwrap();
    let mut ids = BTreeSet::new();
    while let Line::Page { page, .. } = reader.next().unwrap() {
        let page = Page::parse(std::str::from_utf8(page.body).unwrap()).unwrap();
        ids.extend(page.identities().flatten().map(|listing| listing.hash_id));
    }
    ids
}

/// The longest time without a request.
fn longest_pause(requests: &[RequestLog]) -> Duration {
    let gaps = requests.windows(2).map(|pair| pair[1].arrived_at - pair[0].arrived_at);
    gaps.max().unwrap_or_default()
}

/// Panics if the portal was pressed.
fn assert_polite(requests: &[RequestLog], requests_per_second: f64, what: &str) {
    let most = requests_per_second.ceil() as usize;
    for (position, first) in requests.iter().enumerate() {
        let second = requests[position..]
            .iter()
            .take_while(|request| request.arrived_at < first.arrived_at + Duration::from_secs(1));
        assert!(second.count() <= most, "{what}: more than {most} requests in a second");
        if let (Some(quiet_until), Some(next)) = (first.quiet_until, requests.get(position + 1)) {
            assert!(next.arrived_at >= quiet_until, "{what}: asked during Retry-After");
        }
    }
    let refused = |request: &RequestLog| matches!(request.status, 401 | 403 | 429);
    for refusals in requests.chunk_by(|one, other| refused(one) == refused(other)) {
        assert!(!refused(&refusals[0]) || refusals.len() <= MOST_REFUSALS_IN_A_ROW, "{what}: went on");
    }
    assert!(requests.iter().all(|request| request.accept.as_deref() == Some("application/json")
        || request.path_and_query == "/robots.txt"));
    let agents: BTreeSet<_> = requests.iter().map(|request| request.user_agent.clone().unwrap()).collect();
    assert!(agents.len() == 1 && agents.iter().all(|agent| agent.starts_with("Cenovka/")), "{agents:?}");
}

/// The requests since there were so many.
fn since(world: &World, before: usize) -> Vec<RequestLog> {
    world.simulator.requests().split_off(before)
}

/// With what a walk ends if every answer has this fault; `None` if it completes all the same.
fn when_permanent(fault: &Fault) -> Option<(&'static str, &'static str, usize)> {
    Some(match fault {
        Fault::Status { code: 401 | 403 | 429, .. } => {
            ("stop", "the portal refuses this run", MOST_REFUSALS_IN_A_ROW)
        }
        Fault::Status { .. } => ("retry", "answered status", MOST_TRIES),
        Fault::Html | Fault::Truncated => ("retry", "not a page of search results", MOST_TRIES),
        Fault::EnvelopeStatus(_) => ("retry", "the envelope's status is 500", MOST_TRIES),
        Fault::Garbage => ("retry", "the body is not", MOST_TRIES),
        Fault::Cut | Fault::Reset => ("retry", "no answer from", MOST_TRIES),
        Fault::SlowFirstByte(_) => ("retry", "the answer did not begin within 1s", MOST_TRIES),
        Fault::SlowDrip(_) => ("retry", "within 1s", MOST_TRIES),
        Fault::Redirect => ("stop", "redirects to https://login", 1),
        // No row can be read.
        Fault::CamelCase => ("", "saw 0 of", usize::MAX),
        // Every total is too high or too low by up to a tenth.
        Fault::WrongTotal(_) => ("", "saw", usize::MAX),
        _ => return None,
    })
}

#[tokio::test]
async fn every_fault_alone_is_survived_if_it_passes_and_ends_in_its_typed_error_if_it_does_not() {
    let world = World::start(Source::Market(Market::new(7, 5_000))).await;
    world.simulator.advance_to(15);
    let mut collector = collector(&world, REQUESTS_PER_SECOND).await;
    let truth = truth(&world, SEGMENT);
    println!("{:28} {:>5}  {:>8} {:>7}  result", "fault", "rate", "requests", "pause");
    for fault in Fault::ALL {
        for rate in [0.01, 0.1, 1.0] {
            let small_pages = Fault::SmallerLimit(ROWS_PER_PAGE);
            world.simulator.set_faults(Faults::default().with(small_pages, 1.0).with(fault.clone(), rate));
            let before = world.simulator.requests().len();
            let result = walk(&mut collector, SEGMENT).await;
            let requests = since(&world, before);
            let what = format!("{fault} at {rate}");
            assert_polite(&requests, REQUESTS_PER_SECOND.parse().unwrap(), &what);
            let told = match &result {
                Ok(walk) if walk["complete"] == true => "complete".to_owned(),
                Ok(walk) => walk["incomplete_because"].as_str().unwrap().to_owned(),
                Err(error) => format!("{}: {}", error.class, error.message),
            };
            let pause = longest_pause(&requests).as_secs_f64();
            println!("{:28} {rate:>5}  {:>8} {pause:>6.1}s  {told:.90}", fault.to_string(), requests.len());

            // A redirect is an answer, not an accident: the run ends when it meets the first.
            let passes = rate < 1.0 && fault != Fault::Redirect;
            match (result, when_permanent(&fault).filter(|_| !passes)) {
                (Ok(walk), None) => {
                    assert_eq!(walk["complete"], true, "{what}: {walk}");
                    assert!(walk["seen"].as_u64().unwrap() * 1000 >= truth.len() as u64 * 995, "{walk}");
                    if fault.effect() != Effect::OtherPage {
                        assert_eq!(stored(&world, &walk).await, truth, "{what}");
                    }
                }
                (Ok(walk), Some(("", because, _))) => {
                    let told = walk["incomplete_because"].as_str().unwrap_or_default();
                    assert!(told.starts_with(because), "{what}: {walk}");
                }
                (Err(error), Some((class, message, most))) => {
                    assert_eq!(error.class, class, "{what}: {}", error.message);
                    assert!(error.message.contains(message), "{what}: {}", error.message);
                    // One more for robots.txt; a redirect can come later.
                    assert!(fault == Fault::Redirect || requests.len() <= most + 1, "{what}");
                }
                (result, expected) => panic!("{what}: {result:?} instead of {expected:?}"),
            }
        }
    }
}

#[tokio::test]
async fn with_every_transient_fault_at_once_a_segment_of_30_000_listings_is_complete_and_true() {
    const LARGE: &str = "houses-sale";
    let world = World::start(Source::Market(Market::new(7, 145_000))).await;
    world.simulator.advance_to(15);
    let truth = truth(&world, LARGE);
    assert!(truth.len() >= 30_000, "{}", truth.len());
    let transient = |fault: &Fault| match fault {
        // What refuses whoever asks is no accident.
        Fault::Status { code: 401 | 403, .. } | Fault::Redirect => false,
        // A replica that is days behind shows listings that are gone, which nobody can tell; prices that flap, as they do on
        // replicas that are hours behind, are among the faults.
        Fault::StaleReplica { .. } => false,
        _ => true,
    };
    let mut faults = Faults::default();
    for fault in Fault::ALL.into_iter().filter(transient) {
        let fault = match fault {
            Fault::SlowFirstByte(_) => Fault::SlowFirstByte(Duration::from_millis(50)),
            Fault::SlowDrip(_) => Fault::SlowDrip(Duration::from_millis(50)),
            fault => fault,
        };
        faults = faults.with(fault, 0.1);
    }
    world.simulator.set_faults(faults);
    let settings = [("CENOVKA_REQUESTS_PER_SECOND", REQUESTS_PER_SECOND)];
    let mut collector = Function::start("collector", &world.environment_with(&settings)).await;
    let started = Instant::now();
    let walk = walk(&mut collector, LARGE).await.unwrap();
    let requests = world.simulator.requests();
    assert_polite(&requests, REQUESTS_PER_SECOND.parse().unwrap(), "all faults at 10 %");
    println!(
        "{} listings: {} requests, {} retries, {} refusals, {:.0} s, longest pause {:.1} s",
        truth.len(),
        walk["requests"],
        walk["retries"],
        walk["refusals"],
        started.elapsed().as_secs_f64(),
        longest_pause(&requests).as_secs_f64()
    );
    assert_eq!(walk["complete"], true, "{walk}");
    let stored = stored(&world, &walk).await;
    let missed = truth.difference(&stored).count();
    assert!(stored == truth, "{missed} missed");
}

#[tokio::test]
async fn at_a_slow_rate_no_second_sees_more_requests_than_were_allowed() {
    let world = World::start(Source::Market(Market::new(7, 5_000))).await;
    let retry_after = "429(retry-after=2)=0.1; 429=0.1; 503=0.1; smaller-limit(100); seed=3".parse().unwrap();
    world.simulator.set_faults(retry_after);
    let mut collector = collector(&world, "4").await;
    let walk = walk(&mut collector, SEGMENT).await.unwrap();
    assert_eq!(walk["complete"], true, "{walk}");
    let requests = world.simulator.requests();
    assert!(requests.iter().any(|request| request.quiet_until.is_some()), "some were told to wait");
    assert_polite(&requests, 4.0, "4 requests per second");
}
