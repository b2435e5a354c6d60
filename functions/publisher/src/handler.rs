//! The handler: one publication, whatever asked for it.

use lambda_runtime::LambdaEvent;
use runtime::{Bucket, Failure, Metrics};
use serde_json::Value;
use tokio::sync::Mutex;
use warehouse::Warehouse;

use crate::error::Error;
use crate::lake_writer;
use crate::page::{self, Site};
use crate::report::Report;
use crate::settings::Settings;

/// What is locked in Postgres while a publication is made.
const LOCK: &str = "cenovka publisher";

/// Publishes the marts. Built once, at start; holds one connection to Postgres.
pub struct Publisher {
    lake: Bucket,
    site: Option<Site>,
    warehouse: Mutex<Warehouse>,
}

impl Publisher {
    /// Builds the publisher from its parts.
    #[must_use]
    pub fn new(lake: Bucket, site: Option<Site>, warehouse: Warehouse) -> Self {
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
        let listings = settings.page_listings;
        let site = settings.site_bucket.map(|bucket| Site { bucket: Bucket::new(client, bucket), listings });
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
        let mut report = lake_writer::publish(&self.lake, &snapshot).await?;
        if let Some(site) = &self.site {
            report.page_files_written = page::publish(site, &snapshot).await?;
        }
        let Report { ref publication, files_written, files_kept, rows, unchanged, .. } = report;
        tracing::info!(publication, files_written, files_kept, rows, unchanged, "published");
        Ok(report)
    }
}
