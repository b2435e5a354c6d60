//! The operator's commands: the functions' handlers, called by hand, with the functions' settings.

use collector::{Collector, Request};
use loader::{Loaded, Loader, Outcome};
use runtime::{Failure, SettingsError};
use warehouse::Warehouse;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The user ended it.
    #[error("interrupted")]
    Interrupted,
    /// The collector cannot start.
    #[error(transparent)]
    Collector(#[from] collector::StartError),
    /// The loader cannot start.
    #[error(transparent)]
    Loader(#[from] loader::StartError),
    /// The settings.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// Nothing on a key's way to being one.
    #[error(transparent)]
    Key(#[from] raw_zone::KeyError),
    /// A collection or a load failed.
    #[error("{0}")]
    Failed(Failure),
    /// The warehouse.
    #[error(transparent)]
    Warehouse(#[from] warehouse::Error),
    /// The private Postgres.
    #[error(transparent)]
    Postgres(#[from] crate::postgres::Error),
    /// The S3 in this process.
    #[error(transparent)]
    ObjectStore(#[from] crate::object_store::Error),
    /// The data folder.
    #[error(transparent)]
    DataFolder(#[from] crate::data_folder::DataFolderError),
    /// The recorded rows.
    #[error(transparent)]
    RecordedRows(#[from] portal_simulator::RecordedRowsError),
    /// The portal simulator.
    #[error("cannot start the portal simulator: {0}")]
    Simulator(#[source] std::io::Error),
    /// The simulator's URL, which is this program's own.
    #[error(transparent)]
    Client(#[from] sreality::ClientError),
    /// The bucket in the S3 of this process.
    #[error("cannot create the raw bucket: {0}")]
    Bucket(String),
    /// A query of the summary.
    #[error("cannot read the marts: {0}")]
    Mart(#[from] tokio_postgres::Error),
    /// psql.
    #[error("cannot run psql: {0}")]
    Psql(#[source] std::io::Error),
    /// There is nothing to open.
    #[error("DATABASE_URL is set, so there is no private Postgres: run psql \"$DATABASE_URL\"")]
    NoPrivatePostgres,
}

/// Walks segments and prints what was stored.
///
/// # Errors
/// If settings, portal or S3 fail, or the user ends it.
pub async fn collect(segments: Vec<String>, interrupted: impl Future<Output = ()>) -> Result<(), Error> {
    let collector = Collector::from_env().await?;
    let request = Request { segments };
    let collected = Box::pin(collector.collect(&request, None, |walk| {
        let state = walk.incomplete_because.as_deref().unwrap_or("complete");
        println!(
            "{}: {} of {} listings, {} requests, {state}",
            walk.segment, walk.seen, walk.announced, walk.requests
        );
        println!("  {}", walk.key);
    }));
    tokio::select! {
        result = collected => result.map(drop).map_err(Error::Failed),
        () = interrupted => Err(Error::Interrupted),
    }
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
        match Box::pin(loader.load_key(key)).await {
            Ok(outcome) => print(&outcome),
            Err(failure) => failures.push(failure),
        }
    }
    Failure::merge(failures).map_or(Ok(()), |failure| Err(Error::Failed(failure)))
}

fn print(Outcome { key, loaded, .. }: &Outcome) {
    match loaded {
        Loaded::AlreadyLoaded => println!("{key}: already loaded"),
        Loaded::Loaded { rows_seen, rows_loaded, rows_duplicate, rows_rejected, .. } => println!(
            "{key}: {rows_seen} rows: {rows_loaded} loaded, {rows_duplicate} duplicate, {rows_rejected} rejected"
        ),
    }
}

/// Applies the migrations that the warehouse lacks.
///
/// # Errors
/// If `DATABASE_URL` is missing or Postgres refuses.
pub async fn migrate() -> Result<(), Error> {
    let url = runtime::settings::database_url()?;
    let applied = Warehouse::new(&url)?.migrate().await?;
    match applied.as_slice() {
        [] => println!("the schema is up to date"),
        names => println!("applied: {}", names.join(", ")),
    }
    Ok(())
}
