//! Where the URL comes from, if it may change while the process lives: a password that is rotated.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

/// The URL of a database, with its password: never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(String);

impl DatabaseUrl {
    /// The URL itself, to connect with.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<String> for DatabaseUrl {
    fn from(url: String) -> Self {
        Self(url)
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("DatabaseUrl(…)")
    }
}

/// Knows the URL of a warehouse at any time.
pub trait UrlSource: fmt::Debug + Send {
    /// The environment variable that leads to it, for messages.
    fn setting(&self) -> &'static str;

    /// The URL; read anew, if the one that was told last has led to no connection.
    fn url(&mut self, anew: bool)
    -> Pin<Box<dyn Future<Output = Result<DatabaseUrl, UrlError>> + Send + '_>>;
}

/// Why the URL is not known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct UrlError {
    /// What went wrong, and what to do.
    pub message: String,
    /// Whether it may be known later without anybody's doing.
    pub transient: bool,
}
