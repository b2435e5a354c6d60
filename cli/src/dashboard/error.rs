//! Why there is no dashboard.

use std::io;
use std::path::{Path, PathBuf};

use local::system_error::SystemError;

/// Why `cenovka dashboard` failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(
        "port {port} of 127.0.0.1 is in use, perhaps by another dashboard: end that, or pass another --port"
    )]
    PortInUse { port: u16 },
    #[error("cannot listen on port {port} of 127.0.0.1 (another --port may do)")]
    Port { port: u16, source: io::Error },
    #[error(
        "Superset needs Python 3.10, 3.11 or 3.12 with venv, and this machine has none in its PATH (found: {found}): \
         install one (`apt-get install python3-venv` or `brew install python@3.11`)"
    )]
    NoPython { found: String },
    #[error("there is nothing to show yet: `{fill}` fills the warehouse")]
    NothingToShow { fill: &'static str },
    #[error("another cenovka installs Superset into {folder}: wait until it has")]
    Installing { folder: PathBuf },
    #[error("{what} failed; the end of {log}:\n{tail}")]
    Failed { what: &'static str, log: PathBuf, tail: String },
    /// The URL of the warehouse has no form that Superset's driver understands.
    #[error("Superset cannot use DATABASE_URL: {reason}")]
    Url { reason: &'static str },
    /// A program did not start or did not end.
    #[error(transparent)]
    Supervisor(#[from] local::supervisor::Error),
    /// The analyst's login could not be made.
    #[error("cannot make the login analyst in the private Postgres")]
    Login(#[source] tokio_postgres::Error),
    #[error(transparent)]
    System(#[from] SystemError),
}

impl Error {
    pub(super) fn io(action: &'static str, path: &Path) -> impl Fn(io::Error) -> Self + use<> {
        SystemError::when(action, path)
    }
}
