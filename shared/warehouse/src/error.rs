//! What can go wrong between here and Postgres.

use tokio_postgres::error::SqlState;

use crate::roles;

/// Why the warehouse could not be read or written. A failed load leaves nothing behind.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The URL cannot be read.
    #[error("DATABASE_URL is not a Postgres URL: {0}")]
    Url(#[source] tokio_postgres::Error),
    /// Plain text over a network.
    #[error(
        "the connection to {host} would not be encrypted: only a socket, a loopback address or a compose name may be used"
    )]
    NotEncrypted {
        /// The host.
        host: String,
    },
    /// Nobody answers, or not to these credentials.
    #[error("could not connect to Postgres at {address}: {source}")]
    Connect {
        /// Where.
        address: String,
        /// Why not.
        source: tokio_postgres::Error,
    },
    /// The schema is older or newer than this software.
    #[error("the warehouse's schema is version {found}, this software works with {expected}: {hint}")]
    Schema {
        /// The database's version; 0 if it has none.
        found: i32,
        /// This software's version.
        expected: i32,
        /// What to do.
        hint: &'static str,
    },
    /// The schema was made by another text of a migration.
    #[error(
        "migration {version} ({name}) was applied with another text than this software has: run the software that applied it, or make the warehouse anew from the raw objects"
    )]
    ChangedMigration {
        /// The first such migration.
        version: i32,
        /// Its name.
        name: &'static str,
    },
    /// A migration failed; nothing of it, or of those before it, is left.
    #[error("could not apply migration {version} ({name}): {source}")]
    Migration {
        /// The migration.
        version: i32,
        /// Its name.
        name: &'static str,
        /// What Postgres says.
        source: tokio_postgres::Error,
    },
    /// The group roles do not exist, and this user may not create them.
    #[error(
        "a role is missing and this user may not create it: as an administrator, run `{}` and `{}`",
        roles::CREATE_LOADER,
        roles::CREATE_ANALYST
    )]
    MissingRoles(#[source] tokio_postgres::Error),
    /// A walk that is older than one that covers the same listings.
    #[error(
        "walk {walk} started before {later}, which is loaded already: walks of a segment are loaded in order"
    )]
    OutOfOrder {
        /// The walk.
        walk: uuid::Uuid,
        /// Key of the later walk.
        later: String,
    },
    /// A statement failed.
    #[error("could not {action}: {source}")]
    Database {
        /// What was being done.
        action: &'static str,
        /// What Postgres says.
        source: tokio_postgres::Error,
    },
}

impl Error {
    /// Whether the same load can succeed later without anybody's doing.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Connect { source, .. } => match source.code() {
                Some(code) => {
                    *code != SqlState::INVALID_PASSWORD
                        && *code != SqlState::INVALID_AUTHORIZATION_SPECIFICATION
                        && *code != SqlState::INVALID_CATALOG_NAME
                }
                None => true,
            },
            // Class 08 connection, 40 serialization and deadlock, 53 resources, 55 locks, 57 operator
            // intervention.
            Self::Database { source, .. } | Self::Migration { source, .. } => {
                source.code().is_none_or(|code| {
                    ["08", "40", "53", "55", "57"].iter().any(|class| code.code().starts_with(class))
                })
            }
            Self::Url(_)
            | Self::NotEncrypted { .. }
            | Self::Schema { .. }
            | Self::ChangedMigration { .. }
            | Self::MissingRoles(_)
            | Self::OutOfOrder { .. } => false,
        }
    }
}

impl Error {
    /// Whether Postgres cannot hold what the walk brings, such as a NUL character or a time before its calendar.
    #[must_use]
    pub fn is_bad_data(&self) -> bool {
        // Class 22 data exception, 23 integrity constraint violation.
        match self {
            Self::Database { source, .. } => source
                .code()
                .is_some_and(|code| code.code().starts_with("22") || code.code().starts_with("23")),
            _ => false,
        }
    }

    /// Whether an open connection turned out to be broken, as by a restart of the server.
    pub(crate) fn is_lost_connection(&self) -> bool {
        match self {
            // Without a code of Postgres's it is the connection that failed; class 57P is a server going down.
            Self::Database { source, .. } => source
                .code()
                .is_none_or(|code| code.code().starts_with("57P") || code.code().starts_with("08")),
            _ => false,
        }
    }
}

/// Says what was being done when a statement failed.
pub(crate) trait Doing<T> {
    fn doing(self, action: &'static str) -> Result<T, Error>;
}

impl<T> Doing<T> for Result<T, tokio_postgres::Error> {
    fn doing(self, action: &'static str) -> Result<T, Error> {
        self.map_err(|source| Error::Database { action, source })
    }
}
