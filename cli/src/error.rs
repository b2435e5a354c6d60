//! Why a command of `cenovka` failed.

use runtime::{Failure, SettingsError};

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("interrupted")]
    Interrupted,
    #[error(transparent)]
    Collector(#[from] collector::StartError),
    #[error(transparent)]
    Start(#[from] credentials::StartError),
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// A text that is no key of a raw object.
    #[error(transparent)]
    Key(#[from] raw_zone::KeyError),
    /// A collection, a load or a migration failed.
    #[error("{0}")]
    Failed(Failure),
    #[error(transparent)]
    Warehouse(#[from] warehouse::Error),
    #[error(transparent)]
    Dashboard(#[from] crate::dashboard::error::Error),
    #[error(transparent)]
    Postgres(#[from] local::postgres::Error),
    #[error(transparent)]
    ObjectStore(#[from] local::object_store::Error),
    #[error(transparent)]
    DataFolder(#[from] crate::data_folder::DataFolderError),
    #[error(transparent)]
    RecordedRows(#[from] simulator::RecordedRowsError),
    #[error("cannot start the portal simulator")]
    Simulator(#[source] std::io::Error),
    /// The simulator's URL, which is this program's own.
    #[error(transparent)]
    Client(#[from] sreality_client::ClientError),
    /// An event of the S3 in this process.
    #[error("cannot read the event of a stored object")]
    Event(#[from] serde_json::Error),
    /// A bucket in the S3 of this process.
    #[error("cannot create the bucket {name}: {reason}")]
    Bucket { name: String, reason: String },
    #[error(transparent)]
    Export(#[from] crate::export::error::Error),
    #[error(transparent)]
    Publisher(#[from] publisher::Error),
    #[error("cannot serve the page on port {port}: {reason}")]
    Serve { port: u16, reason: String },
    #[error("cannot read the marts")]
    Mart(#[from] tokio_postgres::Error),
    /// The times of loads on simulated days.
    #[error("cannot date the loads of a simulated day")]
    LoadTimes(#[source] tokio_postgres::Error),
    /// The warehouse holds something else than the market that was to be simulated.
    #[error(
        "the warehouse at DATABASE_URL holds the market {held}, and the simulated days of this data folder are {ours}: \
         nothing was changed; name an empty database in DATABASE_URL, or unset it for a private one"
    )]
    OtherMarket { held: String, ours: String },
    #[error(transparent)]
    Notifier(#[from] notifier::StartError),
    #[error("cannot read the watches in {file}")]
    ReadWatches { file: String, source: std::io::Error },
    #[error("{file} is no file of watches: {count} faults, named above")]
    WrongWatches { file: String, count: usize },
    #[error(
        "the watches that are told stand in s3://{bucket}/{key}, not in {file}: copy it there and leave it out here, \
         or add --dry-run"
    )]
    WatchesElsewhere { file: String, bucket: String, key: &'static str },
    #[error("cannot run psql")]
    Psql(#[source] std::io::Error),
    #[error("{key} is not in quarantine: cenovka quarantine list shows what is")]
    NotQuarantined { key: String },
    #[error("{key} was released: what is loaded cannot be dismissed")]
    Released { key: String },
    #[error("ledger, raw zone and tables differ: {count} differences, named above")]
    Differences { count: u64 },
    #[error("DATABASE_URL is set, so there is no private Postgres: run psql \"$DATABASE_URL\"")]
    NoPrivatePostgres,
}
