//! All that surrounds the functions.

use std::collections::HashMap;
use std::fs::File;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use aws_sdk_s3::Client as S3Client;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_s3::primitives::ByteStream;
use local::object_store::{ObjectStore, REGION};

use runtime::s3_event::ObjectCreated;
use serde_json::Value;
use simulator::{Simulator, Source};
use tempfile::TempDir;
use tokio::sync::mpsc::UnboundedReceiver;
use warehouse::Warehouse;

use crate::database::{Database, OWNER};
use crate::faulty_s3::FaultyS3;
use crate::function::Function;
use crate::invoke_api::{InvokeApi, LOADER};
use crate::temporary::folder;

/// The market of every simulator and every walk file here.
pub const MARKET: &str = "simulated:test";
/// The raw bucket.
pub const BUCKET: &str = "raw";

/// A simulated portal, an S3 and a Postgres, all of the test's own.
pub struct World {
    /// The portal.
    pub simulator: Simulator,
    /// The S3.
    pub s3: S3Client,
    /// Postgres, as its superuser.
    pub sql: tokio_postgres::Client,
    /// Postgres.
    pub database: Database,
    object_store: ObjectStore,
    events: UnboundedReceiver<ObjectCreated>,
    folder: TempDir,
}

impl World {
    /// Starts everything, with an empty bucket and an up-to-date schema. Loaders connect as `loader`, who may do no more
    /// than the role; `notifier` tells people, `analyst` reads marts.
    pub async fn start(source: Source) -> Self {
        let folder = folder();
        let database = Database::start().await;
        Warehouse::new(&database.url(OWNER), None).unwrap().migrate().await.unwrap();
        let sql = database.connect(OWNER).await;
        let users = "
            create role loader login in role cenovka_loader;
            create role analyst login in role cenovka_analyst;
            create role notifier login in role cenovka_notifier";
        sql.batch_execute(users).await.unwrap();
        let (object_store, events) = ObjectStore::start(&folder.path().join("s3")).await.unwrap();
        let s3 = s3_client(&object_store);
        s3.create_bucket().bucket(BUCKET).send().await.unwrap();
        let simulator = Simulator::start(source, "127.0.0.1:0".parse().unwrap()).await.unwrap();
        simulator.set_market("test");
        Self { simulator, s3, sql, database, object_store, events, folder }
    }

    /// The functions' settings.
    #[must_use]
    pub fn environment(&self) -> Vec<(String, String)> {
        [
            ("CENOVKA_PORTAL_URL", self.simulator.base_url()),
            ("CENOVKA_REQUESTS_PER_SECOND", "10000".to_owned()),
            ("CENOVKA_RAW_BUCKET", BUCKET.to_owned()),
            ("DATABASE_URL", self.database.url("loader")),
            ("AWS_ENDPOINT_URL", self.object_store.endpoint()),
            ("AWS_ACCESS_KEY_ID", self.object_store.access_key().to_owned()),
            ("AWS_SECRET_ACCESS_KEY", self.object_store.secret_key().to_owned()),
            ("AWS_REGION", REGION.to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
    }

    /// The functions' settings with some of them changed.
    #[must_use]
    pub fn environment_with(&self, changes: &[(&str, &str)]) -> Vec<(String, String)> {
        let mut environment: HashMap<_, _> = self.environment().into_iter().collect();
        environment.extend(changes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        environment.into_iter().collect()
    }

    /// Starts the collector.
    pub async fn collector(&self) -> Function {
        Function::start("collector", &self.environment()).await
    }

    /// Starts a collector that makes at most so many requests per second.
    pub async fn collector_at(&self, requests_per_second: f64) -> Function {
        let rate = requests_per_second.to_string();
        Function::start("collector", &self.environment_with(&[("CENOVKA_REQUESTS_PER_SECOND", &rate)])).await
    }

    /// The bytes of an object.
    pub async fn object(&self, key: &str) -> Vec<u8> {
        let object = self.s3.get_object().bucket(BUCKET).key(key).send().await.unwrap();
        object.body.collect().await.unwrap().to_vec()
    }

    /// Starts a loader.
    pub async fn loader(&self) -> Function {
        Function::start("loader", &self.environment()).await
    }

    /// Starts a reconciler that invokes the loader there.
    pub async fn reconciler(&self, lambda: &InvokeApi) -> Function {
        let settings =
            [("CENOVKA_LOADER_FUNCTION", LOADER), ("AWS_ENDPOINT_URL_LAMBDA", lambda.endpoint.as_str())];
        Function::start("reconciler", &self.environment_with(&settings)).await
    }

    /// A way to the S3 on which reads can fail.
    pub async fn faulty_s3(&self) -> FaultyS3 {
        FaultyS3::start(&self.object_store.endpoint()).await
    }

    /// Ends Postgres at once and starts it again.
    pub async fn crash_and_restart_postgres(&mut self) {
        self.database.crash_and_restart().await;
        self.sql = self.database.connect(OWNER).await;
    }

    /// Lets an object appear to have been stored so long ago.
    pub fn stored_ago(&self, key: &str, ago: Duration) {
        let file = File::options().write(true).open(self.bucket_folder().join(key)).unwrap();
        file.set_modified(SystemTime::now() - ago).unwrap();
    }

    /// The raw bucket as a folder.
    #[must_use]
    pub fn bucket_folder(&self) -> PathBuf {
        self.folder.path().join("s3").join(BUCKET)
    }

    /// The event of the next object that was stored.
    pub async fn next_event(&mut self) -> Value {
        self.events.recv().await.unwrap().to_event()
    }

    /// Walks segments and returns the S3 events of the raw objects.
    pub async fn collect(&mut self, collector: &mut Function, segments: &[&str]) -> Vec<Value> {
        collector.invoke(serde_json::json!({ "segments": segments })).await.unwrap();
        let mut events = Vec::new();
        for _ in segments {
            events.push(self.next_event().await);
        }
        events
    }

    /// Stores bytes under a key and takes their event from the queue.
    pub async fn put(&mut self, key: &str, bytes: Vec<u8>) -> Value {
        self.s3.put_object().bucket(BUCKET).key(key).body(ByteStream::from(bytes)).send().await.unwrap();
        self.next_event().await
    }

    /// A count from the database.
    pub async fn count(&self, sql: &str) -> i64 {
        self.sql.query_one(sql, &[]).await.unwrap().get(0)
    }
}

fn s3_client(object_store: &ObjectStore) -> S3Client {
    let credentials =
        Credentials::new(object_store.access_key(), object_store.secret_key(), None, None, "test");
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(runtime::aws::http_client())
        .region(Region::new(REGION))
        .endpoint_url(object_store.endpoint())
        .credentials_provider(credentials);
    S3Client::from_conf(runtime::bucket::for_own_endpoint(config).build())
}
