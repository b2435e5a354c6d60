//! A portal that shows next to nothing does not empty the warehouse.

use end_to_end::{Function, World};
use serde_json::Value;
use simulator::{Market, Source};

use crate::quarantine::cenovka;
use end_to_end::walk_file::walk_file;

/// A complete walk that the portal announced so many flats for, and that saw them all.
async fn walk(world: &mut World, loader: &mut Function, walk: u128, flats: u32) -> Value {
    let row = |flat: u32| {
        format!(
            r#"{{"hash_id":{flat},"category_main_cb":{{"value":1}},"category_type_cb":{{"value":1}},
                "price_summary_czk":{},"price_summary_unit_cb":{{"value":1}}}}"#,
            2_000_000 + flat * 10_000
        )
    };
    let rows: Vec<String> = (1..=flats).map(row).collect();
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    let (key, file) = walk_file(walk, &rows, true).await;
    let event = world.put(&key, file).await;
    loader.invoke(event).await.unwrap()["objects"][0].take()
}

#[tokio::test]
async fn a_walk_that_lost_a_market_is_set_aside_until_the_operator_releases_it() {
    let mut world = World::start(Source::Market(Market::new(7, 0))).await;
    let mut loader = world.loader().await;
    assert_eq!(walk(&mut world, &mut loader, 1, 76).await["outcome"], "loaded");
    let mut keys = Vec::new();
    for day in 2..=4 {
        let object = walk(&mut world, &mut loader, day, 3).await;
        assert_eq!(
            (&object["outcome"], &object["kind"]),
            (&"quarantined".into(), &"shrunken".into()),
            "{object}"
        );
        keys.push(object["key"].as_str().unwrap().to_owned());
    }
    let on_offer = "select count(*) from mart.current_listing where missing_since is null";
    assert_eq!(world.count(on_offer).await, 76);
    let figures = "
        select count(*) from warehouse.quarantine
        where figures = '{\"on_offer\": 76, \"missed\": 73}' and reason like '%misses 73 of 76 listings%'";
    assert_eq!(world.count(figures).await, 3);
    let list = cenovka(&world, &["quarantine", "list"]).await;
    assert!(keys.iter().all(|key| list.contains(key)) && list.contains("shrunken since"), "{list}");

    let released = cenovka(&world, &["quarantine", "release", &keys[0]]).await;
    assert!(released.contains(" loaded, "), "{released}");
    assert_eq!(world.count(on_offer).await, 3);
    assert_eq!(world.count("select count(*) from warehouse.walk").await, 2);
}
