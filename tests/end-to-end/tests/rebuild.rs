//! Invariant 5: Postgres can always be rebuilt from S3, by the reconciler as it is deployed.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use end_to_end::faulty_s3::Fault;
use end_to_end::tables::{self, Content};
use end_to_end::walked::Plan;
use end_to_end::{Function, InvokeApi, Loaders, World, binary, walked};
use raw_zone::PREFIX;
use serde_json::{Value, json};
use simulator::{Market, Source};

use end_to_end::walk_file::walk_file;

/// Days ago, in the age of an object.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A raw zone, the warehouse that was loaded from it as its objects came, and all that a rebuild needs.
struct Rebuild {
    world: World,
    lambda: InvokeApi,
    loaders: Arc<Loaders>,
    reconciler: Function,
    /// Of all objects.
    events: Vec<Value>,
    /// Of the loaded warehouse.
    contents: BTreeMap<String, Content>,
}

impl Rebuild {
    /// Walks so many days of a market and loads them; one more object is damaged and goes into quarantine, one has rows
    /// that cannot be understood.
    async fn of(days: u32) -> Self {
        let mut market = Market::new(13, 3_000).with_flicker(0.01);
        let mut world = World::start(Source::Market(Market::new(0, 0))).await;
        let mut plan =
            walked::plan(13, days, &["flats-sale", "flats-rent", "houses-sale", "flats-sale/praha"]);
        // Incomplete, however few the days.
        plan.push(Plan { day: days - 1, segment: "flats-rent".parse().unwrap(), most_pages: Some(1) });
        let (_, mut events) = walked::walk(&mut world, &mut market, plan).await;
        let (key, file) = walk_file(1, &[r#""no row""#, r#"{"hash_id":"x"}"#], false).await;
        events.push(world.put(&key, file).await);
        let (key, file) = walk_file(2, &[], true).await;
        events.push(world.put(&key, file[..file.len() / 2].to_vec()).await);

        let loaders = Loaders::start(4, &world.environment()).await;
        let outcomes = loaders.deliver(events.clone()).await;
        assert_eq!(outcomes.iter().filter(|object| object["outcome"] == "quarantined").count(), 1);
        let lambda = InvokeApi::start(Arc::clone(&loaders)).await;
        let reconciler = world.reconciler(&lambda).await;
        let contents = tables::contents(&world.sql).await;
        for table in ["walk", "listing", "listing_version", "spell", "extra_sighting", "reject", "quarantine"]
        {
            assert!(contents[table].rows > 0, "{table}");
        }
        Self { world, lambda, loaders, reconciler, events, contents }
    }

    /// [`Rebuild::of`], then Postgres is lost.
    async fn of_lost(days: u32) -> Self {
        let rebuild = Self::of(days).await;
        tables::empty(&rebuild.world.sql).await;
        assert_eq!(rebuild.contents().await["walk"].rows, 0);
        rebuild
    }

    async fn contents(&self) -> BTreeMap<String, Content> {
        tables::contents(&self.world.sql).await
    }

    fn objects(&self) -> usize {
        self.events.len()
    }

    /// The keys of all objects, sorted.
    fn keys(&self) -> Vec<String> {
        let mut keys: Vec<_> = self.events.iter().map(key).collect();
        keys.sort();
        keys
    }

    /// Runs the reconciler over everything that was ever stored.
    async fn reconcile(&mut self) -> Value {
        self.reconciler.invoke(json!({ "older_than_minutes": 0 })).await.unwrap()
    }

    /// Asks the reconciler what is missing; the keys are sorted.
    async fn missing(&mut self, mut request: Value) -> Vec<String> {
        request["dry_run"] = true.into();
        let report = self.reconciler.invoke(request).await.unwrap();
        let mut keys: Vec<String> = serde_json::from_value(report["keys"].clone()).unwrap();
        assert_eq!((&report["missing"], &report["loaded"]), (&json!(keys.len()), &json!(0)), "{report}");
        keys.sort();
        keys
    }
}

fn key(event: &Value) -> String {
    event["Records"][0]["s3"]["object"]["key"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_empty_database_and_one_reconciler_run_equal_the_old_one_table_by_table() {
    let mut rebuild = Rebuild::of_lost(12).await;
    let all = rebuild.objects();
    let report = rebuild.reconcile().await;
    let expected = json!({ "listed": all, "missing": all, "loaded": all, "failed": 0, "left": 0 });
    for (name, count) in expected.as_object().unwrap() {
        assert_eq!(&report[name], count, "{name}: {report}");
    }
    assert_eq!(rebuild.lambda.invocations(), all);
    assert_eq!(rebuild.contents().await, rebuild.contents);

    let report = rebuild.reconcile().await;
    assert_eq!((&report["listed"], &report["missing"]), (&json!(all), &json!(0)), "{report}");
    assert_eq!(rebuild.lambda.invocations(), all);
}

#[tokio::test]
async fn two_reconcilers_beside_late_events_on_four_loaders_rebuild_the_same() {
    let mut rebuild = Rebuild::of_lost(12).await;
    let mut other = rebuild.world.reconciler(&rebuild.lambda).await;
    let (loaders, late) = (Arc::clone(&rebuild.loaders), rebuild.events.iter().rev().cloned().collect());
    let request = json!({ "older_than_minutes": 0 });
    let (one, two, _) = tokio::join!(
        rebuild.reconciler.invoke(request.clone()),
        other.invoke(request),
        // Two more loaders take these at any moment, mostly what the reconcilers are at too.
        loaders.deliver(late)
    );
    for report in [one.unwrap(), two.unwrap()] {
        assert_eq!((&report["failed"], &report["left"]), (&json!(0), &json!(0)), "{report}");
        assert!(report["loaded"].as_u64().unwrap() > 1, "{report}");
    }
    assert_eq!(rebuild.loaders.most_busy(), 4);
    assert_eq!(rebuild.contents().await, rebuild.contents);
}

#[tokio::test]
async fn a_dry_run_names_what_is_missing_and_changes_nothing() {
    let mut rebuild = Rebuild::of(2).await;
    let (now, keys) = (json!({ "older_than_minutes": 0 }), rebuild.keys());
    assert_eq!(rebuild.missing(now.clone()).await, [] as [&str; 0]);
    tables::empty(&rebuild.world.sql).await;
    let empty = rebuild.contents().await;
    assert_eq!(rebuild.missing(now).await, keys);
    assert_eq!(rebuild.contents().await, empty);
    assert_eq!(rebuild.lambda.invocations(), 0);
}

#[tokio::test]
async fn objects_are_left_alone_that_are_too_young_or_too_old() {
    let mut rebuild = Rebuild::of_lost(2).await;
    // Two walks of today; the others started months ago.
    let (mut today, old): (Vec<_>, Vec<_>) =
        rebuild.keys().into_iter().partition(|key| !key.contains("/2026/01/"));
    today.sort();
    let [one, two] = today.as_slice() else { panic!("{today:?}") };
    assert_eq!(rebuild.missing(json!({})).await, [] as [&str; 0], "all may still be on their way");
    rebuild.world.stored_ago(one, 16 * DAY / (24 * 60));
    rebuild.world.stored_ago(two, 3 * DAY);
    assert_eq!(rebuild.missing(json!({})).await, [one.as_str(), two.as_str()]);
    assert_eq!(rebuild.missing(json!({ "older_than_minutes": 17 })).await, [two.as_str()]);
    assert_eq!(rebuild.missing(json!({ "younger_than_days": 2 })).await, [one.as_str()]);
    assert_eq!(rebuild.missing(json!({ "younger_than_days": 4 })).await, [one.as_str(), two.as_str()]);
    // What was copied here lately is found by a look at all days only.
    let young = json!({ "older_than_minutes": 0, "younger_than_days": 2 });
    assert_eq!(rebuild.missing(young).await, [one.as_str()]);
    let mut all = [old, today.clone()].concat();
    all.sort();
    assert_eq!(rebuild.missing(json!({ "older_than_minutes": 0 })).await, all);
}

#[tokio::test]
async fn a_look_at_the_last_days_lists_as_much_after_ten_years_as_after_one() {
    let mut world = World::start(Source::Market(Market::new(1, 300))).await;
    let lambda = InvokeApi::start(Loaders::start(1, &world.environment()).await).await;
    let s3 = world.faulty_s3().await;
    let settings = world.environment_with(&[
        ("CENOVKA_LOADER_FUNCTION", end_to_end::invoke_api::LOADER),
        ("AWS_ENDPOINT_URL_LAMBDA", lambda.endpoint.as_str()),
        ("AWS_ENDPOINT_URL_S3", &s3.endpoint),
    ]);
    let mut reconciler = Function::start("reconciler", &settings).await;
    let mut collector = world.collector().await;
    world.collect(&mut collector, &["flats-sale", "flats-sale/praha", "flats-rent"]).await;
    let scheduled = json!({ "older_than_minutes": 0, "younger_than_days": 7, "dry_run": true });
    let mut costs = Vec::new();
    for years in [0..1, 1..10] {
        for year in years {
            for (number, segment) in ["flats-sale", "flats-sale/praha", "flats-rent"].iter().enumerate() {
                let start = format!("{}0105t050000.000000z", 2016 + year);
                let walk = format!("00000000-0000-0000-0000-{:012}", year * 10 + number);
                let key = format!("raw/sreality/{segment}/{}/01/05/{start}-{walk}.jsonl.zst", 2016 + year);
                world.put(&key, Vec::new()).await;
            }
        }
        let before = s3.requests();
        let report = reconciler.invoke(scheduled.clone()).await.unwrap();
        assert_eq!((&report["listed"], &report["missing"]), (&json!(3), &json!(3)), "{report}");
        costs.push(s3.requests() - before);
    }
    // The folder of segments; for each its years and places, and its last year.
    assert_eq!(costs, [7, 7]);
}

#[tokio::test]
async fn an_object_that_fails_does_not_stop_the_others_and_its_class_is_kept() {
    let rebuild = Rebuild::of_lost(2).await;
    let failing = key(&rebuild.events[1]);
    let s3 = rebuild.world.faulty_s3().await;
    s3.fail(Fault::Cut(0.5), &failing);
    let settings = rebuild.world.environment_with(&[("AWS_ENDPOINT_URL_S3", &s3.endpoint)]);
    let lambda = InvokeApi::start(Loaders::start(1, &settings).await).await;
    let mut reconciler = rebuild.world.reconciler(&lambda).await;
    let request = json!({ "older_than_minutes": 0 });
    let error = reconciler.invoke(request.clone()).await.unwrap_err();
    assert_eq!(error.class, "retry", "{}", error.message);
    assert!(error.message.contains(&failing), "{}", error.message);
    assert_eq!(lambda.invocations(), rebuild.objects());
    let loaded = rebuild.contents().await;
    // One of the objects is in quarantine.
    assert_eq!(loaded["walk"].rows, i64::try_from(rebuild.objects()).unwrap() - 2);

    s3.heal();
    let report = reconciler.invoke(request).await.unwrap();
    assert_eq!((&report["missing"], &report["loaded"]), (&json!(1), &json!(1)), "{report}");
    assert_eq!(rebuild.contents().await, rebuild.contents);
}

#[tokio::test]
async fn an_archived_object_is_reported_and_the_others_are_loaded() {
    let rebuild = Rebuild::of_lost(2).await;
    let archived = key(&rebuild.events[0]);
    let s3 = rebuild.world.faulty_s3().await;
    s3.fail(Fault::Archived, &archived);
    let settings = rebuild.world.environment_with(&[("AWS_ENDPOINT_URL_S3", &s3.endpoint)]);
    let lambda = InvokeApi::start(Loaders::start(1, &settings).await).await;
    let mut reconciler = rebuild.world.reconciler(&lambda).await;
    let error = reconciler.invoke(json!({ "older_than_minutes": 0 })).await.unwrap_err();
    assert_eq!(error.class, "reject", "{}", error.message);
    assert!(
        error.message.contains(&archived) && error.message.contains("restore-object"),
        "{}",
        error.message
    );
    assert_eq!(error.message.matches("the loader failed on").count(), 1, "{}", error.message);
    assert_eq!(lambda.invocations(), rebuild.objects());

    s3.heal();
    reconciler.invoke(json!({ "older_than_minutes": 0 })).await.unwrap();
    assert_eq!(rebuild.contents().await, rebuild.contents);
}

#[tokio::test]
async fn a_loader_that_does_not_exist_stops_everything() {
    let rebuild = Rebuild::of_lost(1).await;
    let settings = [
        ("CENOVKA_LOADER_FUNCTION", "another-loader"),
        ("AWS_ENDPOINT_URL_LAMBDA", rebuild.lambda.endpoint.as_str()),
    ];
    let mut reconciler = Function::start("reconciler", &rebuild.world.environment_with(&settings)).await;
    let error = reconciler.invoke(json!({ "older_than_minutes": 0 })).await.unwrap_err();
    assert_eq!(error.class, "stop", "{}", error.message);
    assert!(error.message.contains("another-loader"), "{}", error.message);
    assert!(rebuild.objects() > 1);
    assert_eq!(error.message.matches(PREFIX).count(), 1, "one object was tried: {}", error.message);
}

#[tokio::test]
async fn a_loader_whose_concurrency_is_used_up_is_asked_again() {
    let mut rebuild = Rebuild::of_lost(1).await;
    let all = rebuild.objects();
    // The SDK asks three times before it gives up.
    rebuild.lambda.throttle(3 + 2);
    let error = rebuild.reconciler.invoke(json!({ "older_than_minutes": 0 })).await.unwrap_err();
    assert_eq!(error.class, "retry", "{}", error.message);
    assert!(error.message.contains("TooManyRequestsException"), "{}", error.message);
    assert_eq!(error.message.matches(PREFIX).count(), 1, "one object is left: {}", error.message);
    let report = rebuild.reconcile().await;
    assert_eq!((&report["missing"], &report["loaded"]), (&json!(1), &json!(1)), "{report}");
    assert_eq!(rebuild.lambda.invocations(), all);
}

#[tokio::test]
async fn a_reconciler_stops_before_its_deadline_and_the_next_run_finishes() {
    let mut rebuild = Rebuild::of_lost(4).await;
    let (all, request) = (rebuild.objects(), json!({ "older_than_minutes": 0 }));
    // It begins no load in its last two minutes.
    rebuild.lambda.delay(Duration::from_secs(1));
    let deadline = Duration::from_secs(124);
    let report = rebuild.reconciler.invoke_within(deadline, request).await.unwrap();
    let count = |name: &str| usize::try_from(report[name].as_u64().unwrap()).unwrap();
    assert!(count("loaded") > 0 && count("left") > 0, "{report}");
    assert_eq!(
        (count("missing"), count("loaded") + count("left"), count("failed")),
        (all, all, 0),
        "{report}"
    );
    assert_eq!(rebuild.lambda.invocations(), count("loaded"));

    rebuild.lambda.delay(Duration::ZERO);
    let next = rebuild.reconcile().await;
    assert_eq!((&next["loaded"], &next["left"]), (&json!(count("left")), &json!(0)), "{next}");
    assert_eq!(rebuild.contents().await, rebuild.contents);
}

#[tokio::test]
async fn objects_that_an_older_parser_rejected_rows_of_are_loaded_again() {
    let mut rebuild = Rebuild::of(2).await;
    let outdated = "update warehouse.reject set parser_version = 0";
    assert_eq!(rebuild.world.sql.execute(outdated, &[]).await.unwrap(), 2);
    assert_ne!(rebuild.contents().await, rebuild.contents);
    let report = rebuild.reconcile().await;
    assert_eq!((&report["missing"], &report["loaded"]), (&json!(1), &json!(1)), "{report}");
    assert_eq!(rebuild.contents().await, rebuild.contents);
}

#[tokio::test]
async fn a_schema_that_is_not_known_is_refused() {
    let mut rebuild = Rebuild::of(1).await;
    let later = "insert into warehouse.migration (version, name, md5) values (99, 'later', '')";
    rebuild.world.sql.batch_execute(later).await.unwrap();
    let request = json!({ "older_than_minutes": 0 });
    let mut reconciler = rebuild.world.reconciler(&rebuild.lambda).await;
    for _ in 0..2 {
        let error = reconciler.invoke(request.clone()).await.unwrap_err();
        assert_eq!(error.class, "stop", "{}", error.message);
        assert!(error.message.contains("schema is version 99"), "{}", error.message);
    }
    rebuild.world.sql.batch_execute("delete from warehouse.migration where version = 99").await.unwrap();
    let report = reconciler.invoke(request).await.unwrap();
    assert_eq!(report["missing"], 0, "{report}");
    assert_eq!(rebuild.reconcile().await["missing"], 0);
}

#[tokio::test]
async fn cenovka_reconcile_rebuilds_without_a_deployed_loader() {
    let rebuild = Rebuild::of_lost(4).await;
    let (all, empty) = (rebuild.objects(), rebuild.contents().await);
    let cenovka = async |arguments: &[&str]| {
        let mut command = tokio::process::Command::new(binary::built("cenovka"));
        command.arg("reconcile").args(arguments).envs(rebuild.world.environment()).stdin(Stdio::null());
        let output = command.output().await.unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
        text
    };
    let text = cenovka(&["--dry-run"]).await;
    assert!(text.contains(&format!("{all} objects in the raw zone; {all} would be handed")), "{text}");
    assert!(rebuild.keys().iter().all(|key| text.contains(key)), "{text}");
    assert_eq!(rebuild.contents().await, empty);
    let text = cenovka(&["--older-than-minutes", "15"]).await;
    assert!(text.contains("; 0 were handed to the loader"), "{text}");
    assert_eq!(rebuild.contents().await, empty);
    let text = cenovka(&[]).await;
    assert!(text.contains(&format!("; {all} were handed to the loader")), "{text}");
    assert_eq!(rebuild.contents().await, rebuild.contents);
    assert_eq!(rebuild.lambda.invocations(), 0);
}
