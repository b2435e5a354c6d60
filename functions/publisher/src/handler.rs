//! The handler: one publication, whatever asked for it.

use lambda_runtime::LambdaEvent;
use runtime::{Bucket, Failure, Metrics};
use serde::Serialize;
use serde_json::Value;
use tokio::sync::Mutex;
use warehouse::Warehouse;

use crate::error::Error;
use crate::lake_writer::{self, Published};
use crate::page;
use crate::settings::Settings;

/// What is locked in Postgres while a publication is made.
const LOCK: &str = "cenovka publisher";

/// Publishes the marts. Built once, at start; holds one connection to Postgres.
pub struct Publisher {
    lake: Bucket,
    site: Option<Bucket>,
    warehouse: Mutex<Warehouse>,
}

/// What a run did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The name of the publication that readers see now.
    pub publication: String,
    pub files_written: u64,
    /// Files that the publication before has, too.
    pub files_kept: u64,
    /// Objects of old publications.
    pub files_deleted: u64,
    pub bytes_written: u64,
    /// Rows of all datasets.
    pub rows: u64,
    /// Whether the marts still say what the publication before says.
    pub unchanged: bool,
    /// Files of the page that were put.
    pub page_files_written: u64,
    /// Whether another publication was under way: then nothing was done.
    pub busy: bool,
}

impl Publisher {
    /// Builds the publisher from its parts.
    #[must_use]
    pub fn new(lake: Bucket, site: Option<Bucket>, warehouse: Warehouse) -> Self {
        Self { lake, site, warehouse: Mutex::new(warehouse) }
    }

    /// Builds the publisher from the environment.
    ///
    /// # Errors
    /// If a setting is missing or wrong.
    pub async fn from_env() -> Result<Self, credentials::StartError> {
        let settings = Settings::from_env()?;
        let client = runtime::bucket::s3_client().await;
        let lake = Bucket::new(client.clone(), settings.lake_bucket);
        let site = settings.site_bucket.map(|bucket| Bucket::new(client, bucket));
        Ok(Self::new(lake, site, credentials::warehouse(&settings.database)?))
    }

    /// Answers one invocation: by a schedule, or by hand. What the event holds does not matter, for the marts say what there is
    /// to publish.
    ///
    /// # Errors
    /// If Postgres or a bucket cannot be used. Readers then see what they saw before.
    pub async fn handle(&self, _: LambdaEvent<Value>) -> Result<Report, Failure> {
        let report = self.publish().await?;
        if !report.busy {
            Metrics::default()
                .count("Publications", 1)
                .count("FilesWritten", report.files_written)
                .bytes("BytesWritten", report.bytes_written)
                .count("PublishedRows", report.rows)
                .write();
        }
        Ok(report)
    }

    /// Publishes the lake, and the page if it has a bucket, as of one moment.
    ///
    /// # Errors
    /// As [`Publisher::handle`].
    pub async fn publish(&self) -> Result<Report, Error> {
        let mut warehouse = self.warehouse.lock().await;
        let snapshot = warehouse.mart_snapshot().await?;
        // Held until the snapshot ends, also if this process is killed.
        if !snapshot.lock(LOCK).await? {
            return Ok(Report { busy: true, ..Report::default() });
        }
        let published = lake_writer::publish(&self.lake, &snapshot).await?;
        let page_files_written = match &self.site {
            Some(site) => page::publish(site, &snapshot).await?,
            None => 0,
        };
        let Published {
            publication,
            files_written,
            files_kept,
            files_deleted,
            bytes_written,
            rows,
            unchanged,
        } = published;
        tracing::info!(publication, files_written, files_kept, rows, unchanged, "published");
        Ok(Report {
            publication,
            files_written,
            files_kept,
            files_deleted,
            bytes_written,
            rows,
            unchanged,
            page_files_written,
            busy: false,
        })
    }
}
