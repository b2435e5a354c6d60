//! Settings are read once, at start, from the environment. Each function has its own (`settings.rs` of its crate) and reads
//! them with [`SettingsReader`], which names all faults at once.

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;

/// Where the warehouse is, and who vouches for it.
#[derive(Clone, Debug)]
pub struct DatabaseSettings {
    /// `DATABASE_URL` or `DATABASE_URL_SECRET`.
    pub login: Login,
    /// `PGSSLROOTCERT`: a file of root certificates in PEM; `None` for the system's, which libpq calls `system`.
    pub root_certificates: Option<PathBuf>,
}

/// Who logs in to the warehouse, and where it is.
#[derive(Clone)]
pub enum Login {
    /// The URL, with its password; never printed.
    Url(String),
    /// The ARN of the secret in Secrets Manager that holds it.
    Secret(String),
}

impl fmt::Debug for Login {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(_) => formatter.write_str("Url(…)"),
            Self::Secret(arn) => write!(formatter, "Secret({arn})"),
        }
    }
}

impl DatabaseSettings {
    /// Reads them from the environment.
    ///
    /// # Errors
    /// If there is neither URL nor secret, or both.
    pub fn from_env() -> Result<Self, SettingsError> {
        let mut reader = SettingsReader::from_env();
        let database = reader.database();
        reader.finish(database)
    }
}

/// Settings that are missing or wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("wrong settings: {}", faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
pub struct SettingsError {
    pub faults: Vec<SettingFault>,
}

/// One setting that is missing or wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name} {fault}")]
pub struct SettingFault {
    pub name: &'static str,
    /// What is wrong with it, and what it should be.
    pub fault: String,
}

/// One environment variable; empty counts as unset, since compose and SAM pass unset parameters that way.
/// Everything that the project reads from its environment passes through here.
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
#[must_use]
pub fn variable(name: &str) -> Option<String> {
    let value = std::env::var_os(name)?.to_string_lossy().trim().to_owned();
    Some(value).filter(|value| !value.is_empty())
}

/// What a variable is set to.
type Source = dyn Fn(&str) -> Option<String>;

/// Reads settings one by one and collects what is wrong.
pub struct SettingsReader {
    source: Box<Source>,
    faults: Vec<SettingFault>,
}

impl SettingsReader {
    /// Reads environment variables.
    #[must_use]
    pub fn from_env() -> Self {
        Self { source: Box::new(variable), faults: Vec::new() }
    }

    /// Reads these values instead of the environment's, for tests.
    #[must_use]
    pub fn of(values: &[(&str, &str)]) -> Self {
        let values: HashMap<String, String> =
            values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Self { source: Box::new(move |name| values.get(name).cloned()), faults: Vec::new() }
    }

    /// The settings if nothing was wrong with them.
    pub fn finish<T>(self, settings: Option<T>) -> Result<T, SettingsError> {
        match settings {
            Some(settings) if self.faults.is_empty() => Ok(settings),
            _ => Err(SettingsError { faults: self.faults }),
        }
    }

    /// A setting that may be left out. What `parse` says of a wrong value follows "is wrong: ".
    pub fn optional<T>(
        &mut self,
        name: &'static str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        let text = (self.source)(name).filter(|text| !text.trim().is_empty())?;
        match parse(text.trim()) {
            Ok(value) => Some(value),
            Err(reason) => {
                self.faults.push(SettingFault { name, fault: format!("is wrong: {reason}") });
                None
            }
        }
    }

    /// A setting that must be there; `what` it is follows "is missing: ".
    pub fn required<T>(
        &mut self,
        name: &'static str,
        what: &str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        let faults = self.faults.len();
        let value = self.optional(name, parse);
        if value.is_none() && self.faults.len() == faults {
            self.faults.push(SettingFault { name, fault: format!("is missing: {what}") });
        }
        value
    }

    /// `DATABASE_URL` or `DATABASE_URL_SECRET`, and `PGSSLROOTCERT`.
    pub fn database(&mut self) -> Option<DatabaseSettings> {
        let login = self.login();
        let root_certificates = self.optional("PGSSLROOTCERT", |path| Ok(PathBuf::from(path)));
        let root_certificates = root_certificates.filter(|path| path.as_os_str() != "system");
        Some(DatabaseSettings { login: login?, root_certificates })
    }

    fn login(&mut self) -> Option<Login> {
        let secret = self.optional("DATABASE_URL_SECRET", parse_secret_arn);
        if (self.source)("DATABASE_URL_SECRET").is_none_or(|text| text.trim().is_empty()) {
            let what = "URL of the warehouse, for example postgres://loader@localhost/cenovka; \
                        or DATABASE_URL_SECRET, the ARN of the secret that holds it";
            return self.required("DATABASE_URL", what, |text| Ok(Login::Url(text.to_owned())));
        }
        let one_too_many = |_: &str| Err("DATABASE_URL_SECRET is set, too: give one of them".to_owned());
        self.optional::<Login>("DATABASE_URL", one_too_many);
        secret.map(Login::Secret)
    }

    /// `CENOVKA_RAW_BUCKET`.
    pub fn raw_bucket(&mut self) -> Option<String> {
        self.required("CENOVKA_RAW_BUCKET", "name of the bucket for raw objects", |text| Ok(text.to_owned()))
    }
}

/// The value is never repeated: someone who confuses the two settings pastes a URL with a password.
fn parse_secret_arn(text: &str) -> Result<String, String> {
    match text.starts_with("arn:") {
        true => Ok(text.to_owned()),
        false => Err("it is the ARN of a secret, arn:aws:secretsmanager:…".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(values: &[(&str, &str)]) -> Result<DatabaseSettings, SettingsError> {
        let mut reader = SettingsReader::of(values);
        let database = reader.database();
        reader.finish(database)
    }

    #[test]
    fn the_database_url_is_never_printed() {
        let database = read(&[("DATABASE_URL", "postgres://loader:hunter2@localhost/x")]).unwrap();
        assert!(!format!("{database:?}").contains("hunter2"));
    }

    #[test]
    fn the_warehouse_is_given_by_url_or_by_secret() {
        let database = |url, secret| {
            let values = [("DATABASE_URL", url), ("DATABASE_URL_SECRET", secret)];
            read(&values).map(|database| database.login)
        };
        let arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:loader-AbCdEf";
        assert!(matches!(database("host=x", "").unwrap(), Login::Url(url) if url == "host=x"));
        assert!(matches!(database("", arn).unwrap(), Login::Secret(secret) if secret == arn));
        for (url, secret, fault) in [
            ("", "", "DATABASE_URL is missing: URL of the warehouse"),
            ("host=x password=hunter2", arn, "DATABASE_URL is wrong: DATABASE_URL_SECRET is set, too"),
            ("", "postgres://u:hunter2@x/y", "DATABASE_URL_SECRET is wrong: it is the ARN of a secret"),
        ] {
            let error = database(url, secret).unwrap_err().to_string();
            assert!(error.contains(fault) && !error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn root_certificates_are_those_of_a_file_or_the_systems() {
        for (value, expected) in [("/rds.pem", Some("/rds.pem")), ("system", None), ("", None)] {
            let database = read(&[("DATABASE_URL", "host=x"), ("PGSSLROOTCERT", value)]).unwrap();
            assert_eq!(database.root_certificates, expected.map(PathBuf::from), "{value}");
        }
    }
}
