//! The raw objects that the ledger lacks.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use raw_zone::{ObjectKey, PREFIX};
use runtime::Bucket;
use runtime::bucket::StoredObject;
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
    /// Objects that were listed.
    pub(crate) listed: u64,
    /// Those that the loader should be given, oldest walk first, but after all others those whose loads keep failing.
    pub(crate) missing: Vec<MissingObject>,
}

/// Lists the raw zone, or what of it was stored lately, and asks the ledger about each page. Memory grows with what is
/// missing.
pub(crate) async fn find_missing(
    store: &Bucket,
    warehouse: &mut Warehouse,
    ages: Ages,
    now: Timestamp,
) -> Result<Comparison, Error> {
    let mut comparison = Comparison { listed: 0, missing: Vec::new() };
    let failures = warehouse.unfinished_loads().await?;
    let mut folders = vec![match ages.at_most {
        None => Folder::All { prefix: PREFIX.to_owned(), after: String::new() },
        Some(limit) => Folder::Segments { prefix: PREFIX.to_owned(), since: day_before(now, limit) },
    }];
    while let Some(folder) = folders.pop() {
        match folder {
            Folder::Segments { prefix, since } => {
                let (below, objects) = store.look_into(&prefix).await?;
                folders.extend(below.into_iter().filter_map(|below| Folder::below(&prefix, below, &since)));
                comparison.page(store, warehouse, ages, now, &failures, objects).await?;
            }
            Folder::All { prefix, after } => {
                let mut pages = store.list_after(&prefix, &after);
                while let Some(page) = pages.next().await? {
                    comparison.page(store, warehouse, ages, now, &failures, page).await?;
                }
            }
        }
    }
    // The loader compares a walk with what it knows of the time before: in the walks' order it decides alike every
    // time. A handful that times out every time would take up every run, so those come last.
    comparison.missing.sort_by(|left, right| {
        let walk = |missing: &MissingObject| missing.key.as_ref().map(|key| (key.started_at, key.walk));
        let order = |missing: &MissingObject| (missing.failures, walk(missing));
        order(left).cmp(&order(right)).then_with(|| left.object.key.cmp(&right.object.key))
    });
    Ok(comparison)
}

/// A part of the raw zone that is still to be listed.
enum Folder {
    /// Folders of narrower segments and of years.
    Segments {
        prefix: String,
        /// The first day that matters: `2026/11/18`.
        since: String,
    },
    /// All keys with this prefix that come after a key.
    All { prefix: String, after: String },
}

impl Folder {
    /// What to do with a folder in one of segments; nothing with a year that is over.
    fn below(prefix: &str, below: String, since: &str) -> Option<Self> {
        let name = below.strip_prefix(prefix)?.strip_suffix('/')?;
        if !(name.len() == 4 && name.bytes().all(|digit| digit.is_ascii_digit())) {
            return Some(Self::Segments { prefix: below, since: since.to_owned() });
        }
        (name >= since.get(..4)?).then(|| Self::All { after: format!("{prefix}{since}"), prefix: below })
    }
}

/// The day on which the oldest walk started that can have been stored so long ago: a collection takes minutes.
fn day_before(now: Timestamp, limit: SignedDuration) -> String {
    let earliest =
        now.saturating_sub(limit + SignedDuration::from_hours(24)).unwrap_or(Timestamp::UNIX_EPOCH);
    earliest.strftime("%Y/%m/%d").to_string()
}

impl Comparison {
    /// Adds what is missing of a page.
    async fn page(
        &mut self,
        store: &Bucket,
        warehouse: &mut Warehouse,
        ages: Ages,
        now: Timestamp,
        failures: &HashMap<String, i32>,
        page: Vec<StoredObject>,
    ) -> Result<(), Error> {
        self.listed += page.len() as u64;
        let of_age: Vec<StoredObject> =
            page.into_iter().filter(|object| ages.take_in(object.stored_at, now)).collect();
        if of_age.is_empty() {
            return Ok(());
        }
        let keys: Vec<&str> = of_age.iter().map(|object| object.key.as_str()).collect();
        let unknown = warehouse.not_loaded(store.bucket(), &keys).await?;
        let missing = of_age.into_iter().filter(|object| unknown.contains(&object.key)).map(|object| {
            let key = object.key.parse().ok();
            let failures = failures.get(&object.key).copied().unwrap_or_default();
            MissingObject { object, key, failures }
        });
        self.missing.extend(missing);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn years_that_are_over_are_not_listed_and_narrower_segments_are_looked_into() {
        let below = |name: &str| {
            let prefix = "raw/sreality/flats-sale/";
            match Folder::below(prefix, format!("{prefix}{name}/"), "2026/11/18") {
                None => "nothing".to_owned(),
                Some(Folder::Segments { prefix, .. }) => format!("look into {prefix}"),
                Some(Folder::All { prefix, after }) => format!("list {prefix} after {after}"),
            }
        };
        assert_eq!(below("2025"), "nothing");
        assert_eq!(
            below("2026"),
            "list raw/sreality/flats-sale/2026/ after raw/sreality/flats-sale/2026/11/18"
        );
        assert_eq!(
            below("2027"),
            "list raw/sreality/flats-sale/2027/ after raw/sreality/flats-sale/2026/11/18"
        );
        assert_eq!(below("praha-9"), "look into raw/sreality/flats-sale/praha-9/");
    }

    #[test]
    fn what_was_stored_lately_was_walked_a_day_earlier_at_most() {
        let now = "2026-01-05T00:10:00Z".parse().unwrap();
        assert_eq!(day_before(now, SignedDuration::from_hours(7 * 24)), "2025/12/28");
    }
}
