//! What no kept publication names any more is deleted.

use std::collections::HashSet;

use jiff::{SignedDuration, Timestamp};
use runtime::Bucket;

use crate::error::Error;
use crate::manifest::{self, MANIFEST, MANIFESTS, Manifest};

/// So many publications stay readable: one a day, a week.
const KEPT: usize = 7;
/// What a publication that was killed has left may be used by its second try; after a day it had all of them.
const YOUNG: SignedDuration = SignedDuration::from_hours(24);

/// Deletes old publications of the lake and what killed ones left behind; how many objects that were.
pub(crate) async fn delete_old(store: &Bucket, now: Timestamp) -> Result<u64, Error> {
    let mut objects = Vec::new();
    let mut listing = store.list("lake/");
    while let Some(page) = listing.next().await? {
        objects.extend(page);
    }
    let manifests: Vec<_> =
        objects.iter().map(|object| &object.key).filter(|key| key.starts_with(MANIFESTS)).collect();
    let mut named: HashSet<String> = HashSet::from([MANIFEST.to_owned()]);
    // Their names ascend with time.
    for key in manifests.iter().rev().take(KEPT) {
        if let Some((manifest, _)) = manifest::read::<Manifest>(store, key).await? {
            named.extend(manifest.keys());
        }
    }
    if let Some((newest, _)) = manifest::read::<Manifest>(store, MANIFEST).await? {
        named.extend(newest.keys());
    }
    let mut deleted = 0;
    for object in &objects {
        if !named.contains(&object.key) && now.duration_since(object.stored_at) > YOUNG {
            store.delete(&object.key).await?;
            deleted += 1;
        }
    }
    Ok(deleted)
}
