//! What is walked becomes files that a manifest names, and a page: by the publisher's own rule, and by hand.

use std::collections::BTreeSet;

use end_to_end::Database;
use end_to_end::database::OWNER;
use end_to_end::localstack::{LocalStack, until};
use publisher::{MANIFEST, Manifest};
use serde_json::{Value, json};
use simulator::{Market, Simulator, Source};
use tokio::time::Instant;

use super::step;

const LAKE: &str = "cenovka-lake-000000000000-eu-central-1";
const PAGE: &str = "cenovka-page-000000000000-eu-central-1";
/// What the small plan collects.
const SEGMENTS: [&str; 2] = ["flats-sale/praha-7", "flats-rent/praha-7"];

/// An object and its media type.
async fn object(localstack: &LocalStack, bucket: &str, key: &str) -> Option<(Vec<u8>, String)> {
    let object = localstack.s3().get_object().bucket(bucket).key(key).send().await.ok()?;
    let media_type = object.content_type().unwrap_or_default().to_owned();
    Some((object.body.collect().await.unwrap().to_vec(), media_type))
}

/// Waits until so many walks are published, and returns the publication.
async fn publication_of(localstack: &LocalStack, walks: u64) -> Manifest {
    let mut published = None;
    let whole = async || {
        let Some((json, _)) = object(localstack, LAKE, MANIFEST).await else { return false };
        let manifest: Manifest = serde_json::from_slice(&json).unwrap();
        published.insert(manifest).datasets["walk"].rows == walks
    };
    until(&format!("{walks} walks are published"), whole).await;
    published.unwrap()
}

/// Has the segments walked, and waits until both walks are loaded.
async fn walk(localstack: &LocalStack, sql: &tokio_postgres::Client) {
    const WALKS: &str = "select count(*) from warehouse.walk";
    let before: i64 = sql.query_one(WALKS, &[]).await.unwrap().get(0);
    localstack.invoke("collector", &json!({ "segments": SEGMENTS })).await;
    let loaded = async || sql.query_one(WALKS, &[]).await.unwrap().get::<_, i64>(0) == before + 2;
    until("both walks are loaded", loaded).await;
}

#[tokio::test]
#[ignore = "starts LocalStack, which needs Python 3.11 and PyPI: cargo nextest run --workspace --run-ignored only"]
async fn what_is_walked_is_published_as_files_and_as_a_page() {
    let mut began = Instant::now();
    let database = Database::start().await;
    let sql = database.connect(OWNER).await;
    let users = "
        create role cenovka_loader; create role cenovka_analyst; create role cenovka_notifier;
        create role loader login in role cenovka_loader;
        create role publisher login in role cenovka_analyst";
    sql.batch_execute(users).await.unwrap();
    let market = Source::Market(Market::new(7, 20_000));
    let simulator = Simulator::start(market, "127.0.0.1:0".parse().unwrap()).await.unwrap();
    let settings = [
        ("DATABASE_URL", database.url(OWNER)),
        ("CENOVKA_LOADER_DATABASE_URL", database.url("loader")),
        ("CENOVKA_PUBLISHER_DATABASE_URL", database.url("publisher")),
        ("CENOVKA_LAKE", "on".to_owned()),
        ("CENOVKA_PAGE", "on".to_owned()),
        ("CENOVKA_PUBLICATION_RATE", "rate(1 minute)".to_owned()),
        // What is published is to be what was walked here.
        ("CENOVKA_SMALL_RATE", "rate(1 day)".to_owned()),
        ("CENOVKA_PORTAL_URL", simulator.base_url()),
        ("CENOVKA_REQUESTS_PER_SECOND", "1000".to_owned()),
    ];
    let settings: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let localstack = LocalStack::start(&settings).await;
    step(&mut began, "LocalStack started, template.yaml deployed with lake and page");

    walk(&localstack, &sql).await;
    let first = publication_of(&localstack, 2).await;
    step(&mut began, &format!("the rule started the publisher: publication {}", first.publication));

    simulator.advance_to(10);
    walk(&localstack, &sql).await;
    // Sent, and not invoked: the rule may have started it at the same moment, and only one may run.
    localstack.send("publisher", &json!({})).await;
    let second = publication_of(&localstack, 4).await;
    assert!(second.publication > first.publication, "{second:?}");
    assert_eq!(second.market.as_deref(), Some(simulator.base_url().as_str()));
    let listings: i64 = sql.query_one("select count(*) from mart.current_listing", &[]).await.unwrap().get(0);
    assert_eq!(i64::try_from(second.datasets["current_listing"].rows), Ok(listings));
    step(&mut began, &format!("a later day was published by hand: publication {}", second.publication));

    for publication in [&first, &second] {
        let kept =
            object(&localstack, LAKE, &format!("lake/manifests/{}.json", publication.publication)).await;
        assert_eq!(serde_json::from_slice::<Manifest>(&kept.unwrap().0).unwrap(), *publication);
        assert!(object(&localstack, LAKE, &publication.schema).await.is_some());
        for (name, dataset) in &publication.datasets {
            let mut files = BTreeSet::new();
            for file in &dataset.files {
                let (bytes, _) = object(&localstack, LAKE, &file.key).await.unwrap();
                assert_eq!(bytes.len() as u64, file.bytes, "{}", file.key);
                assert!(bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1"), "{}", file.key);
                files.insert(format!("s3://{LAKE}/{}", file.key));
            }
            // As the template's tables for Athena look for it.
            let list = format!("lake/symlinks/{name}/{}/files.txt", publication.publication);
            let (list, _) = object(&localstack, LAKE, &list).await.unwrap();
            let listed = String::from_utf8(list).unwrap().lines().map(str::to_owned).collect();
            assert_eq!(files, listed, "{name}");
        }
    }
    step(&mut began, "all files that both manifests name are there, and the lists for Athena name the same");

    let (page, media_type) = object(&localstack, PAGE, "index.html").await.unwrap();
    assert!(media_type.starts_with("text/html"), "{media_type}");
    assert!(String::from_utf8(page).unwrap().contains("data/manifest.json"));
    let (slices, media_type) = object(&localstack, PAGE, "data/manifest.json").await.unwrap();
    assert_eq!(media_type, "application/json");
    let slices: Value = serde_json::from_slice(&slices).unwrap();
    assert_eq!((&slices["format"], &slices["simulated"]), (&json!(1), &json!(true)), "{slices}");
    let named = slices["slices"].as_object().unwrap();
    assert!(!named.is_empty());
    for key in named.values() {
        let (slice, _) = object(&localstack, PAGE, key.as_str().unwrap()).await.unwrap();
        serde_json::from_slice::<Value>(&slice).unwrap();
    }
    step(&mut began, &format!("the page is there, with {} slices", named.len()));

    assert_eq!(localstack.setting("publisher", "DATABASE_URL").await, "");
    let secret = localstack.setting("publisher", "DATABASE_URL_SECRET").await;
    assert!(secret.as_str().unwrap().starts_with("arn:"), "{secret}");
    // A deployment that does not mention the lake leaves it.
    localstack.deploy(&[("CENOVKA_LAKE", ""), ("CENOVKA_PAGE", "")]).await;
    assert_eq!(localstack.setting("publisher", "CENOVKA_SITE_BUCKET").await, PAGE);
    step(
        &mut began,
        "no configuration shows the warehouse's URL, and a deployment leaves lake and page as they are",
    );
}
