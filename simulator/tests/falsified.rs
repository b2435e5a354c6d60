//! Falsified answers: what is wrong in them, and what is true.

use std::collections::HashMap;

use serde_json::Value;
use simulator::Falsified;

use crate::{FLATS_SALE, hash_id, simulator, walk};

const FALSIFIED: Falsified =
    Falsified { factor: Some(0.473), latitude_shift: 0.007, longitude_shift: -0.0066 };

#[tokio::test]
async fn falsified_prices_are_one_multiple_rounded_to_thousands_and_the_rest_is_true() {
    let simulator = simulator(20_000).await;
    let truth: HashMap<_, _> =
        walk(&simulator, FLATS_SALE, 1000).await.into_iter().map(|row| (hash_id(&row), row)).collect();
    simulator.falsify(Some(FALSIFIED));
    let rows = walk(&simulator, FLATS_SALE, 1000).await;
    assert_eq!(rows.len(), truth.len());
    let (mut round, mut was_round, mut priced) = (0, 0, 0);
    for row in &rows {
        let before = &truth[&hash_id(row)];
        for key in ["advert_name", "category_sub_cb", "price_unit_cb", "poi_shop_distance"] {
            assert_eq!(row[key], before[key]);
        }
        let (now, was) = (number(row, "/price_summary_czk"), number(before, "/price_summary_czk"));
        if was > 1.0 {
            assert!((now - was * 0.473).abs() <= 500.0 && now % 1000.0 == 0.0, "{was} became {now}");
            assert!(number(row, "/price_czk_m2") > 0.0);
            priced += 1;
            round += usize::from(now % 10_000.0 == 0.0);
            was_round += usize::from(was % 10_000.0 == 0.0);
        } else {
            assert!(now <= 1.0, "what is on request stays on request");
        }
        let moved = |key: &str| number(row, key) - number(before, key);
        assert!((moved("/locality/gps_lat") - 0.007).abs() < 1e-9);
        assert!((moved("/locality/gps_lon") + 0.0066).abs() < 1e-9);
    }
    let share = |count: usize| count as f64 / priced as f64;
    assert!((0.54..0.84).contains(&share(was_round)), "{}", share(was_round));
    assert!((0.06..0.15).contains(&share(round)), "{}", share(round));

    simulator.falsify(None);
    for row in walk(&simulator, FLATS_SALE, 1000).await {
        assert_eq!(row, truth[&hash_id(&row)]);
    }
}

#[tokio::test]
async fn positions_alone_can_be_falsified() {
    let simulator = simulator(2000).await;
    let truth = walk(&simulator, FLATS_SALE, 1000).await;
    simulator.falsify(Some(Falsified { factor: None, ..FALSIFIED }));
    for (row, before) in walk(&simulator, FLATS_SALE, 1000).await.iter().zip(&truth) {
        assert_eq!(row["price_summary_czk"], before["price_summary_czk"]);
        assert_ne!(row["locality"]["gps_lat"], before["locality"]["gps_lat"]);
    }
}

fn number(row: &Value, pointer: &str) -> f64 {
    row.pointer(pointer).and_then(Value::as_f64).unwrap()
}
