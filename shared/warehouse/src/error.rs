//! What can go wrong between here and Postgres.

use std::error::Error as StdError;
use std::io;
use std::path::PathBuf;

use causes::with_causes;
use tokio_postgres::error::SqlState;

use crate::url_source::UrlError;

/// Why the warehouse could not be read or written. A failed load leaves nothing behind.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(
        "{setting} is not a Postgres URL: {}. `sslmode` can be disable, prefer or require, and certificates are \
         always verified; PGSSLROOTCERT takes the place of `sslrootcert`",
        with_causes(reason)
    )]
    Url { setting: &'static str, reason: tokio_postgres::Error },
    /// What should be a host has a part of the password in it.
    #[error(
        "{setting} has an `@` too many: an `@` in the user's name or password is written %40, so that the host begins after \
         the only one"
    )]
    AtInPassword { setting: &'static str },
    #[error(transparent)]
    UrlSource(UrlError),
    #[error(
        "the connection to {host} would not be encrypted: take `sslmode=disable` out of the URL, it is only for \
         this machine and compose services"
    )]
    NotEncrypted { host: String },
    /// The bundle of root certificates cannot be used.
    #[error(
        "PGSSLROOTCERT is wrong: {}: {reason}; it should name a file of root certificates in PEM",
        path.display()
    )]
    RootCertificates { path: PathBuf, reason: String },
    #[error(
        "this system has no root certificates that Postgres's could be verified with: {reason}; name a file of them in \
         PGSSLROOTCERT, or install the package ca-certificates"
    )]
    NoRootCertificates {
        /// What went wrong first in looking for them.
        reason: String,
    },
    #[error("cannot set up TLS")]
    Tls(#[source] rustls::Error),
    /// The server is not the one that it should be, or nobody vouches for it.
    #[error(
        "the certificate of Postgres at {address} does not verify: {}; PGSSLROOTCERT must name the authority that signed \
         it, and the host must be called as in the certificate",
        with_causes(reason)
    )]
    Untrusted { address: String, reason: tokio_postgres::Error },
    /// Nobody answers, or not to these credentials.
    #[error("could not connect to Postgres at {address}")]
    Connect { address: String, source: tokio_postgres::Error },
    /// Somebody accepts the connection and leaves it at that.
    #[error("could not connect to Postgres at {address}: it said nothing for {seconds} s")]
    Silent { address: String, seconds: u64 },
    /// The schema is older or newer than this software.
    #[error("the warehouse's schema is version {found}, this software works with {expected}: {hint}")]
    Schema {
        /// The database's version; 0 if it has none.
        found: i32,
        expected: i32,
        hint: &'static str,
    },
    /// The walk is of another market than the warehouse.
    #[error(
        "this warehouse holds the market {held}, and the walk is of {found}: two markets in one warehouse would make each \
         other's listings disappear; load it into another database"
    )]
    OtherMarket { found: String, held: String },
    /// The schema was made by another text of a migration.
    #[error(
        "migration {version} ({name}) was applied with another text than this software has: run the software that applied it, or make the warehouse anew from the raw objects"
    )]
    ChangedMigration { version: i32, name: &'static str },
    /// A migration failed; nothing of it, or of those before it, is left.
    #[error("could not apply migration {version} ({name})")]
    Migration { version: i32, name: &'static str, source: tokio_postgres::Error },
    /// The group roles do not exist, and this user may not create them.
    #[error(
        "a role is missing and this user may not create it: as an administrator, run `create role cenovka_loader nologin`, \
         `create role cenovka_analyst nologin` and `create role cenovka_notifier nologin`"
    )]
    MissingRoles(#[source] tokio_postgres::Error),
    #[error("there is no mart {name}; there are {marts}")]
    NoSuchMart { name: String, marts: String },
    /// A mart was made that nobody can publish.
    #[error("{column} is of the type {found}, which no file could hold: cast it in the mart")]
    ColumnType { column: String, found: String },
    #[error("could not {action}")]
    Database { action: &'static str, source: tokio_postgres::Error },
    /// Postgres cannot hold a value that the object brings, such as a NUL character or a time before its calendar.
    #[error("could not {action}")]
    Value { action: &'static str, source: tokio_postgres::Error },
    /// A row is no JSON, so its page is not what the portal sent.
    #[error("line {line}, row {index}: {reason}")]
    MalformedRow { line: i64, index: i32, reason: String },
}

impl Error {
    /// Why no connection came about.
    pub(crate) fn connect(address: String, source: tokio_postgres::Error) -> Self {
        let cause = source.source().and_then(|cause| cause.downcast_ref::<io::Error>());
        let tls = cause.and_then(|cause| cause.get_ref()?.downcast_ref::<rustls::Error>());
        match tls {
            Some(rustls::Error::InvalidCertificate(_)) => Self::Untrusted { address, reason: source },
            _ => Self::Connect { address, source },
        }
    }

    /// Whether the same load can succeed later without anybody's doing.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Silent { .. } => true,
            Self::Connect { source, .. } | Self::Database { source, .. } | Self::Migration { source, .. } => {
                match source.code() {
                    Some(code) => passes(code),
                    None => is_broken_connection(source),
                }
            }
            Self::UrlSource(error) => error.transient,
            Self::Url { .. }
            | Self::AtInPassword { .. }
            | Self::NotEncrypted { .. }
            | Self::RootCertificates { .. }
            | Self::NoRootCertificates { .. }
            | Self::Tls(_)
            | Self::Untrusted { .. }
            | Self::Schema { .. }
            | Self::ChangedMigration { .. }
            | Self::OtherMarket { .. }
            | Self::MissingRoles(_)
            | Self::NoSuchMart { .. }
            | Self::ColumnType { .. }
            | Self::Value { .. }
            | Self::MalformedRow { .. } => false,
        }
    }
}

impl Error {
    /// Whether the object is at fault: it holds a value that Postgres cannot, or a row that is none.
    #[must_use]
    pub fn is_bad_data(&self) -> bool {
        matches!(self, Self::Value { .. } | Self::MalformedRow { .. })
    }

    /// Whether an open connection turned out to be broken, as by a restart of the server.
    pub(crate) fn is_lost_connection(&self) -> bool {
        match self {
            Self::Database { source, .. } => match source.code() {
                // Class 57P is a server going down, 08 a connection.
                Some(code) => code.code().starts_with("57P") || code.code().starts_with("08"),
                None => is_broken_connection(source),
            },
            _ => false,
        }
    }
}

/// Whether what Postgres says is about its state, not about what it was asked.
fn passes(code: &SqlState) -> bool {
    // Class 08 connection, 40 serialization and deadlock, 53 resources, 55 locks, 57 operator intervention.
    ["08", "40", "53", "55", "57"].iter().any(|class| code.code().starts_with(class))
        || *code == SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT
}

/// Whether an error that is not Postgres's own is the network's, such as a reset connection or a name that cannot be
/// looked up. The others are the set-up's: a server without TLS, a missing password, an unknown way to log in.
fn is_broken_connection(error: &tokio_postgres::Error) -> bool {
    match error.source() {
        // Closed, or a timeout.
        None => true,
        // Of these kinds are answers that cannot be understood, as TLS has them, and host names that are none.
        Some(cause) => cause.downcast_ref::<io::Error>().is_some_and(|cause| {
            !matches!(cause.kind(), io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput)
        }),
    }
}

/// Whether Postgres cannot hold a value. Not so a value that is encoded wrongly: that is this software's fault.
fn is_about_a_value(code: &SqlState) -> bool {
    // Class 22 data exception.
    code.code().starts_with("22") && *code != SqlState::INVALID_BINARY_REPRESENTATION
}

/// Says what was being done when a statement failed.
pub(crate) trait Context<T> {
    fn context(self, action: &'static str) -> Result<T, Error>;

    /// As [`Context::context`], of a statement that stores what the object says.
    fn storing(self, action: &'static str) -> Result<T, Error>;

    /// As [`Context::storing`], of a row made of what the object says of itself: it is at fault, too, if a constraint does
    /// not hold.
    fn entering(self, action: &'static str) -> Result<T, Error>;
}

impl<T> Context<T> for Result<T, tokio_postgres::Error> {
    fn context(self, action: &'static str) -> Result<T, Error> {
        self.map_err(|source| Error::Database { action, source })
    }

    fn storing(self, action: &'static str) -> Result<T, Error> {
        self.map_err(|source| match source.code() {
            Some(code) if is_about_a_value(code) => Error::Value { action, source },
            _ => Error::Database { action, source },
        })
    }

    fn entering(self, action: &'static str) -> Result<T, Error> {
        self.map_err(|source| match source.code() {
            // Class 23 integrity constraint violation.
            Some(code) if is_about_a_value(code) || code.code().starts_with("23") => {
                Error::Value { action, source }
            }
            _ => Error::Database { action, source },
        })
    }
}
