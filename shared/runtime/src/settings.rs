//! Settings: read once at start, from the environment, in this one place. Every fault is named, all at once.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use sreality::ClientSettings;
use sreality::host::parse_base_url;

/// Requests per second unless set otherwise.
const DEFAULT_RATE: f64 = 1.0;
/// Highest rate that may be set: simulators are fast, and the setting is not there to press the real portal.
const HIGHEST_RATE: f64 = 10_000.0;

/// What the collector needs to know.
#[derive(Clone, Debug)]
pub struct CollectorSettings {
    /// `CENOVKA_PORTAL_URL`, `CENOVKA_REQUESTS_PER_SECOND`, `CENOVKA_CONTACT`, `CENOVKA_PORTAL_PERMISSION`.
    pub portal: ClientSettings,
    /// `CENOVKA_RAW_BUCKET`.
    pub raw_bucket: String,
}

/// What the loader needs to know.
#[derive(Clone, Debug)]
pub struct LoaderSettings {
    /// `CENOVKA_RAW_BUCKET`.
    pub raw_bucket: String,
    /// The warehouse.
    pub database: DatabaseSettings,
}

/// What the reconciler needs to know.
#[derive(Clone, Debug)]
pub struct ReconcilerSettings {
    /// `CENOVKA_RAW_BUCKET`.
    pub raw_bucket: String,
    /// The warehouse.
    pub database: DatabaseSettings,
    /// `CENOVKA_LOADER_FUNCTION`.
    pub loader_function: String,
}

/// Where the warehouse is, and who vouches for it.
#[derive(Clone)]
pub struct DatabaseSettings {
    /// `DATABASE_URL`; a secret.
    pub url: String,
    /// `PGSSLROOTCERT`: a file of root certificates in PEM; `None` for the system's, which libpq calls `system`.
    pub root_certificates: Option<PathBuf>,
}

impl fmt::Debug for DatabaseSettings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut settings = formatter.debug_struct("DatabaseSettings");
        settings.field("root_certificates", &self.root_certificates).finish_non_exhaustive()
    }
}

impl CollectorSettings {
    /// Reads them from the environment.
    ///
    /// # Errors
    /// With every setting that is missing or wrong.
    pub fn from_env() -> Result<Self, SettingsError> {
        Self::read(variable)
    }

    fn read(source: impl Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let mut reader = Reader::new(source);
        let base_url =
            reader.required("CENOVKA_PORTAL_URL", "base URL of the portal or of a simulator", |text| {
                parse_base_url(text).map_err(|error| error.to_string())
            });
        let rate = reader.optional("CENOVKA_REQUESTS_PER_SECOND", parse_rate);
        let contact = reader.optional("CENOVKA_CONTACT", |text| Ok(text.to_owned()));
        let permission = reader.optional("CENOVKA_PORTAL_PERMISSION", |text| match text {
            "granted" => Ok(true),
            _ => Err("the only value is `granted`; leave it out if you hold no permission".to_owned()),
        });
        let raw_bucket = reader.raw_bucket();
        match (base_url, raw_bucket) {
            (Some(base_url), Some(raw_bucket)) if reader.faults.is_empty() => Ok(Self {
                portal: ClientSettings {
                    base_url,
                    requests_per_second: rate.unwrap_or(DEFAULT_RATE),
                    contact,
                    permission: permission.unwrap_or(false),
                },
                raw_bucket,
            }),
            _ => Err(SettingsError { faults: reader.faults }),
        }
    }
}

impl LoaderSettings {
    /// Reads them from the environment.
    ///
    /// # Errors
    /// With every setting that is missing or wrong.
    pub fn from_env() -> Result<Self, SettingsError> {
        Self::read(variable)
    }

    fn read(source: impl Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let mut reader = Reader::new(source);
        let raw_bucket = reader.raw_bucket();
        let database = reader.database();
        match (raw_bucket, database) {
            (Some(raw_bucket), Some(database)) if reader.faults.is_empty() => {
                Ok(Self { raw_bucket, database })
            }
            _ => Err(SettingsError { faults: reader.faults }),
        }
    }
}

impl ReconcilerSettings {
    /// Reads them from the environment.
    ///
    /// # Errors
    /// With every setting that is missing or wrong.
    pub fn from_env() -> Result<Self, SettingsError> {
        let mut reader = Reader::new(variable);
        let raw_bucket = reader.raw_bucket();
        let database = reader.database();
        let what = "name or ARN of the loader function";
        let loader_function = reader.required("CENOVKA_LOADER_FUNCTION", what, |text| Ok(text.to_owned()));
        match (raw_bucket, database, loader_function) {
            (Some(raw_bucket), Some(database), Some(loader_function)) if reader.faults.is_empty() => {
                Ok(Self { raw_bucket, database, loader_function })
            }
            _ => Err(SettingsError { faults: reader.faults }),
        }
    }
}

impl DatabaseSettings {
    /// Reads them from the environment.
    ///
    /// # Errors
    /// If the URL is missing.
    pub fn from_env() -> Result<Self, SettingsError> {
        let mut reader = Reader::new(variable);
        let database = reader.database();
        database.ok_or(SettingsError { faults: reader.faults })
    }
}

/// Settings that are missing or wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("wrong settings: {}", faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
pub struct SettingsError {
    /// All of them.
    pub faults: Vec<SettingFault>,
}

/// One setting that is missing or wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name} {fault}")]
pub struct SettingFault {
    /// The environment variable.
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

/// Reads settings one by one and collects what is wrong.
struct Reader<S> {
    source: S,
    faults: Vec<SettingFault>,
}

impl<S: Fn(&str) -> Option<String>> Reader<S> {
    fn new(source: S) -> Self {
        Self { source, faults: Vec::new() }
    }

    fn optional<T>(&mut self, name: &'static str, parse: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        let text = (self.source)(name).filter(|text| !text.trim().is_empty())?;
        match parse(text.trim()) {
            Ok(value) => Some(value),
            Err(reason) => {
                self.faults.push(SettingFault { name, fault: format!("is wrong: {reason}") });
                None
            }
        }
    }

    fn required<T>(
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

    fn database(&mut self) -> Option<DatabaseSettings> {
        let what = "URL of the warehouse, for example postgres://loader@localhost/cenovka";
        let url = self.required("DATABASE_URL", what, |text| Ok(text.to_owned()));
        let root_certificates = self.optional("PGSSLROOTCERT", |path| Ok(PathBuf::from(path)));
        let root_certificates = root_certificates.filter(|path| path.as_os_str() != "system");
        Some(DatabaseSettings { url: url?, root_certificates })
    }

    fn raw_bucket(&mut self) -> Option<String> {
        self.required("CENOVKA_RAW_BUCKET", "name of the bucket for raw objects", |text| Ok(text.to_owned()))
    }
}

fn parse_rate(text: &str) -> Result<f64, String> {
    match f64::from_str(text) {
        Ok(rate) if rate > 0.0 && rate <= HIGHEST_RATE => Ok(rate),
        _ => Err(format!("`{text}` is not a number above 0 and up to {HIGHEST_RATE}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source<'a>(values: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<String> + 'a {
        |name| values.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    }

    #[test]
    fn the_rate_is_one_per_second_unless_set() {
        let settings = CollectorSettings::read(source(&[
            ("CENOVKA_PORTAL_URL", "http://localhost:8080"),
            ("CENOVKA_RAW_BUCKET", "raw"),
            ("CENOVKA_REQUESTS_PER_SECOND", ""),
        ]))
        .unwrap();
        assert!((settings.portal.requests_per_second - 1.0).abs() < f64::EPSILON);
        assert!(!settings.portal.permission);
        assert_eq!(settings.raw_bucket, "raw");
    }

    #[test]
    fn every_fault_is_named_at_once() {
        let error = CollectorSettings::read(source(&[
            ("CENOVKA_PORTAL_URL", "http://www.sreality.cz"),
            ("CENOVKA_REQUESTS_PER_SECOND", "0"),
            ("CENOVKA_PORTAL_PERMISSION", "yes"),
        ]))
        .unwrap_err();
        let names: Vec<_> = error.faults.iter().map(|fault| fault.name).collect();
        assert_eq!(
            names,
            [
                "CENOVKA_PORTAL_URL",
                "CENOVKA_REQUESTS_PER_SECOND",
                "CENOVKA_PORTAL_PERMISSION",
                "CENOVKA_RAW_BUCKET"
            ]
        );
        assert!(error.to_string().contains("CENOVKA_RAW_BUCKET is missing: name of the bucket"), "{error}");
    }

    #[test]
    fn the_database_url_is_required_and_never_printed() {
        let error = LoaderSettings::read(source(&[])).unwrap_err().to_string();
        assert!(error.contains("DATABASE_URL is missing") && error.contains("CENOVKA_RAW_BUCKET is missing"));
        let values =
            [("DATABASE_URL", "postgres://loader:hunter2@localhost/x"), ("CENOVKA_RAW_BUCKET", "raw")];
        assert!(!format!("{:?}", LoaderSettings::read(source(&values)).unwrap()).contains("hunter2"));
    }

    #[test]
    fn root_certificates_are_those_of_a_file_or_the_systems() {
        for (value, expected) in [("/rds.pem", Some("/rds.pem")), ("system", None), ("", None)] {
            let values =
                [("DATABASE_URL", "host=x"), ("CENOVKA_RAW_BUCKET", "raw"), ("PGSSLROOTCERT", value)];
            let database = LoaderSettings::read(source(&values)).unwrap().database;
            assert_eq!(database.root_certificates, expected.map(PathBuf::from), "{value}");
        }
    }
}
