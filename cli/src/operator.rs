//! The operator's commands: the functions' handlers, called by hand, with the functions' settings.

use std::time::{Duration, Instant};

use collector::Collector;
use loader::{LoadResult, Loader, Outcome};
use migrator::Migrator;
use reconciler::Reconciler;
use runtime::{Bucket, Failure, interrupt};

use crate::error::Error;
use crate::parts::LocalLoader;

/// Walks segments and prints what was stored. Interrupted, it stores what it has as incomplete walks.
///
/// # Errors
/// If settings, portal or S3 fail, or the user ends it.
pub async fn collect(request: collector::Request) -> Result<(), Error> {
    let interrupted = interrupt::on_signals();
    let collector = Collector::from_env().await?;
    let collected = Box::pin(collector.collect(&request, None, |walk| {
        let state = walk.incomplete_because.as_deref().unwrap_or("complete");
        println!(
            "{}: {} of {} listings, {} requests, {state}",
            walk.segment, walk.seen, walk.announced, walk.requests
        );
        println!("  {}", walk.key);
    }));
    let result = collected.await.map(drop).map_err(Error::Failed);
    if interrupted.is_cancelled() { Err(Error::Interrupted) } else { result }
}

/// Loads raw objects and prints what became of them.
///
/// # Errors
/// If settings, S3 or Postgres fail, or an object cannot be loaded; the others are.
pub async fn load(keys: &[String]) -> Result<(), Error> {
    let keys: Vec<raw_zone::ObjectKey> = keys.iter().map(|key| key.parse()).collect::<Result<_, _>>()?;
    let loader = Loader::from_env().await?;
    let mut failures = Vec::new();
    for key in &keys {
        let started = Instant::now();
        match Box::pin(loader.load_key(key, None)).await {
            Ok(outcome) => print_outcome(&outcome, started.elapsed()),
            Err(failure) => failures.push(failure),
        }
    }
    Failure::merge(failures).map_or(Ok(()), |failure| Err(Error::Failed(failure)))
}

/// Loads every raw object that the ledger lacks, and prints how many there were.
///
/// # Errors
/// If settings, S3 or Postgres fail, or an object cannot be loaded; the others are.
pub async fn reconcile(request: &reconciler::Request) -> Result<(), Error> {
    let loader::Settings { raw_bucket, database } = loader::Settings::from_env()?;
    let store = Bucket::new(runtime::bucket::s3_client().await, raw_bucket);
    let loader = LocalLoader(Loader::new(store.clone(), credentials::warehouse(&database)?));
    let reconciler = Reconciler::new(store, credentials::warehouse(&database)?, loader);
    let report = Box::pin(reconciler.reconcile(request, None)).await.map_err(Error::Failed)?;
    let verb = if request.dry_run { "would be" } else { "were" };
    println!("{} objects in the raw zone; {} {verb} handed to the loader", report.listed, report.missing);
    for key in &report.keys {
        println!("  {key}");
    }
    if report.missing > report.keys.len() as u64 {
        println!("  …");
    }
    Ok(())
}

/// Prints what became of an object, and how long it took to fetch and load it.
pub(crate) fn print_outcome(Outcome { key, result, .. }: &Outcome, took: Duration) {
    let seconds = took.as_secs_f64();
    match result {
        LoadResult::AlreadyLoaded => println!("{key}: already loaded"),
        LoadResult::Loaded { rows_seen, rows_loaded, rows_duplicate, rows_rejected, .. } => println!(
            "{key}: {rows_seen} rows in {seconds:.3} s: {rows_loaded} loaded, {rows_duplicate} duplicate, \
             {rows_rejected} rejected"
        ),
        LoadResult::Quarantined { kind, reason } => println!("{key}: set aside as {kind}: {reason}"),
        LoadResult::AlreadyQuarantined { kind, reason } => {
            println!(
                "{key}: in quarantine as {kind}: {reason}; to load it all the same: cenovka quarantine release"
            );
        }
    }
}

/// Applies the migrations that the warehouse lacks, and its roles and grants.
///
/// # Errors
/// If a setting of the warehouse is missing or wrong, or Postgres refuses.
pub async fn migrate() -> Result<(), Error> {
    let migrator = Migrator::from_env();
    let migrated = migrator.migrate().await;
    let migrated = migrated.map_err(|error| Error::Failed(error.into()))?;
    match migrated.applied.as_slice() {
        [] => println!("the schema is up to date"),
        names => println!("applied: {}", names.join(", ")),
    }
    Ok(())
}
