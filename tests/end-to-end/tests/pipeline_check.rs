//! The judgement of someone on call, from raw objects to `mart.pipeline_check`.

use end_to_end::{Function, World};
use jiff::{Timestamp, ToSpan};
use simulator::{Market, Source};
use sreality::Age;
use sreality::shape::{Change, Drift};
use sreality::walk::{self, Ending};

use end_to_end::walk_file::walk_file_with;

const ROWS: [&str; 2] = [
    r#"{"hash_id":12,"category_main_cb":{"value":1},"category_type_cb":{"value":1}}"#,
    r#"{"hash_id":28,"category_main_cb":{"value":1},"category_type_cb":{"value":1}}"#,
];

/// A walk as it should be, and what is to be otherwise.
struct Walk {
    segment: &'static str,
    hours_ago: i64,
    rows: Vec<&'static str>,
    change: fn(&mut walk::Walk, &mut Ending),
}

fn walk(segment: &'static str, hours_ago: i64) -> Walk {
    Walk { segment, hours_ago, rows: ROWS.to_vec(), change: |_, _| () }
}

async fn world() -> (World, Function) {
    let world = World::start(Source::Market(Market::new(7, 1))).await;
    let loader = world.loader().await;
    (world, loader)
}

async fn load(world: &mut World, loader: &mut Function, walks: Vec<Walk>) {
    let now = Timestamp::from_second(Timestamp::now().as_second()).unwrap();
    for (number, walk) in (1_u128..).zip(walks) {
        let (key, file) = walk_file_with(number, &walk.rows, |header, closing| {
            (header.segment, header.started_at) =
                (walk.segment.parse().unwrap(), now - walk.hours_ago.hours());
            (closing.finished_at, closing.requests, closing.refusals) = (header.started_at, 20, Some(0));
            (walk.change)(header, closing);
        })
        .await;
        let event = world.put(&key, file).await;
        let object = loader.invoke(event).await.unwrap()["objects"][0].take();
        assert_eq!(object["outcome"], "loaded", "{object}");
    }
}

/// Check, state and finding, as the analyst sees them.
async fn checks(world: &World) -> Vec<String> {
    let sql =
        r#"select concat_ws(' | ', "check", state, finding) from mart.pipeline_check order by position"#;
    let rows = world.database.connect("analyst").await.query(sql, &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

#[tokio::test]
async fn an_empty_warehouse_is_no_fresh_one() {
    let (world, _) = world().await;
    let checks = checks(&world).await;
    assert_eq!(checks[0], "freshness | bad | no walk was loaded yet");
    assert!(checks[1..].iter().all(|check| check.contains(" | ok | ")), "{checks:#?}");
}

#[tokio::test]
async fn a_pipeline_without_faults_is_ok_in_every_check() {
    let (mut world, mut loader) = world().await;
    // A walk for new adverts is never complete, and that is no fault.
    let new_adverts = Walk {
        change: |header, closing| (header.since, closing.complete) = (Some(Age::Day), false),
        ..walk("flats-sale", 1)
    };
    let walks = vec![walk("flats-sale", 71), walk("flats-sale", 47), new_adverts, walk("flats-rent", 2)];
    load(&mut world, &mut loader, walks).await;
    assert_eq!(
        checks(&world).await,
        [
            // 47 hours are less than twice the 24 between the walks before, or than two days for a new segment.
            "freshness | ok | all 2 segments were walked completely in time",
            "completeness | ok | the latest walk of each of 2 segments was complete",
            "refusals | ok | the portal refused nothing in the 2 walks of the last 24 hours",
            "rejects | ok | every row of the latest walk of each of 2 segments was understood",
            "quarantine | ok | no raw object is in quarantine",
            "drift | ok | the portal's pages have the shape that is known",
            "load time | ok | the latest load of each of 2 segments took 60 s or less",
        ]
    );
}

#[tokio::test]
async fn every_kind_of_fault_is_told_with_its_worst_cases() {
    let (mut world, mut loader) = world().await;
    let refused = |_: &mut walk::Walk, closing: &mut Ending| {
        closing.refusals = Some(10);
        closing.complete = false;
        closing.incomplete_because = Some("the portal refuses this run, which was stopped: …".to_owned());
    };
    let incomplete = |_: &mut walk::Walk, closing: &mut Ending| closing.complete = false;
    let drifted = |_: &mut walk::Walk, closing: &mut Ending| {
        let found = "null".to_owned();
        closing.drift = vec![Drift { path: "new".to_owned(), change: Change::Appeared, found, rows: 1 }];
    };
    let walks = vec![
        walk("flats-sale", 98),
        walk("flats-sale", 74),
        walk("flats-sale", 50),
        walk("flats-rent", 3),
        Walk { change: refused, ..walk("flats-rent", 2) },
        Walk { change: drifted, ..walk("land-sale", 2) },
        // Walked every hour, so overdue after six hours and not after two.
        walk("land-rent", 9),
        walk("land-rent", 8),
        walk("land-rent", 7),
        Walk { change: incomplete, ..walk("houses-sale", 5) },
        Walk { change: incomplete, ..walk("houses-sale", 4) },
        Walk { change: incomplete, rows: vec![ROWS[0], "1"], ..walk("houses-sale", 1) },
    ];
    load(&mut world, &mut loader, walks).await;
    let (key, file) = walk_file_with(99, &ROWS, |_, _| ()).await;
    let event = world.put(&key, file[..file.len() / 2].to_vec()).await;
    assert_eq!(loader.invoke(event).await.unwrap()["objects"][0]["outcome"], "quarantined");
    // No load of two rows takes a minute.
    world
        .sql
        .batch_execute("update warehouse.walk set load_seconds = 61 where segment = 'land-sale'")
        .await
        .unwrap();

    assert_eq!(
        checks(&world).await,
        [
            "freshness | bad | 3 of 5 segments are overdue: houses-sale (never), flats-sale (50 h), land-rent (7 h)",
            "completeness | bad | the latest walk of 2 of 5 segments was incomplete: houses-sale (3 in a row), flats-rent (1 in a row)",
            "refusals | bad | the portal refused requests of 1 of 9 walks of the last 24 hours: flats-rent (10 of 20 requests)",
            "rejects | bad | rows were rejected in the latest walk of 1 of 5 segments: houses-sale (1 of 2 rows)",
            "quarantine | bad | 1 raw object(s) in quarantine: flats-sale (damaged)",
            "drift | look | the portal's pages differ in 1 place(s) from the shape that is known: new (appeared)",
            "load time | look | the latest load of 1 of 5 segments took more than 60 s: land-sale (61 s)",
        ]
    );
    let set_aside = "select count(*) from mart.quarantine where kind = 'damaged' and is_open";
    assert_eq!(world.count(set_aside).await, 1);
    let dismiss = "
        update warehouse.quarantine
        set (decision_id, decision, decided_at, decided_by) = (gen_random_uuid(), 'dismiss', now(), 'test')";
    world.sql.batch_execute(dismiss).await.unwrap();
    assert_eq!(checks(&world).await[4], "quarantine | ok | no raw object is in quarantine");
}

#[tokio::test]
async fn the_ledger_has_the_refusals_that_the_object_tells_and_the_time_of_the_load() {
    let (mut world, mut loader) = world().await;
    let some = Walk { change: |_, closing| closing.refusals = Some(3), ..walk("flats-sale", 3) };
    let as_before = Walk { change: |_, closing| closing.refusals = None, ..walk("flats-sale", 2) };
    load(&mut world, &mut loader, vec![some, as_before]).await;
    let sql = "
        select concat_ws(' ', coalesce(walk.refusals::text, 'unknown'), walk.load_seconds > 0 and walk.load_seconds < 60,
            walk.portal, segment.portal)
        from mart.walk_health as walk
        join mart.segment_health as segment using (segment)
        order by started_at";
    let rows = world.database.connect("analyst").await.query(sql, &[]).await.unwrap();
    let rows: Vec<&str> = rows.iter().map(|row| row.get(0)).collect();
    assert_eq!(
        rows,
        ["3 t http://127.0.0.1 http://127.0.0.1", "unknown t http://127.0.0.1 http://127.0.0.1"]
    );
}
