use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::known::{KNOWN, PAGE, parent};
use super::*;

/// A value as it is known at a path, with all that lies in it.
fn example(path: &str) -> Value {
    let (_, types, _) = KNOWN.into_iter().find(|known| known.0 == path).unwrap();
    let within = KNOWN.iter().filter_map(|known| Some((known.0, parent(known.0)?)));
    let within: Vec<_> = within.filter(|(_, (parent, _))| *parent == path).collect();
    if types.contains(Type::Object) {
        let keys = within.iter().map(|(path, (_, key))| (key.unwrap().to_owned(), example(path)));
        keys.collect::<Map<_, _>>().into()
    } else if types.contains(Type::Array) {
        json!([example(within[0].0), example(within[0].0)])
    } else if types.contains(Type::String) {
        "text".into()
    } else if types.contains(Type::Number) {
        json!(1.5)
    } else if types.contains(Type::Bool) {
        true.into()
    } else {
        Value::Null
    }
}

/// How a page differs whose text is this.
fn drift_of(body: &str) -> Vec<(String, Change, String, u64)> {
    let mut watch = ShapeWatch::default();
    watch.page(body);
    let tuple = |Drift { path, change, found, rows }| (path, change, found, rows);
    watch.drift().into_iter().map(tuple).collect()
}

/// How an example page differs once it was changed.
fn drift_after(change: impl FnOnce(&mut Value)) -> Vec<(String, Change, String, u64)> {
    let mut page = example(PAGE);
    change(&mut page);
    drift_of(&page.to_string())
}

fn one(path: &str, change: Change, found: &str, rows: u64) -> Vec<(String, Change, String, u64)> {
    vec![(path.to_owned(), change, found.to_owned(), rows)]
}

#[test]
fn a_page_of_the_known_shape_does_not_differ() {
    assert_eq!(drift_after(|_| {}), []);
    assert_eq!(drift_after(|page| page["results"] = json!([])), []);
}

#[test]
fn keys_that_some_rows_never_had_may_be_missing_and_whole_numbers_are_numbers() {
    let drift = drift_after(|page| {
        let row = page["results"][0].as_object_mut().unwrap();
        row.remove("price_summary_czk_m2");
        row["price_czk"] = json!(1);
        row["hash_id"] = json!(-1e300);
        row["premise_id"] = Value::Null;
        row["advert_images_all"] = json!([]);
    });
    assert_eq!(drift, []);
}

#[test]
fn a_new_key_is_told_once_with_its_types_and_the_rows_that_have_it() {
    let drift = drift_after(|page| {
        page["results"][0]["new_key"] = json!({"hash_id": {"deep": 1}});
        page["results"][1]["new_key"] = Value::Null;
        page["results"][1]["locality"]["metro"] = json!("A");
        page["results"][1]["advert_images_all"][0]["alt"] = json!([[]]);
        page["results"][1]["advert_images_all"][1]["alt"] = json!(true);
        page["promoted"] = json!([]);
    });
    let expected = [
        ("/promoted", "array", 1),
        ("advert_images_all[].alt", "array, bool", 1),
        ("locality.metro", "string", 1),
        ("new_key", "null, object", 2),
    ];
    let expected =
        expected.map(|(path, found, rows)| (path.to_owned(), Change::Appeared, found.to_owned(), rows));
    assert_eq!(drift, expected);
}

#[test]
fn a_missing_key_is_told_even_if_a_single_row_lacks_it() {
    let drift = drift_after(|page| {
        let row = page["results"][1].as_object_mut().unwrap();
        row.remove("premise");
        for image in row["advert_images_all"].as_array_mut().unwrap() {
            image.as_object_mut().unwrap().remove("restb_room_type");
        }
        page.as_object_mut().unwrap().remove("meta_title");
    });
    let expected = ["/meta_title", "advert_images_all[].restb_room_type", "premise"]
        .map(|path| (path.to_owned(), Change::Disappeared, String::new(), 1));
    assert_eq!(drift, expected);
}

#[test]
fn a_value_of_another_type_is_told_with_the_types_that_are_not_known() {
    let price = |value: Value| drift_after(|page| page["results"][0]["price_czk"] = value);
    assert_eq!(price(json!("1 Kč")), one("price_czk", Change::ChangedType, "string", 1));
    let drift = drift_after(|page| {
        page["results"][0]["locality"]["ward"] = json!("Troja");
        page["results"][1]["locality"]["ward"] = json!({"name": "Troja"});
        page["results"].as_array_mut().unwrap().push(example(ROW));
    });
    assert_eq!(drift, one("locality.ward", Change::ChangedType, "object, string", 2));
    let drift = drift_after(|page| page["results"][1]["advert_images"] = json!([1, [2], "text"]));
    assert_eq!(drift, one("advert_images[]", Change::ChangedType, "array, number", 1));
}

#[test]
fn rows_and_pages_that_are_none_are_told() {
    let drift = drift_after(|page| page["results"][0] = json!("gone"));
    assert_eq!(drift, one(ROW, Change::ChangedType, "string", 1));
    let page = example(PAGE).to_string();
    let row = page.replacen("\"hash_id\":1.5", r#""hash_id":"\ud800""#, 1);
    assert_eq!(drift_of(&row), one(ROW, Change::ChangedType, "unreadable", 1));
    assert_eq!(drift_of("<html>"), one(PAGE, Change::ChangedType, "unreadable", 1));
    assert_eq!(drift_of("[]"), one(PAGE, Change::ChangedType, "array", 1));
}

#[test]
fn rows_of_all_pages_are_counted() {
    let mut page = example(PAGE);
    page["results"][0]["new"] = json!(1);
    page["more"] = json!(1);
    let mut watch = ShapeWatch::default();
    (0..3).for_each(|_| watch.page(&page.to_string()));
    let counts: Vec<_> = watch.drift().into_iter().map(|drift| (drift.path, drift.rows)).collect();
    assert_eq!(counts, [("/more".to_owned(), 3), ("new".to_owned(), 3)]);
}

#[test]
fn paths_are_harmless_and_mean_one_thing() {
    let long = "x".repeat(65);
    for (key, path) in [
        ("plain-KEY_1", "plain-KEY_1".to_owned()),
        ("", r#""""#.to_owned()),
        ("locality.gps_lat", r#""locality.gps_lat""#.to_owned()),
        ("/meta_title", r#""/meta_title""#.to_owned()),
        ("*", r#""*""#.to_owned()),
        ("a\"\0\n", r#""a\"\0\n""#.to_owned()),
        ("město", r#""město""#.to_owned()),
        (long.as_str(), format!("\"{}\"...", "x".repeat(24))),
    ] {
        let drift = drift_after(|page| page["results"][0][key] = json!(1));
        assert_eq!(drift, one(&path, Change::Appeared, "number", 1));
    }
}

#[test]
fn of_countless_new_keys_a_hundred_are_told_and_the_rows_of_the_others() {
    let mut watch = ShapeWatch::default();
    let mut page = example(PAGE);
    for row in 0..2 {
        for key in 0..150 {
            page["results"][row][format!("{key:03}")] = json!(1);
        }
    }
    watch.page(&page.to_string());
    page["results"] = json!([example(ROW)]);
    page["results"][0]["another"] = json!("text");
    watch.page(&page.to_string());
    let drift = watch.drift();
    assert_eq!(drift.len(), MOST_NEW_KEYS + 1);
    let others =
        Drift { path: "*".into(), change: Change::Appeared, found: "number, string".into(), rows: 3 };
    assert_eq!(drift[0], others);
    assert!(drift[1..].iter().all(|drift| drift.rows == 2), "{drift:?}");
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    let known = prop::sample::select(KNOWN.to_vec()).prop_map(|(path, ..)| path.to_owned());
    let known = known.prop_map(|path| path.rsplit(['.', '/']).next().unwrap_or_default().to_owned());
    let key = prop_oneof![known, ".{0,90}"];
    leaf.prop_recursive(6, 200, 40, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..40).prop_map(Value::from),
            prop::collection::hash_map(key.clone(), inner, 0..40)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_json_whatever_gives_a_bounded_list_of_bounded_and_harmless_text(
        path in prop::sample::select(KNOWN.to_vec()).prop_map(|(path, ..)| path),
        values in prop::collection::vec(any_json(), 1..6),
    ) {
        let mut watch = ShapeWatch::default();
        for value in values {
            // The value itself as a page, as all rows, as a row, and in a row.
            watch.page(&value.to_string());
            let mut page = example(PAGE);
            page["results"] = json!([value, example(ROW)]);
            if let Some(row) = page["results"][1].as_object_mut() {
                row.insert(path.to_owned(), value.clone());
            }
            watch.page(&page.to_string());
            page["results"] = value;
            watch.page(&page.to_string());
        }
        let drift = watch.drift();
        prop_assert!(drift.len() <= 2 * KNOWN.len() + MOST_NEW_KEYS + 1);
        prop_assert!(drift.is_sorted_by(|one, next| (&one.path, one.change) < (&next.path, next.change)));
        for Drift { path, found, rows, .. } in drift {
            let harmless = |char: char| matches!(char, '"' | '\'' | '\\') || char.escape_debug().eq([char]);
            prop_assert!(path.len() < 300 && path.chars().all(harmless), "{path}");
            prop_assert!(found.len() < 100 && rows > 0);
        }
    }

    #[test]
    fn no_text_makes_the_watch_panic(text in "\\PC{0,200}", cut in 0_usize..3000) {
        drift_of(&text);
        drift_of(&example(PAGE).to_string().chars().take(cut).collect::<String>());
    }
}
