//! Content that does not hold still: rows that move, replicas that lag, prices that flap.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;
use simulator::{Fault, Faults, Market, Simulator, Source};

use crate::{ANY_PORT, FLATS_SALE, hash_id, search, simulator, total, walk};

/// The ids on offer among flats for sale.
fn truth(simulator: &Simulator) -> BTreeSet<u64> {
    let flats = |market: &Market| {
        let flats = market.offers().filter(|offer| (offer.category.code(), offer.deal.code()) == (1, 1));
        flats.map(|offer| offer.hash_id).collect()
    };
    simulator.with_market(flats).unwrap()
}

/// Walks page by page until one is not full, as one does who trusts no total.
async fn ids(simulator: &Simulator, query: &str, limit: usize) -> Vec<u64> {
    let mut ids = Vec::new();
    for page in 0.. {
        let page = search(simulator, &format!("{query}&limit={limit}&offset={}", page * limit)).await;
        let results = page["results"].as_array().unwrap();
        ids.extend(results.iter().map(hash_id));
        if results.len() < limit {
            break;
        }
    }
    ids
}

#[tokio::test]
async fn a_walk_at_the_default_rate_sees_some_twice_and_misses_as_many_and_none_is_lost_for_good() {
    let simulator = Simulator::start(Source::Market(Market::new(7, 50_000)), ANY_PORT).await.unwrap();
    let truth = truth(&simulator);
    simulator.set_faults("moving-rows".parse().unwrap());
    let (mut missed, mut union) = (Vec::new(), BTreeSet::new());
    for _ in 0..3 {
        let seen = ids(&simulator, FLATS_SALE, 500).await;
        let distinct: BTreeSet<_> = seen.iter().copied().collect();
        assert!(distinct.is_subset(&truth));
        let doubles = seen.len() - distinct.len();
        let missing = truth.len() - distinct.len();
        assert_eq!(seen.len(), truth.len());
        assert_eq!(doubles, missing, "as many places as adverts");
        missed.push(missing as f64 / truth.len() as f64);
        union.extend(distinct);
    }
    // 20 pages and 0.0005 a request: p·m/2 = 0.5 %.
    let mean = missed.iter().sum::<f64>() / 3.0;
    assert!((0.002..0.009).contains(&mean), "{missed:?}");
    assert!(union.len() as f64 > truth.len() as f64 * 0.9995, "{} of {}", union.len(), truth.len());
    simulator.clear_faults();
    let still: BTreeSet<_> = ids(&simulator, FLATS_SALE, 500).await.into_iter().collect();
    assert_eq!(still, truth);
}

#[tokio::test]
async fn the_measured_misses_of_short_pages_are_reached() {
    let simulator = simulator(1100).await;
    let truth = truth(&simulator);
    let pages = truth.len().div_ceil(22);
    // The median run misses 6.9 %.
    let share = 0.069 * 2.0 / pages as f64;
    simulator.set_faults(Faults::default().with(Fault::MovingRows(share), 1.0));
    let mut missed = 0.0;
    for _ in 0..20 {
        let seen: BTreeSet<_> = ids(&simulator, FLATS_SALE, 22).await.into_iter().collect();
        missed += (truth.len() - seen.len()) as f64 / truth.len() as f64;
    }
    let mean = missed / 20.0;
    assert!((0.04..0.10).contains(&mean), "{mean} in {pages} pages");
}

#[tokio::test]
async fn there_is_one_order_and_a_filter_shows_its_part_of_it() {
    let simulator = simulator(900).await;
    let order = async || ids(&simulator, "locality_country_id=112", 300).await;
    let before = order().await;
    simulator.set_faults(Faults::default().with_script([Some(Fault::MovingRows(0.05))]));
    total(&simulator, "").await;
    let after = order().await;
    assert_ne!(before, after);
    for filter in
        [FLATS_SALE, "locality_region_id=10", "category_main_cb=2", "category_type_cb=2&price_to=20000"]
    {
        let part = ids(&simulator, filter, 300).await;
        let members: BTreeSet<_> = part.iter().copied().collect();
        let expected: Vec<_> = after.iter().copied().filter(|id| members.contains(id)).collect();
        assert_eq!(part, expected, "{filter}");
    }
    // The topped ones are in front, the others as they were.
    let mut stayed = after.iter().copied().rev().peekable();
    let in_place = before.iter().rev().filter(|id| stayed.next_if_eq(*id).is_some()).count();
    assert!((800..900).contains(&in_place), "{in_place}");
    // A new day begins with the order of publication.
    simulator.advance_to(1);
    let offers: Vec<_> =
        simulator.with_market(|market| market.offers().map(|offer| offer.hash_id).collect()).unwrap();
    assert_eq!(order().await, offers);
}

#[tokio::test]
async fn the_same_requests_move_the_same_rows() {
    let walked = async |seed: u64| {
        let simulator = simulator(2000).await;
        simulator.set_faults(Faults::default().with(Fault::MovingRows(0.01), 0.5).with_seed(seed));
        ids(&simulator, FLATS_SALE, 50).await
    };
    assert_eq!(walked(3).await, walked(3).await);
    assert_ne!(walked(3).await, walked(4).await);
}

fn prices(rows: &[Value]) -> HashMap<u64, f64> {
    rows.iter().map(|row| (hash_id(row), row["price_summary_czk"].as_f64().unwrap())).collect()
}

/// In what share of the adverts of both the price differs.
fn differing(one: &HashMap<u64, f64>, other: &HashMap<u64, f64>) -> f64 {
    let both = one.iter().filter_map(|(id, price)| Some((price, other.get(id)?)));
    let (differ, all) =
        both.fold((0, 0), |(differ, all), (one, other)| (differ + u32::from(one != other), all + 1));
    f64::from(differ) / f64::from(all)
}

#[tokio::test]
async fn a_stale_replica_answers_as_the_market_was() {
    let simulator = simulator(8000).await;
    simulator.advance_to(20);
    let now = walk(&simulator, FLATS_SALE, 500).await;
    simulator.set_faults("stale-replica(14)".parse().unwrap());
    let stale = walk(&simulator, FLATS_SALE, 500).await;
    let then = Simulator::start(Source::Market(Market::new(7, 8000)), ANY_PORT).await.unwrap();
    then.advance_to(6);
    assert_eq!(stale, walk(&then, FLATS_SALE, 500).await);
    // 109 of 1 145 flapped: 9.5 %.
    let flapping = differing(&prices(&now), &prices(&stale));
    assert!((0.06..0.13).contains(&flapping), "{flapping}");
    // Nothing is older than the first day.
    simulator.set_faults("stale-replica(500)".parse().unwrap());
    let oldest = Simulator::start(Source::Market(Market::new(7, 8000)), ANY_PORT).await.unwrap();
    assert_eq!(walk(&simulator, FLATS_SALE, 500).await, walk(&oldest, FLATS_SALE, 500).await);
}

#[tokio::test]
async fn prices_flap_between_two_values_on_a_share_of_the_adverts() {
    let simulator = simulator(20_000).await;
    let now = prices(&walk(&simulator, "category_main_cb=1", 1000).await);
    simulator.set_faults("flapping-prices".parse().unwrap());
    let before = prices(&walk(&simulator, "category_main_cb=1", 1000).await);
    let flapping = differing(&now, &before);
    assert!((0.07..0.11).contains(&flapping), "{flapping}");
    assert!(now.iter().any(|(id, price)| *price > 1e6 && before[id] == 1.0), "from 4 000 000 to 1");
    // At a rate every answer shows one of the two.
    simulator.set_faults(Faults::default().with(Fault::FlappingPrices(0.095), 0.5));
    let (mut seen_now, mut seen_before) = (0, 0);
    for (id, price) in prices(&walk(&simulator, "category_main_cb=1", 100).await) {
        assert!(price == now[&id] || price == before[&id]);
        if now[&id] != before[&id] {
            *(if price == now[&id] { &mut seen_now } else { &mut seen_before }) += 1;
        }
    }
    assert!(seen_now > 30 && seen_before > 30, "{seen_now} {seen_before}");
}
