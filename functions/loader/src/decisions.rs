//! What an operator decided of objects that were set aside: from the objects beside the raw zone into the warehouse.

use std::collections::HashSet;

use raw_zone::ObjectKey;
use runtime::Bucket;
use uuid::Uuid;
use warehouse::{DECISIONS, Decision, Suspect, Warehouse};

use crate::error::Error;

/// Enters the decisions that the warehouse does not know yet, and says whether one of them changed anything.
pub(crate) async fn heed_decisions(store: &Bucket, warehouse: &mut Warehouse) -> Result<bool, Error> {
    let known: HashSet<Uuid> = warehouse.decisions().await?.into_iter().collect();
    let mut new = false;
    let mut pages = store.list(DECISIONS);
    while let Some(page) = pages.next().await? {
        for object in page {
            if Decision::id_of(&object.key).is_some_and(|id| known.contains(&id)) {
                continue;
            }
            let bytes = store.read(&object.key).await?;
            let decision = serde_json::from_slice(&bytes).map_err(|reason| {
                let bucket = store.bucket().to_owned();
                let key = object.key.clone();
                Error::Decision { bucket, key, reason }
            })?;
            new |= enter(store, warehouse, &decision).await?;
        }
    }
    Ok(new)
}

/// Makes a decision: stores it beside the raw zone, then enters it into the warehouse.
///
/// # Errors
/// If S3 or Postgres fail. Once it is stored, it holds: whoever would set the object aside again reads it.
pub async fn decide(store: &Bucket, warehouse: &mut Warehouse, decision: &Decision) -> Result<(), Error> {
    let key = decision.object_key();
    let json = serde_json::to_vec(decision).map_err(|reason| {
        let bucket = store.bucket().to_owned();
        Error::Decision { bucket, key: key.clone(), reason }
    })?;
    store.put_new_json(&key, json).await?;
    enter(store, warehouse, decision).await.map(drop)
}

async fn enter(store: &Bucket, warehouse: &mut Warehouse, decision: &Decision) -> Result<bool, Error> {
    let key: Option<ObjectKey> = decision.key.parse().ok();
    let walk = key.as_ref().map(|key| (key.walk, &key.segment, key.started_at));
    let suspect = Suspect { bucket: store.bucket(), key: &decision.key, object_bytes: None, walk };
    Ok(warehouse.decide(suspect, decision).await?)
}
