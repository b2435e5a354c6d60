//! `cenovka verify` has nothing to say of what was loaded, and names whatever is changed behind the loader's back.

use std::process::Stdio;

use end_to_end::{World, binary, world::BUCKET};
use serde_json::Value;
use simulator::{Market, Source};
use sreality::Age;
use sreality::shape::{Change, Drift};

use crate::quarantine::contents;
use end_to_end::walk_file::{walk_file, walk_file_with};

/// What the command printed, and whether it succeeded.
struct Verified {
    success: bool,
    text: String,
}

/// Runs the command as the loader's user.
async fn verify(world: &World) -> Verified {
    let output = tokio::process::Command::new(binary::built("cenovka"))
        .arg("verify")
        .envs(world.environment())
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap();
    let text =
        format!("{}{}", String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    Verified { success: output.status.success(), text }
}

/// A market of several days, loaded: with price changes, listings that went, a segment within another, an incomplete
/// walk of a listing that no other sees, a duplicate and a reject, and two objects in quarantine.
async fn loaded_world() -> World {
    let mut world = World::start(Source::Market(Market::new(7, 800))).await;
    let (mut collector, mut loader) = (world.collector().await, world.loader().await);
    for day in 0..7 {
        world.simulator.advance_to(3 * day);
        for event in world.collect(&mut collector, &["flats-sale", "flats-rent", "flats-sale/praha"]).await {
            let object = loader.invoke(event).await.unwrap()["objects"][0].take();
            assert_eq!(object["outcome"], "loaded", "{object}");
        }
        if day == 2 {
            let rows = [12, 28, 12].map(|hash_id| {
                format!(r#"{{"hash_id":{hash_id},"category_main_cb":{{"value":1}},"category_type_cb":{{"value":1}}}}"#)
            });
            let rows = [&rows[0], &rows[1], &rows[2], r#""no row""#];
            let drift = vec![Drift {
                path: "premise".to_owned(),
                change: Change::Disappeared,
                found: String::new(),
                rows: 3,
            }];
            let (key, file) = walk_file_with(1, &rows, |header, closing| {
                header.since = Some(Age::Day);
                (closing.complete, closing.drift) = (false, drift);
            })
            .await;
            let event = world.put(&key, file).await;
            let object = loader.invoke(event).await.unwrap()["objects"][0].take();
            let counts =
                ["rows_loaded", "rows_duplicate", "rows_rejected"].map(|count| object[count].as_u64());
            assert_eq!(counts, [Some(2), Some(1), Some(1)], "{object}");
        }
    }
    let (damaged, _) = walk_file(2, &[], true).await;
    for key in [damaged.as_str(), "raw/sreality/strange.json"] {
        let event = world.put(key, b"nothing of the kind".to_vec()).await;
        let object = loader.invoke(event).await.unwrap()["objects"][0].take();
        assert_eq!(object["outcome"], "quarantined", "{object}");
    }
    for present in [
        "spell where next_seen is not null and missing_since is null",
        "spell where delisted_at is not null",
        "spell where missing_since is not null and delisted_at is null",
        "extra_sighting",
        "reject",
        "drift",
    ] {
        assert!(world.count(&format!("select count(*) from warehouse.{present}")).await > 0, "no {present}");
    }
    world
}

/// Keeps a copy of all facts.
async fn save(world: &World) {
    let sql = "
        create schema saved;
        do $$
        declare name text;
        begin
            for name in select relname from pg_class where relnamespace = 'warehouse'::regnamespace and relkind = 'r' loop
                execute format('create table saved.%I as select * from warehouse.%I', name, name);
            end loop;
        end $$;
        -- What is done by hand may break every rule.
        set session_replication_role = replica";
    world.sql.batch_execute(sql).await.unwrap();
}

/// Brings back what [`save`] kept.
async fn restore(world: &World) {
    let sql = "
        do $$
        declare
            name text;
            columns text;
        begin
            for name, columns in
                select relname, string_agg(quote_ident(attname), ', ')
                from pg_class
                join pg_attribute on attrelid = pg_class.oid
                where relnamespace = 'warehouse'::regnamespace and relkind = 'r'
                    and attnum > 0 and not attisdropped and attgenerated = ''
                group by relname
            loop
                execute format('delete from warehouse.%I', name);
                execute format(
                    'insert into warehouse.%1$I (%2$s) overriding system value select %2$s from saved.%1$I', name, columns
                );
            end loop;
        end $$";
    world.sql.batch_execute(sql).await.unwrap();
}

/// Changes by hand, and what must be said of each.
const TAMPERINGS: [(&str, &[&str]); 34] = [
    (
        "update warehouse.walk set (rows_loaded, rows_duplicate) = (rows_loaded - 1, 2) where not complete",
        &["ledger: raw/sreality/flats-sale/", "says rows_loaded 1, the object 2"],
    ),
    ("update warehouse.walk set announced = 7 where not complete", &["the ledger says announced 7, the object 4"]),
    ("update warehouse.walk set (complete, since) = (true, null) where not complete", &["the ledger says complete true, the object false"]),
    ("update warehouse.walk set since = null where not complete", &["the ledger says since null, the object 24h"]),
    ("update warehouse.walk set robots_disregarded = true where not complete", &["the ledger says robots_disregarded true, the object false"]),
    ("delete from warehouse.drift", &["drift: raw/sreality/flats-sale/", "premise disappeared: it is not in warehouse.drift"]),
    (
        "update warehouse.drift set rows = 2",
        &["premise disappeared: warehouse.drift has \"\" in 2 rows, the object \"\" in 3"],
    ),
    (
        "insert into warehouse.drift select id, 'premise', 'appeared', 'null', 1 from warehouse.walk where complete limit 1",
        &["premise appeared: it is in warehouse.drift, but the object does not tell of it"],
    ),
    ("update warehouse.walk set id = md5(id::text)::uuid where not complete", &["does not have the walk that the object holds"]),
    (
        "delete from warehouse.walk where not complete",
        &["missing load: raw/sreality/flats-sale/", "cenovka reconcile loads it"],
    ),
    (
        "delete from warehouse.spell where (hash_id, first_seen)
             = (select hash_id, first_seen from warehouse.spell where next_seen is not null limit 1)",
        &["sighting: raw/", "no spell in warehouse.spell was under way then"],
    ),
    ("delete from warehouse.spell where hash_id = 12", &["listing: listing 12: ", "has no spell"]),
    (
        "update warehouse.listing set price_since = price_since - interval '1 microsecond'
         where hash_id = (select min(hash_id) from warehouse.listing where delisted_at is null)",
        &["listing: listing ", "warehouse.listing has another price_since than its latest spell"],
    ),
    (
        "update warehouse.turnover set gone = gone + 1 where day = (select max(day) from warehouse.turnover)",
        &["kept table: ", "warehouse.turnover is not what its definition says"],
    ),
    (
        "update warehouse.spell set total_price = total_price + 1 where hash_id
             = (select hash_id from warehouse.spell where last_seen is null and total_price is not null limit 1)",
        &["sighting: raw/", "the spell under way then has"],
    ),
    (
        "update warehouse.spell set last_seen = last_seen + interval '1 microsecond' where hash_id = 12",
        &["spell and walk: listing 12, ", "last_seen is"],
    ),
    (
        "update warehouse.spell set (last_seen, last_walk, missing_since) = (started_at, id, started_at)
             from (select * from warehouse.walk where segment = 'flats-sale' and complete order by started_at desc limit 1) as walk
             where hash_id = (
                 select hash_id from warehouse.spell join warehouse.listing using (hash_id)
                 where spell.last_seen is null and deal = 1 and region_id is distinct from 10 limit 1
             ) and last_seen is null",
        &["end of spell: listing ", "by the walks they are null and null"],
    ),
    (
        "update warehouse.spell set (last_seen, last_walk, missing_since, delisted_at) = (null, null, null, null)
             where hash_id = (
                 select hash_id from warehouse.spell
                 where delisted_at is not null and next_seen is null and hash_id not in (12, 28) limit 1
             ) and next_seen is null",
        &["implied sighting: raw/", "says that the walk saw it, but it did not"],
    ),
    (
        "update warehouse.spell set missing_since = missing_since + interval '1 microsecond' where hash_id = 12",
        &["end of spell: listing 12, ", "missing_since is"],
    ),
    ("update warehouse.spell set delisted_at = null where hash_id = 12", &["end of spell: listing 12, ", "delisted_at null"]),
    (
        "update warehouse.spell set next_seen = next_seen + interval '1 microsecond' where (hash_id, first_seen)
             = (select hash_id, first_seen from warehouse.spell where next_seen is not null limit 1)",
        &["order of spells: listing ", "next_seen is", "but the next begins at"],
    ),
    (
        "insert into warehouse.spell select hash_id, walk.started_at, walk.id, walk.started_at, walk.id, 1, walk.started_at, null, null
             from warehouse.walk, warehouse.spell
             where hash_id = 12 and walk.segment = 'flats-rent'
                 and walk.started_at > (select min(started_at) from warehouse.walk where not complete)
             order by walk.started_at desc limit 1",
        &["spell and walk: listing 12, ", "first_walk does not cover the listing, and"],
    ),
    ("delete from warehouse.extra_sighting where hash_id = 12", &["extra sighting: raw/", "listing 12 at no price: no spell implies"]),
    (
        "insert into warehouse.extra_sighting select hash_id, first_seen, first_walk, total_price
             from warehouse.spell where last_seen is null limit 1",
        &["extra sighting: raw/", "spells imply it or the walk did not see it"],
    ),
    (
        "update warehouse.extra_sighting set total_price = 5 where hash_id = 12",
        &["extra sighting: raw/", "warehouse.extra_sighting has 5"],
    ),
    ("delete from warehouse.reject", &["reject: raw/", "line 2, row 3: it cannot be understood", "counts: raw/"]),
    ("update warehouse.reject set row_index = 1", &["line 2, row 1: it is in warehouse.reject, but"]),
    ("update warehouse.reject set parser_version = 0", &["outdated rejects: raw/"]),
    (
        "update warehouse.listing_version set line = line + 1 where hash_id = 12",
        &["version: raw/", "this wording of listing 12 first in a later row", "but this row has another"],
    ),
    ("delete from warehouse.listing_version where hash_id = 12", &["wording of listing 12 is not in", "listing: listing 12: "]),
    (
        "update warehouse.listing set first_seen = first_seen + interval '1 microsecond' where hash_id = 12",
        &["listing: listing 12: warehouse.listing has it first seen at", "listing 12 was seen here, but"],
    ),
    (
        "update warehouse.listing set (name, images) = ('A castle', 99) where hash_id = 12",
        &["attributes: raw/", "newest sighting of listing 12, but warehouse.listing has another images, name"],
    ),
    (
        "update warehouse.quarantine set (decision_id, decision, decided_at, decided_by)
            = (gen_random_uuid(), 'release', now() + interval '1 hour', 'by hand')",
        &["missing load: raw/", "strange key: `raw/sreality/strange.json` is not the key"],
    ),
    (
        "insert into warehouse.quarantine (bucket, key, kind, reason) select bucket, key, 'damaged', 'by hand' from warehouse.walk",
        &["quarantine: raw/", "in quarantine (damaged), but in the ledger too", "quarantine: 22, the first 20 above"],
    ),
];

#[tokio::test]
async fn verify_finds_nothing_in_an_honest_warehouse_and_names_every_change_by_hand() {
    let world = loaded_world().await;
    let before = contents(&world).await;
    let Verified { success, text } = verify(&world).await;
    assert!(success && text.contains("no difference"), "{text}");
    assert!(text.contains("compared 24 objects with the ledger, 22 of them row by row"), "{text}");
    assert_eq!(text.matches("in quarantine: raw/sreality/").count(), 2, "{text}");
    assert_eq!(contents(&world).await, before);

    save(&world).await;
    let mut missed = Vec::new();
    for (tampering, expected) in TAMPERINGS {
        match world.sql.execute(tampering, &[]).await {
            Ok(0) => missed.push(format!("nothing to change: {tampering}")),
            Ok(_) => missed.extend(lacking(&world, tampering, expected).await),
            Err(error) => missed.push(format!("{tampering}: {error:?}")),
        }
        restore(&world).await;
    }
    assert!(missed.is_empty(), "{}", missed.join("\n\n"));
    assert_eq!(contents(&world).await, before);
    assert!(verify(&world).await.success);
}

#[tokio::test]
async fn verify_names_raw_objects_that_are_gone_or_changed_or_not_loaded() {
    let mut world = World::start(Source::Market(Market::new(7, 300))).await;
    let (mut collector, mut loader) = (world.collector().await, world.loader().await);
    let mut keys = Vec::new();
    for event in
        world.collect(&mut collector, &["flats-sale", "flats-rent", "land-share", "houses-sale"]).await
    {
        keys.push(key(&event));
        loader.invoke(event).await.unwrap();
    }
    let damaged = world.s3.get_object().bucket(BUCKET).key(&keys[2]).send().await.unwrap();
    let length = usize::try_from(damaged.content_length().unwrap()).unwrap();
    world.s3.delete_object().bucket(BUCKET).key(&keys[0]).send().await.unwrap();
    for (key, bytes) in [
        (keys[1].as_str(), b"short".to_vec()),
        (keys[2].as_str(), vec![0; length]),
        ("raw/sreality/strange.json", b"strange".to_vec()),
    ] {
        world.s3.put_object().bucket(BUCKET).key(key).body(bytes.into()).send().await.unwrap();
    }
    let (unknown, file) = walk_file(1, &[], true).await;
    world.s3.put_object().bucket(BUCKET).key(&unknown).body(file.into()).send().await.unwrap();
    let expected = [
        format!("gone object: {}: loaded, but gone from S3", keys[0]),
        format!("changed object: {}: 5 bytes in S3, but ", keys[1]),
        format!("damaged object: s3://{BUCKET}/{} cannot be read: ", keys[2]),
        "strange key: `raw/sreality/strange.json` is not the key of a raw object".to_owned(),
        format!("missing load: {unknown}: not loaded: cenovka reconcile loads it"),
        "5 differences".to_owned(),
    ];
    let lacking = lacking(&world, "objects in S3", &expected.each_ref().map(String::as_str)).await;
    assert!(lacking.is_none(), "{lacking:?}");
}

/// What the command does not say, although it should; also if it succeeds.
async fn lacking(world: &World, what: &str, expected: &[&str]) -> Option<String> {
    let Verified { success, text } = verify(world).await;
    let lacking: Vec<_> = expected.iter().filter(|expected| !text.contains(**expected)).collect();
    (success || !lacking.is_empty()).then(|| format!("{what}\nlacks {lacking:?}:\n{text}"))
}

fn key(event: &Value) -> String {
    event["Records"][0]["s3"]["object"]["key"].as_str().unwrap().to_owned()
}
