//! One connection per function, opened when needed and opened again after it broke.

use std::time::Duration;

use tokio_postgres::config::Host;
use tokio_postgres::{Client, Config, NoTls};

use crate::error::{Doing, Error};

/// How long Postgres may take to accept a connection, unless the URL says otherwise.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Limits of every session. The largest walk loads in seconds: what takes minutes hangs. A transaction whose client
/// has vanished without closing its connection gives up its locks.
const LIMITS: &str = "
set statement_timeout = '5min';
set lock_timeout = '2min';
set idle_in_transaction_session_timeout = '2min'";

/// A warehouse, and the connection to it while there is one.
#[derive(Debug)]
pub struct Warehouse {
    config: Config,
    client: Option<Client>,
    /// Whether the open connection leads to a schema that this software works with.
    schema_checked: bool,
}

impl Warehouse {
    /// Takes the URL; nothing is opened yet.
    ///
    /// # Errors
    /// If it is no Postgres URL, or leads over a network.
    pub fn new(url: &str) -> Result<Self, Error> {
        let mut config: Config = url.parse().map_err(Error::Url)?;
        if let Some(host) = config.get_hosts().iter().find_map(foreign) {
            return Err(Error::NotEncrypted { host: host.to_owned() });
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        config.application_name(concat!("cenovka/", env!("CARGO_PKG_VERSION")));
        Ok(Self { config, client: None, schema_checked: false })
    }

    /// The open connection, after opening it if there is none.
    ///
    /// # Errors
    /// If Postgres cannot be reached or refuses.
    pub async fn client(&mut self) -> Result<&mut Client, Error> {
        let client = match self.client.take() {
            Some(client) if !client.is_closed() => client,
            _ => {
                self.schema_checked = false;
                self.open().await?
            }
        };
        Ok(self.client.insert(client))
    }

    /// The open connection to a schema that this software works with, which is checked once per connection.
    pub(crate) async fn checked_client(&mut self) -> Result<&mut Client, Error> {
        self.client().await?;
        if !self.schema_checked {
            self.check_schema().await?;
            self.schema_checked = true;
        }
        self.client().await
    }

    async fn open(&self) -> Result<Client, Error> {
        let connected = self.config.connect(NoTls).await;
        let (client, connection) =
            connected.map_err(|source| Error::Connect { address: address(&self.config), source })?;
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::warn!(%error, "the connection to Postgres broke");
            }
        });
        client.batch_execute(LIMITS).await.doing("set the session's limits")?;
        Ok(client)
    }

    /// Forgets a connection that turned out to be broken.
    pub(crate) fn disconnect(&mut self) {
        self.client = None;
    }
}

/// The host's name, if it is neither this machine nor a name without dots, as compose gives its services.
fn foreign(host: &Host) -> Option<&str> {
    match host {
        Host::Unix(_) => None,
        Host::Tcp(name) => match name.parse::<std::net::IpAddr>() {
            Ok(address) if address.is_loopback() => None,
            Err(_) if !name.contains('.') => None,
            _ => Some(name),
        },
    }
}

/// Host and port without user or password, for messages.
fn address(config: &Config) -> String {
    let host = match config.get_hosts().first() {
        Some(Host::Tcp(name)) => name.clone(),
        Some(Host::Unix(path)) => path.display().to_string(),
        None => "no host".to_owned(),
    };
    format!("{host}:{}", config.get_ports().first().unwrap_or(&5432))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_stays_on_this_machine() {
        for url in
            ["postgres://u@localhost/x", "postgres://u@127.0.0.1/x", "host=/tmp", "postgres://u@postgres/x"]
        {
            assert!(Warehouse::new(url).is_ok(), "{url}");
        }
        let error = Warehouse::new("postgres://u:secret@db.example.com/x").unwrap_err();
        assert!(matches!(error, Error::NotEncrypted { .. }));
        assert!(!error.to_string().contains("secret"));
        assert!(matches!(Warehouse::new("mysql://x"), Err(Error::Url(_))));
    }

    #[tokio::test]
    async fn an_unreachable_postgres_is_named_and_worth_another_try() {
        let mut warehouse = Warehouse::new("postgres://u:secret@127.0.0.1:1/x").unwrap();
        let error = warehouse.client().await.unwrap_err();
        assert!(error.is_transient());
        assert!(error.to_string().contains("127.0.0.1:1"), "{error}");
    }
}
