//! Objects whose loads keep failing do not keep the reconciler from the others.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use end_to_end::{Function, World, world::BUCKET};
use jiff::{SignedDuration, Timestamp};
use reconciler::{Error, LoaderFunction, Reconciler, Request};
use runtime::{Bucket, Class};
use serde_json::Value;
use simulator::{Market, Source};
use tokio::sync::Mutex;
use warehouse::Warehouse;

use end_to_end::walk_file::walk_file_with;

/// As many objects as a run has time for if each takes all the time that it may.
const STUCK: usize = 6;
/// The newer ones.
const SOUND: usize = 3;
/// More than the reconciler reserves for one load, by so much that a run gets through some of those that are stuck.
const RUN: SignedDuration = SignedDuration::from_millis(121_000);

/// A loader that times out on some objects for as long as a test wants it to.
struct Loader<'a> {
    function: Mutex<Function>,
    stuck: &'a [String],
    is_stuck: &'a AtomicBool,
}

impl LoaderFunction for Loader<'_> {
    async fn load(&self, key: &str, event: Value) -> Result<(), Error> {
        let key = key.to_owned();
        if self.is_stuck.load(Ordering::Relaxed) && self.stuck.contains(&key) {
            tokio::time::sleep(Duration::from_millis(400)).await;
            return Err(Error::Load { key, reason: "Task timed out".to_owned(), class: Class::Retry });
        }
        self.function.lock().await.invoke(event).await.unwrap();
        Ok(())
    }
}

#[tokio::test]
async fn objects_that_always_time_out_do_not_keep_newer_ones_from_being_loaded() {
    let mut world = World::start(Source::Market(Market::new(7, 0))).await;
    let mut keys = Vec::new();
    for walk in 1..=(STUCK + SOUND) as u128 {
        let (key, file) = walk_file_with(walk, &[], |header, closing| {
            header.started_at = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * walk as i64);
            closing.finished_at = header.started_at;
        })
        .await;
        world.put(&key, file).await;
        keys.push(key);
    }
    let is_stuck = AtomicBool::new(true);
    let function = Mutex::new(world.loader().await);
    let loader = Loader { function, stuck: &keys[..STUCK], is_stuck: &is_stuck };
    let store = Bucket::new(world.s3.clone(), BUCKET.to_owned());
    let warehouse = Warehouse::new(&world.database.url("loader"), None).unwrap();
    let reconciler = Reconciler::new(store, warehouse, loader);
    let request = Request { older_than_minutes: Some(0), ..Request::default() };

    let mut runs = 0;
    while world.count("select count(*) from warehouse.walk").await < SOUND as i64 {
        runs += 1;
        assert!(runs < 20, "the newer objects never have their turn");
        // A run in which a load failed ends as a failure.
        drop(reconciler.reconcile(&request, Some(Timestamp::now() + RUN)).await);
    }
    let failed = "select count(*) from warehouse.unfinished_load where failures > 0";
    assert!(world.count(failed).await > 0);

    is_stuck.store(false, Ordering::Relaxed);
    let report = reconciler.reconcile(&request, None).await.unwrap();
    assert_eq!((report.missing, report.loaded), (STUCK as u64, STUCK as u64));
    assert_eq!(world.count("select count(*) from warehouse.unfinished_load").await, 0);
    assert_eq!(world.count("select count(*) from warehouse.walk").await, (STUCK + SOUND) as i64);
}
