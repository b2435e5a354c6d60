//! One raw object, read again, against what was loaded of it.

use raw_zone::ObjectKey;
use runtime::RawStore;
use warehouse::{Differences, Warehouse};

use crate::error::Error;
use crate::object::{Object, ObjectAddress};

/// Reads an object as a load does and tells what differs from ledger and tables. Nothing is changed.
///
/// # Errors
/// If the object cannot be read, or S3 or Postgres fail.
pub async fn compare(
    store: &RawStore,
    warehouse: &mut Warehouse,
    key: &ObjectKey,
) -> Result<Vec<Differences>, Error> {
    let address = ObjectAddress { bucket: store.bucket().to_owned(), key: key.to_string() };
    let fetched = store.fetch(&address.key).await?;
    let object = Object::open(address, fetched)?;
    let mut comparison = warehouse.compare(object.walk()).await?;
    let mut rows = object.read(comparison.comparer());
    while let Some(chunk) = rows.chunks.recv().await {
        comparison.write(chunk).await?;
    }
    let (comparer, ending) = rows.end().await?;
    Ok(comparison.finish(comparer, &ending).await?)
}
