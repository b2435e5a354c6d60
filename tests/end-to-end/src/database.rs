//! A private Postgres of the test's own, and its users.

use cenovka::postgres::PrivatePostgres;
use tempfile::TempDir;
use tokio_postgres::{Client, NoTls};

use crate::world::folder;

/// The superuser, and the database that it owns.
pub const OWNER: &str = "cenovka";

/// A cluster with one empty database. Whoever connects is believed to be who they say.
pub struct Database {
    postgres: PrivatePostgres,
    _folder: TempDir,
}

impl Database {
    /// Starts the cluster.
    pub async fn start() -> Self {
        let folder = folder();
        let postgres = PrivatePostgres::start(&folder.path().join("postgres")).await.unwrap();
        Self { postgres, _folder: folder }
    }

    /// Where this user connects to the database.
    #[must_use]
    pub fn url(&self, user: &str) -> String {
        self.url_of(OWNER, user)
    }

    /// Where this user connects to another database of the cluster.
    #[must_use]
    pub fn url_of(&self, database: &str, user: &str) -> String {
        let url = self.postgres.database_url();
        let url = url.strip_suffix(&format!("user={OWNER}")).expect("the URL ends with its user");
        url.replacen(&format!(":///{OWNER}?"), &format!(":///{database}?"), 1) + "user=" + user
    }

    /// Connects this user to the database.
    pub async fn connect(&self, user: &str) -> Client {
        connect(&self.url(user)).await
    }
}

/// Connects to a URL.
pub async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}
