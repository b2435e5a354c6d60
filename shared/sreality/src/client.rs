//! The portal's client: polite, patient, and suspicious of what it is told.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{ACCEPT, ACCEPT_LANGUAGE, HeaderMap, HeaderValue, LOCATION, RETRY_AFTER};
use reqwest::{StatusCode, Url, redirect};
use tokio::time::Instant;

use crate::host::is_local;
use crate::pace::Pace;
use crate::page::{Identity, Page, PageError, Pagination};
use crate::query::{SEARCH_PATH, SearchQuery};

/// A request is tried this often in all before its error is final.
const TRIES: u32 = 5;
/// Pause before the second try; it doubles with every further one.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// A `Retry-After` longer than this ends the run instead: a function cannot wait that long.
const LONGEST_PAUSE: Duration = Duration::from_secs(120);
/// Refusals (401, 403, 429) that one run accepts before it stops itself.
const REFUSALS: u64 = 10;
/// Largest body that is read. A page of 1 000 rows has about 4 MB.
const LARGEST_BODY: usize = 16 * 1024 * 1024;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);

/// How to reach the portal, and by what right.
#[derive(Clone, Debug)]
pub struct ClientSettings {
    /// Scheme and host, as [`crate::host::parse_base_url`] accepts them.
    pub base_url: Url,
    /// Most requests per second (positive).
    pub requests_per_second: f64,
    /// E-mail address or web page of the operator, sent in the User-Agent; required for a real host.
    pub contact: Option<String>,
    /// Whether the operator has said that they may collect from a real host.
    pub permission: bool,
}

/// Why a client cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// A real host without permission.
    #[error(
        "{host} is a real portal: its robots.txt closes it to unnamed robots and its terms forbid scraping, so \
         whether you may collect is for you to settle; if you hold permission, set \
         CENOVKA_PORTAL_PERMISSION=granted and CENOVKA_CONTACT"
    )]
    NoPermission {
        /// The host.
        host: String,
    },
    /// A real host without a contact.
    #[error(
        "a contact is required to collect from {host}: set CENOVKA_CONTACT to an e-mail address or a web page"
    )]
    NoContact {
        /// The host.
        host: String,
    },
    /// The contact cannot stand in a header.
    #[error("the contact `{0}` cannot be sent in a User-Agent: use plain ASCII")]
    Contact(String),
    /// The HTTP client could not be set up.
    #[error("could not set up the HTTP client: {0}")]
    Setup(#[source] reqwest::Error),
}

/// Why a request brought no page.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// No answer: connection refused or broken, time-out.
    #[error("no answer from {url}: {reason}")]
    NoAnswer {
        /// The request.
        url: String,
        /// The innermost cause.
        reason: String,
    },
    /// An HTTP error.
    #[error("{url} answered status {status}")]
    Status {
        /// The request.
        url: String,
        /// HTTP status.
        status: u16,
    },
    /// An offset or a parameter that the portal does not process (422).
    #[error("{url} was refused as unprocessable (422): beyond the cap of one query, or a wrong parameter")]
    Unprocessable {
        /// The request.
        url: String,
    },
    /// A redirect, for example to a login. None is followed.
    #[error("{url} redirects to {location}, which is not followed")]
    Redirect {
        /// The request.
        url: String,
        /// Where to.
        location: String,
    },
    /// The body is larger than any page.
    #[error("{url} answered more than {LARGEST_BODY} bytes")]
    TooLarge {
        /// The request.
        url: String,
    },
    /// Status 200, but not a page.
    #[error("{url}: {source}")]
    NotAPage {
        /// The request.
        url: String,
        /// What it is instead.
        source: PageError,
    },
    /// The portal wants to be left alone.
    #[error(
        "the portal refuses this run: {refusals} refusals, the last one status {status} at {url}; it was stopped"
    )]
    Refused {
        /// The last request.
        url: String,
        /// Its status.
        status: u16,
        /// Refusals so far.
        refusals: u64,
    },
}

impl RequestError {
    /// Whether asking again can help.
    fn is_transient(&self) -> bool {
        match self {
            Self::NoAnswer { .. } | Self::NotAPage { .. } => true,
            Self::Status { status, .. } => {
                matches!(status, 401 | 403 | 408 | 425 | 429 | 500 | 502 | 503 | 504 | 520..=524)
            }
            Self::Unprocessable { .. }
            | Self::Redirect { .. }
            | Self::TooLarge { .. }
            | Self::Refused { .. } => false,
        }
    }
}

/// One page as received.
#[derive(Debug)]
pub struct Answer {
    /// The request's URL.
    pub url: String,
    /// HTTP status.
    pub status: u16,
    /// From sending the request to the body's last byte.
    pub duration: Duration,
    /// The body, byte for byte. It is valid JSON.
    pub body: String,
    /// The page's place in the list.
    pub pagination: Pagination,
    /// Which listing each row is; `None` for a row without an id.
    pub rows: Vec<Option<Identity>>,
}

/// Requests of a run so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RequestCounts {
    /// All requests, retries included.
    pub requests: u64,
    /// Requests that repeated a failed one.
    pub retries: u64,
    /// Answers 401, 403 and 429, and any that ask for a longer pause than a function can wait.
    pub refusals: u64,
}

/// Asks one portal, at one pace, for as long as the process lives.
#[derive(Debug)]
pub struct Client {
    http: reqwest::Client,
    base_url: Url,
    pace: Pace,
    requests: AtomicU64,
    retries: AtomicU64,
    refusals: AtomicU64,
}

impl Client {
    /// Builds the client; nothing is sent yet.
    ///
    /// # Errors
    /// Without permission or contact for a host that is not [local](is_local).
    pub fn new(settings: ClientSettings) -> Result<Self, ClientError> {
        let ClientSettings { base_url, requests_per_second, contact, permission } = settings;
        if !is_local(&base_url) {
            let host = base_url.host_str().unwrap_or_default().to_owned();
            if !permission {
                return Err(ClientError::NoPermission { host });
            }
            if contact.is_none() {
                return Err(ClientError::NoContact { host });
            }
        }
        let mut headers = HeaderMap::new();
        // Without it the portal may answer in the camelCase shape of its own pages.
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(ACCEPT_LANGUAGE, HeaderValue::from_static("cs"));
        let user_agent = user_agent(contact.as_deref())?;
        #[expect(clippy::disallowed_methods, reason = "this is the client that others must use")]
        let http = reqwest::Client::builder()
            .user_agent(user_agent)
            .default_headers(headers)
            .redirect(redirect::Policy::none())
            .referer(false)
            .no_proxy()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(REQUEST_TIMEOUT)
            .build()
            .map_err(ClientError::Setup)?;
        let (requests, retries, refusals) = Default::default();
        Ok(Self { http, base_url, pace: Pace::new(requests_per_second), requests, retries, refusals })
    }

    /// The host that is asked.
    #[must_use]
    pub fn base_url(&self) -> &Url {
        &self.base_url
    }

    /// Starts a run: its refusals count from here. A function's process lives for many runs, and one that was
    /// refused now and then over weeks must not stop for it.
    pub fn begin_run(&self) {
        self.refusals.store(0, Ordering::Relaxed);
    }

    /// Requests and retries since the client was built, refusals since the run began.
    pub fn counts(&self) -> RequestCounts {
        RequestCounts {
            requests: self.requests.load(Ordering::Relaxed),
            retries: self.retries.load(Ordering::Relaxed),
            refusals: self.refusals.load(Ordering::Relaxed),
        }
    }

    /// Fetches one page, trying again as long as that can help.
    ///
    /// # Errors
    /// The last try's error, or [`RequestError::Refused`] when the portal refuses too often or for too long.
    pub async fn search(&self, query: &SearchQuery) -> Result<Answer, RequestError> {
        let mut url = self.base_url.clone();
        url.set_path(SEARCH_PATH);
        url.query_pairs_mut().extend_pairs(query.parameters());
        let mut pause = FIRST_PAUSE;
        for _ in 1..TRIES {
            match self.try_once(&url).await {
                Err(error) if error.is_transient() => {
                    tracing::warn!(%error, "request failed and is tried again");
                    self.retries.fetch_add(1, Ordering::Relaxed);
                    tokio::time::sleep(pause.mul_f64(1.0 + fastrand::f64())).await;
                    pause *= 2;
                }
                done => return done,
            }
        }
        self.try_once(&url).await
    }

    async fn try_once(&self, url: &Url) -> Result<Answer, RequestError> {
        self.pace.wait().await;
        self.requests.fetch_add(1, Ordering::Relaxed);
        let started = Instant::now();
        let mut response = self.http.get(url.clone()).send().await.map_err(|error| no_answer(url, &error))?;
        let status = response.status();
        if status != StatusCode::OK {
            return Err(self.refused_or_failed(url, status, response.headers()).await);
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| no_answer(url, &error))? {
            if body.len() + chunk.len() > LARGEST_BODY {
                return Err(RequestError::TooLarge { url: url.to_string() });
            }
            body.extend_from_slice(&chunk);
        }
        let duration = started.elapsed();
        let answer = read_page(url, status.as_u16(), duration, body)
            .map_err(|source| RequestError::NotAPage { url: url.to_string(), source })?;
        self.pace.recover().await;
        Ok(answer)
    }

    /// Sorts an answer that is not 200, and slows down if it asks for that.
    async fn refused_or_failed(&self, url: &Url, status: StatusCode, headers: &HeaderMap) -> RequestError {
        let (url, code) = (url.to_string(), status.as_u16());
        if status.is_redirection() {
            let location = headers.get(LOCATION).and_then(|value| value.to_str().ok());
            return RequestError::Redirect { url, location: location.unwrap_or("nowhere").to_owned() };
        }
        let retry_after =
            headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()).and_then(retry_after);
        if code == 422 {
            return RequestError::Unprocessable { url };
        }
        let pause = retry_after.unwrap_or_default();
        let refused = matches!(code, 401 | 403 | 429) || pause > LONGEST_PAUSE;
        if refused {
            let refusals = self.refusals.fetch_add(1, Ordering::Relaxed) + 1;
            if refusals >= REFUSALS || pause > LONGEST_PAUSE {
                return RequestError::Refused { url, status: code, refusals };
            }
        }
        if refused || !pause.is_zero() {
            self.pace.slow_down(pause).await;
        }
        RequestError::Status { url, status: code }
    }
}

fn user_agent(contact: Option<&str>) -> Result<HeaderValue, ClientError> {
    let version = env!("CARGO_PKG_VERSION");
    let text = match contact {
        Some(contact) => format!("Cenovka/{version} (+{contact})"),
        None => format!("Cenovka/{version}"),
    };
    HeaderValue::from_str(&text).map_err(|_| ClientError::Contact(contact.unwrap_or_default().to_owned()))
}

fn read_page(url: &Url, status: u16, duration: Duration, body: Vec<u8>) -> Result<Answer, PageError> {
    let body = String::from_utf8(body).map_err(|_| PageError::NotUtf8)?;
    let page = Page::parse(&body)?;
    let pagination = page.pagination.ok_or(PageError::NoPagination)?;
    let rows = page.identities().collect();
    Ok(Answer { url: url.to_string(), status, duration, pagination, rows, body })
}

/// `Retry-After` in both of its forms: seconds, or a date.
fn retry_after(value: &str) -> Option<Duration> {
    if let Ok(seconds) = value.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = jiff::fmt::rfc2822::parse(value.trim()).ok()?;
    let pause = date.timestamp().duration_since(Timestamp::now());
    Some(Duration::try_from(pause).unwrap_or_default())
}

/// reqwest names the request first and buries the cause.
fn no_answer(url: &Url, error: &reqwest::Error) -> RequestError {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    let reason = if error.is_timeout() { "it took too long".to_owned() } else { cause.to_string() };
    RequestError::NoAnswer { url: url.to_string(), reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(base_url: &str) -> ClientSettings {
        let base_url = Url::parse(base_url).unwrap();
        ClientSettings { base_url, requests_per_second: 1000.0, contact: None, permission: false }
    }

    #[test]
    fn a_real_host_needs_permission_and_a_contact() {
        let real = settings(crate::host::REAL_PORTAL);
        assert!(matches!(Client::new(real.clone()), Err(ClientError::NoPermission { .. })));
        let permitted = ClientSettings { permission: true, ..real };
        assert!(matches!(Client::new(permitted.clone()), Err(ClientError::NoContact { .. })));
        let named = ClientSettings { contact: Some("data@example.org".to_owned()), ..permitted };
        assert!(Client::new(named).is_ok());
    }

    #[test]
    fn the_user_agent_names_the_software_and_its_operator() {
        let agent = user_agent(Some("data@example.org")).unwrap();
        assert!(agent.to_str().unwrap().starts_with("Cenovka/"));
        assert!(agent.to_str().unwrap().ends_with("(+data@example.org)"));
        assert!(matches!(user_agent(Some("a\nb")), Err(ClientError::Contact(_))));
    }

    #[test]
    fn retry_after_is_read_as_seconds_or_as_a_date() {
        assert_eq!(retry_after("7"), Some(Duration::from_secs(7)));
        assert_eq!(retry_after("Wed, 21 Oct 2015 07:28:00 GMT"), Some(Duration::ZERO));
        assert_eq!(retry_after("soon"), None);
    }
}
