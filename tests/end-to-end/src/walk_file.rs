//! Walk files that no collector has written.

use jiff::Timestamp;
use raw_zone::{ObjectKey, PageRecord, WalkWriter};
use serde_json::Value;
use sreality::walk::{Ending, Walk};
use uuid::Uuid;

use crate::function::Function;
use crate::world::{BUCKET, MARKET, World};

/// The key and the file of a walk of flats for sale that has one page with these rows.
pub async fn walk_file(walk: u128, rows: &[&str], complete: bool) -> (String, Vec<u8>) {
    walk_file_with(walk, rows, |_, closing| closing.complete = complete).await
}

/// The same, with whatever is to be otherwise in its header and closing line.
pub async fn walk_file_with(
    walk: u128,
    rows: &[&str],
    change: impl FnOnce(&mut Walk, &mut Ending),
) -> (String, Vec<u8>) {
    let body = format!("{{\"results\":[{}]}}", rows.join(","));
    walk_file_of(body, rows.len(), walk, change).await
}

/// The same, whatever the page's body is.
pub async fn walk_file_of(
    body: String,
    rows: usize,
    walk: u128,
    change: impl FnOnce(&mut Walk, &mut Ending),
) -> (String, Vec<u8>) {
    let started_at = Timestamp::from_microsecond(Timestamp::now().as_microsecond()).unwrap();
    let mut facts = Walk {
        portal: "http://127.0.0.1".to_owned(),
        market: MARKET.to_owned(),
        segment: "flats-sale".parse().unwrap(),
        since: None,
        id: Uuid::from_u128(walk),
        software: "test".to_owned(),
        started_at,
        announced: rows as u64,
        robots_disregarded: false,
    };
    let mut ending = Ending { complete: true, finished_at: started_at, ..Ending::default() };
    change(&mut facts, &mut ending);
    let key = ObjectKey { segment: facts.segment.clone(), started_at: facts.started_at, walk: facts.id };
    let mut writer = WalkWriter::start(Vec::new(), &facts).await.unwrap();
    let page = PageRecord {
        url: "http://127.0.0.1/".to_owned(),
        status: 200,
        fetched_at: started_at,
        duration_ms: 1,
        body,
        rows: rows as u64,
    };
    writer.page(page).await.unwrap();
    (key.to_string(), writer.finish(ending).await.unwrap().1)
}

/// Stores a walk of flats for sale that saw nothing, and returns its key.
pub async fn stored_walk(world: &World, walk: u128, complete: bool) -> String {
    let (key, file) = walk_file(walk, &[], complete).await;
    world.s3.put_object().bucket(BUCKET).key(&key).body(file.into()).send().await.unwrap();
    key
}

/// Hands the loader an object that it must set aside, and returns what it says of it.
pub async fn set_aside(world: &mut World, loader: &mut Function, key: &str, bytes: Vec<u8>) -> Value {
    world.sql.batch_execute("delete from warehouse.quarantine").await.unwrap();
    let event = world.put(key, bytes).await;
    let mut response = loader.invoke(event).await.unwrap();
    for table in ["walk", "listing", "spell", "reject", "drift"] {
        assert_eq!(world.count(&format!("select count(*) from warehouse.{table}")).await, 0, "{table}");
    }
    let object = response["objects"][0].take();
    assert_eq!((&object["outcome"], &object["key"]), (&"quarantined".into(), &key.into()), "{object}");
    let row = world
        .sql
        .query_one("select key, kind, reason, walk_id from warehouse.quarantine", &[])
        .await
        .unwrap();
    assert_eq!((row.get::<_, &str>(0), row.get::<_, Option<Uuid>>(3)), (key, Some(Uuid::from_u128(1))));
    assert_eq!(
        (&object["kind"], &object["reason"]),
        (&row.get::<_, &str>(1).into(), &row.get::<_, &str>(2).into())
    );
    object
}
