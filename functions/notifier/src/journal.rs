//! What was told, as objects beside the raw zone, so that it outlives the warehouse: a rebuilt one tells nothing again.

use std::collections::BTreeMap;

use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use runtime::{Bucket, StoreError};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use warehouse::{PlannedMessage, ToldBefore};

use crate::error::Error;

/// Loads put nothing older into the outbox, and a day more is kept for messages that waited.
const DAYS: i64 = 3;
/// So many objects are read at once.
const READS: usize = 16;
/// How the keys of messages end that were begun, and of those that were told.
const BEGUN: &str = ".begun.json";
const TOLD: &str = ".json";

/// Since when a watch is told what happens.
#[derive(Debug, Serialize, Deserialize)]
struct Since {
    since: Timestamp,
}

/// Keeps what a message is about to tell: should the warehouse be lost before anybody knows whether it was told, the next
/// one sends the same message again, under the same key.
pub(crate) async fn begin(
    store: &Bucket,
    message: &PlannedMessage,
    now: Timestamp,
) -> Result<(), StoreError> {
    let key = format!("{}{BEGUN}", object_key(message.id, now));
    store.put_json(&key, serde_json::to_vec(&message.begun()).unwrap_or_default()).await
}

/// Keeps what a message told. The same message again is kept under the same key.
pub(crate) async fn keep(store: &Bucket, message: &PlannedMessage, now: Timestamp) -> Result<(), StoreError> {
    let key = format!("{}{TOLD}", object_key(message.id, now));
    store.put_json(&key, serde_json::to_vec(&message.deliveries).unwrap_or_default()).await
}

fn object_key(message: Uuid, now: Timestamp) -> String {
    format!("told/{}/{message}", day(now))
}

/// What was told within the last days, and what was begun and may have been told.
pub(crate) async fn read(store: &Bucket, now: Timestamp) -> Result<ToldBefore, Error> {
    let (mut told, mut begun) = (BTreeMap::new(), BTreeMap::new());
    for days in 0..=DAYS {
        let prefix = format!("told/{}/", day(now - SignedDuration::from_hours(24 * days)));
        let mut pages = store.list(&prefix);
        while let Some(page) = pages.next().await? {
            for object in page {
                let name = object.key.trim_start_matches(&prefix).to_owned();
                match name.strip_suffix(BEGUN) {
                    Some(message) => begun.insert(message.to_owned(), object.key),
                    None => told.insert(name.trim_end_matches(TOLD).to_owned(), object.key),
                };
            }
        }
    }
    begun.retain(|message, _| !told.contains_key(message));
    let mut before = ToldBefore::default();
    for (_, key, bytes) in read_all(store, told).await? {
        before.told.append(&mut parse(store, &key, &bytes)?);
    }
    for (message, key, bytes) in read_all(store, begun).await? {
        // The notifier gives no other names.
        let Ok(message) = message.parse() else { continue };
        before.begun.push((message, parse(store, &key, &bytes)?));
    }
    Ok(before)
}

/// Messages, with their objects' keys and bytes.
async fn read_all(
    store: &Bucket,
    keys: BTreeMap<String, String>,
) -> Result<Vec<(String, String, Vec<u8>)>, StoreError> {
    let read = |(message, key): (String, String)| async move {
        let bytes = store.read(&key).await?;
        Ok((message, key, bytes))
    };
    stream::iter(keys).map(read).buffered(READS).try_collect().await
}

/// Since when a watch is told what happens: from now on, unless it was there before.
pub(crate) async fn watched_since(store: &Bucket, watch: &str, now: Timestamp) -> Result<Timestamp, Error> {
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

fn parse<'a, T: Deserialize<'a>>(store: &Bucket, key: &str, bytes: &'a [u8]) -> Result<T, Error> {
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
