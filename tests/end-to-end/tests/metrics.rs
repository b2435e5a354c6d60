//! Metrics: one record for an event, with the right numbers, as CloudWatch and `docs/metrics.md` have it.

use std::collections::BTreeSet;

use end_to_end::embedded_metrics::{self, Metric, Output};
use end_to_end::invoke_api::LOADER;
use end_to_end::{Function, InvokeApi, Loaders, World, binary, world};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use simulator::{Market, Source};

use end_to_end::walk_file::{walk_file, walk_file_with};

async fn world() -> World {
    World::start(Source::Market(Market::new(7, 3000))).await
}

/// The metrics that the table in `docs/metrics.md` has for a function.
fn documented(function: &str) -> BTreeSet<Metric> {
    let text = std::fs::read_to_string(binary::workspace().join("docs/metrics.md")).unwrap();
    let rows = text.lines().filter_map(|line| {
        let cells: Vec<_> = line.split('|').map(|cell| cell.trim().replace('`', "")).collect();
        let [_, name, of, unit, also_by, _, _] = <[String; 7]>::try_from(cells).ok()?;
        let by = |dimension: &str| vec!["Function".to_owned(), dimension.to_owned()];
        let mut dimensions = vec![vec!["Function".to_owned()]];
        dimensions.extend(Some(by(&also_by)).filter(|_| !also_by.is_empty()));
        (of == function || of == "every").then_some(Metric { name, unit, dimensions })
    });
    rows.collect()
}

/// All that a function has written was declared as documented, and all that is documented was written.
fn assert_documented(function: &str, output: &Output) {
    let lines = output.lines();
    let written: BTreeSet<_> = lines.iter().flat_map(embedded_metrics::metrics).collect();
    assert_eq!(written, documented(function));
    for record in lines.iter().filter(|line| line.get("_aws").is_some()) {
        assert_eq!(record["Function"], function);
        assert!(
            record["_aws"]["CloudWatchMetrics"]
                .as_array()
                .unwrap()
                .iter()
                .all(|directive| { directive["Namespace"] == "Cenovka" })
        );
    }
}

/// The process has told once how long its start took.
fn assert_one_start(output: &Output) {
    let starts = output.records("ColdStartMilliseconds");
    assert_eq!(starts.len(), 1);
    let milliseconds = starts[0]["ColdStartMilliseconds"].as_f64().unwrap();
    assert!((0.0..60_000.0).contains(&milliseconds), "{milliseconds}");
}

/// The classes of the failures that were counted.
fn failures(output: &Output) -> Vec<String> {
    let records = output.records("Failures");
    assert!(records.iter().all(|record| record["Failures"] == 1 && record["request"].is_string()));
    records.iter().map(|record| record["Class"].as_str().unwrap().to_owned()).collect()
}

/// These members of a record.
fn of(record: &Value, names: &[&str]) -> Value {
    names.iter().map(|name| ((*name).to_owned(), record[name].clone())).collect()
}

#[tokio::test]
async fn the_collector_writes_one_record_for_each_walk() {
    let world = world().await;
    let output = Output::default();
    let mut collector = Function::start_logging_to(output.file(), "collector", &world.environment()).await;
    collector.ready().await;
    assert_one_start(&output);

    world.simulator.set_faults("script=ok, ok, 503, 429".parse().unwrap());
    let answer = collector.invoke(json!({ "segments": ["flats-sale", "houses-rent"] })).await.unwrap();
    let walks = answer["walks"].as_array().unwrap();
    let records = output.records("Seen");
    assert_eq!((walks.len(), records.len()), (2, 2));
    for (walk, record) in walks.iter().zip(&records) {
        let completeness = 100.0 * walk["seen"].as_f64().unwrap() / walk["announced"].as_f64().unwrap();
        let expected = json!({
            "segment": walk["segment"],
            "key": walk["key"],
            "Complete": 1,
            "Completeness": completeness,
            "Seen": walk["seen"],
            "Requests": walk["requests"],
            "Retries": walk["retries"],
            "Refusals": walk["refusals"],
            "WalkSeconds": walk["seconds"],
            "Drifts": walk["drifts"],
            "ObjectBytes": walk["bytes"],
        });
        let names: Vec<_> = expected.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(of(record, &names), expected);
    }
    let sum = |name: &str| records.iter().map(|record| record[name].as_u64().unwrap()).sum::<u64>();
    assert_eq!((sum("Retries"), sum("Refusals")), (2, 1));

    let request = json!({ "segments": ["flats-rent"], "since": "7d" });
    collector.invoke(request).await.unwrap();
    let records = output.records("Complete");
    assert_eq!(of(&records[2], &["Complete", "since"]), json!({ "Complete": 0, "since": "7d" }));
    assert_eq!(records[2]["incomplete_because"], "only adverts of the last 7d were asked for");

    collector.invoke(json!({ "segments": ["boats-sale"] })).await.unwrap_err();
    assert_eq!(failures(&output), ["reject"]);
    let lines = output.lines();
    let log = lines.iter().find(|line| line["message"] == "the invocation failed").unwrap();
    assert_eq!(log["span"]["xrayTraceId"], end_to_end::runtime_api::TRACE, "{log}");
    assert_eq!(output.records("Seen").len(), 3);
    assert_one_start(&output);
    assert_documented("collector", &output);
}

#[tokio::test]
async fn the_loader_writes_one_record_for_each_object() {
    let mut world = world().await;
    let output = Output::default();
    let mut loader = Function::start_logging_to(output.file(), "loader", &world.environment()).await;
    let row = r#"{"hash_id":12,"category_main_cb":{"value":1},"category_type_cb":{"value":1}}"#;
    let ago = SignedDuration::from_secs(100);
    let (key, file) = walk_file_with(1, &[row, row, r#""no row""#], |_, closing| {
        closing.finished_at = Timestamp::now() - ago;
    })
    .await;
    let event = world.put(&key, file).await;
    loader.invoke(event.clone()).await.unwrap();
    let rows = ["key", "segment", "RowsSeen", "RowsLoaded", "RowsDuplicate", "RowsRejected"];
    let records = output.records("Quarantined");
    assert_eq!(records.len(), 1);
    let expected = json!({
        "key": key, "segment": "flats-sale", "RowsSeen": 3, "RowsLoaded": 1, "RowsDuplicate": 1, "RowsRejected": 1,
    });
    assert_eq!(of(&records[0], &rows), expected);
    let seconds = |name: &str| records[0][name].as_f64().unwrap();
    assert!(0.0 < seconds("LoadSeconds") && seconds("LoadSeconds") < 60.0, "{}", records[0]);
    assert!(100.0 < seconds("LagSeconds") && seconds("LagSeconds") < 160.0, "{}", records[0]);

    // The same event again; an object that is damaged, twice; one whose key is strange.
    loader.invoke(event).await.unwrap();
    let (damaged, file) = walk_file(2, &[], true).await;
    let event = world.put(&damaged, file[..file.len() / 2].to_vec()).await;
    loader.invoke(event.clone()).await.unwrap();
    loader.invoke(event).await.unwrap();
    let event = world.put("raw/sreality/strange", Vec::new()).await;
    loader.invoke(event).await.unwrap();
    let records = output.records("Quarantined");
    let outcome = |record: &Value| (record["AlreadyLoaded"].as_u64(), record["Quarantined"].as_u64());
    let outcomes: Vec<_> = records.iter().map(outcome).collect();
    let expected =
        [(0, 0), (1, 0), (0, 1), (0, 0), (0, 1)].map(|(loaded, aside)| (Some(loaded), Some(aside)));
    assert_eq!(outcomes, expected);
    for name in ["RowsSeen", "LoadSeconds", "LagSeconds"] {
        assert_eq!(output.records(name).len(), 1, "{name} is there only of rows that were loaded now");
    }

    loader
        .invoke(end_to_end::event::object_created("raw", &damaged.replace("sale", "rent")))
        .await
        .unwrap_err();
    assert_eq!(failures(&output), ["reject"]);
    assert_eq!(output.records("Quarantined").len(), 5);
    assert_one_start(&output);
    assert_documented("loader", &output);
}

#[tokio::test]
async fn the_reconciler_writes_one_record_for_each_reconciliation() {
    let mut world = world().await;
    for walk in 1..=3 {
        end_to_end::walk_file::stored_walk(&world, walk, true).await;
        world.next_event().await;
    }
    let (key, file) = walk_file_with(4, &[], |_, closing| {
        closing.finished_at = Timestamp::now() - SignedDuration::from_secs(100);
    })
    .await;
    let event = world.put(&key, file).await;
    world.loader().await.invoke(event).await.unwrap();
    let lambda = InvokeApi::start(Loaders::start(1, &world.environment()).await).await;
    let reconciler = async |output: &Output, loader: &str| {
        let settings =
            [("CENOVKA_LOADER_FUNCTION", loader), ("AWS_ENDPOINT_URL_LAMBDA", lambda.endpoint.as_str())];
        let environment = world.environment_with(&settings);
        Function::start_logging_to(output.file(), "reconciler", &environment).await
    };
    let counts = |output: &Output| {
        let records = output.records("Listed");
        let count = |record: &Value| ["Listed", "Missing", "Left"].map(|name| record[name].as_u64().unwrap());
        records.iter().map(count).collect::<Vec<_>>()
    };

    // Asked for a loader that does not exist, it stops at the first of three objects. The fourth was loaded.
    let output = Output::default();
    let mut astray = reconciler(&output, "nobody").await;
    astray.invoke(json!({ "older_than_minutes": 0, "dry_run": true })).await.unwrap();
    assert_eq!(counts(&output), Vec::<[u64; 3]>::new());
    let planned = json!({ "older_than_minutes": 0, "segments": ["flats-sale"] });
    astray.invoke(planned).await.unwrap_err();
    assert_eq!(counts(&output), [[4, 3, 2]]);
    let record = output.records("StalenessSeconds").remove(0);
    assert_eq!(record["stalest"], "flats-sale");
    let seconds = record["StalenessSeconds"].as_f64().unwrap();
    assert!((100.0..160.0).contains(&seconds), "{record}");
    assert_eq!(failures(&output), ["stop"]);
    assert_one_start(&output);
    assert_documented("reconciler", &output);

    let output = Output::default();
    let mut reconciler = reconciler(&output, LOADER).await;
    reconciler.invoke(json!({ "older_than_minutes": 0 })).await.unwrap();
    let planned = json!({ "older_than_minutes": 0, "segments": ["flats-sale", "houses-sale"] });
    reconciler.invoke(planned).await.unwrap();
    assert_eq!(counts(&output), [[4, 3, 0], [4, 0, 0]]);
    // A segment that was never walked completely has no age.
    assert_eq!(output.records("StalenessSeconds"), Vec::<Value>::new());
    assert_eq!(output.records("Listed")[1]["stalest"], "houses-sale");
    assert_eq!(failures(&output), Vec::<String>::new());
}

const WATCHES: &str = r#"
    [[watch]]
    name = "flats"
    deal = "sale"
    category = "flats"
    channels = ["reader"]

    [channels.reader]
    kind = "feed"
"#;

#[tokio::test]
async fn the_notifier_writes_one_record_for_each_run() {
    let mut world = world().await;
    let row = r#"{"hash_id":12,"category_main_cb":{"value":1},"category_type_cb":{"value":1}}"#;
    let (key, file) = walk_file(1, &[row], true).await;
    let event = world.put(&key, file).await;
    world.loader().await.invoke(event).await.unwrap();
    let output = Output::default();
    let environment = world.environment_with(&[("DATABASE_URL", &world.database.url("notifier"))]);
    let mut notifier = Function::start_logging_to(output.file(), "notifier", &environment).await;

    // Nobody watches; then a watch is new; then something happens.
    notifier.invoke(json!({})).await.unwrap();
    world.put("watches.toml", WATCHES.into()).await;
    notifier.invoke(json!({})).await.unwrap();
    let happens = "
        insert into warehouse.event (hash_id, kind, spell, happened_at, price)
        values (12, 'new', now(), now(), 6490000)";
    world.sql.batch_execute(happens).await.unwrap();
    notifier.invoke(json!({})).await.unwrap();
    let names = ["Events", "Matched", "Messages", "Told", "FailedChannels", "Waiting", "Overdue", "GivenUp"];
    let records = output.records("Events");
    let counts = |record: &Value| names.map(|name| record[name].as_u64().unwrap());
    let counts: Vec<_> = records.iter().map(counts).collect();
    assert_eq!(counts, [[0; 8], [0; 8], [1, 1, 1, 1, 0, 0, 0, 0]]);
    let feed = String::from_utf8(world.object("feeds/flats.xml").await).unwrap();
    assert_eq!(feed.matches("<entry>").count(), 1, "{feed}");

    world.put("watches.toml", "[[watch]]".into()).await;
    notifier.invoke(json!({})).await.unwrap_err();
    assert_eq!(failures(&output), ["stop"]);
    assert_one_start(&output);
    assert_documented("notifier", &output);
}

#[tokio::test]
async fn the_migrator_writes_one_record_for_its_start() {
    let world = world().await;
    let output = Output::default();
    let migrator = Function::start_logging_to(output.file(), "migrator", &world.environment()).await;
    migrator.ready().await;
    assert_one_start(&output);
    assert_eq!(output.lines().iter().filter(|line| line.get("_aws").is_some()).count(), 1);
}

#[test]
fn what_breaks_the_format_is_noticed() {
    let now = Timestamp::now().as_millisecond();
    let good = || {
        json!({
            "_aws": {
                "Timestamp": now,
                "CloudWatchMetrics": [{
                    "Namespace": "Cenovka",
                    "Dimensions": [["Function"], ["Function", "Class"]],
                    "Metrics": [{ "Name": "Failures", "Unit": "Count" }],
                }],
            },
            "Function": "loader",
            "Class": "stop",
            "Failures": 1,
        })
    };
    let faults = |record: &Value| embedded_metrics::faults(&record.to_string());
    assert_eq!(faults(&good()), Vec::<String>::new());
    assert!(!embedded_metrics::faults(&format!("INFO {}", good())).is_empty());
    let directive = "/_aws/CloudWatchMetrics/0";
    for (pointer, value) in [
        ("/_aws", json!([])),
        ("/_aws/Timestamp", json!(now / 1000)),
        ("/_aws/Timestamp", json!(now.to_string())),
        ("/_aws/CloudWatchMetrics", json!([])),
        ("/Function", json!(1)),
        ("/Class", json!("")),
        ("/Class", json!("x".repeat(1025))),
        ("/Failures", json!(null)),
        ("/Failures", json!("1")),
        ("/Failures", json!(vec![1; 101])),
        ("directive/Namespace", json!("")),
        ("directive/Dimensions", json!([])),
        ("directive/Dimensions", json!(["Function"])),
        ("directive/Dimensions", json!([["Nowhere"]])),
        ("directive/Dimensions", json!([["Function"], ["Function"]])),
        ("directive/Dimensions", json!([vec!["Function"; 31]])),
        ("directive/Metrics", json!(vec![json!({ "Name": "Failures" }); 101])),
        ("directive/Metrics/0", json!({ "Name": "Nowhere", "Unit": "Count" })),
        ("directive/Metrics/0", json!({ "Name": "Failures", "Unit": "Pieces" })),
        ("directive/Metrics/0", json!({ "Name": "Failures", "StorageResolution": 5 })),
        ("directive/Metrics/0", json!({ "Name": "Failures", "Value": 1 })),
    ] {
        let mut bad = good();
        *bad.pointer_mut(&pointer.replace("directive", directive)).unwrap() = value.clone();
        assert!(!faults(&bad).is_empty(), "{pointer} {value}");
    }
}

#[tokio::test]
async fn the_publisher_writes_one_record_for_each_publication() {
    let mut world = world().await;
    let (mut collector, mut loader) = (world.collector().await, world.loader().await);
    for event in world.collect(&mut collector, &["flats-sale"]).await {
        loader.invoke(event).await.unwrap();
    }
    let database = world.database.url("analyst");
    let environment =
        world.environment_with(&[("DATABASE_URL", &database), ("CENOVKA_LAKE_BUCKET", world::BUCKET)]);
    let output = Output::default();
    let mut publisher = Function::start_logging_to(output.file(), "publisher", &environment).await;

    world.put("lake/manifest.json", b"not ours".to_vec()).await;
    publisher.invoke(json!({})).await.unwrap_err();
    assert_eq!(failures(&output), ["stop"]);
    world.s3.delete_object().bucket(world::BUCKET).key("lake/manifest.json").send().await.unwrap();
    let report = publisher.invoke(json!({})).await.unwrap();
    publisher.invoke(json!({})).await.unwrap();
    let records = output.records("Publications");
    let counts = |record: &Value| {
        ["Publications", "FilesWritten", "BytesWritten", "PublishedRows"]
            .map(|name| record[name].as_u64().unwrap())
    };
    let report = |name: &str| report[name].as_u64().unwrap();
    assert_eq!(counts(&records[0]), [1, report("files_written"), report("bytes_written"), report("rows")]);
    assert_eq!(counts(&records[1]), [1, 0, 0, report("rows")]);
    assert_eq!(records.len(), 2);
    assert_one_start(&output);
    assert_documented("publisher", &output);
}
