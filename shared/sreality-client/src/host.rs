//! Which hosts may be asked, and on what condition.

use std::ops::RangeInclusive;

use reqwest::Url;
use sreality::address::REAL_PORTAL;

/// Requests per second that may be set for any host at all: simulators are fast.
pub const RATES: RangeInclusive<f64> = 0.001..=10_000.0;
/// Most requests per second that may be set for a host that is not [local](is_local): the setting is not there to
/// press a portal. Source: most public collectors in production stay below it.
pub const HIGHEST_REAL_RATE: f64 = 5.0;

/// Why a base URL is not acceptable.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    #[error(
        "`{url}` is not a base URL of a portal: give scheme and host and nothing else, for example {REAL_PORTAL}"
    )]
    NotAUrl { url: String },
    /// Plain HTTP to a host that is not on this machine.
    #[error(
        "`{url}` is not encrypted: only a host on this machine or in this compose network may be asked by http"
    )]
    NotEncrypted { url: String },
}

/// Reads a base URL: https, or http if the host [is local](is_local), and nothing beyond scheme, host and port.
///
/// # Errors
/// If it is something else.
pub fn parse_base_url(text: &str) -> Result<Url, HostError> {
    let url = text.to_owned();
    match Url::parse(text) {
        Ok(base) if !is_bare(&base) => Err(HostError::NotAUrl { url }),
        Ok(base) if base.scheme() == "https" => Ok(base),
        Ok(base) if base.scheme() == "http" => {
            if is_local(&base) {
                Ok(base)
            } else {
                Err(HostError::NotEncrypted { url })
            }
        }
        _ => Err(HostError::NotAUrl { url }),
    }
}

/// Whether a URL names a host and nothing there: no user, path, query or fragment.
fn is_bare(url: &Url) -> bool {
    let nothing_else = url.query().is_none() && url.fragment().is_none() && url.path() == "/";
    url.has_host() && nothing_else && url.username().is_empty() && url.password().is_none()
}

/// Which rates, in requests per second, may be set for a host.
#[must_use]
pub fn rates_for(url: &Url) -> RangeInclusive<f64> {
    if is_local(url) { RATES } else { *RATES.start()..=HIGHEST_REAL_RATE }
}

/// Whether a host is a loopback address, `localhost`, or a name without dots, as compose gives its services.
#[must_use]
pub fn is_local(url: &Url) -> bool {
    let Some(host) = url.host_str() else { return false };
    let address = host.trim_start_matches('[').trim_end_matches(']');
    match address.parse::<std::net::IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_) => !host.contains('.'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn http_is_for_local_hosts_only() {
        for local in ["http://127.0.0.1:8080", "http://[::1]:80", "http://localhost:1", "http://portal:8080"]
        {
            assert!(is_local(&parse_base_url(local).unwrap()), "{local}");
        }
        assert!(matches!(parse_base_url("http://www.sreality.cz"), Err(HostError::NotEncrypted { .. })));
        assert!(matches!(parse_base_url("http://10.0.0.1"), Err(HostError::NotEncrypted { .. })));
        assert!(!is_local(&parse_base_url(REAL_PORTAL).unwrap()));
    }

    #[test]
    fn other_texts_are_no_base_urls() {
        for text in [
            "",
            "portal",
            "ftp://portal",
            "file:///etc/passwd",
            "http://",
            "https://me:secret@example.org",
            "https://example.org/cs",
            "https://example.org?x=1",
            "https://example.org#x",
        ] {
            assert!(matches!(parse_base_url(text), Err(HostError::NotAUrl { .. })), "{text}");
        }
    }
}
