//! A private Postgres of the test's own, and its users.

use std::fs;

use local::postgres::PrivatePostgres;
use tempfile::TempDir;
use tokio::process::Command;
use tokio_postgres::{Client, NoTls};

use crate::temporary::folder;

/// The superuser, and the database that it owns.
pub const OWNER: &str = "cenovka";

/// A cluster with one empty database. Whoever connects is believed to be who they say.
pub struct Database {
    /// `None` while it is stopped.
    postgres: Option<PrivatePostgres>,
    url: String,
    folder: TempDir,
}

impl Database {
    /// Starts the cluster.
    pub async fn start() -> Self {
        let folder = folder();
        let postgres = PrivatePostgres::start(&folder.path().join("postgres")).await.unwrap();
        Self { url: postgres.database_url(), postgres: Some(postgres), folder }
    }

    /// Where this user connects to the database.
    #[must_use]
    pub fn url(&self, user: &str) -> String {
        self.url_of(OWNER, user)
    }

    /// Where this user connects to another database of the cluster.
    #[must_use]
    pub fn url_of(&self, database: &str, user: &str) -> String {
        let url = self.url.strip_suffix(&format!("user={OWNER}")).expect("the URL ends with its user");
        url.replacen(&format!(":///{OWNER}?"), &format!(":///{database}?"), 1) + "user=" + user
    }

    /// Ends Postgres at once, as a crash would, and starts it again: connections break without a word, and what was not
    /// committed is gone.
    pub async fn crash_and_restart(&mut self) {
        let folder = self.folder.path().join("postgres");
        let pid = fs::read_to_string(folder.join("cluster/postmaster.pid")).unwrap();
        let pid = pid.lines().next().expect("the first line is the process id");
        assert!(Command::new("kill").args(["-QUIT", pid]).status().await.unwrap().success());
        // Gives up the folder, which the next one takes over when the last process of this one has ended.
        self.postgres = None;
        self.postgres = Some(PrivatePostgres::start(&folder).await.unwrap());
    }

    /// Stops Postgres as an administrator does: open connections end.
    pub async fn stop(&mut self) {
        self.postgres.take().expect("it runs").stop().await.unwrap();
    }

    /// Starts Postgres after it was stopped, under the same URLs.
    pub async fn start_again(&mut self) {
        self.postgres = Some(PrivatePostgres::start(&self.folder.path().join("postgres")).await.unwrap());
    }

    /// Gives this user a password. From the first time on, it must be said.
    pub async fn set_password(&self, user: &str, password: &str) {
        let sql = self.connect(OWNER).await;
        sql.batch_execute(&format!("alter role {user} password '{password}'")).await.unwrap();
        let file: String = sql.query_one("show hba_file", &[]).await.unwrap().get(0);
        let rule = format!("local all {user} scram-sha-256\n");
        let rules = fs::read_to_string(&file).unwrap();
        if !rules.starts_with(&rule) {
            fs::write(&file, rule + &rules).unwrap();
            sql.batch_execute("select pg_reload_conf()").await.unwrap();
        }
    }

    /// Ends the connections of this user.
    pub async fn disconnect(&self, user: &str) {
        let sql = "select count(pg_terminate_backend(pid)) from pg_stat_activity where usename = $1";
        self.connect(OWNER).await.query(sql, &[&user]).await.unwrap();
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
