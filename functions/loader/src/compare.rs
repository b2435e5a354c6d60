//! One raw object, read again, against what was loaded of it.

use raw_zone::ObjectKey;
use runtime::RawStore;
use warehouse::{Differences, Warehouse};

use crate::error::Error;
use crate::object::{Object, Place};

/// Reads an object as a load does and tells what differs from ledger and tables. Nothing is changed.
///
/// # Errors
/// If the object cannot be read, or S3 or Postgres fail.
pub async fn compare(
    store: &RawStore,
    warehouse: &mut Warehouse,
    key: &ObjectKey,
) -> Result<Vec<Differences>, Error> {
    let key = key.to_string();
    let (body, bytes) = store.get(&key).await?;
    let object = Object::open(Place { bucket: store.bucket(), key: &key }, body, bytes).await?;
    let mut comparison = warehouse.compare(object.walk()).await?;
    let ending = object.read(comparison.rows()).await?;
    Ok(comparison.finish(&ending).await?)
}
