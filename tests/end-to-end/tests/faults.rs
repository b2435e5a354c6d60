//! Wrong inputs and missing parts: each a clear error of the right class, and nothing half-loaded.

use async_compression::tokio::write::ZstdEncoder;
use end_to_end::walk_file::{set_aside, walk_file, walk_file_of, walk_file_with};
use end_to_end::world::BUCKET;
use end_to_end::{Function, World, event};
use serde_json::json;
use simulator::{Market, Source};
use tokio::io::AsyncWriteExt;

async fn world() -> World {
    World::start(Source::Market(Market::new(7, 500))).await
}

async fn compressed(chunk: &[u8], times: usize) -> Vec<u8> {
    let mut encoder = ZstdEncoder::new(Vec::new());
    for _ in 0..times {
        encoder.write_all(chunk).await.unwrap();
    }
    encoder.shutdown().await.unwrap();
    encoder.into_inner()
}

#[tokio::test]
async fn damaged_objects_are_set_aside_with_the_reason_and_nothing_is_loaded() {
    let mut world = world().await;
    let mut loader = world.loader().await;
    let row = r#"{"hash_id":12,"category_main_cb":{"value":1},"category_type_cb":{"value":1}}"#;
    let (key, whole) = walk_file(1, &[row], true).await;
    let (_, other) = walk_file(2, &[row], true).await;
    let body = r#"{"status_code":500,"status_message":"no page"}"#.to_owned();
    let (unpaged_key, unpaged) = walk_file_of(body, 0, 1, |_, _| ()).await;
    let half = whole[..whole.len() / 2].to_vec();
    let bomb = compressed(&vec![0; 1024 * 1024], 1024).await;
    assert!(bomb.len() < 200_000, "a gigabyte of zeros packs small");
    for (what, bytes, kind, expected) in [
        ("truncated", half, "damaged", "intact zstd"),
        ("not zstd", b"{\"header\":{}}\n".to_vec(), "damaged", "intact zstd"),
        (
            "not ours",
            compressed(b"{\"hello\":\"world\"}\n", 1).await,
            "damaged",
            "line 1: not a line of a walk file",
        ),
        ("empty", Vec::new(), "damaged", "the file is empty"),
        ("another walk", other, "damaged", "holds another walk"),
        ("not a page", unpaged, "damaged", "line 2 holds no page that can be loaded: "),
        ("a gigabyte of zeros", bomb, "damaged", "line 1: longer than"),
        (
            "of a later version",
            compressed(b"{\"header\":{\"format\":7,\"planet\":\"Mars\"}}\n", 1).await,
            "unknown_format",
            "walk format 7 is not known",
        ),
    ] {
        let key = if what == "not a page" { &unpaged_key } else { &key };
        let object = set_aside(&mut world, &mut loader, key, bytes).await;
        let reason = object["reason"].as_str().unwrap();
        assert!(reason.contains(expected) && reason.contains(key), "{what}: {reason}");
        assert_eq!(object["kind"], kind, "{what}");
    }
    let peak = loader.peak_memory_mib();
    assert!(peak < 64.0, "the loader took {peak:.0} MiB");
    world.sql.batch_execute("delete from warehouse.quarantine").await.unwrap();
    let event = world.put(&key, whole).await;
    assert_eq!(loader.invoke(event).await.unwrap()["objects"][0]["outcome"], "loaded");
}

#[tokio::test]
async fn what_postgres_cannot_hold_is_set_aside() {
    let mut world = world().await;
    let mut loader = world.loader().await;
    let (key, file) = walk_file_with(1, &[], |header, _| header.portal = "http://\0".to_owned()).await;
    let object = set_aside(&mut world, &mut loader, &key, file).await;
    let reason = object["reason"].as_str().unwrap();
    assert!(reason.contains("could not enter the walk in the ledger"), "{reason}");
    assert_eq!(object["kind"], "damaged");
}

#[tokio::test]
async fn a_row_that_cannot_be_understood_becomes_a_reject_and_the_others_are_loaded() {
    let mut world = world().await;
    let mut loader = world.loader().await;
    let rows = [
        r#"{"hash_id":12,"category_main_cb":{"value":1},"category_type_cb":{"value":1}}"#,
        r#"{"hash_id":28,"category_main_cb":{"value":1},"category_type_cb":{"value":1},"price_czk":"č\u0000"}"#,
        r#"{"hash_id":12,"category_main_cb":{"value":1},"category_type_cb":{"value":1}}"#,
        r#""no row""#,
    ];
    let (key, file) = walk_file(1, &rows, true).await;
    let event = world.put(&key, file).await;
    let response = loader.invoke(event).await.unwrap();
    let counts = ["rows_seen", "rows_loaded", "rows_duplicate", "rows_rejected"];
    assert_eq!(counts.map(|count| response["objects"][0][count].as_u64().unwrap()), [4, 1, 1, 2]);
    let sql = "select line, row_index, pointer, fragment from warehouse.reject order by row_index";
    let rejects = world.sql.query(sql, &[]).await.unwrap();
    assert_eq!((rejects[0].get::<_, i64>(0), rejects[0].get::<_, i32>(1)), (2, 1));
    assert_eq!(rejects[0].get::<_, &str>(2), "/price_czk");
    assert_eq!(rejects[0].get::<_, &str>(3), rows[1]);
    assert_eq!(rejects[1].get::<_, &str>(3), rows[3]);
}

#[tokio::test]
async fn an_unknown_segment_is_rejected_before_anything_is_asked() {
    let world = world().await;
    let mut collector = world.collector().await;
    for (request, expected) in [
        (json!({"segments": ["flats-sale", "boats-sale"]}), "unknown segment `boats-sale`"),
        (json!({"segments": []}), "names no segment"),
        (json!({}), "names no segment"),
    ] {
        let error = collector.invoke(request).await.unwrap_err();
        assert!(error.message.contains(expected), "{}", error.message);
        assert_eq!(error.class, "reject");
    }
    assert!(world.simulator.requests().is_empty());
}

#[tokio::test]
async fn an_unreachable_portal_is_named_and_worth_another_try() {
    let world = world().await;
    let environment = world.environment_with(&[("CENOVKA_PORTAL_URL", "http://127.0.0.1:1")]);
    let mut collector = Function::start("collector", &environment).await;
    let error = collector.invoke(json!({"segments": ["flats-sale"]})).await.unwrap_err();
    assert!(error.message.contains("no answer from http://127.0.0.1:1"), "{}", error.message);
    assert_eq!(error.class, "retry");
}

#[tokio::test]
async fn an_unreachable_postgres_is_named_and_worth_another_try() {
    let mut world = world().await;
    let environment = world.environment_with(&[("DATABASE_URL", "postgres://u:hunter2@127.0.0.1:1/x")]);
    let mut loader = Function::start("loader", &environment).await;
    let (key, file) = walk_file(1, &[], true).await;
    let event = world.put(&key, file).await;
    let error = loader.invoke(event).await.unwrap_err();
    let expected = format!("s3://{BUCKET}/{key}: could not connect to Postgres at 127.0.0.1:1");
    assert!(error.message.starts_with(&expected), "{}", error.message);
    assert!(!error.message.contains("hunter2"));
    assert_eq!(error.class, "retry");
}

#[tokio::test]
async fn a_schema_that_the_loader_does_not_know_stops_it() {
    let mut world = world().await;
    world
        .sql
        .batch_execute("insert into warehouse.migration (version, name, md5) values (99, 'future', '')")
        .await
        .unwrap();
    let mut loader = world.loader().await;
    let (key, file) = walk_file(1, &[], true).await;
    let event = world.put(&key, file).await;
    let error = loader.invoke(event).await.unwrap_err();
    assert!(error.message.contains("schema is version 99"), "{}", error.message);
    assert_eq!(error.class, "stop");
}

#[tokio::test]
async fn a_missing_bucket_stops_the_collector_with_its_name() {
    let world = world().await;
    let environment = world.environment_with(&[("CENOVKA_RAW_BUCKET", "no-such-bucket")]);
    let mut collector = Function::start("collector", &environment).await;
    let error = collector.invoke(json!({"segments": ["other-share"]})).await.unwrap_err();
    assert!(error.message.contains("s3://no-such-bucket/"), "{}", error.message);
    assert_eq!(error.class, "stop");
}

#[tokio::test]
async fn a_strange_key_in_the_raw_zone_is_set_aside() {
    let world = world().await;
    let mut loader = world.loader().await;
    let event = event::object_created(BUCKET, "raw/sreality/byty+v%C5%A1e.json");
    for outcome in ["quarantined", "already_quarantined"] {
        let object = loader.invoke(event.clone()).await.unwrap()["objects"][0].take();
        assert_eq!(object["outcome"], outcome);
        assert_eq!(object["key"], "raw/sreality/byty vše.json");
        let reason = object["reason"].as_str().unwrap();
        assert!(reason.contains("`raw/sreality/byty vše.json` is not the key"), "{reason}");
    }
    assert_eq!(world.count("select count(*) from warehouse.quarantine").await, 1);
}
