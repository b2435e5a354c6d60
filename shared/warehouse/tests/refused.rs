//! Rows that cannot be understood say nothing of their listings: least of all that they are gone.

use serde_json::{Value, json};
use warehouse::{Counts, Finished};

use crate::adverts::{Advert, flats, rows, walk};
use crate::database::{Database, load_raw};

const LISTINGS: i64 = 76;

/// What three daily walks of these rows leave of 76 listings that were on offer before.
struct Left {
    /// What became of the rows of each walk.
    counts: Vec<Counts>,
    on_offer: i64,
    missing: i64,
    cheaper: i64,
}

async fn after_three_days_of(database: &Database, row: impl Fn(&Advert) -> Option<Value>) -> Left {
    database.clear().await;
    let mut warehouse = database.warehouse();
    let flats = flats(LISTINGS);
    load_raw(&mut warehouse, &walk(0, "flats-sale", &rows(&flats)), None).await.unwrap();
    let today: Vec<Value> = flats.iter().filter_map(row).collect();
    let mut counts = Vec::new();
    for day in 1..=3 {
        match load_raw(&mut warehouse, &walk(day, "flats-sale", &today), None).await.unwrap() {
            Some(Finished::Loaded(loaded)) => counts.push(loaded),
            other => panic!("{other:?}"),
        }
    }
    Left {
        counts,
        on_offer: database.count("select count(*) from mart.current_listing").await,
        missing: database
            .count("select count(*) from warehouse.listing where missing_since is not null")
            .await,
        cheaper: database.count("select count(*) from mart.price_change").await,
    }
}

fn is_even(advert: &Advert) -> bool {
    advert.hash_id % 2 == 0
}

#[tokio::test]
async fn three_days_on_which_half_of_the_rows_are_rejected_delist_nothing() {
    let database = Database::start().await;
    for (key, wrong) in [("price_summary_czk", json!("free")), ("category_type_cb", json!("sale"))] {
        let left = after_three_days_of(&database, |flat| {
            Some(if is_even(flat) { flat.with(key, wrong.clone()) } else { flat.json() })
        })
        .await;
        assert!(left.counts.iter().all(|counts| (counts.rejected, counts.loaded) == (38, 38)), "{key}");
        assert_eq!((left.on_offer, left.missing), (LISTINGS, 0), "{key}");
    }
}

#[tokio::test]
async fn a_walk_with_a_reject_that_names_no_listing_sees_but_does_not_unsee() {
    let database = Database::start().await;
    let left = after_three_days_of(&database, |flat| match flat.hash_id {
        1 => Some(flat.with("hash_id", json!({}))),
        2..=40 => Some(Advert { price: flat.price - 100_000, ..*flat }.json()),
        _ => None,
    })
    .await;
    assert!(left.counts.iter().all(|counts| (counts.rejected, counts.loaded) == (1, 39)));
    assert_eq!((left.on_offer, left.missing, left.cheaper), (LISTINGS, 0, 39));
}

#[tokio::test]
async fn a_wrong_type_under_a_key_that_is_not_essential_rejects_and_delists_nothing() {
    let database = Database::start().await;
    for (key, wrong) in [
        ("has_video", json!("no")),
        ("poi_atm_distance", json!("far")),
        ("premise_id", json!(["x"])),
        ("premise", json!(7)),
        ("advert_images_all", json!("many")),
        ("locality", json!({ "gps_lat": 1000, "gps_lon": "east", "region_id": 10, "district_id": "Praha" })),
    ] {
        let left = after_three_days_of(&database, |flat| Some(flat.with(key, wrong.clone()))).await;
        assert!(left.counts.iter().all(|counts| (counts.rejected, counts.loaded) == (0, 76)), "{key}");
        assert_eq!((left.on_offer, left.missing, left.cheaper), (LISTINGS, 0, 0), "{key}");
    }
}
