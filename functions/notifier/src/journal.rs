//! What was told, as objects beside the raw zone, so that it outlives the warehouse: a rebuilt one tells nothing again.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use runtime::{RawStore, StoreError};
use serde::{Deserialize, Serialize};
use warehouse::{DeliveryKey, PlannedMessage};

use crate::error::Error;

/// Loads put nothing older into the outbox, and a day more is kept for messages that waited.
const DAYS: i64 = 3;

/// Since when a watch is told what happens.
#[derive(Debug, Serialize, Deserialize)]
struct Since {
    since: Timestamp,
}

/// Keeps what a message told. The same message again is kept under the same key.
pub(crate) async fn keep(
    store: &RawStore,
    message: &PlannedMessage,
    now: Timestamp,
) -> Result<(), StoreError> {
    let key = format!("told/{}/{}.json", day(now), message.id);
    store.put_json(&key, serde_json::to_vec(&message.deliveries).unwrap_or_default()).await
}

/// What was told within the last days.
pub(crate) async fn read(store: &RawStore, now: Timestamp) -> Result<Vec<DeliveryKey>, Error> {
    let mut told: Vec<DeliveryKey> = Vec::new();
    for days in 0..=DAYS {
        let prefix = format!("told/{}/", day(now - SignedDuration::from_hours(24 * days)));
        let mut pages = store.list(&prefix);
        while let Some(page) = pages.next().await? {
            for object in page {
                let bytes = store.read(&object.key).await?;
                told.append(&mut parse(store, &object.key, &bytes)?);
            }
        }
    }
    Ok(told)
}

/// Since when a watch is told what happens: from now on, unless it was there before.
pub(crate) async fn watched_since(store: &RawStore, watch: &str, now: Timestamp) -> Result<Timestamp, Error> {
    let key = format!("told/watches/{watch}.json");
    let since = serde_json::to_vec(&Since { since: now }).unwrap_or_default();
    match store.put_new_json(&key, since).await {
        Ok(()) => Ok(now),
        Err(StoreError::Exists { .. }) => {
            let bytes = store.read(&key).await?;
            let Since { since } = parse(store, &key, &bytes)?;
            Ok(since)
        }
        Err(error) => Err(error.into()),
    }
}

fn parse<'a, T: Deserialize<'a>>(store: &RawStore, key: &str, bytes: &'a [u8]) -> Result<T, Error> {
    serde_json::from_slice(bytes).map_err(|source| Error::Journal {
        bucket: store.bucket().to_owned(),
        key: key.to_owned(),
        source,
    })
}

/// A UTC day.
fn day(at: Timestamp) -> jiff::civil::Date {
    at.to_zoned(TimeZone::UTC).date()
}
