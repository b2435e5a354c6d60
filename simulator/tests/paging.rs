//! Paging through a segment: limits, offsets, the envelope.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use simulator::{Market, Simulator, Source};

use crate::{ANY_PORT, FLATS_SALE, get, hash_id, search, simulator, total, walk};

#[tokio::test]
async fn paging_through_a_segment_yields_every_offer_once() {
    let simulator = simulator(5000).await;
    let rows = walk(&simulator, FLATS_SALE, 100).await;
    let served: Vec<_> = rows.iter().map(hash_id).collect();
    let truth: Vec<_> = simulator
        .with_market(|market| {
            let flats = market.offers().filter(|offer| (offer.category.code(), offer.deal.code()) == (1, 1));
            flats.map(|offer| offer.hash_id).collect()
        })
        .unwrap();
    assert_eq!(served, truth);
    assert_eq!(served.iter().collect::<BTreeSet<_>>().len(), served.len());
    assert_eq!(total(&simulator, FLATS_SALE).await, served.len() as u64);
}

#[tokio::test]
async fn all_segments_together_are_the_whole_market() {
    let simulator = simulator(3000).await;
    let mut sum = 0;
    for (main, deal) in (1..=5).flat_map(|main| (1..=4).map(move |deal| (main, deal))) {
        sum += total(&simulator, &format!("category_main_cb={main}&category_type_cb={deal}")).await;
    }
    assert_eq!(sum, 3000);
    assert_eq!(total(&simulator, "locality_country_id=112").await, 3000);
}

#[tokio::test]
async fn the_envelope_is_the_portals() {
    let simulator = simulator(500).await;
    let page = search(&simulator, FLATS_SALE).await;
    let keys: Vec<_> = page.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        [
            "meta_description",
            "meta_title",
            "pagination",
            "results",
            "search_title",
            "status_code",
            "status_message"
        ]
    );
    assert_eq!((&page["status_code"], &page["status_message"]), (&200.into(), &"OK".into()));
    assert_eq!(page["search_title"], "Byty na prodej v České republice");
}

#[tokio::test]
async fn the_default_limit_is_100_and_leftovers_of_the_former_api_are_ignored() {
    let simulator = simulator(2000).await;
    let plain = search(&simulator, FLATS_SALE).await;
    assert_eq!(plain["pagination"]["limit"], 100);
    assert_eq!(plain["results"].as_array().unwrap().len(), 100);
    let leftovers = search(&simulator, &format!("{FLATS_SALE}&per_page=20&page=3")).await;
    assert_eq!(leftovers, plain);
}

#[tokio::test]
async fn a_limit_of_zero_answers_the_total_only() {
    let simulator = simulator(2000).await;
    let page = search(&simulator, &format!("{FLATS_SALE}&limit=0")).await;
    assert_eq!(page["pagination"], serde_json::json!({ "limit": 0, "offset": 0, "total": 381 }));
    assert_eq!(page["results"], serde_json::json!([]));
}

#[tokio::test]
async fn a_limit_above_1000_is_served_as_1000() {
    let simulator = simulator(8000).await;
    let page = search(&simulator, &format!("{FLATS_SALE}&limit=5000")).await;
    assert_eq!(page["pagination"]["limit"], 1000);
    assert_eq!(page["results"].as_array().unwrap().len(), 1000);
}

#[tokio::test]
async fn an_offset_of_ten_thousand_is_refused_and_the_one_before_is_not() {
    let simulator = simulator(60_000).await;
    let page = search(&simulator, &format!("{FLATS_SALE}&limit=5&offset=9999")).await;
    assert_eq!(page["results"].as_array().unwrap().len(), 5);
    for offset in [10_000, 10_500, 4_000_000] {
        let (status, answer) =
            get(&simulator, &format!("/api/v1/estates/search?{FLATS_SALE}&offset={offset}")).await;
        assert_eq!((status, &answer["status_code"]), (422, &422.into()));
    }
}

#[tokio::test]
async fn a_full_market_is_generated_and_served_fast() {
    let started = Instant::now();
    let market = Market::new(1, 105_000);
    let generated = started.elapsed();
    let simulator = Simulator::start(Source::Market(market), ANY_PORT).await.unwrap();
    let mut fastest = Duration::MAX;
    for page in 0..10 {
        search(&simulator, &format!("{FLATS_SALE}&limit=500&offset={}", page * 500)).await;
    }
    for request in simulator.requests() {
        fastest = fastest.min(request.answered_at - request.arrived_at);
    }
    let started = Instant::now();
    simulator.advance_to(10);
    let advanced = started.elapsed() / 10;
    eprintln!("105 000 listings in {generated:?}, a page of 500 in {fastest:?}, a day in {advanced:?}");
    // Generous: other tests share the machine.
    assert!(generated < Duration::from_secs(2), "{generated:?}");
    assert!(fastest < Duration::from_millis(50), "{fastest:?}");
}
