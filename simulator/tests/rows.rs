//! Generated rows: what they say, and that they look like recorded ones.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;
use sreality::shape::ShapeWatch;

use crate::{FLATS_SALE, ask, hash_id, recorded_files, simulator, walk};

#[tokio::test]
async fn prices_are_floats_and_the_price_per_m2_is_a_truncated_integer() {
    let simulator = simulator(2000).await;
    let page = ask(&simulator, &format!("/api/v1/estates/search?{FLATS_SALE}")).await;
    let text = page.unwrap().text().await.unwrap();
    assert!(text.contains(r#""price_summary_czk":4"#));
    assert!(!text.contains(r#""price_czk":0,"#) && text.contains(r#""price_czk":0.0,"#));
    let page: Value = serde_json::from_str(&text).unwrap();
    for row in page["results"].as_array().unwrap() {
        assert!(
            ["price", "price_czk", "price_summary", "price_summary_czk"].iter().all(|key| row[key].is_f64())
        );
        let total = row["price_summary_czk"].as_f64().unwrap();
        let expected = if total > 1.0 { (total / f64::from(area(row))) as i64 } else { 0 };
        assert_eq!(row["price_czk_m2"].as_i64(), Some(expected));
    }
}

#[tokio::test]
async fn unit_priced_rows_have_price_times_area_as_their_total() {
    let simulator = simulator(20_000).await;
    for (query, unit) in
        [("category_main_cb=3&category_type_cb=1", 3), ("category_main_cb=4&category_type_cb=2", 4)]
    {
        let rows = walk(&simulator, query, 1000).await;
        let priced: Vec<_> = rows.iter().filter(|row| row["price_unit_cb"]["value"] == unit).collect();
        assert!(priced.len() * 20 > rows.len(), "{} of {}", priced.len(), rows.len());
        for row in priced {
            let price = row["price_czk"].as_f64().unwrap();
            assert_eq!(row["price_summary_czk"].as_f64(), Some(price * f64::from(area(row))), "{row}");
            assert_eq!(row["price_czk_m2"].as_i64(), Some(price as i64));
            assert_eq!(row["price_summary_unit_cb"]["value"], if unit == 3 { 1 } else { 2 });
        }
    }
}

#[tokio::test]
async fn rows_tell_the_same_as_the_market() {
    let simulator = simulator(3000).await;
    simulator.advance_to(9);
    let rows: HashMap<_, _> =
        walk(&simulator, "limit=1000", 1000).await.into_iter().map(|row| (hash_id(&row), row)).collect();
    simulator.with_market(|market| {
        assert_eq!(rows.len(), market.len());
        for offer in market.offers() {
            let row = &rows[&offer.hash_id];
            assert_eq!(price_by_the_rule(row), offer.total_price, "{row}");
            assert_eq!(area(row), offer.area_m2);
            assert_eq!(row["category_sub_cb"]["value"], offer.sub_category.code);
            assert_eq!(row["locality"]["district_id"], offer.district_id);
            assert_eq!(row["locality"]["region_id"], offer.region_id);
        }
    });
}

#[tokio::test]
async fn rows_miss_what_the_portals_rows_miss() {
    let simulator = simulator(5000).await;
    let rows = walk(&simulator, "", 1000).await;
    let share = |test: &dyn Fn(&Value) -> bool| {
        rows.iter().filter(|row| test(row)).count() as f64 / rows.len() as f64
    };
    let near =
        |measured: f64, expected: f64| assert!((measured - expected).abs() < 0.08, "{measured} {expected}");
    near(share(&|row| row["locality"]["street"] == ""), 0.78);
    near(share(&|row| row["locality"]["ward_id"] == -1), 0.25);
    near(share(&|row| row["locality"]["quarter_id"] == -1), 0.89);
    near(share(&|row| row["premise_id"].is_null()), 0.08);
    assert!(rows.iter().filter(|row| row["premise_id"].is_null()).all(|row| row["premise_logo"] == ""));
    let fresh = share(&|row| {
        row["poi_bus_public_transport_distance"] == 100_000 && row["poi_atm_distance"] == 100_000
    });
    assert!(fresh > 0.005, "{fresh}");
    let pictures: Vec<_> =
        rows.iter().map(|row| row["advert_images_all"].as_array().unwrap().len()).collect();
    assert_eq!((pictures.iter().min(), pictures.iter().max()), (Some(&3), Some(&21)));
    let size = serde_json::to_string(&rows).unwrap().len() / rows.len();
    assert!((3_300..3_900).contains(&size), "{size} bytes a row");
}

#[tokio::test]
async fn generated_rows_have_the_keys_and_types_of_recorded_rows() {
    let Some(files) = recorded_files() else { return };
    let recorded = files.iter().flat_map(|file| {
        let answer: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        answer["results"].as_array().unwrap().clone()
    });
    let mut shape_recorded = BTreeMap::new();
    recorded.for_each(|row| add_shape(&mut shape_recorded, "", &row));
    let mut shape_generated = BTreeMap::new();
    let simulator = simulator(5000).await;
    walk(&simulator, "", 1000).await.iter().for_each(|row| add_shape(&mut shape_generated, "", row));

    // Gone since 2026.
    shape_recorded.remove("/price_summary_czk_m2");
    let keys = |shape: &BTreeMap<String, BTreeSet<&str>>| shape.keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!(keys(&shape_generated), keys(&shape_recorded));
    // Recorded rows are a small sample: they need not show every null that occurs.
    for (key, types) in &shape_recorded {
        let missing: Vec<_> = types.difference(&shape_generated[key]).collect();
        assert!(missing.is_empty(), "{key} is never {missing:?}");
    }
    for (key, types) in &shape_generated {
        let new: Vec<_> = types.difference(&shape_recorded[key]).filter(|kind| **kind != "null").collect();
        assert!(new.is_empty(), "{key} was never seen as {new:?}");
    }
}

#[tokio::test]
async fn generated_pages_have_the_known_shape() {
    let simulator = simulator(5000).await;
    let mut watch = ShapeWatch::default();
    for day in [0, 30] {
        simulator.advance_to(day);
        for offset in (0..5000).step_by(500) {
            let path = format!("/api/v1/estates/search?limit=500&offset={offset}");
            watch.page(&ask(&simulator, &path).await.unwrap().text().await.unwrap());
        }
    }
    assert_eq!(watch.drift(), []);
}

/// The area in a title, in m²: the last number before the first "m²".
fn area(row: &Value) -> u32 {
    let name = row["advert_name"].as_str().unwrap().replace('\u{a0}', " ");
    name.split(" m²").next().unwrap().rsplit(' ').next().unwrap().parse().unwrap()
}

/// The total by the portal's price rule; none on request.
fn price_by_the_rule(row: &Value) -> Option<i64> {
    let unit = if row["category_type_cb"]["value"] == 2 { 2 } else { 1 };
    let price = |price: &str, of: &str| {
        let price = row[price].as_f64().unwrap();
        (row[of]["value"] == unit && price > 1.0).then_some(price as i64)
    };
    price("price_summary_czk", "price_summary_unit_cb").or_else(|| price("price_czk", "price_unit_cb"))
}

/// Notes which types occur under which keys.
fn add_shape(shape: &mut BTreeMap<String, BTreeSet<&'static str>>, key: &str, value: &Value) {
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(items) => {
            items.iter().for_each(|item| add_shape(shape, &format!("{key}[]"), item));
            "array"
        }
        Value::Object(fields) => {
            fields.iter().for_each(|(name, value)| add_shape(shape, &format!("{key}/{name}"), value));
            "object"
        }
    };
    shape.entry(key.to_owned()).or_default().insert(kind);
}
