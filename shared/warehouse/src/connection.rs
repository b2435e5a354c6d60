//! One connection per function, opened when needed and opened again after it broke.

use std::path::{Path, PathBuf};

use causes::with_causes;
use tokio::task::AbortHandle;
use tokio_postgres::Client;

use crate::encryption;
use crate::error::Error;
use crate::prepared::Prepared;
use crate::schema_version::check_schema;
use crate::target::{Opened, Target};
use crate::url_source::{DatabaseUrl, UrlSource};

/// A warehouse, and the connection to it while there is one.
#[derive(Debug)]
pub struct Warehouse {
    way: Way,
    session: Option<Session>,
}

/// An open connection.
#[derive(Debug)]
struct Session {
    client: Client,
    /// What serves the connection.
    task: AbortHandle,
    prepared: Prepared,
    /// Whether it leads to a schema that this software works with.
    schema_checked: bool,
}

/// How it is known where the warehouse is.
#[derive(Debug)]
enum Way {
    /// It stays where it is.
    Fixed(Box<Target>),
    /// It is asked for whenever a connection is opened.
    Asked { source: Box<dyn UrlSource>, root_certificates: Option<PathBuf> },
}

impl Warehouse {
    /// Takes the URL, and the file with the certificates that vouch for the server, in PEM; without it the system's are
    /// believed. Nothing is opened yet.
    ///
    /// Connections over a network are encrypted and the server's certificate is verified, whatever `sslmode` the
    /// URL says. On this machine and between compose services they are only with `sslmode=require`.
    ///
    /// # Errors
    /// If it is no Postgres URL or refuses encryption over a network, or if there are no certificates to believe.
    pub fn new(url: &str, root_certificates: Option<&Path>) -> Result<Self, Error> {
        Ok(Self::by(Way::Fixed(Box::new(Target::new("DATABASE_URL", url, root_certificates)?))))
    }

    /// As [`Warehouse::new`], but asks for the URL whenever a connection is opened, and once more if none comes about
    /// with it, as after a change of the password.
    ///
    /// # Errors
    /// If the certificates cannot be read.
    pub fn from_source(source: Box<dyn UrlSource>, root_certificates: Option<&Path>) -> Result<Self, Error> {
        root_certificates.map(encryption::read_bundle).transpose()?;
        Ok(Self::by(Way::Asked { source, root_certificates: root_certificates.map(Path::to_owned) }))
    }

    fn by(way: Way) -> Self {
        Self { way, session: None }
    }

    /// The open connection, after opening it if there is none.
    pub async fn client(&mut self) -> Result<&mut Client, Error> {
        Ok(&mut self.open_session().await?.client)
    }

    async fn open_session(&mut self) -> Result<&mut Session, Error> {
        let session = match self.session.take() {
            Some(session) if !session.client.is_closed() => session,
            _ => {
                let (client, task) = self.way.open().await?;
                Session { client, task, prepared: Prepared::default(), schema_checked: false }
            }
        };
        Ok(self.session.insert(session))
    }

    /// The open connection to a schema that this software works with, which is checked once per connection, and the
    /// statements that it has prepared.
    pub(crate) async fn session(&mut self) -> Result<(&mut Client, &mut Prepared), Error> {
        let Session { client, prepared, schema_checked, .. } = self.open_session().await?;
        if !*schema_checked {
            check_schema(client).await?;
            *schema_checked = true;
        }
        Ok((client, prepared))
    }

    /// As [`Warehouse::session`], for statements that are asked once.
    pub(crate) async fn checked_client(&mut self) -> Result<&mut Client, Error> {
        Ok(self.session().await?.0)
    }

    /// Closes the connection at once, also in the middle of a statement: Postgres notices, ends it and lets go of its locks.
    /// The next statement opens another.
    pub fn disconnect(&mut self) {
        self.session = None;
    }
}

/// Else the connection would go on until a statement that nobody waits for is answered, and complain of a Postgres that
/// ends first.
impl Drop for Session {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Way {
    async fn open(&mut self) -> Result<Opened, Error> {
        let (source, certificates) = match self {
            Self::Fixed(target) => return target.open().await,
            Self::Asked { source, root_certificates } => (source, root_certificates.as_deref()),
        };
        let url = source.url(false).await.map_err(Error::UrlSource)?;
        let error = match open(source.setting(), &url, certificates).await {
            Err(error) if !error.is_transient() => error,
            opened => return opened,
        };
        tracing::warn!(error = with_causes(&error), "the warehouse's URL is read anew");
        let changed = source.url(true).await.map_err(Error::UrlSource)?;
        if changed == url {
            return Err(error);
        }
        open(source.setting(), &changed, certificates).await
    }
}

async fn open(
    setting: &'static str,
    url: &DatabaseUrl,
    certificates: Option<&Path>,
) -> Result<Opened, Error> {
    Target::new(setting, url.reveal(), certificates)?.open().await
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use tokio::net::TcpListener;

    use super::*;

    #[test]
    fn what_is_no_postgres_url_is_refused_without_repeating_it() {
        for (url, hint) in [
            ("mysql://u:secret@localhost/x", ""),
            ("postgres://u:secret@localhost/x?sslmode=verify-full", "sslmode"),
            ("postgres://u:secret@localhost/x?sslrootcert=/bundle.pem", "PGSSLROOTCERT"),
        ] {
            let error = Warehouse::new(url, None).unwrap_err();
            let message = with_causes(&error);
            assert!(matches!(error, Error::Url { .. }) && !error.is_transient());
            assert!(message.contains(hint) && !message.contains("secret"), "{message}");
        }
    }

    #[test]
    fn an_unescaped_at_in_the_password_is_named_and_no_part_of_it_is_printed() {
        let error = Warehouse::new("postgres://u:first@tail9@localhost/x", None).unwrap_err();
        let message = error.to_string();
        assert!(
            message.contains("%40") && !message.contains("tail9") && !message.contains("first"),
            "{message}"
        );
        assert!(!error.is_transient());
        assert!(Warehouse::new("postgres://u:first%40tail9@localhost/x", None).is_ok());
    }

    #[tokio::test]
    async fn an_unreachable_postgres_is_named_and_worth_another_try() {
        let mut warehouse = Warehouse::new("postgres://u:secret@127.0.0.1:1/x", None).unwrap();
        let error = warehouse.client().await.unwrap_err();
        assert!(error.is_transient());
        let message = with_causes(&error);
        assert!(message.contains("127.0.0.1:1") && message.contains("refused"), "{message}");
    }

    #[tokio::test]
    async fn a_server_that_accepts_and_says_nothing_is_given_up() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        for mode in ["disable", "require"] {
            let url =
                format!("host=localhost hostaddr=127.0.0.1 port={port} connect_timeout=1 sslmode={mode}");
            let error = Warehouse::new(&url, None).unwrap().client().await.unwrap_err();
            assert!(matches!(error, Error::Silent { seconds: 2, .. }) && error.is_transient(), "{error}");
            assert!(error.to_string().contains(&format!("localhost:{port}")), "{error}");
        }
    }
}
