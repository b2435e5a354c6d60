//! The operator's view of the quarantine.

use std::time::Instant;

use loader::Loader;
use raw_zone::ObjectKey;
use runtime::{DatabaseSettings, LoaderSettings};

use crate::error::Error;
use crate::operator::{open, print_outcome};

/// Prints every object that is or was set aside.
///
/// # Errors
/// If a setting of the warehouse is missing or wrong, or Postgres refuses.
pub async fn list() -> Result<(), Error> {
    let database = DatabaseSettings::from_env()?;
    let objects = open(&database)?.quarantine_list().await?;
    for object in &objects {
        let state =
            object.released_at.map_or_else(String::new, |released| format!(", released {released:.0}"));
        println!("{}", object.key);
        println!("  {} since {:.0}{state}: {}", object.kind, object.noted_at, object.reason);
    }
    if objects.is_empty() {
        println!("nothing was set aside");
    }
    Ok(())
}

/// Releases an object and loads it at once.
///
/// # Errors
/// If settings, S3 or Postgres fail, or the object is not in quarantine.
pub async fn release(key: &str) -> Result<(), Error> {
    let key: ObjectKey = key.parse()?;
    let settings = LoaderSettings::from_env()?;
    let name = key.to_string();
    let mut warehouse = open(&settings.database)?;
    if warehouse.quarantined(&settings.raw_bucket, &name).await?.is_none() {
        return Err(Error::NotQuarantined { key: name });
    }
    // Released before, it may still have to be loaded.
    warehouse.release(&settings.raw_bucket, &name).await?;
    let (loader, started) = (Loader::from_env().await?, Instant::now());
    let outcome = Box::pin(loader.load_key(&key, None)).await.map_err(Error::Failed)?;
    print_outcome(&outcome, started.elapsed());
    Ok(())
}
