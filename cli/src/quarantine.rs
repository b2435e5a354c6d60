//! The operator's view of the quarantine.

use std::time::Instant;

use loader::Loader;
use raw_zone::ObjectKey;
use runtime::settings::variable;
use runtime::{Bucket, DatabaseSettings};
use warehouse::{Action, Decision, Quarantined, Warehouse};

use crate::error::Error;
use crate::operator::print_outcome;

/// Prints every object that is or was set aside.
///
/// # Errors
/// If a setting of the warehouse is missing or wrong, or Postgres refuses.
pub async fn list() -> Result<(), Error> {
    let database = DatabaseSettings::from_env()?;
    let objects = credentials::warehouse(&database)?.quarantine_list().await?;
    for object in &objects {
        println!("{}", object.key);
        println!("  {} since {:.0}: {}", object.kind, object.noted_at, object.reason);
        if let Some(decided) = &object.decided {
            let what = if decided.action == "release" { "released" } else { "dismissed" };
            let because = decided.because.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
            println!("  {what} {:.0} by {}{because}", decided.at, decided.by);
        }
    }
    if objects.is_empty() {
        println!("nothing was set aside");
    }
    Ok(())
}

/// What a decision on an object needs.
struct Desk {
    store: Bucket,
    warehouse: Warehouse,
    by: String,
    because: Option<String>,
}

impl Desk {
    async fn open(by: Option<String>, because: Option<String>) -> Result<Self, Error> {
        let loader::Settings { raw_bucket, database } = loader::Settings::from_env()?;
        let store = Bucket::new(runtime::bucket::s3_client().await, raw_bucket);
        let by = by.or_else(|| variable("USER")).unwrap_or_else(|| "unknown".to_owned());
        Ok(Self { store, warehouse: credentials::warehouse(&database)?, by, because })
    }

    async fn object(&mut self, key: &str) -> Result<Quarantined, Error> {
        let object = self.warehouse.quarantined(key).await?;
        object.ok_or_else(|| Error::NotQuarantined { key: key.to_owned() })
    }

    async fn decide(&mut self, action: Action, object: &Quarantined) -> Result<(), Error> {
        let decision = Decision::new(action, object, self.by.clone(), self.because.clone());
        let decided = loader::decide(&self.store, &mut self.warehouse, &decision).await;
        decided.map_err(|error| Error::Failed(error.into()))
    }
}

/// Releases an object and loads it at once; with `following`, also every later walk of its segment that is set aside for the
/// same reason.
///
/// # Errors
/// If settings, S3 or Postgres fail, or the object is not in quarantine.
pub async fn release(
    key: &str,
    following: bool,
    by: Option<String>,
    because: Option<String>,
) -> Result<(), Error> {
    // A key that is no raw object's can only be dismissed.
    let key = key.parse::<ObjectKey>()?.to_string();
    let mut desk = Desk::open(by, because).await?;
    let first = desk.object(&key).await?;
    let mut objects = vec![first.clone()];
    if following {
        let is_later = |other: &Quarantined| {
            let same = |(segment, _): &(String, _)| first.walk.as_ref().is_some_and(|(of, _)| of == segment);
            other.is_open
                && other.kind == first.kind
                && other.walk > first.walk
                && other.walk.as_ref().is_some_and(same)
        };
        objects.extend(desk.warehouse.quarantine_list().await?.into_iter().filter(is_later));
        objects.sort_by(|one, other| one.walk.cmp(&other.walk));
    }
    for object in &objects {
        desk.decide(Action::Release, object).await?;
    }
    let loader = Loader::from_env().await?;
    for Quarantined { key, .. } in &objects {
        let started = Instant::now();
        let outcome = Box::pin(loader.load_key(&key.parse()?, None)).await.map_err(Error::Failed)?;
        print_outcome(&outcome, started.elapsed());
    }
    Ok(())
}

/// Closes an object: it is never loaded, and no check speaks of it any more.
///
/// # Errors
/// If settings, S3 or Postgres fail, or the object is not in quarantine.
pub async fn dismiss(key: &str, by: Option<String>, because: String) -> Result<(), Error> {
    let mut desk = Desk::open(by, Some(because)).await?;
    let object = desk.object(key).await?;
    if !object.is_open && object.decided.as_ref().is_some_and(|decided| decided.action == "release") {
        return Err(Error::Released { key: key.to_owned() });
    }
    desk.decide(Action::Dismiss, &object).await?;
    println!("{key}: dismissed");
    Ok(())
}
