//! How to reach the portal, and by what right.

use reqwest::Url;

use crate::contact::Contact;
use crate::host::{is_local, rates_for};
use crate::transfer::Timeouts;

/// Requests per second unless set otherwise.
pub const DEFAULT_RATE: f64 = 1.0;

/// How to reach the portal, and by what right.
#[derive(Clone, Debug)]
pub struct ClientSettings {
    /// Scheme and host, as [`crate::host::parse_base_url`] accepts them.
    pub base_url: Url,
    /// Most requests per second, one of [`rates_for`] the host.
    pub requests_per_second: f64,
    /// Who operates this, sent in the User-Agent; required for a real host.
    pub contact: Option<Contact>,
    /// Whether the operator has said that they may collect from a real host.
    pub permission: bool,
    /// What becomes of a robots.txt that forbids the search.
    pub robots_txt: RobotsTxt,
    /// How long an answer is waited for.
    pub timeouts: Timeouts,
}

/// What becomes of a robots.txt that forbids the search.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RobotsTxt {
    /// Nothing is asked.
    #[default]
    Obey,
    /// The operator has said that they hold permission all the same: the run goes on.
    Disregard,
}

impl ClientSettings {
    /// Defaults, with which a local host can be asked; a real one takes permission and contact.
    #[must_use]
    pub fn new(base_url: Url) -> Self {
        Self {
            base_url,
            requests_per_second: DEFAULT_RATE,
            contact: None,
            permission: false,
            robots_txt: RobotsTxt::default(),
            timeouts: Timeouts::default(),
        }
    }

    /// Whether these settings give the right to ask.
    pub(crate) fn check(&self) -> Result<(), ClientError> {
        let host = || self.base_url.host_str().unwrap_or_default().to_owned();
        let rates = rates_for(&self.base_url);
        if !rates.contains(&self.requests_per_second) {
            let (least, most) = rates.into_inner();
            return Err(ClientError::Rate { host: host(), rate: self.requests_per_second, least, most });
        }
        if is_local(&self.base_url) {
            Ok(())
        } else if !self.permission {
            Err(ClientError::NoPermission { host: host() })
        } else if self.contact.is_none() {
            Err(ClientError::NoContact { host: host() })
        } else {
            Ok(())
        }
    }
}

/// Why a client cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    #[error(
        "{host} is a real portal: its robots.txt closes it to unnamed robots and its terms forbid scraping, so \
         whether you may collect is for you to settle; if you hold permission, set \
         CENOVKA_PORTAL_PERMISSION=granted and CENOVKA_CONTACT"
    )]
    NoPermission { host: String },
    #[error(
        "a contact is required to collect from {host}: set CENOVKA_CONTACT to an e-mail address or a web page"
    )]
    NoContact { host: String },
    /// A rate that would press the host, or that is none.
    #[error(
        "{host} may not be asked {rate} times per second: set CENOVKA_REQUESTS_PER_SECOND to a number from {least} to \
         {most}"
    )]
    Rate { host: String, rate: f64, least: f64, most: f64 },
}

#[cfg(test)]
mod tests {
    use super::*;
    use sreality::address::REAL_PORTAL;

    fn settings(base_url: &str) -> ClientSettings {
        ClientSettings::new(base_url.parse().unwrap())
    }

    #[test]
    fn a_real_host_needs_permission_and_a_contact() {
        let real = settings(REAL_PORTAL);
        assert!(matches!(real.check(), Err(ClientError::NoPermission { .. })));
        let permitted = ClientSettings { permission: true, ..real };
        assert!(matches!(permitted.check(), Err(ClientError::NoContact { .. })));
        let named = ClientSettings { contact: Some("data@example.org".parse().unwrap()), ..permitted };
        assert!(named.check().is_ok());
        let fast = ClientSettings { requests_per_second: 5.1, ..named };
        let error = fast.check().unwrap_err().to_string();
        assert!(error.contains("CENOVKA_REQUESTS_PER_SECOND to a number from 0.001 to 5"), "{error}");
    }

    #[test]
    fn a_local_host_may_be_asked_fast_but_not_at_no_rate() {
        let local = settings("http://localhost:1");
        assert!(local.check().is_ok());
        assert!(ClientSettings { requests_per_second: 10_000.0, ..local.clone() }.check().is_ok());
        for rate in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e-9] {
            let error = ClientSettings { requests_per_second: rate, ..local.clone() }.check().unwrap_err();
            assert!(matches!(error, ClientError::Rate { .. }), "{rate}");
        }
    }
}
