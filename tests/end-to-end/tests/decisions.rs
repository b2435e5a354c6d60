//! What an operator decides outlives the database, and closes what it is decided on; a raw zone can be moved.

use std::collections::BTreeMap;

use end_to_end::tables::{self, Content};
use end_to_end::{World, world::BUCKET};
use serde_json::Value;
use simulator::{Falsified, Market, Source};

use crate::quarantine::cenovka;
use end_to_end::walk_file::walk_file;

/// A warehouse in which all that can be set aside was set aside, and most of it decided.
struct Decided {
    world: World,
    /// Of all objects, the honest ones of the first day first.
    events: Vec<Value>,
}

fn key(event: &Value) -> String {
    event["Records"][0]["s3"]["object"]["key"].as_str().unwrap().to_owned()
}

impl Decided {
    async fn new() -> Self {
        let mut world = World::start(Source::Market(Market::new(7, 3_000))).await;
        let (mut collector, mut loader) = (world.collector().await, world.loader().await);
        let mut events = world.collect(&mut collector, &["flats-sale", "flats-rent"]).await;
        // From the second day on the portal has measured all flats anew.
        for day in 1..4 {
            world.simulator.advance_to(day);
            let measured = Falsified { factor: None, latitude_shift: 0.002, longitude_shift: 0.0 };
            world.simulator.falsify(Some(measured));
            events.extend(world.collect(&mut collector, &["flats-sale"]).await);
        }
        for day in 4..6 {
            world.simulator.advance_to(day);
            let false_prices = Falsified { factor: Some(0.473), latitude_shift: 0.0, longitude_shift: 0.0 };
            world.simulator.falsify(Some(false_prices));
            events.extend(world.collect(&mut collector, &["flats-rent"]).await);
        }
        let (shrunken, file) = walk_file(1, &[], true).await;
        events.push(world.put(&shrunken, file.clone()).await);
        let (damaged, file) = walk_file(2, &[], true).await;
        events.push(world.put(&damaged, file[..file.len() / 2].to_vec()).await);
        events.push(world.put("raw/sreality/strange.json", b"{}".to_vec()).await);
        for (number, event) in events.iter().enumerate() {
            let answer = loader.invoke(event.clone()).await.unwrap();
            let expected = if number < 2 { "loaded" } else { "quarantined" };
            assert_eq!(answer["objects"][0]["outcome"], expected, "{answer}");
        }
        let released =
            cenovka(&world, &["quarantine", "release", &key(&events[2]), "--following", "--by", "me"]).await;
        assert_eq!(released.matches(" loaded, ").count(), 3, "{released}");
        for key in [key(&events[5]), shrunken, "raw/sreality/strange.json".to_owned()] {
            let dismissed =
                cenovka(&world, &["quarantine", "dismiss", &key, "--because", "it is not true"]).await;
            assert!(dismissed.contains("dismissed"), "{dismissed}");
        }
        Self { world, events }
    }

    async fn contents(&self) -> BTreeMap<String, Content> {
        tables::contents(&self.world.sql).await
    }
}

#[tokio::test]
async fn a_rebuild_decides_as_the_operator_did_table_by_table_and_in_any_order() {
    let decided = Decided::new().await;
    let Decided { world, events } = &decided;
    let before = decided.contents().await;
    assert_eq!((before["walk"].rows, before["quarantine"].rows), (5, 8));
    let said = "select finding from mart.pipeline_check where \"check\" = 'quarantine'";
    let finding = |row: tokio_postgres::Row| row.get::<_, String>(0);
    let open = finding(world.sql.query_one(said, &[]).await.unwrap());
    assert!(open.starts_with("2 raw object(s) in quarantine"), "{open}");
    let list = cenovka(world, &["quarantine", "list"]).await;
    assert!(list.contains("by me\n") && list.contains(": it is not true\n"), "{list}");
    assert!(cenovka(world, &["verify"]).await.contains("no difference"));

    tables::empty(&world.sql).await;
    let reconciled = cenovka(world, &["reconcile"]).await;
    assert!(reconciled.contains("10 objects in the raw zone; 10 were handed"), "{reconciled}");
    assert_eq!(decided.contents().await, before);

    let mut random = fastrand::Rng::with_seed(3);
    for _ in 0..3 {
        tables::empty(&world.sql).await;
        let mut loader = world.loader().await;
        let (first_day, mut others) = (&events[..2], events[2..].to_vec());
        random.shuffle(&mut others);
        for event in first_day.iter().chain(&others) {
            loader.invoke(event.clone()).await.unwrap();
        }
        assert_eq!(decided.contents().await, before);
    }
    assert!(cenovka(world, &["verify"]).await.contains("no difference"));
}

#[tokio::test]
async fn a_dismissed_walk_is_never_loaded_even_where_nothing_speaks_against_it() {
    let Decided { world, events } = Decided::new().await;
    tables::empty(&world.sql).await;
    let mut loader = world.loader().await;
    // The first of an empty warehouse, so that there is nothing to compare it with.
    let answer = loader.invoke(events[5].clone()).await.unwrap();
    assert_eq!(answer["objects"][0]["outcome"], "already_quarantined", "{answer}");
    assert_eq!(world.count("select count(*) from warehouse.walk").await, 0);
}

#[tokio::test]
async fn what_is_no_decision_stops_the_loads_and_is_named() {
    let mut world = World::start(Source::Market(Market::new(7, 300))).await;
    world.put("decisions/note.json", b"{\"action\":\"forget\"}".to_vec()).await;
    let mut collector = world.collector().await;
    let event = world.collect(&mut collector, &["flats-sale"]).await.remove(0);
    let error = world.loader().await.invoke(event).await.unwrap_err();
    assert_eq!(error.class, "stop");
    assert!(error.message.contains("decisions/note.json is no decision"), "{}", error.message);
}

#[tokio::test]
async fn a_raw_zone_that_was_copied_to_another_bucket_is_known_after_one_reconciliation() {
    let Decided { world, events } = Decided::new().await;
    world.s3.create_bucket().bucket("moved").send().await.unwrap();
    let listed = world.s3.list_objects_v2().bucket(BUCKET).send().await.unwrap();
    for object in listed.contents() {
        let key = object.key().unwrap();
        let bytes = world.object(key).await;
        world.s3.put_object().bucket("moved").key(key).body(bytes.into()).send().await.unwrap();
        world.s3.delete_object().bucket(BUCKET).key(key).send().await.unwrap();
    }
    let moved = [("CENOVKA_RAW_BUCKET", "moved")];
    let in_moved =
        |arguments: &'static [&'static str]| crate::quarantine::cenovka_with(&world, arguments, &moved);
    let reconciled = in_moved(&["reconcile"]).await;
    assert!(
        reconciled.contains(&format!("{} objects in the raw zone; 0 were handed", events.len())),
        "{reconciled}"
    );
    assert_eq!(world.count("select count(*) from warehouse.walk where bucket <> 'moved'").await, 0);
    let verified = in_moved(&["verify"]).await;
    assert!(verified.contains("no difference"), "{verified}");
}
