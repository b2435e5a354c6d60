//! What the collector reads from its environment.

use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use runtime::{SettingsError, SettingsReader};
use sreality_client::host::{RATES, parse_base_url, rates_for};
use sreality_client::{ClientSettings, Contact, DEFAULT_RATE, RobotsTxt, Timeouts};

/// How long one request may be allowed to take, in seconds: no function lives longer than the highest.
const REQUEST_TIMEOUTS: RangeInclusive<u64> = 1..=900;

/// What the collector needs to know.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// `CENOVKA_PORTAL_URL`, `CENOVKA_REQUESTS_PER_SECOND`, `CENOVKA_REQUEST_TIMEOUT_SECONDS`, `CENOVKA_CONTACT`,
    /// `CENOVKA_PORTAL_PERMISSION`, `CENOVKA_ROBOTS_TXT`.
    pub(crate) portal: ClientSettings,
    /// `CENOVKA_RAW_BUCKET`.
    pub(crate) raw_bucket: String,
}

impl Settings {
    /// Reads them from the environment.
    pub(crate) fn from_env() -> Result<Self, SettingsError> {
        Self::read(SettingsReader::from_env())
    }

    fn read(mut reader: SettingsReader) -> Result<Self, SettingsError> {
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
        let settings = base_url.zip(raw_bucket).map(|(base_url, raw_bucket)| Self {
            portal: ClientSettings {
                base_url,
                requests_per_second: rate.unwrap_or(DEFAULT_RATE),
                contact,
                permission: permission.unwrap_or(false),
                robots_txt: robots_txt.unwrap_or_default(),
                timeouts: timeout.map(Timeouts::within).unwrap_or_default(),
            },
            raw_bucket,
        });
        reader.finish(settings)
    }
}

fn parse_rate(text: &str, rates: &RangeInclusive<f64>) -> Result<f64, String> {
    match f64::from_str(text) {
        Ok(rate) if rates.contains(&rate) => Ok(rate),
        _ => {
            let least = rates.start();
            let most = rates.end();
            Err(format!("`{text}` is not a number from {least} to {most}, which is the most for this portal"))
        }
    }
}

fn parse_timeout(text: &str) -> Result<Duration, String> {
    match u64::from_str(text) {
        Ok(seconds) if REQUEST_TIMEOUTS.contains(&seconds) => Ok(Duration::from_secs(seconds)),
        _ => {
            let least = REQUEST_TIMEOUTS.start();
            let most = REQUEST_TIMEOUTS.end();
            Err(format!("`{text}` is not a whole number of seconds from {least} to {most}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_one_per_second_unless_set() {
        let settings = Settings::read(SettingsReader::of(&[
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
        let error = Settings::read(SettingsReader::of(&[
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
            Settings::read(SettingsReader::of(&values)).err().map(|error| error.to_string())
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
        let portal = Settings::read(SettingsReader::of(&[
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
}
