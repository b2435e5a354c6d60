//! One database of one server, as one user, and how a connection to it is opened.

use std::path::Path;
use std::time::Duration;

use causes::with_causes;
use rustls::ClientConfig;
use tokio::task::AbortHandle;
use tokio::time::timeout;
use tokio_postgres::config::Host;
use tokio_postgres::error::SqlState;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{Client, Config, NoTls, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::encryption;
use crate::error::{Context, Error};

/// How long Postgres may take to accept a connection, unless the URL says otherwise.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// After how long without a sign of life the other machine is given up, unless the URL says otherwise. While a function
/// is frozen, its connection can be forgotten by a firewall that then drops everything without a word; the kernel
/// alone would go on sending for a quarter of an hour.
const UNANSWERED: Duration = Duration::from_secs(30);

/// Limits of every session; a load sets its own, shorter ones. A transaction whose client has vanished without closing its
/// connection gives up its locks.
const LIMITS: &str = "
set statement_timeout = '5min';
set lock_timeout = '2min';
set idle_in_transaction_session_timeout = '2min';
set client_min_messages = warning";

/// A killed loader's statement ends within a second, and lets go of the lock. Not every system's Postgres can notice that.
const NOTICE_VANISHED_CLIENT: &str = "set client_connection_check_interval = '1s'";

/// An open connection, and the task that serves it: ending that closes the connection at once, while a dropped client waits
/// for the statement under way.
pub(crate) type Opened = (Client, AbortHandle);

/// Where a URL leads.
#[derive(Debug)]
pub(crate) struct Target {
    config: Config,
    /// How the connection is encrypted; not at all on this machine.
    tls: Option<ClientConfig>,
}

impl Target {
    /// Reads a URL, which this setting gave.
    pub(crate) fn new(
        setting: &'static str,
        url: &str,
        root_certificates: Option<&Path>,
    ) -> Result<Self, Error> {
        let mut config: Config = url.parse().map_err(|reason| Error::Url { setting, reason })?;
        let is_cut = |host: &Host| matches!(host, Host::Tcp(name) if name.contains('@'));
        if config.get_hosts().iter().any(is_cut) {
            return Err(Error::AtInPassword { setting });
        }
        let tls = encryption::choose(&mut config, root_certificates)?;
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(UNANSWERED);
        }
        config.keepalives_idle(UNANSWERED);
        config.application_name(concat!("cenovka/", env!("CARGO_PKG_VERSION")));
        Ok(Self { config, tls })
    }

    pub(crate) async fn open(&self) -> Result<Opened, Error> {
        let opening = async {
            match &self.tls {
                Some(tls) => self.open_with(MakeRustlsConnect::new(tls.clone())).await,
                None => self.open_with(NoTls).await,
            }
        };
        let patience = self.patience();
        let silent = |_| Error::Silent { address: address(&self.config), seconds: patience.as_secs() };
        timeout(patience, opening).await.map_err(silent)?
    }

    /// How long opening may take in all. The configuration's limit is that of each address's TCP handshake alone;
    /// what follows, TLS and the log-in, gets as long again.
    fn patience(&self) -> Duration {
        let hosts = u32::try_from(self.config.get_hosts().len()).unwrap_or(1).max(1);
        self.config.get_connect_timeout().copied().unwrap_or(CONNECT_TIMEOUT).saturating_mul(hosts + 1)
    }

    async fn open_with<T>(&self, tls: T) -> Result<Opened, Error>
    where
        T: MakeTlsConnect<Socket>,
        T::Stream: Send + 'static,
    {
        let connected = self.config.connect(tls).await;
        let (client, connection) =
            connected.map_err(|source| Error::connect(address(&self.config), source))?;
        let task = tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::warn!(error = with_causes(&error), "the connection to Postgres broke");
            }
        });
        client.batch_execute(LIMITS).await.context("set the session's limits")?;
        match client.batch_execute(NOTICE_VANISHED_CLIENT).await {
            Err(error) if error.code().is_some_and(|code| *code == SqlState::INVALID_PARAMETER_VALUE) => {}
            set => set.context("set the session's limits")?,
        }
        Ok((client, task.abort_handle()))
    }
}

/// Hosts and ports without user or password, for messages.
fn address(config: &Config) -> String {
    let hosts = config.get_hosts();
    let ports = config.get_ports();
    let address = |(index, host): (usize, &Host)| {
        // One port stands for all hosts.
        let port = ports.get(index).or(ports.first()).unwrap_or(&5432);
        match host {
            Host::Tcp(name) => format!("{name}:{port}"),
            Host::Unix(path) => format!("{}:{port}", path.display()),
        }
    };
    let addresses: Vec<_> = hosts.iter().enumerate().map(address).collect();
    if addresses.is_empty() { "no host".to_owned() } else { addresses.join(" or ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_name_every_host_and_no_password() {
        for (url, expected) in [
            ("postgres://u:secret@localhost/x", "localhost:5432"),
            ("host=a,b port=1,2 password=secret", "a:1 or b:2"),
            ("host=a,b port=1", "a:1 or b:1"),
            ("host=/tmp", "/tmp:5432"),
            ("user=u", "no host"),
        ] {
            assert_eq!(address(&url.parse().unwrap()), expected, "{url}");
        }
    }
}
