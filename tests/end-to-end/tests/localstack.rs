//! The deployment itself: `template.yaml` in `LocalStack`, started by `localstack/run` as a person starts it.

mod lake;
mod told;

use std::time::Duration;

use end_to_end::database::OWNER;
use end_to_end::localstack::{BUCKET, LocalStack, interrupted, until};
use end_to_end::{Database, processes};
use serde_json::json;
use simulator::{Market, Simulator, Source};
use tokio::time::{Instant, sleep};

use told::Watched;

/// Of the simulated market, when the rule has it walked.
const SCHEDULED_DAY: u32 = 10;

/// Says how long a step took.
fn step(began: &mut Instant, what: &str) {
    println!("{:6.1} s  {what}", began.elapsed().as_secs_f64());
    *began = Instant::now();
}

async fn in_ledger(sql: &tokio_postgres::Client, key: &str) -> bool {
    sql.query_one("select exists (select from warehouse.walk where key = $1)", &[&key]).await.unwrap().get(0)
}

#[tokio::test]
#[ignore = "starts LocalStack, which needs Python 3.11 and PyPI: cargo nextest run --workspace --run-ignored only"]
async fn the_deployed_template_collects_by_schedule_and_loses_nothing() {
    let mut began = Instant::now();
    let mut database = Database::start().await;
    let mut sql = database.connect(OWNER).await;
    let users = "
        create role cenovka_loader; create role cenovka_analyst; create role cenovka_notifier;
        create role loader login in role cenovka_loader;
        create role notifier login in role cenovka_notifier";
    sql.batch_execute(users).await.unwrap();
    // With it Postgres knows when each load was committed.
    sql.batch_execute("alter system set track_commit_timestamp = on").await.unwrap();
    database.stop().await;
    database.start_again().await;
    sql = database.connect(OWNER).await;
    let market = Source::Market(Market::new(7, 20_000));
    let simulator = Simulator::start(market, "127.0.0.1:0".parse().unwrap()).await.unwrap();
    let watched = Watched::start().await;
    step(&mut began, "Postgres, the portal simulator and a receiver for each kind of channel started");

    let watches = watched.settings();
    let settings = [
        ("DATABASE_URL", database.url(OWNER)),
        ("CENOVKA_LOADER_DATABASE_URL", database.url("loader")),
        ("CENOVKA_NOTIFIER_DATABASE_URL", database.url("notifier")),
        ("CENOVKA_PORTAL_URL", simulator.base_url()),
        ("CENOVKA_REQUESTS_PER_SECOND", "1000".to_owned()),
        ("LAMBDA_RETRY_BASE_DELAY", "1".to_owned()),
    ];
    let settings: Vec<(&str, &str)> =
        settings.iter().chain(&watches).map(|(name, value)| (*name, value.as_str())).collect();
    let mut localstack = LocalStack::start(&settings).await;
    step(&mut began, "LocalStack started, template.yaml deployed, schema migrated");

    watched.begin(&localstack, &sql).await;
    step(
        &mut began,
        "both segments were walked, S3's events started the loader, and its success the notifier",
    );
    let loaded = "select count(*), bool_and(complete), sum(rows_loaded)::bigint from warehouse.walk";
    let walks = sql.query_one(loaded, &[]).await.unwrap();
    let listings: i64 = sql.query_one("select count(*) from warehouse.listing", &[]).await.unwrap().get(0);
    assert!(walks.get::<_, bool>(1), "the walks are complete");
    assert!(listings > 0);
    assert_eq!(listings, walks.get::<_, i64>(2), "every row of the first two walks is a listing");

    simulator.advance_to(SCHEDULED_DAY);
    let advanced_at = jiff::Timestamp::now();
    let since = "select count(distinct segment) from warehouse.walk where started_at > $1";
    let scheduled = async || sql.query_one(since, &[&advanced_at]).await.unwrap().get::<_, i64>(0) == 2;
    until("the rule has both segments walked, and the walks are loaded", scheduled).await;
    step(
        &mut began,
        &format!("the rule started the collector, and its walks were loaded: {listings} listings"),
    );
    let told = watched.until_all_came(&sql).await;
    step(&mut began, &format!("what they found out came through each channel: {}", told.join("; ")));

    let family = processes::family(localstack.pid());
    let addresses: Vec<_> = family.iter().flat_map(|pid| processes::listening(*pid)).collect();
    assert!(addresses.len() >= 3, "LocalStack and Runtime APIs listen: {addresses:?}");
    assert!(addresses.iter().all(|address| processes::is_loopback(address)), "{addresses:?}");
    step(
        &mut began,
        &format!("{} processes listen on {} addresses, all loopback", family.len(), addresses.len()),
    );

    let changed = [("CENOVKA_SMALL_RATE", "rate(1 day)"), ("CENOVKA_REQUESTS_PER_SECOND", "2")];
    for _ in 0..2 {
        localstack.deploy(&changed).await;
        let mut schedules = localstack.schedules().await;
        schedules.sort();
        assert_eq!(
            schedules,
            ["cron(40 12 ? * SUN *)", "rate(1 day)", "rate(15 minutes)", "rate(5 minutes)"]
        );
        assert_eq!(localstack.setting("collector", "CENOVKA_REQUESTS_PER_SECOND").await, "2");
    }
    step(&mut began, "deployed again with two settings changed, and once more with none");

    let deployed_at = jiff::Timestamp::now();
    let told = watched.go_on(&localstack, &simulator, &sql, SCHEDULED_DAY).await;
    step(&mut began, "more walks, what they found out after their loads' commits:");
    for channel in told {
        println!("{:10}{channel}", "");
    }

    let ran = tempfile::tempdir().unwrap();
    let bootstrap = format!("#!/bin/sh\ntouch '{}'\n", ran.path().join("mark").display());
    let refusal = localstack.invoke_foreign(&bootstrap).await["errorMessage"].to_string();
    assert!(refusal.contains("was not uploaded by localstack/deploy"), "{refusal}");
    assert!(!ran.path().join("mark").exists(), "the foreign function has run");
    step(&mut began, &format!("a function that somebody else has made does not run: {refusal}"));

    let stored = localstack.keys().await.len();
    let segments =
        ["houses-rent", "houses-auction", "houses-share", "land-rent", "land-auction", "land-share"];
    let throttled = localstack.collect_twice_at_once(&segments).await;
    assert!(throttled.contains("TooManyRequestsException"), "{throttled}");
    let both = stored + 2 * segments.len();
    until("both that need not be answered are walked", async || localstack.keys().await.len() >= both).await;
    step(&mut began, "of three collections at once, one was throttled, and one waited for the first");

    let of_bucket = ["--bucket", BUCKET];
    let configured =
        localstack.aws("s3api get-bucket-notification-configuration", &of_bucket).await.to_string();
    let configure = async |configuration: &str| {
        let arguments = ["--bucket", BUCKET, "--notification-configuration", configuration];
        localstack.aws("s3api put-bucket-notification-configuration", &arguments).await;
    };
    configure("{}").await;
    let lost = localstack.collect("flats-sale/praha-6").await;
    configure(&configured).await;
    sleep(Duration::from_secs(3)).await;
    assert!(!in_ledger(&sql, &lost).await, "an object without event is not loaded");
    step(&mut began, "an object was stored while S3 sent no events");
    let planned = ["flats-sale/praha-7", "flats-rent/praha-7"];
    let everything = json!({ "older_than_minutes": 0, "segments": planned });
    let report = localstack.invoke("reconciler", &everything).await;
    assert!(in_ledger(&sql, &lost).await, "{report}");
    step(&mut began, &format!("the reconciler had it loaded: {report}"));

    database.stop().await;
    let failing = localstack.collect("flats-sale/praha-5").await;
    step(&mut began, "Postgres was stopped, and an object stored");
    let failure = loop {
        // Walks that the rule started meanwhile fail, too.
        let failure = localstack.next_failure().await;
        if failure["requestPayload"]["Records"][0]["s3"]["object"]["key"] == failing.as_str() {
            break failure;
        }
    };
    assert_eq!(failure["requestContext"]["condition"], "RetriesExhausted", "{failure}");
    assert_eq!(failure["responsePayload"]["errorType"], "retry", "{failure}");
    let reason = failure["responsePayload"]["errorMessage"].to_string();
    step(&mut began, &format!("three loads failed, and the event came to the failure queue: {reason}"));
    let of_loader = ["--log-group-name", "/aws/lambda/cenovka-loader"];
    let logs = localstack.aws("logs filter-log-events", &of_loader).await.to_string();
    assert!(logs.contains("REPORT RequestId: ") && logs.contains(&lost), "{logs}");
    let of_reconciler = ["--log-group-name", "/aws/lambda/cenovka-reconciler"];
    let logs = localstack.aws("logs filter-log-events", &of_reconciler).await.to_string();
    assert!(logs.contains("StalenessSeconds"), "{logs}");
    step(&mut began, "CloudWatch has the functions' logs, and the reconciler's metrics in them");
    for function in ["loader", "reconciler", "migrator", "notifier"] {
        let name = format!("cenovka-{function}");
        let configured =
            localstack.aws("lambda get-function-configuration", &["--function-name", &name]).await;
        let variables = &configured["Environment"]["Variables"];
        assert_eq!(variables["DATABASE_URL"], "", "{configured}");
        assert!(variables["DATABASE_URL_SECRET"].as_str().unwrap().starts_with("arn:"), "{configured}");
    }
    step(&mut began, "no function's configuration shows the warehouse's URL");
    let buckets = localstack.aws("s3api list-buckets", &[]).await["Buckets"].to_string();
    assert!(!buckets.contains("cenovka-lake") && !buckets.contains("cenovka-page"), "{buckets}");
    let of_publisher = ["--log-group-name", "/aws/lambda/cenovka-publisher"];
    let logs = localstack.aws("logs filter-log-events", &of_publisher).await;
    assert_eq!(logs["events"], json!([]), "nothing has started the publisher");
    step(&mut began, "without a lake there is no bucket for it, and the publisher rests");
    database.start_again().await;
    sql = database.connect(OWNER).await;
    let report = localstack.invoke("reconciler", &everything).await;
    assert!(in_ledger(&sql, &failing).await, "{report}");
    step(&mut began, &format!("Postgres was started, and the reconciler had the object loaded: {report}"));

    let by_schedule =
        "select count(*) from warehouse.walk where segment = 'flats-sale/praha-7' and started_at > $1";
    let walked: i64 = sql.query_one(by_schedule, &[&deployed_at]).await.unwrap().get(0);
    assert_eq!(
        walked,
        i64::from(told::WALKS),
        "the rule fires by its new schedule and no longer by the old one"
    );
    let family = processes::family(localstack.pid());
    localstack.kill().await;
    until("killed, it leaves no process", async || !family.iter().any(|pid| processes::runs(*pid))).await;
    step(&mut began, &format!("localstack/run was killed, and its {} processes are gone", family.len()));
}

#[tokio::test]
#[ignore = "starts LocalStack, which needs Python 3.11 and PyPI: cargo nextest run --workspace --run-ignored only"]
async fn ctrl_c_ends_localstack_and_all_that_it_has_started() {
    let portal = ("CENOVKA_PORTAL_URL", "http://127.0.0.1:1");
    let database = ("DATABASE_URL", "postgres://nobody@127.0.0.1:1/nothing");
    let (code, said) = interrupted(&[portal, database]).await;
    assert_eq!(code, Some(130), "{said}");
    assert!(said.trim_end().ends_with("ended before it was up") && !said.contains("Traceback"), "{said}");
}
