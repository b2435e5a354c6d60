use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn example() -> Value {
    json!({
        "hash_id": 3_292_504_140_u32,
        "advert_name": "Prodej bytu 3+kk 85\u{a0}m²",
        "category_main_cb": {"name": "Byty", "value": 1},
        "category_sub_cb": {"name": "3+kk", "value": 6},
        "category_type_cb": {"name": "Prodej", "value": 1},
        "price_czk": 6_500_000.0, "price_summary_czk": 6_500_000.0,
        "price_unit_cb": {"name": "za nemovitost", "value": 1},
        "price_summary_unit_cb": {"name": "za nemovitost", "value": 1},
        "price_currency_cb": {"name": "Kč", "value": 1},
        "advert_images_all": [{"restb_room_type": 29}, {}],
        "locality": {"city": "Ostrava", "street": "", "street_id": -1, "district_id": 65, "region_id": 12,
            "gps_lat": 49.87, "gps_lon": 18.25, "inaccuracy_type": "ward"},
        "poi_atm_distance": 2316, "poi_metro_distance": 100_000,
        "premise_id": null, "premise": {"seo_name": ""},
    })
}

fn parse(row: &Value) -> Result<Row<'static>, RowError> {
    let text: &'static str = Box::leak(row.to_string().into_boxed_str());
    Row::parse(text)
}

fn with(pointer: &str, value: Value) -> Value {
    let mut row = example();
    *row.pointer_mut(pointer).unwrap() = value;
    row
}

#[test]
fn a_row_is_read_and_its_sentinels_become_none() {
    let row = parse(&example()).unwrap();
    assert_eq!(row.hash_id, 3_292_504_140);
    assert_eq!((row.category, row.deal, row.sub_category), (1, 1, Some(6)));
    assert_eq!(row.name.as_deref(), Some("Prodej bytu 3+kk 85 m²"));
    assert_eq!(row.areas.area_m2, Some(85));
    assert_eq!(row.total_price, Some(6_500_000));
    assert_eq!(row.locality.street, None);
    assert_eq!(row.locality.street_id, None);
    assert_eq!(row.locality.district_id, Some(65));
    assert_eq!(row.distances[0], Some(2316));
    assert_eq!(row.distances[4], None);
    assert_eq!((row.agency_id, row.agency), (None, None));
    assert_eq!(row.images, 2);
}

#[test]
fn a_row_with_nothing_but_its_identity_and_class_is_accepted() {
    let json = r#"{"hash_id":12,"category_main_cb":{"value":3},"category_type_cb":{"value":1},"new":[]}"#;
    let row = Row::parse(json).unwrap();
    assert_eq!((row.total_price, row.name), (None, None));
    assert_eq!(row.locality, Locality::default());
}

#[test]
fn a_wrong_value_is_rejected_with_a_pointer_to_it() {
    for (pointer, value) in [
        ("/hash_id", json!("3292504140")),
        ("/hash_id", json!(-1)),
        ("/hash_id", json!(0)),
        ("/hash_id", json!(null)),
        ("/hash_id", json!(1e99)),
        ("/price_czk", json!("on request")),
        ("/price_summary_czk", json!([1])),
        ("/price_unit_cb", json!(1)),
        ("/price_summary_unit_cb/value", json!(40_000)),
        ("/category_main_cb", json!(null)),
        ("/category_main_cb", json!([1])),
        ("/category_type_cb/value", json!("Prodej")),
    ] {
        let error = parse(&with(pointer, value.clone())).unwrap_err();
        assert_eq!(error.pointer, pointer, "{value}: {error}");
        let hash_id = (pointer != "/hash_id").then_some(3_292_504_140);
        assert_eq!((error.hash_id, error.malformed), (hash_id, false), "{value}: {error}");
    }
}

/// The keys without which a row is none; all others may hold anything.
const ESSENTIAL: [&str; 7] = [
    "hash_id",
    "category_main_cb",
    "category_type_cb",
    "price_czk",
    "price_unit_cb",
    "price_summary_czk",
    "price_summary_unit_cb",
];

/// A row with all keys that are read, none of which has a sentinel.
fn full() -> Value {
    let mut row = example();
    let members = row.as_object_mut().unwrap();
    for kind in DISTANCE_KINDS {
        members.insert(format!("poi_{kind}_distance"), json!(77));
    }
    for (key, value) in [("discount_show", true), ("has_video", false), ("has_matterport_url", true)] {
        members.insert(key.to_owned(), json!(value));
    }
    members.insert("premise".to_owned(), json!({"seo_name": "agency"}));
    members.insert("premise_id".to_owned(), json!(5));
    let locality = row["locality"].as_object_mut().unwrap();
    for key in ["region", "district", "municipality", "quarter", "ward", "street", "country"] {
        locality.insert(format!("{key}_id"), json!(7));
    }
    for key in ["city", "citypart", "street", "city_seo_name", "citypart_seo_name", "street_seo_name"] {
        locality.insert(key.to_owned(), json!("x"));
    }
    for key in ["housenumber", "streetnumber"] {
        locality.insert(key.to_owned(), json!("12a"));
    }
    row
}

/// Pointers to all values that are no essential ones, nested ones too.
fn inessential(row: &Value) -> Vec<String> {
    let mut pointers = Vec::new();
    for (key, value) in row.as_object().unwrap() {
        if ESSENTIAL.contains(&key.as_str()) {
            continue;
        }
        pointers.push(format!("/{key}"));
        for within in value.as_object().into_iter().flat_map(|object| object.keys()) {
            // Names of codes are not read.
            if within != "name" {
                pointers.push(format!("/{key}/{within}"));
            }
        }
    }
    pointers
}

#[test]
fn a_wrong_value_that_is_not_essential_is_none_and_changes_nothing_else() {
    const PLACE: &str = "\"the wrong value\"";
    let full = full();
    let whole = parse(&full).unwrap();
    let pointers = inessential(&full);
    assert_eq!(pointers.len(), 44, "{pointers:?}");
    for pointer in pointers {
        let mut without = full.clone();
        let (within, key) = pointer.rsplit_once('/').unwrap();
        without.pointer_mut(within).unwrap().as_object_mut().unwrap().remove(key);
        let without = parse(&without).unwrap();
        assert_ne!(without, whole, "{pointer} is not read");
        // Right types among them are wrong for others.
        let mut wrong =
            vec!["[]", "[7]", "1e999", "-1e999", "123456789012345678901234567890", "-0.5e-400", "null"];
        let delivered = full.pointer(&pointer).unwrap();
        if !delivered.is_object() {
            wrong.extend([r#"{}"#, r#"{"value":1}"#, r#"{"seo_name":7,"city":"y"}"#]);
        }
        if !delivered.is_string() {
            wrong.extend([r#""x""#, r#""7""#]);
        }
        if !delivered.is_boolean() {
            wrong.extend(["true", "false"]);
        }
        if !delivered.is_number() {
            wrong.extend(["7", "-1.5"]);
        }
        wrong.extend([r#""\ud800""#, r#""\udfff x""#]);
        for value in wrong {
            if pointer == "/advert_images_all" && value.starts_with('[') {
                continue;
            }
            let mut row = full.clone();
            *row.pointer_mut(&pointer).unwrap() = json!("the wrong value");
            let text = row.to_string().replacen(PLACE, value, 1);
            match Row::parse(&text) {
                // A number too small for any is zero, which is a place on Earth.
                Ok(row) if value.starts_with("-0.5e") && pointer.contains("gps") => {
                    assert!(row.locality.latitude == Some(0.0) || row.locality.longitude == Some(0.0));
                }
                Ok(row) => assert_eq!(row, without, "{pointer}: {value}"),
                Err(error) => panic!("{pointer}: {value}: {error}"),
            }
        }
    }
}

#[test]
fn a_number_out_of_its_range_is_none() {
    for (pointer, value) in [
        ("/locality/gps_lat", json!(90.5)),
        ("/locality/gps_lon", json!(-180.5)),
        ("/poi_atm_distance", json!(-3)),
        ("/poi_atm_distance", json!(1.5)),
        ("/premise_id", json!(5_000_000_000_u64)),
        ("/premise_id", json!(0)),
        ("/category_sub_cb/value", json!(40_000)),
    ] {
        let mut without = full();
        *without.pointer_mut(pointer).unwrap() = Value::Null;
        let mut row = full();
        *row.pointer_mut(pointer).unwrap() = value;
        assert_eq!(parse(&row), parse(&without), "{pointer}");
    }
}

#[test]
fn a_key_that_stands_twice_is_none_or_rejects_the_row_if_it_is_essential() {
    let twice =
        |key: &str, value: &str| example().to_string().replacen('{', &format!("{{\"{key}\":{value},"), 1);
    let text = twice("locality", "{}");
    assert_eq!(Row::parse(&text).unwrap().locality, Locality::default());
    let text = twice("price_czk", "1000");
    let error = Row::parse(&text).unwrap_err();
    assert_eq!((error.pointer.as_str(), error.hash_id), ("/price_czk", Some(3_292_504_140)));
    assert!(error.to_string().contains("the key stands twice"), "{error}");
    let text = twice("hash_id", "12");
    assert_eq!(Row::parse(&text).unwrap_err().hash_id, None);
}

#[test]
fn what_is_no_json_is_malformed_and_other_json_is_not() {
    let example = example().to_string();
    for text in [
        "",
        "{",
        "nul",
        "1 2",
        r#"{"hash_id":12,"a":tru}"#,
        &example[..example.len() - 1],
        &format!("{example}}}"),
    ] {
        let error = Row::parse(text).unwrap_err();
        assert!(error.malformed, "{text}: {error}");
    }
    for text in
        ["null", "[12]", "1e999", r#""odd""#, "{}", r#"{"hash_id":12}"#, r#"{"hash_id":12,"\ud800":1}"#]
    {
        let error = Row::parse(text).unwrap_err();
        assert!(!error.malformed, "{text}: {error}");
        assert_eq!(
            error.hash_id,
            text.contains("12,").then_some(12).or((text == r#"{"hash_id":12}"#).then_some(12))
        );
    }
}

#[test]
fn a_missing_identity_is_named() {
    let mut row = example();
    row.as_object_mut().unwrap().remove("hash_id");
    let error = parse(&row).unwrap_err();
    assert!(error.reason.contains("hash_id"), "{error}");
}

#[test]
fn text_that_postgres_cannot_hold_is_cleaned() {
    let row = parse(&with("/locality/city", json!("Ostra\0va "))).unwrap();
    assert_eq!(row.locality.city.as_deref(), Some("Ostrava"));
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map("[a-z_]{1,8}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in "\\PC{0,200}") {
        let _ = Row::parse(&text);
    }

    #[test]
    fn any_value_in_any_place_is_read_or_rejected_with_a_pointer(
        pointer in prop::sample::select(vec![
            "/hash_id", "/advert_name", "/category_main_cb", "/category_main_cb/value", "/price_czk",
            "/price_summary_unit_cb", "/locality", "/locality/gps_lon", "/locality/street_id",
            "/poi_metro_distance", "/premise", "/premise_id", "/advert_images_all",
        ]),
        value in any_json(),
    ) {
        match parse(&with(pointer, value)) {
            Ok(row) => prop_assert!(row.hash_id > 0 && row.total_price.is_none_or(|price| price > 1)),
            Err(error) => {
                let within = error.pointer.starts_with(pointer) || pointer.starts_with(&error.pointer);
                prop_assert!(within && error.pointer.len() > 1, "{}", error);
            }
        }
    }

    #[test]
    fn unknown_keys_change_nothing(key in "[a-z_]{1,10}_new", value in any_json()) {
        let mut row = example();
        row.as_object_mut().unwrap().insert(key, value);
        prop_assert_eq!(parse(&row), parse(&example()));
    }

    #[test]
    fn a_truncated_row_is_rejected(length in 0_usize..400) {
        let whole = example().to_string();
        let cut: String = whole.chars().take(length.min(whole.chars().count() - 1)).collect();
            prop_assert!(Row::parse(&cut).is_err_and(|error| error.malformed));
    }
}
