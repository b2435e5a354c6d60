//! What the parameters of a search let through.

use std::collections::{BTreeMap, BTreeSet};

use simulator::Simulator;

use crate::{FLATS_SALE, get, hash_id, simulator, total, walk};

#[tokio::test]
async fn wrong_parameters_are_refused() {
    let simulator = simulator(100).await;
    for query in ["limit=-1", "limit=x", "offset=-1", "category_sub_cb=4%7C5", "category_main_cb=flats"] {
        let (status, answer) = get(&simulator, &format!("/api/v1/estates/search?{query}")).await;
        assert_eq!((status, &answer["status_code"]), (422, &422.into()), "{query}");
    }
}

#[tokio::test]
async fn sub_categories_joined_by_commas_add_up() {
    let simulator = simulator(5000).await;
    let (one, other) = (
        total(&simulator, &format!("{FLATS_SALE}&category_sub_cb=4")).await,
        total(&simulator, &format!("{FLATS_SALE}&category_sub_cb=6")).await,
    );
    assert!(one > 50 && other > 50);
    assert_eq!(total(&simulator, &format!("{FLATS_SALE}&category_sub_cb=4,6")).await, one + other);
}

#[tokio::test]
async fn an_unknown_district_is_ignored() {
    let simulator = simulator(3000).await;
    let national = total(&simulator, FLATS_SALE).await;
    for unknown in ["locality_district_id=0", "locality_district_id=999", "locality_region_id=0"] {
        assert_eq!(total(&simulator, &format!("{FLATS_SALE}&{unknown}")).await, national, "{unknown}");
    }
    let brno = total(&simulator, &format!("{FLATS_SALE}&locality_district_id=72")).await;
    assert!(brno > 0 && brno < national / 5, "{brno} of {national}");
    assert_eq!(total(&simulator, &format!("{FLATS_SALE}&locality_district_id=72,0")).await, brno);
}

#[tokio::test]
async fn all_of_prague_includes_its_ten_districts_and_what_is_only_known_to_be_in_prague() {
    let simulator = simulator(8000).await;
    let rows = walk(&simulator, &format!("{FLATS_SALE}&locality_district_id=47"), 500).await;
    let mut by_district: BTreeMap<i64, u64> = BTreeMap::new();
    for row in &rows {
        *by_district.entry(row["locality"]["district_id"].as_i64().unwrap()).or_default() += 1;
    }
    let expected: Vec<i64> = [47].into_iter().chain(5001..=5010).collect();
    assert_eq!(by_district.keys().copied().collect::<Vec<_>>(), expected);
    let four = total(&simulator, &format!("{FLATS_SALE}&locality_district_id=5004")).await;
    assert_eq!(four, by_district[&5004]);
}

#[tokio::test]
async fn districts_leave_out_what_has_none_and_a_region_finds_some_of_it() {
    let simulator = simulator(30_000).await;
    let national = total(&simulator, "").await;
    let mut districts = 0;
    for id in 1..=77 {
        districts += total(&simulator, &format!("locality_district_id={id}")).await;
    }
    let mut regions = 0;
    for id in 1..=14 {
        regions += total(&simulator, &format!("locality_region_id={id}")).await;
    }
    assert!(districts < regions && regions < national, "{districts} {regions} {national}");
    assert!((national - districts) * 100 < national);
}

#[tokio::test]
async fn price_bounds_look_at_the_advertised_price() {
    let simulator = simulator(20_000).await;
    let rows =
        walk(&simulator, "category_main_cb=3&category_type_cb=1&price_from=100&price_to=10000", 500).await;
    assert!(!rows.is_empty());
    assert!(rows.iter().all(|row| (100.0..=10_000.0).contains(&row["price_czk"].as_f64().unwrap())));
    assert!(rows.iter().any(|row| row["price_summary_czk"].as_f64().unwrap() > 1_000_000.0));
}

#[tokio::test]
async fn the_age_of_adverts_can_be_limited() {
    let simulator = simulator(5000).await;
    let (two, eight, month) = (
        total(&simulator, &format!("{FLATS_SALE}&advert_age_to=2")).await,
        total(&simulator, &format!("{FLATS_SALE}&advert_age_to=8")).await,
        total(&simulator, &format!("{FLATS_SALE}&advert_age_to=31")).await,
    );
    assert!(0 < two && two < eight && eight < month && month < total(&simulator, FLATS_SALE).await);
}

#[tokio::test]
async fn an_age_of_two_days_means_published_today_or_yesterday_whatever_happened_to_the_price() {
    let simulator = simulator(8000).await;
    simulator.advance_to(9);
    let yesterdays = ids(&simulator, "").await;
    simulator.advance_to(10);
    let before_yesterday: BTreeSet<_> = simulator
        .with_market(|market| {
            let stretches =
                market.history().filter(|stretch| stretch.first_day <= 8 && stretch.last_day >= 8);
            stretches.map(|stretch| stretch.hash_id).collect()
        })
        .unwrap();
    let (today, young, newest) = (
        ids(&simulator, "").await,
        ids(&simulator, "advert_age_to=2").await,
        ids(&simulator, "advert_age_to=1").await,
    );
    // Who was there the day before yesterday and has been since is not young.
    let stayed: BTreeSet<_> = before_yesterday.intersection(&yesterdays).copied().collect();
    let expected: BTreeSet<_> = today.difference(&stayed).copied().collect();
    assert_eq!(young, expected);
    assert_eq!(newest, today.difference(&yesterdays).copied().collect());
    assert!(young.len() > 50 && newest.len() < young.len());
    let repriced: BTreeSet<_> = simulator
        .with_market(|market| {
            let stretches = market.history().filter(|stretch| stretch.current && stretch.first_day == 10);
            stretches.map(|stretch| stretch.hash_id).filter(|id| stayed.contains(id)).collect()
        })
        .unwrap();
    assert!(repriced.len() > 20 && repriced.is_disjoint(&young), "{}", repriced.len());
}

async fn ids(simulator: &Simulator, query: &str) -> BTreeSet<u64> {
    walk(simulator, query, 1000).await.iter().map(hash_id).collect()
}

#[tokio::test]
async fn ranges_of_areas_add_up_to_the_whole() {
    let simulator = simulator(5000).await;
    for (segment, parameter) in
        [(FLATS_SALE, "usable_area"), ("category_main_cb=3&category_type_cb=1", "estate_area")]
    {
        let whole = total(&simulator, segment).await;
        let small = total(&simulator, &format!("{segment}&{parameter}_to=60")).await;
        let large = total(&simulator, &format!("{segment}&{parameter}_from=61")).await;
        assert!(large > 0 && small + large == whole, "{segment}: {small} + {large} = {whole}");
    }
}
