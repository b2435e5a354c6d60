//! Falsified walks are set aside as a whole, honest ones are not, and the operator has the last word.

use std::process::Stdio;

use end_to_end::{Function, World, binary, world::BUCKET};
use serde_json::Value;
use simulator::{Falsified, Market, Source};

use end_to_end::walk_file::walk_file;

const SEGMENTS: [&str; 2] = ["flats-sale", "flats-rent"];

async fn world(listings: usize) -> World {
    World::start(Source::Market(Market::new(7, listings))).await
}

fn falsified(factor: Option<f64>, latitude_shift: f64, longitude_shift: f64) -> Falsified {
    Falsified { factor, latitude_shift, longitude_shift }
}

async fn load(loader: &mut Function, event: Value) -> Value {
    loader.invoke(event).await.unwrap()["objects"][0].take()
}

/// Walks the segments today and loads them, which must succeed.
async fn honest_day(world: &mut World, collector: &mut Function, loader: &mut Function, day: u32) {
    world.simulator.advance_to(day);
    for event in world.collect(collector, &SEGMENTS).await {
        let object = load(loader, event).await;
        assert_eq!(object["outcome"], "loaded", "day {day}: {object}");
    }
}

/// A digest of everything in all tables and marts, but for the quarantine and those that count it and tell the time.
pub(crate) async fn contents(world: &World) -> Vec<(String, String)> {
    let names = "
        select format('%I.%I', table_schema, table_name)
        from information_schema.tables
        where table_schema in ('warehouse', 'mart')
            and table_name not in ('quarantine', 'segment_health', 'pipeline_check')
        order by 1";
    let mut contents = Vec::new();
    for row in world.sql.query(names, &[]).await.unwrap() {
        let name: String = row.get(0);
        let sql =
            format!("select coalesce(md5(string_agg(t::text, '|' order by t::text)), '') from {name} as t");
        contents.push((name, world.sql.query_one(&sql, &[]).await.unwrap().get(0)));
    }
    contents
}

/// Runs the operator's command and returns what it prints.
pub(crate) async fn cenovka(world: &World, arguments: &[&str]) -> String {
    cenovka_with(world, arguments, &[]).await
}

/// The same with some settings changed.
pub(crate) async fn cenovka_with(world: &World, arguments: &[&str], changes: &[(&str, &str)]) -> String {
    let output = tokio::process::Command::new(binary::built("cenovka"))
        .args(arguments)
        .envs(world.environment_with(changes))
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

#[tokio::test]
async fn falsified_walks_are_set_aside_whatever_the_factor_and_nothing_of_them_stays() {
    let mut world = world(6000).await;
    let (mut collector, mut loader) = (world.collector().await, world.loader().await);
    for day in 0..2 {
        honest_day(&mut world, &mut collector, &mut loader, day).await;
    }
    world.simulator.advance_to(2);
    let before = contents(&world).await;
    assert!(before.len() > 8);
    for falsified in [
        falsified(Some(0.473), 0.0071, -0.0068),
        falsified(Some(1.02), -0.0066, 0.0077),
        falsified(Some(1.83), 0.0, 0.0),
        falsified(Some(2.063), 0.007, 0.007),
        falsified(Some(0.473), 0.0, 0.0),
        falsified(Some(1.02), 0.0, 0.0),
        falsified(None, 0.0, 0.0066),
        falsified(None, -0.0077, 0.0),
    ] {
        world.simulator.falsify(Some(falsified));
        for event in world.collect(&mut collector, &SEGMENTS).await {
            let object = load(&mut loader, event.clone()).await;
            assert_eq!(
                (&object["outcome"], &object["kind"]),
                (&"quarantined".into(), &"falsified".into()),
                "{object}"
            );
            println!("{falsified:?} {}: {}", object["segment"], object["reason"]);
            assert_eq!(load(&mut loader, event).await["outcome"], "already_quarantined");
        }
    }
    assert_eq!(contents(&world).await, before);
    let kept = "select count(*) from warehouse.quarantine where figures ? 'factor' and walk_id is not null";
    assert_eq!(world.count(kept).await, 16);

    world.simulator.falsify(None);
    honest_day(&mut world, &mut collector, &mut loader, 3).await;
}

#[tokio::test]
async fn the_first_walk_of_flats_for_sale_is_known_to_be_falsified_by_its_roundness() {
    let mut world = world(3000).await;
    let (mut collector, mut loader) = (world.collector().await, world.loader().await);
    for (factor, outcome) in [(Some(0.473), "quarantined"), (None, "loaded")] {
        world.simulator.falsify(Some(falsified(factor, 0.0, 0.0)));
        let event = world.collect(&mut collector, &["flats-sale"]).await.remove(0);
        assert_eq!(load(&mut loader, event).await["outcome"], outcome);
    }
}

#[tokio::test]
async fn a_falsified_walk_that_comes_late_is_compared_with_its_own_time() {
    let mut world = world(4000).await;
    let (mut collector, mut loader) = (world.collector().await, world.loader().await);
    honest_day(&mut world, &mut collector, &mut loader, 0).await;
    world.simulator.falsify(Some(falsified(Some(0.473), 0.007, 0.007)));
    let late = world.collect(&mut collector, &SEGMENTS).await;
    world.simulator.falsify(None);
    honest_day(&mut world, &mut collector, &mut loader, 30).await;
    let before = contents(&world).await;
    for event in late {
        assert_eq!(load(&mut loader, event).await["outcome"], "quarantined");
    }
    assert_eq!(contents(&world).await, before);
}

#[tokio::test]
async fn honest_days_are_loaded_also_after_a_gap_in_which_many_prices_changed() {
    let mut world = world(6000).await;
    let (mut collector, mut loader) = (world.collector().await, world.loader().await);
    // After a longer gap more than 30 % are gone, and the walk is set aside as shrunken.
    for day in [0, 1, 2, 3, 5, 25] {
        honest_day(&mut world, &mut collector, &mut loader, day).await;
    }
    assert_eq!(world.count("select count(*) from warehouse.quarantine").await, 0);
}

/// A complete walk of flats for sale: each price with the listing's position moved to the east by so much.
async fn flats(world: &mut World, walk: u128, prices: impl Iterator<Item = (f64, f64)>) -> Value {
    walk_of_flats(world, walk, true, prices).await
}

async fn walk_of_flats(
    world: &mut World,
    walk: u128,
    complete: bool,
    prices: impl Iterator<Item = (f64, f64)>,
) -> Value {
    let row = |(id, (price, east)): (u32, (f64, f64))| {
        format!(
            r#"{{"hash_id":{id},"category_main_cb":{{"value":1}},"category_type_cb":{{"value":1}},
                "price_summary_czk":{price:?},"price_summary_unit_cb":{{"value":1}},
                "locality":{{"gps_lat":50.1,"gps_lon":{:?}}}}}"#,
            14.4 + f64::from(id) * 1e-3 + east
        )
    };
    let rows: Vec<String> = (1..).zip(prices).map(row).collect();
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    let (key, file) = walk_file(walk, &rows, complete).await;
    world.put(&key, file).await
}

/// Round prices of 400 flats.
fn prices() -> impl Iterator<Item = f64> {
    (0..400_u32).map(|flat| f64::from(2_000_000 + flat * 10_000 + if flat % 4 == 0 { 1_234 } else { 0 }))
}

#[tokio::test]
async fn honest_changes_are_no_falsification_however_many() {
    fn dispersed(flat: usize) -> f64 {
        0.85 + 0.25 * ((flat * 7919 % 400) as f64 / 400.0)
    }

    type Change = fn(usize, f64) -> f64;
    let changes: [(&str, usize, Change); 5] = [
        ("dispersed, four", 4, |flat, price| (price * dispersed(flat)).round()),
        ("dispersed and round, six", 6, |flat, price| {
            (price * dispersed(flat) / 10_000.0).round() * 10_000.0
        }),
        ("dispersed, six", 6, |flat, price| (price * dispersed(flat)).round()),
        ("5 % more, three", 3, |_, price| (price * 1.05).round()),
        ("5 % more in whole thousands, six", 6, |_, price| (price * 1.05 / 1_000.0).round() * 1_000.0),
    ];
    for (what, of_ten, change) in changes {
        let mut world = world(10).await;
        let mut loader = world.loader().await;
        let first = flats(&mut world, 1, prices().map(|price| (price, 0.0))).await;
        assert_eq!(load(&mut loader, first).await["outcome"], "loaded");
        let changed = |(flat, price)| if flat % 10 < of_ten { change(flat, price) } else { price };
        let changed = prices().enumerate().map(|price| (changed(price), 0.0));
        let second = flats(&mut world, 2, changed).await;
        let object = load(&mut loader, second).await;
        assert_eq!(object["outcome"], "loaded", "{what} in ten: {object}");
    }
}

#[tokio::test]
async fn a_factor_is_found_beside_honest_changes_and_few_listings_do_not_testify() {
    let mut world = world(10).await;
    let mut loader = world.loader().await;
    let first = flats(&mut world, 1, prices().map(|price| (price, 0.0))).await;
    assert_eq!(load(&mut loader, first).await["outcome"], "loaded");
    let changed = |(flat, price): (usize, f64)| if flat % 5 == 0 { price * 0.96 } else { price };
    let falsified = move |flat| ((changed(flat) * 1.02 / 1_000.0).round() * 1_000.0, 0.0);
    let object = flats(&mut world, 2, prices().enumerate().map(falsified)).await;
    let object = load(&mut loader, object).await;
    assert!(object["reason"].as_str().unwrap().contains("1.0200 times what they were"), "{object}");
    // Were it complete, it would be shrunken.
    let few = walk_of_flats(&mut world, 3, false, prices().enumerate().map(falsified).take(49)).await;
    assert_eq!(load(&mut loader, few).await["outcome"], "loaded");
}

#[tokio::test]
async fn the_operator_lists_and_releases_what_was_set_aside() {
    let mut world = world(4000).await;
    let (mut collector, mut loader) = (world.collector().await, world.loader().await);
    assert_eq!(cenovka(&world, &["quarantine", "list"]).await, "nothing was set aside\n");
    honest_day(&mut world, &mut collector, &mut loader, 0).await;
    world.simulator.falsify(Some(falsified(Some(1.83), 0.007, 0.007)));
    let event = world.collect(&mut collector, &["flats-sale"]).await.remove(0);
    let object = load(&mut loader, event.clone()).await;
    let (key, reason) = (object["key"].as_str().unwrap(), object["reason"].as_str().unwrap());
    let list = cenovka(&world, &["quarantine", "list"]).await;
    assert!(list.contains(key) && list.contains(reason) && list.contains("falsified since"), "{list}");
    let released = cenovka(&world, &["quarantine", "release", key]).await;
    assert!(released.contains(" loaded, "), "{released}");
    assert_eq!(load(&mut loader, event).await["outcome"], "already_loaded");
    let list = cenovka(&world, &["quarantine", "list"]).await;
    assert!(list.contains("released"), "{list}");
    assert!(world.count("select count(*) from mart.price_change").await > 300);
}

#[tokio::test]
async fn a_damaged_object_is_not_read_again_until_it_is_released_and_then_judged_anew() {
    let mut world = world(10).await;
    let mut loader = world.loader().await;
    let (key, whole) = walk_file(1, &[], true).await;
    let event = world.put(&key, whole[..whole.len() / 2].to_vec()).await;
    assert_eq!(load(&mut loader, event.clone()).await["outcome"], "quarantined");
    // Were it read, it would be missing.
    world.s3.delete_object().bucket(BUCKET).key(&key).send().await.unwrap();
    assert_eq!(load(&mut loader, event.clone()).await["outcome"], "already_quarantined");
    world.put(&key, whole[..whole.len() / 2].to_vec()).await;
    let released = cenovka(&world, &["quarantine", "release", &key]).await;
    assert!(released.contains("set aside as damaged"), "{released}");
    assert_eq!(world.count("select count(*) from warehouse.quarantine where is_open").await, 1);
    world.put(&key, whole).await;
    let released = cenovka(&world, &["quarantine", "release", &key]).await;
    assert!(released.contains(": 0 rows in ") && released.contains(" s: 0 loaded"), "{released}");
    assert_eq!(world.count("select count(*) from warehouse.quarantine where is_open").await, 0);
}

#[tokio::test]
async fn the_same_falsified_object_at_once_is_set_aside_once() {
    let mut world = world(4000).await;
    let mut collector = world.collector().await;
    let mut loaders = [world.loader().await, world.loader().await, world.loader().await];
    honest_day(&mut world, &mut collector, &mut loaders[0], 0).await;
    world.simulator.falsify(Some(falsified(Some(0.473), 0.007, 0.007)));
    let event = world.collect(&mut collector, &["flats-sale"]).await.remove(0);
    let [one, two, three] = &mut loaders;
    let (one, two, three) =
        tokio::join!(load(one, event.clone()), load(two, event.clone()), load(three, event.clone()));
    for object in [one, two, three] {
        assert!(object["outcome"].as_str().unwrap().ends_with("quarantined"), "{object}");
    }
    assert_eq!(world.count("select count(*) from warehouse.quarantine").await, 1);
}
