//! Settings: read once at start, from the environment, in this one place. Every fault is named, all at once.

use std::fmt;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use sreality::host::{RATES, parse_base_url, rates_for};
use sreality::{ClientSettings, Contact, DEFAULT_RATE, RobotsTxt, Timeouts};

/// How long one request may be allowed to take, in seconds: no function lives longer than the highest.
const REQUEST_TIMEOUTS: RangeInclusive<u64> = 1..=900;

/// What the collector needs to know.
#[derive(Clone, Debug)]
pub struct CollectorSettings {
    /// `CENOVKA_PORTAL_URL`, `CENOVKA_REQUESTS_PER_SECOND`, `CENOVKA_REQUEST_TIMEOUT_SECONDS`, `CENOVKA_CONTACT`,
    /// `CENOVKA_PORTAL_PERMISSION`, `CENOVKA_ROBOTS_TXT`.
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
        let rates = base_url.as_ref().map_or(RATES, rates_for);
        let rate = reader.optional("CENOVKA_REQUESTS_PER_SECOND", |text| parse_rate(text, &rates));
        let timeout = reader.optional("CENOVKA_REQUEST_TIMEOUT_SECONDS", parse_timeout);
        let contact = reader
            .optional("CENOVKA_CONTACT", |text| text.parse::<Contact>().map_err(|error| error.to_string()));
        let permission = reader.optional("CENOVKA_PORTAL_PERMISSION", |text| match text {
            "granted" => Ok(true),
            _ => Err("the only value is `granted`; leave it out if you hold no permission".to_owned()),
        });
        let robots_txt = reader.optional("CENOVKA_ROBOTS_TXT", |text| match text {
            "obey" => Ok(RobotsTxt::Obey),
            "disregard" => Ok(RobotsTxt::Disregard),
            _ => Err("the values are `obey`, which is the default, and `disregard`, if you hold permission"
                .to_owned()),
        });
        let raw_bucket = reader.raw_bucket();
        match (base_url, raw_bucket) {
            (Some(base_url), Some(raw_bucket)) if reader.faults.is_empty() => Ok(Self {
                portal: ClientSettings {
                    base_url,
                    requests_per_second: rate.unwrap_or(DEFAULT_RATE),
                    contact,
                    permission: permission.unwrap_or(false),
                    robots_txt: robots_txt.unwrap_or_default(),
                    timeouts: timeout.map(Timeouts::within).unwrap_or_default(),
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
    /// If there is neither URL nor secret, or both.
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

    fn raw_bucket(&mut self) -> Option<String> {
        self.required("CENOVKA_RAW_BUCKET", "name of the bucket for raw objects", |text| Ok(text.to_owned()))
    }
}

fn parse_rate(text: &str, rates: &RangeInclusive<f64>) -> Result<f64, String> {
    match f64::from_str(text) {
        Ok(rate) if rates.contains(&rate) => Ok(rate),
        _ => {
            let (least, most) = (rates.start(), rates.end());
            Err(format!("`{text}` is not a number from {least} to {most}, which is the most for this portal"))
        }
    }
}

/// Not said what it is instead: who mistakes the two puts the URL with its password here.
fn parse_secret_arn(text: &str) -> Result<String, String> {
    match text.starts_with("arn:") {
        true => Ok(text.to_owned()),
        false => Err("it is the ARN of a secret, arn:aws:secretsmanager:…".to_owned()),
    }
}

fn parse_timeout(text: &str) -> Result<Duration, String> {
    match u64::from_str(text) {
        Ok(seconds) if REQUEST_TIMEOUTS.contains(&seconds) => Ok(Duration::from_secs(seconds)),
        _ => {
            let (least, most) = (REQUEST_TIMEOUTS.start(), REQUEST_TIMEOUTS.end());
            Err(format!("`{text}` is not a whole number of seconds from {least} to {most}"))
        }
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
        assert_eq!(settings.portal.robots_txt, RobotsTxt::Obey);
        assert_eq!(settings.portal.timeouts, Timeouts::default());
        assert_eq!(settings.raw_bucket, "raw");
    }

    #[test]
    fn every_fault_is_named_at_once() {
        let error = CollectorSettings::read(source(&[
            ("CENOVKA_PORTAL_URL", "http://www.sreality.cz"),
            ("CENOVKA_REQUESTS_PER_SECOND", "0"),
            ("CENOVKA_REQUEST_TIMEOUT_SECONDS", "0.5"),
            ("CENOVKA_CONTACT", "me"),
            ("CENOVKA_PORTAL_PERMISSION", "yes"),
            ("CENOVKA_ROBOTS_TXT", "ignore"),
        ]))
        .unwrap_err();
        let names: Vec<_> = error.faults.iter().map(|fault| fault.name).collect();
        assert_eq!(
            names,
            [
                "CENOVKA_PORTAL_URL",
                "CENOVKA_REQUESTS_PER_SECOND",
                "CENOVKA_REQUEST_TIMEOUT_SECONDS",
                "CENOVKA_CONTACT",
                "CENOVKA_PORTAL_PERMISSION",
                "CENOVKA_ROBOTS_TXT",
                "CENOVKA_RAW_BUCKET"
            ]
        );
        assert!(error.to_string().contains("CENOVKA_RAW_BUCKET is missing: name of the bucket"), "{error}");
    }

    #[test]
    fn a_real_portal_is_asked_at_most_five_times_per_second() {
        let fault = |url, rate| {
            let values = [
                ("CENOVKA_PORTAL_URL", url),
                ("CENOVKA_RAW_BUCKET", "raw"),
                ("CENOVKA_REQUESTS_PER_SECOND", rate),
            ];
            CollectorSettings::read(source(&values)).err().map(|error| error.to_string())
        };
        assert_eq!(fault("http://localhost:8080", "10000"), None);
        assert_eq!(fault("https://www.sreality.cz", "5"), None);
        let error = fault("https://www.sreality.cz", "5.5").unwrap();
        assert!(
            error.contains("CENOVKA_REQUESTS_PER_SECOND is wrong: `5.5` is not a number from 0.001 to 5,"),
            "{error}"
        );
        for rate in ["NaN", "inf", "-1", "fast"] {
            assert!(fault("http://localhost:8080", rate).is_some(), "{rate}");
        }
    }

    #[test]
    fn what_the_operator_vouches_for_reaches_the_client() {
        let portal = CollectorSettings::read(source(&[
            ("CENOVKA_PORTAL_URL", "https://www.sreality.cz"),
            ("CENOVKA_RAW_BUCKET", "raw"),
            ("CENOVKA_CONTACT", "data@example.org"),
            ("CENOVKA_PORTAL_PERMISSION", "granted"),
            ("CENOVKA_ROBOTS_TXT", "disregard"),
            ("CENOVKA_REQUEST_TIMEOUT_SECONDS", "20"),
        ]))
        .unwrap()
        .portal;
        assert_eq!(portal.contact.map(|contact| contact.to_string()).as_deref(), Some("data@example.org"));
        assert!(portal.permission);
        assert_eq!(portal.robots_txt, RobotsTxt::Disregard);
        assert_eq!(portal.timeouts.request, Duration::from_secs(20));
        assert_eq!(portal.timeouts.headers, Duration::from_secs(20));
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
    fn the_warehouse_is_given_by_url_or_by_secret() {
        let database = |url, secret| {
            let values =
                [("DATABASE_URL", url), ("DATABASE_URL_SECRET", secret), ("CENOVKA_RAW_BUCKET", "raw")];
            LoaderSettings::read(source(&values)).map(|settings| settings.database.login)
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
            let values =
                [("DATABASE_URL", "host=x"), ("CENOVKA_RAW_BUCKET", "raw"), ("PGSSLROOTCERT", value)];
            let database = LoaderSettings::read(source(&values)).unwrap().database;
            assert_eq!(database.root_certificates, expected.map(PathBuf::from), "{value}");
        }
    }
}
