//! A private Postgres for one machine: a cluster in the data folder, served by the machine's own Postgres.
//!
//! It listens on a unix socket in a folder that only its owner may enter, and on no port, so it is in
//! nobody's way and nobody needs a password. One process at a time uses it, for as long as that process
//! lives: [`crate::supervisor`] says how the server ends with it, whatever happens. It is as durable as any
//! Postgres: a killed run loses no committed transaction.
//!
//! ```text
//! <folder>/lock         held by the process that uses the folder
//! <folder>/cluster/     the data directory
//! <folder>/cluster.new/ a data directory that is being initialised; a whole one is renamed to cluster
//! <folder>/socket/      the unix socket, while the server runs
//! <folder>/server.log   what the last run's initdb and postgres said, locked by them
//! ```

mod account;
mod binaries;
mod error;
mod fetched;
mod installation;
mod log;

use std::env;
use std::ffi::OsString;
use std::fs::{self, DirBuilder};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use runtime::settings::variable;
use tokio::time::{Instant, sleep};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, NoTls};

use account::Account;
pub use account::is_root;
use binaries::Binaries;
pub use error::Error;
use log::Log;

use crate::folder_lock::FolderLock;
use crate::supervisor::{Signal, Supervisor};

/// The variable that names the folder with `initdb` and `postgres` to use instead of searching for them.
pub const BINARIES_VARIABLE: &str = "CENOVKA_POSTGRES_BIN";

/// What a folder's name must not have in a URL.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b'/');

/// The role that owns everything, and the database.
pub const NAME: &str = "cenovka";

/// Part of the socket's file name, and nothing else: no port is opened. Said so that a PGPORT in the
/// environment does not change it.
pub const PORT: &str = "5432";

/// A unix socket's path may have about this many bytes: 108 on Linux, 104 on macOS, both with a final zero.
const LONGEST_SOCKET_PATH: usize = 100;

/// How long a start may take, mostly to replay what a killed run left in the write-ahead log.
const START_PATIENCE: Duration = Duration::from_secs(120);

/// A running private Postgres. It ends with [`PrivatePostgres::stop`], or by being dropped, or with this
/// process.
#[derive(Debug)]
pub struct PrivatePostgres {
    // The order matters when this is dropped: first the server is told to end, then the folder is given up.
    server: Supervisor,
    socket_folder: PathBuf,
    binaries: Binaries,
    _lock: FolderLock,
}

impl PrivatePostgres {
    /// Starts the cluster in `folder`, making both if they are missing, with the machine's own Postgres: that
    /// of the folder named by [`BINARIES_VARIABLE`], or else the first in the PATH, then in Debian's,
    /// Homebrew's and Red Hat's usual places. A machine without one gets one from a package. An existing cluster
    /// gets the major version that made it.
    pub async fn start(folder: &Path) -> Result<Self, Error> {
        Self::start_with(folder, variable(BINARIES_VARIABLE).map(PathBuf::from).as_deref()).await
    }

    /// [`PrivatePostgres::start`] with the `initdb` and `postgres` of the folder `binaries`, or with those
    /// that a search finds.
    pub async fn start_with(folder: &Path, binaries: Option<&Path>) -> Result<Self, Error> {
        fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
        let folder = folder.canonicalize().map_err(Error::io("open", folder))?;
        let lock_file = folder.join("lock");
        let lock = FolderLock::take(&lock_file).map_err(Error::io("lock", &lock_file))?;
        let lock = lock.ok_or_else(|| Error::InUse { folder: folder.clone() })?;
        let log = Log::take_over(&folder).await?;

        let cluster = folder.join("cluster");
        let account = Account::choose(&cluster)?;
        let binaries = Binaries::choose(binaries, &cluster).await?;
        account.check_reach(&[&folder, &binaries.folder]).await?;
        if !cluster.exists() {
            initialise(&cluster, &binaries, &account, &log).await?;
        }

        let socket_folder = make_socket_folder(&folder, &account)?;
        let (server, client) = launch(&cluster, &socket_folder, &binaries, &account, &log).await?;
        create_database(&client, NAME).await?;
        Ok(Self { server, socket_folder, binaries, _lock: lock })
    }

    /// Where to connect, as both `tokio-postgres` and `psql` understand it.
    pub fn database_url(&self) -> String {
        url(&self.socket_folder, NAME)
    }

    /// The database as another user of it sees it.
    pub fn database_url_of(&self, user: &str) -> String {
        let owners = self.database_url();
        format!("{}user={user}", owners.strip_suffix(&format!("user={NAME}")).unwrap_or(&owners))
    }

    /// The folder of its socket, which libpq takes as a host.
    pub fn socket_folder(&self) -> &Path {
        &self.socket_folder
    }

    /// Where another of its databases is, as SQLAlchemy understands it.
    pub fn sqlalchemy_url(&self, database: &str) -> String {
        let host = percent_encoded(&self.socket_folder);
        format!("postgresql+psycopg2://{NAME}@/{database}?host={host}&port={PORT}")
    }

    /// Makes another database in the cluster, unless it is there. Its name is taken as it is.
    pub async fn make_database(&self, name: &str) -> Result<(), Error> {
        create_database(&connect(&self.socket_folder).await?, name).await
    }

    /// The terminal client that came with the server; any in the PATH if none did.
    pub fn psql(&self) -> PathBuf {
        let psql = self.binaries.folder.join("psql");
        if psql.is_file() { psql } else { PathBuf::from("psql") }
    }

    /// Ends open connections, writes everything down and ends the server.
    pub async fn stop(self) -> Result<(), Error> {
        self.server.stop().await?;
        // The next start makes it anew; one in the folder for temporary files should not be left behind.
        fs::remove_dir_all(&self.socket_folder).map_err(Error::io("remove", &self.socket_folder))
    }
}

/// Makes the cluster. Whatever interrupts it, a later start finds a whole cluster or none.
async fn initialise(cluster: &Path, binaries: &Binaries, account: &Account, log: &Log) -> Result<(), Error> {
    let unfinished = cluster.with_extension("new");
    make_anew(&unfinished, account)?;

    let username = format!("--username={NAME}");
    let arguments =
        ["--encoding=UTF8", "--locale=C", "--auth=trust", "--no-instructions", &username, "--pgdata"];
    let mut arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
    arguments.push(unfinished.clone().into());
    let mut initdb = supervise(account, &binaries.folder.join("initdb"), &arguments, log)?;
    if !initdb.ended().await?.success() {
        return Err(log.blame("initdb"));
    }
    fs::rename(&unfinished, cluster).map_err(Error::io("rename", &unfinished))
}

fn make_socket_folder(folder: &Path, account: &Account) -> Result<PathBuf, Error> {
    let mut socket_folder = folder.join("socket");
    let socket = socket_folder.join(format!(".s.PGSQL.{PORT}"));
    if socket.as_os_str().len() > LONGEST_SOCKET_PATH {
        let mut hasher = DefaultHasher::new();
        folder.hash(&mut hasher);
        socket_folder = env::temp_dir().join(format!("{NAME}-{:016x}", hasher.finish()));
    }
    make_anew(&socket_folder, account)?;
    Ok(socket_folder)
}

/// Makes an empty folder that only the account may enter. What lay there is removed, never taken over: in a
/// folder for temporary files it could belong to somebody else.
fn make_anew(folder: &Path, account: &Account) -> Result<(), Error> {
    if folder.symlink_metadata().is_ok() {
        fs::remove_dir_all(folder).map_err(Error::io("remove", folder))?;
    }
    DirBuilder::new().mode(0o700).create(folder).map_err(Error::io("create", folder))?;
    account.give(folder)
}

/// Starts the server and waits until it answers.
async fn launch(
    cluster: &Path,
    socket_folder: &Path,
    binaries: &Binaries,
    account: &Account,
    log: &Log,
) -> Result<(Supervisor, Client), Error> {
    let arguments = server_arguments(cluster, socket_folder);
    let mut server = supervise(account, &binaries.folder.join("postgres"), &arguments, log)?;
    let patience = Instant::now() + START_PATIENCE;
    while !server.has_ended()? && Instant::now() < patience {
        match connect(socket_folder).await {
            Ok(client) => return Ok((server, client)),
            Err(error) if is_not_ready(&error) => sleep(Duration::from_millis(20)).await,
            Err(error) => return Err(Error::Connect(error)),
        }
    }
    Err(log.blame("postgres"))
}

/// Starts a program of Postgres. What it says goes to the log.
fn supervise(
    account: &Account,
    program: &Path,
    arguments: &[OsString],
    log: &Log,
) -> Result<Supervisor, Error> {
    let (output, errors) = (log.output()?, log.output()?);
    let supervisor = Supervisor::start(program, arguments, Signal::Int, |command| {
        command.stdout(output).stderr(errors);
        // The log is quoted in errors, which are in English.
        command.env("LC_ALL", "C");
        // The account may not be able to enter the folder that this process stands in.
        if let Some(folder) = log.path.parent() {
            command.current_dir(folder);
        }
        account.apply(command);
    });
    Ok(supervisor?)
}

fn server_arguments(cluster: &Path, socket_folder: &Path) -> Vec<OsString> {
    // The setting is a list in which quotes protect commas and spaces.
    let mut socket_folders = OsString::from("unix_socket_directories=\"");
    socket_folders.push(socket_folder);
    socket_folders.push("\"");
    let settings: [OsString; 6] = [
        socket_folders,
        "listen_addresses=".into(),
        format!("port={PORT}").into(),
        // The project reckons in UTC everywhere, as RDS does; initdb would take the machine's zone.
        "timezone=UTC".into(),
        // What Postgres has by default where initdb's trials allow it, said so that every machine gets it.
        "shared_buffers=128MB".into(),
        "max_wal_size=1GB".into(),
    ];
    let mut arguments = vec!["-D".into(), cluster.into()];
    for setting in settings {
        arguments.extend(["-c".into(), setting]);
    }
    arguments
}

fn is_not_ready(error: &tokio_postgres::Error) -> bool {
    // Without a code it is not an answer: there is no socket yet, or nobody accepts.
    error.code().is_none_or(|code| *code == SqlState::CANNOT_CONNECT_NOW)
}

async fn connect(socket_folder: &Path) -> Result<Client, tokio_postgres::Error> {
    let (client, connection) = tokio_postgres::connect(&url(socket_folder, "postgres"), NoTls).await?;
    // It ends by itself when the client is dropped. A broken one shows in the client's next query.
    tokio::spawn(connection);
    Ok(client)
}

async fn create_database(client: &Client, name: &str) -> Result<(), Error> {
    let found = client.query("SELECT FROM pg_database WHERE datname = $1", &[&name]).await?;
    if found.is_empty() {
        client.batch_execute(&format!("CREATE DATABASE {name}")).await?;
    }
    Ok(())
}

fn url(socket_folder: &Path, database: &str) -> String {
    let host = percent_encoded(socket_folder);
    format!("postgresql:///{database}?host={host}&port={PORT}&user={NAME}")
}

fn percent_encoded(folder: &Path) -> String {
    percent_encode(folder.as_os_str().as_bytes(), ESCAPED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_holds_any_folder_name() {
        let folder = Path::new("/tmp/Novák & syn @ 'home'/socket");
        let config: tokio_postgres::Config = url(folder, NAME).parse().unwrap();
        assert_eq!(config.get_hosts(), [tokio_postgres::config::Host::Unix(folder.to_owned())]);
        assert_eq!(config.get_dbname(), Some(NAME));
        assert_eq!(config.get_user(), Some(NAME));
    }
}
