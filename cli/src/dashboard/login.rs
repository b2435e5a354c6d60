//! How Superset logs in to the warehouse: by libpq's variables, so that no password stands in a file.

use std::collections::BTreeMap;

use runtime::settings::variable;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

use super::error::Error;
use local::postgres::{NAME, PORT, PrivatePostgres};

/// The login that reads marts.
pub(crate) const ANALYST: &str = "analyst";

/// Everything that libpq would read beside what is set here. `PGSSLROOTCERT` is this project's, too.
const FOREIGN: [&str; 9] = [
    "PGHOSTADDR",
    "PGPASSFILE",
    "PGPASSWORD",
    "PGSERVICE",
    "PGSERVICEFILE",
    "PGOPTIONS",
    "PGSSLMODE",
    "PGREQUIREAUTH",
    "PGTARGETSESSIONATTRS",
];

/// Makes the login in the private Postgres, unless it is there. It limits queries as README's does.
pub(crate) const MAKE_ANALYST: &str = include_str!("analyst.sql");

/// What is to be set, and what is to be removed from the environment.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Login {
    pub(super) set: BTreeMap<&'static str, String>,
}

impl Login {
    pub(super) fn removed(&self) -> impl Iterator<Item = &'static str> {
        FOREIGN.into_iter().filter(|name| !self.set.contains_key(name))
    }

    /// The analyst of the private Postgres, which `owner` is connected to.
    pub(super) async fn analyst(
        private: &PrivatePostgres,
        owner: &tokio_postgres::Client,
    ) -> Result<Self, Error> {
        owner.batch_execute(MAKE_ANALYST).await.map_err(Error::Login)?;
        let host = private.socket_folder().to_string_lossy().into_owned();
        let set = [("PGHOST", host), ("PGPORT", PORT.to_owned()), ("PGUSER", ANALYST.to_owned())];
        Ok(Self { set: set.into_iter().chain([("PGDATABASE", NAME.to_owned())]).collect() })
    }

    /// Whom `DATABASE_URL` names, who should be an analyst. As everywhere, what leaves this machine is encrypted and
    /// the server's certificate verified.
    pub(super) fn of_url(url: &str) -> Result<Self, Error> {
        let reason = |reason| Error::Url { reason };
        let config: Config = url.parse().map_err(|_| reason("it is no Postgres URL"))?;
        let user = config.get_user().ok_or(reason("it names no user"))?;
        let mut set = BTreeMap::from([("PGUSER", user.to_owned())]);
        set.insert("PGDATABASE", config.get_dbname().unwrap_or(user).to_owned());
        let hosts = config.get_hosts().iter().map(|host| match host {
            Host::Tcp(name) => name.clone(),
            Host::Unix(folder) => folder.to_string_lossy().into_owned(),
        });
        let addresses = config.get_hostaddrs().iter().map(ToString::to_string);
        let ports = config.get_ports().iter().map(ToString::to_string);
        for (name, values) in [
            ("PGHOST", hosts.collect::<Vec<_>>()),
            ("PGHOSTADDR", addresses.collect()),
            ("PGPORT", ports.collect()),
        ] {
            if !values.is_empty() {
                set.insert(name, values.join(","));
            }
        }
        if let Some(password) = config.get_password() {
            let password = std::str::from_utf8(password).map_err(|_| reason("its password is no UTF-8"))?;
            set.insert("PGPASSWORD", password.to_owned());
        }
        if warehouse::leaves_this_machine(&config) || config.get_ssl_mode() == SslMode::Require {
            set.insert("PGSSLMODE", "verify-full".to_owned());
            if variable("PGSSLROOTCERT").is_none() {
                set.insert("PGSSLROOTCERT", "system".to_owned());
            }
        }
        Ok(Self { set })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(url: &str) -> Vec<(&'static str, String)> {
        Login::of_url(url).unwrap().set.into_iter().collect()
    }

    #[test]
    fn a_url_becomes_libpqs_variables_and_what_leaves_the_machine_is_verified() {
        let text = |pairs: &[(&'static str, &str)]| {
            pairs.iter().map(|(name, value)| (*name, (*value).to_owned())).collect::<Vec<_>>()
        };
        assert_eq!(
            set("postgres://analyst:s%20%40@db.example.org:6000/prices"),
            text(&[
                ("PGDATABASE", "prices"),
                ("PGHOST", "db.example.org"),
                ("PGPASSWORD", "s @"),
                ("PGPORT", "6000"),
                ("PGSSLMODE", "verify-full"),
                ("PGSSLROOTCERT", "system"),
                ("PGUSER", "analyst"),
            ])
        );
        assert_eq!(
            set("postgres://analyst@localhost"),
            text(&[
                ("PGDATABASE", "analyst"),
                ("PGHOST", "localhost"),
                ("PGPORT", "5432"),
                ("PGUSER", "analyst")
            ])
        );
    }

    #[test]
    fn what_the_environment_says_otherwise_is_removed() {
        let login = Login::of_url("postgres://analyst:x@localhost").unwrap();
        let removed: Vec<_> = login.removed().collect();
        assert!(removed.contains(&"PGSERVICE") && !removed.contains(&"PGPASSWORD"), "{removed:?}");
    }

    #[test]
    fn a_url_without_a_user_is_refused() {
        let error = Login::of_url("postgres://localhost/x").unwrap_err().to_string();
        assert!(error.contains("DATABASE_URL") && error.contains("names no user"), "{error}");
    }
}
