//! The parts of a local run, from outside: the private Postgres and the embedded S3.
//!
//! The tests of Postgres need its binaries, as `cargo run` does.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests may fail loudly")]

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region, RequestChecksumCalculation};
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::primitives::ByteStream;
use local::object_store::{self, ObjectStore};
use local::postgres::{self, PrivatePostgres};
use tempfile::TempDir;
use tokio_postgres::NoTls;

/// A folder that every user may enter: run as root, Postgres runs as another user.
fn open_folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    folder
}

async fn connect(postgres: &PrivatePostgres) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(&postgres.database_url(), NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

#[tokio::test]
async fn a_second_run_goes_on_where_the_first_ended() {
    let folder = open_folder();
    let first = PrivatePostgres::start(folder.path()).await.unwrap();
    let url = first.database_url();
    let client = connect(&first).await;
    client.batch_execute("CREATE TABLE kept AS SELECT 'ž' AS letter").await.unwrap();
    first.stop().await.unwrap();

    let second = PrivatePostgres::start(folder.path()).await.unwrap();
    assert_eq!(second.database_url(), url, "a session of psql can be repeated");
    let client = connect(&second).await;
    let row = client.query_one("SELECT letter FROM kept", &[]).await.unwrap();
    assert_eq!(row.get::<_, &str>(0), "ž");
    second.stop().await.unwrap();
}

#[tokio::test]
async fn a_data_folder_in_use_is_refused_at_once() {
    let folder = open_folder();
    let first = PrivatePostgres::start(folder.path()).await.unwrap();
    let second = PrivatePostgres::start(folder.path()).await.unwrap_err();
    assert!(matches!(second, postgres::Error::InUse { .. }), "{second:?}");
    let message = second.to_string();
    assert!(message.contains(folder.path().to_str().unwrap()), "{message}");
    assert!(message.contains("another cenovka uses the data folder"), "{message}");
    first.stop().await.unwrap();
}

#[tokio::test]
async fn a_dropped_handle_ends_the_server_and_loses_nothing() {
    let folder = open_folder();
    let postgres = PrivatePostgres::start(folder.path()).await.unwrap();
    let client = connect(&postgres).await;
    client.batch_execute("CREATE TABLE kept (number int); INSERT INTO kept VALUES (7)").await.unwrap();

    drop(postgres);
    // The server removes the file as the last thing that it does.
    let pid_file = folder.path().join("cluster/postmaster.pid");
    assert!(disappears(&pid_file).await, "the server still runs");

    let postgres = PrivatePostgres::start(folder.path()).await.unwrap();
    let row = connect(&postgres).await.query_one("SELECT number FROM kept", &[]).await.unwrap();
    assert_eq!(row.get::<_, i32>(0), 7);
    postgres.stop().await.unwrap();
}

#[tokio::test]
async fn a_start_waits_for_the_server_of_a_run_that_has_just_died() {
    let folder = open_folder();
    for _ in 0..3 {
        let postgres = PrivatePostgres::start(folder.path()).await.unwrap();
        drop(postgres);
    }
    PrivatePostgres::start(folder.path()).await.unwrap().stop().await.unwrap();
}

#[tokio::test]
async fn an_initialisation_that_was_interrupted_is_done_anew() {
    let folder = open_folder();
    let unfinished = folder.path().join("cluster.new");
    fs::create_dir(&unfinished).unwrap();
    fs::write(unfinished.join("PG_VERSION"), "15\n").unwrap();
    PrivatePostgres::start(folder.path()).await.unwrap().stop().await.unwrap();
    assert!(!unfinished.exists());
}

#[tokio::test]
async fn a_folder_too_deep_for_a_socket_serves_all_the_same() {
    let folder = open_folder();
    let deep = folder.path().join("a folder with a long name & 'quotes'".repeat(3));
    let postgres = PrivatePostgres::start(&deep).await.unwrap();
    let row = connect(&postgres).await.query_one("SELECT 1", &[]).await.unwrap();
    assert_eq!(row.get::<_, i32>(0), 1);
    postgres.stop().await.unwrap();
}

#[tokio::test]
async fn a_named_folder_without_postgres_is_refused_by_name() {
    let folder = open_folder();
    let empty = tempfile::tempdir().unwrap();
    let error = PrivatePostgres::start_with(folder.path(), Some(empty.path())).await.unwrap_err();
    let message = error.to_string();
    assert!(message.contains("CENOVKA_POSTGRES_BIN"), "{message}");
    assert!(message.contains(empty.path().to_str().unwrap()), "{message}");
}

#[tokio::test]
async fn a_cluster_of_another_major_version_is_refused_with_both_versions() {
    let folder = open_folder();
    fs::create_dir(folder.path().join("cluster")).unwrap();
    fs::write(folder.path().join("cluster/PG_VERSION"), "7\n").unwrap();
    let error = PrivatePostgres::start(folder.path()).await.unwrap_err();
    assert!(matches!(&error, postgres::Error::OtherMajor { needed, .. } if needed == "7"), "{error:?}");
}

async fn disappears(path: &Path) -> bool {
    let patience = Instant::now() + Duration::from_secs(120);
    while path.exists() {
        if Instant::now() > patience {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    true
}

fn client(store: &ObjectStore) -> Client {
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(runtime::aws::http_client())
        .region(Region::new(object_store::REGION))
        .endpoint_url(store.endpoint())
        .credentials_provider(Credentials::new(store.access_key(), store.secret_key(), None, None, "test"))
        .force_path_style(true)
        .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
        .build();
    Client::from_conf(config)
}

async fn put(client: &Client, key: &str, body: &'static [u8]) {
    client.put_object().bucket("raw-zone").key(key).body(ByteStream::from_static(body)).send().await.unwrap();
}

#[tokio::test]
async fn a_put_is_kept_with_its_metadata_and_told_of() {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("walk.jsonl.zst");
    let bytes: Vec<u8> = (0..3_000_000_u32).map(|number| number.to_le_bytes()[1]).collect();
    fs::write(&source, &bytes).unwrap();

    let store_folder = folder.path().join("objects");
    let (store, mut created) = ObjectStore::start(&store_folder).await.unwrap();
    let s3 = client(&store);
    s3.create_bucket().bucket("raw-zone").send().await.unwrap();
    let key = "raw/sreality/flats-sale/a b+č.jsonl.zst";
    let put = s3.put_object().bucket("raw-zone").key(key).body(ByteStream::from_path(&source).await.unwrap());
    let put = put.content_type("application/x-ndjson").metadata("walk-id", "42").if_none_match("*");
    let put = put.send().await.unwrap();

    let event = created.recv().await.unwrap();
    assert_eq!((event.bucket.as_str(), event.key.as_str(), event.size), ("raw-zone", key, 3_000_000));
    assert_eq!(put.e_tag(), Some(format!("\"{}\"", event.etag).as_str()));
    let json = event.to_event();
    let encoded = "raw/sreality/flats-sale/a+b%2B%C4%8D.jsonl.zst";
    assert_eq!(json["Records"][0]["s3"]["object"]["key"], encoded);
    store.stop().await;

    let (store, _created) = ObjectStore::start(&store_folder).await.unwrap();
    let found = client(&store).get_object().bucket("raw-zone").key(key).send().await.unwrap();
    assert_eq!(found.content_type(), Some("application/x-ndjson"));
    assert_eq!(found.metadata().unwrap()["walk-id"], "42");
    assert!(found.body.collect().await.unwrap().into_bytes() == bytes, "other bytes came back");
    store.stop().await;
}

#[tokio::test]
async fn an_object_is_written_once_even_by_two_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let (store, mut created) = ObjectStore::start(folder.path()).await.unwrap();
    let s3 = client(&store);
    s3.create_bucket().bucket("raw-zone").send().await.unwrap();

    let once = |body: &'static [u8]| {
        let put = s3.put_object().bucket("raw-zone").key("once").if_none_match("*");
        put.body(ByteStream::from_static(body)).send()
    };
    let (one, other) = tokio::join!(once(b"one"), once(b"other"));
    assert!(one.is_ok() != other.is_ok(), "{one:?} {other:?}");
    let refused = once(b"third").await.unwrap_err();
    assert_eq!(refused.raw_response().unwrap().status().as_u16(), 412);
    assert_eq!(refused.code(), Some("PreconditionFailed"));

    store.stop().await;
    assert_eq!(created.recv().await.unwrap().key, "once");
    assert!(created.recv().await.is_none(), "a refused put is no event");
}

#[tokio::test]
async fn a_listing_comes_in_pages_and_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _created) = ObjectStore::start(folder.path()).await.unwrap();
    let s3 = client(&store);
    s3.create_bucket().bucket("raw-zone").send().await.unwrap();
    for key in ["raw/c", "raw/a", "other", "raw/b/d"] {
        put(&s3, key, b"x").await;
    }

    let list = s3.list_objects_v2().bucket("raw-zone").prefix("raw/").max_keys(2).into_paginator();
    let pages = list.send().collect::<Result<Vec<_>, _>>().await.unwrap();
    let keys: Vec<Vec<&str>> =
        pages.iter().map(|page| page.contents().iter().filter_map(|object| object.key()).collect()).collect();
    assert_eq!(keys, [vec!["raw/a", "raw/b/d"], vec!["raw/c"]]);
    store.stop().await;
}

#[tokio::test]
async fn what_is_missing_or_cannot_be_kept_is_refused_as_on_aws() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _created) = ObjectStore::start(folder.path()).await.unwrap();
    let s3 = client(&store);
    s3.create_bucket().bucket("raw-zone").send().await.unwrap();

    let missing = s3.get_object().bucket("raw-zone").key("missing").send().await.unwrap_err();
    assert_eq!(missing.code(), Some("NoSuchKey"));
    let no_bucket = s3.put_object().bucket("no-bucket").key("key").send().await.unwrap_err();
    assert_eq!(no_bucket.code(), Some("NoSuchBucket"));
    let too_long = s3.put_object().bucket("raw-zone").key("k".repeat(200)).send().await.unwrap_err();
    assert_eq!(too_long.code(), Some("KeyTooLongError"));
    put(&s3, &"k".repeat(150), b"x").await;
    store.stop().await;
}

#[tokio::test]
async fn a_stranger_to_the_secret_key_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _created) = ObjectStore::start(folder.path()).await.unwrap();
    let config = client(&store).config().to_builder();
    let guessed = Credentials::new(store.access_key(), "guessed", None, None, "test");
    let stranger = Client::from_conf(config.credentials_provider(guessed).build());
    let refused = stranger.list_buckets().send().await.unwrap_err();
    assert_eq!(refused.code(), Some("SignatureDoesNotMatch"));
    store.stop().await;
}

#[tokio::test]
async fn an_object_store_in_use_is_refused_until_it_is_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _created) = ObjectStore::start(folder.path()).await.unwrap();
    let second = ObjectStore::start(folder.path()).await.unwrap_err();
    assert!(matches!(second, object_store::Error::InUse { .. }), "{second:?}");
    store.stop().await;
    let (store, _created) = ObjectStore::start(folder.path()).await.unwrap();
    store.stop().await;
}
