//! The raw objects that the ledger lacks.

use jiff::{SignedDuration, Timestamp};
use raw_zone::{ObjectKey, PREFIX};
use runtime::RawStore;
use runtime::raw_store::StoredObject;
use warehouse::Warehouse;

use crate::error::Error;

/// A raw object that is not in the warehouse as it should be.
#[derive(Clone, Debug)]
pub struct MissingObject {
    /// The object as S3 lists it.
    pub object: StoredObject,
    /// Its key, if it is one of a raw object.
    pub key: Option<ObjectKey>,
    /// How often its load came to no end.
    pub failures: i32,
}

/// Which objects to look at, by how long ago they were stored.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ages {
    /// Younger ones may still be on their way to the loader.
    pub(crate) at_least: SignedDuration,
    /// Older ones were looked at before.
    pub(crate) at_most: Option<SignedDuration>,
}

impl Ages {
    fn take_in(self, stored_at: Timestamp, now: Timestamp) -> bool {
        let age = now.duration_since(stored_at);
        age >= self.at_least && self.at_most.is_none_or(|limit| age <= limit)
    }
}

/// What a comparison of raw zone and ledger found.
#[derive(Debug)]
pub(crate) struct Comparison {
    /// Objects in the raw zone.
    pub(crate) listed: u64,
    /// Those that the loader should be given, oldest walk first, but after all others those whose loads keep failing.
    pub(crate) missing: Vec<MissingObject>,
}

/// Lists the raw zone page by page and asks the ledger about each page. Memory grows with what is missing.
pub(crate) async fn find_missing(
    store: &RawStore,
    warehouse: &mut Warehouse,
    ages: Ages,
    now: Timestamp,
) -> Result<Comparison, Error> {
    let (mut listed, mut missing) = (0, Vec::new());
    let failures = warehouse.unfinished_loads(store.bucket()).await?;
    let mut pages = store.list(PREFIX);
    while let Some(page) = pages.next().await? {
        listed += page.len() as u64;
        let of_age: Vec<StoredObject> =
            page.into_iter().filter(|object| ages.take_in(object.stored_at, now)).collect();
        let keys: Vec<&str> = of_age.iter().map(|object| object.key.as_str()).collect();
        let unknown = warehouse.not_loaded(store.bucket(), &keys).await?;
        missing.extend(of_age.into_iter().filter(|object| unknown.contains(&object.key)).map(|object| {
            let key = object.key.parse().ok();
            let failures = failures.get(&object.key).copied().unwrap_or_default();
            MissingObject { object, key, failures }
        }));
    }
    // The loader compares a walk with what it knows of the time before: in the walks' order it decides alike every
    // time. A handful that times out every time would take up every run, so those come last.
    missing.sort_by(|left, right| {
        let walk = |missing: &MissingObject| missing.key.as_ref().map(|key| (key.started_at, key.walk));
        let order = |missing: &MissingObject| (missing.failures, walk(missing));
        order(left).cmp(&order(right)).then_with(|| left.object.key.cmp(&right.object.key))
    });
    Ok(Comparison { listed, missing })
}
