//! The raw zone against ledger and quarantine.

use std::collections::HashMap;

use raw_zone::{ObjectKey, PREFIX};
use runtime::bucket::StoredObject;
use runtime::{Bucket, Failure, StoreError};
use warehouse::{LedgerEntry, Quarantined, Warehouse};

use super::report::Report;
use crate::error::Error;

/// What was compared.
pub(super) struct Compared {
    /// Objects in the raw zone.
    pub(super) listed: u64,
    /// Those that are as the ledger says, in the order of their keys.
    pub(super) loaded: Vec<ObjectKey>,
}

/// Lists the raw zone page by page, and asks the ledger for all that it has between the page's keys: what is in one and
/// not in the other differs.
pub(super) async fn compare_raw_zone(
    store: &Bucket,
    warehouse: &mut Warehouse,
    report: &mut Report,
) -> Result<Compared, Error> {
    report.step("comparing the raw zone with the ledger");
    let set_aside: HashMap<String, Quarantined> = warehouse
        .quarantine_list()
        .await?
        .into_iter()
        .filter(|object| {
            object.decided.as_ref().is_none_or(|decided| decided.action == "dismiss") || object.is_open
        })
        .map(|object| (object.key.clone(), object))
        .collect();

    let mut compared = Compared { listed: 0, loaded: Vec::new() };
    let mut after = String::new();
    let mut gone = Vec::new();
    let mut pages = store.list(PREFIX);
    while let Some(page) = pages.next().await.map_err(|error| failed(&error))? {
        let Some(last) = page.last().map(|object| object.key.clone()) else { continue };
        let entries = warehouse.ledger_between(&after, Some(&last)).await?;
        let mut entries: HashMap<String, LedgerEntry> =
            entries.into_iter().map(|entry| (entry.key.clone(), entry)).collect();
        compared.listed += page.len() as u64;
        for object in page {
            match entries.remove(&object.key) {
                Some(entry) => compared.loaded.extend(as_loaded(&object, &entry, report)),
                None => not_loaded(&object.key, set_aside.get(&object.key), report),
            }
        }
        gone.extend(entries.into_keys());
        after = last;
    }
    gone.extend(warehouse.ledger_between(&after, None).await?.into_iter().map(|entry| entry.key));
    gone.sort();
    for key in gone {
        // What was stored and loaded after its page was listed is not gone.
        if !exists(store, &key).await? {
            let what = "loaded, but gone from S3: restore it, the warehouse cannot be rebuilt without it";
            report.difference("gone object", &format!("{key}: {what}"));
        }
    }
    Ok(compared)
}

/// The key of an object that is as the ledger says.
fn as_loaded(object: &StoredObject, entry: &LedgerEntry, report: &mut Report) -> Option<ObjectKey> {
    let StoredObject { key, size, .. } = object;
    if *size != entry.object_bytes {
        let what = format!("{size} bytes in S3, but {} when it was loaded", entry.object_bytes);
        report.difference("changed object", &format!("{key}: {what}: restore the object that was loaded"));
        return None;
    }
    if entry.outdated {
        let what = "an older parser rejected rows of it: cenovka reconcile loads it again";
        report.difference("outdated rejects", &format!("{key}: {what}"));
        return None;
    }
    let parsed = key.parse().map_err(|error| report.difference("strange key", &format!("{error}")));
    parsed.ok()
}

fn not_loaded(key: &str, set_aside: Option<&Quarantined>, report: &mut Report) {
    if let Some(Quarantined { kind, reason, is_open, .. }) = set_aside {
        let state = if *is_open { "in quarantine" } else { "dismissed" };
        report.note(state, &format!("{key}: {kind}: {reason}"));
        return;
    }
    match key.parse::<ObjectKey>() {
        Ok(_) => report.difference("missing load", &format!("{key}: not loaded: cenovka reconcile loads it")),
        Err(error) => report.difference("strange key", &format!("{error}: cenovka reconcile sets it aside")),
    }
}

async fn exists(store: &Bucket, key: &str) -> Result<bool, Error> {
    let page = store.list(key).next().await.map_err(|error| failed(&error))?;
    Ok(page.is_some_and(|page| page.iter().any(|object| object.key == key)))
}

fn failed(error: &StoreError) -> Error {
    Error::Failed(Failure::of(error))
}
