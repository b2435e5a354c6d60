//! How the portal's pages differ from the known shape, and walks for new adverts: from raw objects to the marts.

use end_to_end::{Function, World};
use jiff::{Timestamp, ToSpan};
use simulator::{Market, Source};
use sreality::Age;
use sreality::shape::{Change, Drift};
use sreality::walk::{self, Ending};

use end_to_end::walk_file::{set_aside, walk_file_with};

const ROWS: [&str; 2] = [
    r#"{"hash_id":12,"category_main_cb":{"value":1},"category_type_cb":{"value":1}}"#,
    r#"{"hash_id":28,"category_main_cb":{"value":1},"category_type_cb":{"value":1}}"#,
];

async fn world() -> World {
    World::start(Source::Market(Market::new(7, 1))).await
}

fn drift(path: &str, change: Change, found: &str, rows: u64) -> Drift {
    Drift { path: path.to_owned(), change, found: found.to_owned(), rows }
}

/// Its rows, segment and age, whether it is complete, and its drift.
type Walk<'a> = (&'a [&'a str], &'a str, Option<Age>, bool, Vec<Drift>);

/// Loads walks that start one hour after the other, and in another order than that.
async fn load(world: &mut World, loader: &mut Function, walks: Vec<Walk<'_>>) {
    let first: Timestamp = "2026-01-01T05:00:00Z".parse().unwrap();
    let mut events = Vec::new();
    for (number, (rows, segment, since, complete, drift)) in (1_u128..).zip(walks) {
        let change = |header: &mut walk::Walk, closing: &mut Ending| {
            header.started_at = first + i64::try_from(number).unwrap().hours();
            (header.segment, header.since) = (segment.parse().unwrap(), since);
            header.robots_disregarded = since.is_some();
            (closing.finished_at, closing.complete, closing.drift) = (header.started_at, complete, drift);
        };
        let (key, file) = walk_file_with(number, rows, change).await;
        events.push(world.put(&key, file).await);
    }
    events.reverse();
    for event in events {
        let object = loader.invoke(event).await.unwrap()["objects"][0].take();
        assert_eq!(object["outcome"], "loaded", "{object}");
    }
}

/// The rows that a query of text columns gives, as the analyst sees them.
async fn rows(world: &World, sql: &str) -> Vec<String> {
    let rows = world.database.connect("analyst").await.query(sql, &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

#[tokio::test]
async fn the_marts_tell_what_differs_since_when_and_whether_it_still_does() {
    let mut world = world().await;
    let mut loader = world.loader().await;
    let new = |found, rows| drift("new", Change::Appeared, found, rows);
    let gone = drift("premise", Change::Disappeared, "", 2);
    let envelope = drift("/more", Change::Appeared, "bool", 1);
    let walks = vec![
        (&ROWS[..], "flats-sale", None, true, vec![]),
        (&ROWS[..], "flats-sale", None, true, vec![new("string", 1), gone.clone()]),
        (&ROWS[..], "flats-sale/praha", None, true, vec![new("null, object", 2), envelope.clone()]),
        // A complete walk without it ends a difference, an incomplete one does not.
        (&ROWS[..], "flats-sale", None, true, vec![new("null", 2)]),
        (&ROWS[..], "flats-sale/praha", None, false, vec![]),
        (
            &ROWS[..1],
            "flats-sale",
            Some(Age::Day),
            false,
            vec![drift("hash_id", Change::ChangedType, "null", 1)],
        ),
    ];
    load(&mut world, &mut loader, walks).await;

    let sql = "
        select concat_ws(' | ', path, change, coalesce(found, '-'), still_shown_in, segments, walks,
            to_char(first_shown at time zone 'UTC', 'HH24'), to_char(last_shown at time zone 'UTC', 'HH24'),
            right(first_walk_id::text, 1), right(last_walk_id::text, 1), rows, of_rows)
        from mart.drift
        order by path collate \"C\", change";
    assert_eq!(
        rows(&world, sql).await,
        [
            "/more | appeared | bool | {flats-sale/praha} | {flats-sale/praha} | 1 | 08 | 08 | 3 | 3 | 1 | 1",
            "hash_id | changed_type | null | {flats-sale} | {flats-sale} | 1 | 11 | 11 | 6 | 6 | 1 | 1",
            "new | appeared | null, object, string | {flats-sale,flats-sale/praha} | {flats-sale,flats-sale/praha} | 3 | 07 | 09 | 2 | 4 | 2 | 2",
            "premise | disappeared | - | {} | {flats-sale} | 1 | 07 | 07 | 2 | 2 | 2 | 2",
        ]
    );
    let sql =
        "select concat_ws(' ', right(walk_id::text, 1), coalesce(since, 'all'), drifts, robots_disregarded)
        from mart.walk_health order by started_at";
    assert_eq!(
        rows(&world, sql).await,
        ["1 all 0 f", "2 all 2 f", "3 all 2 f", "4 all 1 f", "5 all 0 f", "6 24h 1 t"]
    );
    let sql = "select concat_ws(' ', segment, incomplete_in_a_row, drifts) from mart.segment_health order by segment";
    assert_eq!(rows(&world, sql).await, ["flats-sale 0 2", "flats-sale/praha 1 2"]);
}

#[tokio::test]
async fn a_walk_for_new_adverts_sees_and_never_unsees() {
    let mut world = world().await;
    let mut loader = world.loader().await;
    let mut walks = vec![(&ROWS[..], "flats-sale", None, true, vec![])];
    walks.extend((0..4).map(|_| (&ROWS[..1], "flats-sale", Some(Age::Day), false, vec![])));
    load(&mut world, &mut loader, walks).await;
    assert_eq!(world.count("select count(*) from mart.current_listing").await, 2);
    let not_missed = "select count(*) from warehouse.spell where missing_since is null and next_seen is null";
    assert_eq!(world.count(not_missed).await, 2);
    let health = rows(
        &world,
        "select concat_ws(' ', incomplete_in_a_row, to_char(last_walk_at - last_complete_at, 'HH24'))
        from mart.segment_health",
    )
    .await;
    assert_eq!(health, ["0 04"]);
}

#[tokio::test]
async fn a_walk_that_is_loaded_again_keeps_its_drift() {
    let mut world = world().await;
    let mut loader = world.loader().await;
    let told = vec![drift("new", Change::Appeared, "null", 1), drift("premise", Change::Disappeared, "", 2)];
    let (key, file) = walk_file_with(1, &[ROWS[0], "1"], |_, closing| closing.drift = told).await;
    let event = world.put(&key, file).await;
    loader.invoke(event.clone()).await.unwrap();
    world.sql.batch_execute("update warehouse.reject set parser_version = 0").await.unwrap();
    world.sql.batch_execute("delete from warehouse.drift where path = 'new'").await.unwrap();
    assert_eq!(loader.invoke(event).await.unwrap()["objects"][0]["outcome"], "loaded");
    assert_eq!(world.count("select count(*) from warehouse.drift").await, 2);
}

#[tokio::test]
async fn closing_lines_that_cannot_be_are_set_aside() {
    let mut world = world().await;
    let mut loader = world.loader().await;
    let appeared = |path: &str| drift(path, Change::Appeared, "null", 1);
    for (since, told, expected) in [
        (Some(Age::Month), vec![], "line 3: a walk for adverts of some age only claims to be complete"),
        (None, vec![appeared("a"); 1001], "line 3: the closing line tells more drift than there can be"),
        (None, vec![appeared("a"), appeared("a")], "could not enter the walk's drift: "),
        (None, vec![appeared("a\0")], "could not enter the walk's drift: "),
        (None, vec![appeared(&"a".repeat(3000))], "could not enter the walk's drift: "),
        (
            None,
            vec![drift("a", Change::Appeared, &"null".repeat(300), 1)],
            "could not enter the walk's drift: ",
        ),
    ] {
        let (key, file) =
            walk_file_with(1, &ROWS, |header, closing| (header.since, closing.drift) = (since, told)).await;
        let object = set_aside(&mut world, &mut loader, &key, file).await;
        assert_eq!(object["kind"], "damaged");
        assert!(object["reason"].as_str().unwrap().contains(expected), "{object}");
    }
}
