//! `cenovka verify`: compares ledger, raw zone and tables, and prints what differs. Nothing is changed.

mod raw_zone;
mod report;

use ::raw_zone::ObjectKey;
use causes::with_causes;
use jiff::{SignedDuration, Timestamp};
use runtime::{Bucket, StoreError};
use warehouse::Warehouse;

use crate::error::Error;
use raw_zone::{Compared, compare_raw_zone};
use report::Report;

/// Compares the raw zone with the ledger, each loaded raw object with the tables, and the tables with each other. Of
/// the raw objects only those are read whose walks started less than so many days ago, if that is said.
///
/// # Errors
/// If anything differs, or settings, S3 or Postgres fail.
pub async fn verify(younger_than_days: Option<u32>) -> Result<(), Error> {
    let loader::Settings { raw_bucket, database } = loader::Settings::from_env()?;
    let store = Bucket::new(runtime::bucket::s3_client().await, raw_bucket);
    let mut warehouse = credentials::warehouse(&database)?;
    let mut report = Report::new();

    let Compared { listed, mut loaded } = compare_raw_zone(&store, &mut warehouse, &mut report).await?;
    if let Some(days) = younger_than_days {
        let earliest = Timestamp::now().saturating_sub(SignedDuration::from_hours(24 * i64::from(days)));
        loaded.retain(|key| earliest.as_ref().is_ok_and(|earliest| key.started_at > *earliest));
    }
    compare_objects(&store, &mut warehouse, &loaded, &mut report).await?;
    report.step("comparing the tables with each other");
    warehouse.compare_tables(|found| report.differences(None, found)).await?;
    report.finish(listed, loaded.len())
}

/// Reads the objects again and compares what a load of them would bring with what is there.
async fn compare_objects(
    store: &Bucket,
    warehouse: &mut Warehouse,
    keys: &[ObjectKey],
    report: &mut Report,
) -> Result<(), Error> {
    report.expect(keys.len());
    for key in keys {
        report.step(&key.segment.to_string());
        match Box::pin(loader::compare(store, warehouse, key)).await {
            Ok(found) => {
                let key = key.to_string();
                found.into_iter().for_each(|found| report.differences(Some(&key), found));
            }
            Err(loader::Error::Store(error @ StoreError::Missing { .. })) => {
                report.difference("gone object", &error.to_string());
            }
            // It cannot be compared; that says nothing of the tables.
            Err(loader::Error::Store(error @ StoreError::Archived { .. })) => {
                report.note("archived object", &error.to_string());
            }
            // As a load would set it aside.
            Err(error) if error.quarantine().is_some() => {
                report.difference("damaged object", &with_causes(&error));
            }
            Err(error) => return Err(Error::Failed(error.into())),
        }
        report.advance();
    }
    Ok(())
}
