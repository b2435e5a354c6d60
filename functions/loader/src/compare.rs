//! One raw object, read again, against what was loaded of it.

use raw_zone::ObjectKey;
use runtime::Bucket;
use warehouse::{Differences, Warehouse};

use crate::error::Error;
use crate::object::Object;

/// Reads an object as a load does and tells what differs from ledger and tables. Nothing is changed.
///
/// # Errors
/// If the object cannot be read, or S3 or Postgres fail.
pub async fn compare(
    store: &Bucket,
    warehouse: &mut Warehouse,
    key: &ObjectKey,
) -> Result<Vec<Differences>, Error> {
    let key = key.to_string();
    let object = Object::open(store.bucket(), &key, store.fetch(&key).await?)?;
    let mut comparison = warehouse.compare(object.walk(), object.raw()).await?;
    let mut rows = object.read(comparison.comparer());
    while let Some(chunk) = rows.chunks.recv().await {
        comparison.write(chunk).await?;
    }
    let (comparer, ending) = rows.end().await?;
    Ok(comparison.finish(comparer, &ending).await?)
}
