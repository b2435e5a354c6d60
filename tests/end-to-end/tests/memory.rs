//! Memory that does not grow with the walk.

use std::collections::BTreeSet;
use std::time::Duration;

use end_to_end::{World, event};
use serde_json::Value;
use simulator::{Market, Source};
use sreality::page::OFFSET_CAP;
use sreality::query::PAGE_LIMIT;

/// What either function may take at most, whatever the size of the market.
const MOST_MIB: f64 = 64.0;
/// Each part of the whole market must be complete within the collector's time though every answer takes so long.
const SLOWEST_ANSWER: Duration = Duration::from_secs(8);
/// The collector's `Timeout` in template.yaml without the time in which it stores what it has.
const COLLECTOR_TIMEOUT: Duration = Duration::from_secs(900 - 20);

#[tokio::test]
async fn a_market_of_105_000_listings_is_counted_right_in_less_than_64_mib() {
    const LISTINGS: usize = 105_000;
    let mut world = World::start(Source::Market(Market::new(7, LISTINGS))).await;
    let (mut collector, mut loader) = (world.collector().await, world.loader().await);
    let collecting = std::time::Instant::now();
    let mut walks = Vec::new();
    for part in ["flats", "houses", "land"] {
        let mut summary = collector.invoke(event::file(&format!("collector-{part}.json"))).await.unwrap();
        let Value::Array(part) = summary["walks"].take() else { panic!("{summary}") };
        let requests: u64 = part.iter().map(|walk| walk["requests"].as_u64().unwrap()).sum();
        assert!(
            SLOWEST_ANSWER * u32::try_from(requests + 1).unwrap() < COLLECTOR_TIMEOUT,
            "{requests} requests"
        );
        walks.extend(part);
    }
    let collecting = collecting.elapsed().as_secs_f64();
    assert!(walks.iter().all(|walk| walk["complete"] == true), "{walks:?}");
    let loading = std::time::Instant::now();
    let mut rows = 0;
    for _ in &walks {
        let response = loader.invoke(world.next_event().await).await.unwrap();
        rows += response["objects"][0]["rows_seen"].as_u64().unwrap();
    }
    let loading = loading.elapsed().as_secs_f64();
    let seen: u64 = walks.iter().map(|walk| walk["seen"].as_u64().unwrap()).sum();
    let requests: u64 = walks.iter().map(|walk| walk["requests"].as_u64().unwrap()).sum();
    let bytes: u64 = walks.iter().map(|walk| walk["bytes"].as_u64().unwrap()).sum();

    let truth: BTreeSet<i64> = world
        .simulator
        .with_market(|market| market.offers().map(|offer| i64::try_from(offer.hash_id).unwrap()).collect())
        .unwrap();
    let listings = world.sql.query("select hash_id from warehouse.listing", &[]).await.unwrap();
    let listings: BTreeSet<i64> = listings.iter().map(|row| row.get(0)).collect();
    assert!(listings == truth, "{} listings of {}", listings.len(), truth.len());
    let wrong = "
        select count(*) from warehouse.walk
        where rows_loaded <> (
            select count(*) from warehouse.listing where listing.category = walk.category and listing.deal = walk.deal
        )";
    assert_eq!(world.count(wrong).await, 0, "each segment's walk has its listings");
    for walk in &walks {
        let (announced, requests) = (walk["announced"].as_u64().unwrap(), walk["requests"].as_u64().unwrap());
        let pages = announced.div_ceil(PAGE_LIMIT).max(1);
        println!("  {}: {announced} listings, {pages} pages, {requests} requests", walk["segment"]);
        let most = if announced <= OFFSET_CAP { pages * 115 } else { pages * 140 };
        assert!(requests * 100 <= most, "{walk}");
    }
    let (collector, loader) = (collector.peak_memory_mib(), loader.peak_memory_mib());
    println!(
        "{seen} listings, {rows} rows, {requests} requests, {:.1} MiB stored; collector {collecting:.1} s, {collector:.1} MiB; \
         loader {loading:.1} s, {:.0} rows/s, {loader:.1} MiB",
        bytes as f64 / 1024.0 / 1024.0,
        rows as f64 / loading,
    );
    assert!(collector < MOST_MIB, "the collector took {collector:.1} MiB");
    assert!(loader < MOST_MIB, "the loader took {loader:.1} MiB");
}
