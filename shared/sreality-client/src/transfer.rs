//! One request and its answer: with the host that was asked and no other, within limits of time and size.

use std::sync::OnceLock;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use reqwest::header::{ACCEPT, ACCEPT_LANGUAGE, HeaderMap, HeaderName, HeaderValue, LOCATION, RETRY_AFTER};
use reqwest::{StatusCode, Url, redirect, retry};
use tokio::time::{Instant, timeout};

use crate::error::{Phase, RequestError};
use sreality::MARKET_HEADER;

/// How long an answer is waited for. The pace is not part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Until there is a connection, encrypted where it has to be.
    pub connect: Duration,
    /// From sending to the answer's headers.
    pub headers: Duration,
    /// From sending to the last byte.
    pub request: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            headers: Duration::from_secs(30),
            request: Duration::from_secs(60),
        }
    }
}

impl Timeouts {
    /// The defaults, within a limit for the whole request.
    #[must_use]
    pub fn within(request: Duration) -> Self {
        let Self { connect, headers, .. } = Self::default();
        Self { connect: connect.min(request), headers: headers.min(request), request }
    }
}

/// Sends requests and receives answers, with nothing between it and the host that it asks.
#[derive(Debug)]
pub(crate) struct Transfer {
    user_agent: String,
    timeouts: Timeouts,
    /// Made at the first request, because it reads all root certificates.
    http: OnceLock<reqwest::Client>,
}

impl Transfer {
    pub(crate) fn new(user_agent: String, timeouts: Timeouts) -> Self {
        Self { user_agent, timeouts, http: OnceLock::new() }
    }

    fn http(&self) -> Result<&reqwest::Client, RequestError> {
        if let Some(http) = self.http.get() {
            return Ok(http);
        }
        let http = new_http_client(&self.user_agent, self.timeouts.connect).map_err(RequestError::Setup)?;
        Ok(self.http.get_or_init(|| http))
    }

    /// Sends a request, and waits until its answer begins.
    pub(crate) async fn send(&self, url: &Url) -> Result<Incoming, RequestError> {
        let Timeouts { connect, headers, request } = self.timeouts;
        let started = Instant::now();
        let limit = headers.min(request);
        match timeout(limit, self.http()?.get(url.clone()).send()).await {
            Ok(Ok(response)) => Ok(Incoming { response, url: url.clone(), started, limit: request }),
            Ok(Err(error)) if error.is_connect() && error.is_timeout() => {
                Err(timed_out(url, Phase::Connect, connect))
            }
            Ok(Err(error)) => Err(no_answer(url, &error)),
            Err(_) => Err(timed_out(url, Phase::Headers, limit)),
        }
    }
}

fn new_http_client(user_agent: &str, connect_timeout: Duration) -> Result<reqwest::Client, reqwest::Error> {
    let mut headers = HeaderMap::new();
    // Without it the portal may answer in the camelCase shape of its own pages.
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    headers.insert(ACCEPT_LANGUAGE, HeaderValue::from_static("cs"));
    // reqwest asks for a provider of the whole process; whoever comes second finds the same one there.
    let _ = rustls::crypto::ring::default_provider().install_default();
    #[expect(clippy::disallowed_methods, reason = "this is the client that others must use")]
    let builder = reqwest::Client::builder();
    builder
        .user_agent(user_agent)
        .default_headers(headers)
        .redirect(redirect::Policy::none())
        // Every request is paced and counted, so none may be repeated behind the client's back.
        .retry(retry::never())
        .referer(false)
        .no_proxy()
        .connect_timeout(connect_timeout)
        .build()
}

/// An answer whose headers are there.
pub(crate) struct Incoming {
    response: reqwest::Response,
    url: Url,
    started: Instant,
    limit: Duration,
}

/// An answer as a whole.
pub(crate) struct Received {
    pub(crate) status: u16,
    /// What a simulator calls its market.
    pub(crate) market: Option<String>,
    /// Decoded, if it was compressed.
    pub(crate) body: Vec<u8>,
    /// Whether there is more of the body than was to be read.
    pub(crate) cut: bool,
    /// From sending the request to the body's last byte.
    pub(crate) duration: Duration,
}

impl Incoming {
    pub(crate) fn status(&self) -> StatusCode {
        self.response.status()
    }

    /// Where a redirect leads.
    pub(crate) fn location(&self) -> String {
        self.header(LOCATION).unwrap_or("nowhere").to_owned()
    }

    /// When the portal wants to be asked again, if it says so.
    pub(crate) fn retry_after(&self) -> Option<Timestamp> {
        self.header(RETRY_AFTER).and_then(|value| retry_after(value.trim(), Timestamp::now()))
    }

    fn header(&self, name: HeaderName) -> Option<&str> {
        self.response.headers().get(name)?.to_str().ok()
    }

    /// Reads the body, but no more of it than `most` bytes. The limit holds for what was unpacked.
    pub(crate) async fn read(self, most: usize) -> Result<Received, RequestError> {
        let market = self.header(HeaderName::from_static(MARKET_HEADER)).map(str::to_owned);
        let Self { mut response, url, started, limit } = self;
        let status = response.status().as_u16();
        let whole = async {
            let mut body = Vec::new();
            while let Some(chunk) = response.chunk().await? {
                body.extend_from_slice(&chunk);
                if body.len() > most {
                    body.truncate(most);
                    return Ok((body, true));
                }
            }
            Ok((body, false))
        };
        let (body, cut) = timeout(limit.saturating_sub(started.elapsed()), whole)
            .await
            .map_err(|_| timed_out(&url, Phase::Request, limit))?
            .map_err(|error| no_answer(&url, &error))?;
        Ok(Received { status, market, body, cut, duration: started.elapsed() })
    }
}

/// `Retry-After` is a number of seconds or a date.
fn retry_after(value: &str, now: Timestamp) -> Option<Timestamp> {
    if !value.is_empty() && value.bytes().all(|letter| letter.is_ascii_digit()) {
        let seconds = SignedDuration::from_secs(value.parse().unwrap_or(i64::MAX));
        return Some(now.checked_add(seconds).unwrap_or(Timestamp::MAX));
    }
    Some(jiff::fmt::rfc2822::parse(value).ok()?.timestamp())
}

fn timed_out(url: &Url, phase: Phase, limit: Duration) -> RequestError {
    RequestError::TimedOut { url: url.to_string(), phase, limit }
}

/// reqwest names the request first and buries the cause.
fn no_answer(url: &Url, error: &reqwest::Error) -> RequestError {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    RequestError::NoAnswer { url: url.to_string(), reason: cause.to_string() }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    /// A server that says this to whoever asks, and nothing more.
    async fn silent_after(scheme: &str, said: &'static [u8]) -> Url {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let mut kept = Vec::new();
            while let Ok((mut connection, _)) = listener.accept().await {
                assert!(connection.read(&mut [0; 4096]).await.unwrap() > 0);
                connection.write_all(said).await.unwrap();
                kept.push(connection);
            }
        });
        format!("{scheme}://{address}").parse().unwrap()
    }

    async fn error_of(url: &Url, timeouts: Timeouts) -> RequestError {
        let transfer = Transfer::new("test".to_owned(), timeouts);
        match transfer.send(url).await {
            Ok(incoming) => incoming.read(1000).await.err().unwrap(),
            Err(error) => error,
        }
    }

    #[tokio::test]
    async fn each_time_out_is_told_apart() {
        let brief = Duration::from_millis(50);
        let url = silent_after("https", b"").await;
        let error = error_of(&url, Timeouts { connect: brief, ..Timeouts::default() }).await;
        assert!(matches!(error, RequestError::TimedOut { phase: Phase::Connect, .. }), "{error}");

        let url = silent_after("http", b"").await;
        let error = error_of(&url, Timeouts { headers: brief, ..Timeouts::default() }).await;
        assert_eq!(error.to_string(), format!("no answer from {url}: the answer did not begin within 50ms"));
        let error = error_of(&url, Timeouts { request: brief, ..Timeouts::default() }).await;
        assert!(matches!(error, RequestError::TimedOut { phase: Phase::Headers, .. }), "{error}");

        let url = silent_after("http", b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n[").await;
        let error = error_of(&url, Timeouts::within(Duration::from_secs(1))).await;
        assert!(matches!(error, RequestError::TimedOut { phase: Phase::Request, .. }), "{error}");
    }

    #[test]
    fn retry_after_is_read_as_seconds_or_as_a_date() {
        let now: Timestamp = "2026-11-23T05:00:00Z".parse().unwrap();
        let read = |value| retry_after(value, now).map(|until| until.to_string());
        assert_eq!(read("7").as_deref(), Some("2026-11-23T05:00:07Z"));
        assert_eq!(read("Wed, 21 Oct 2015 07:28:00 GMT").as_deref(), Some("2015-10-21T07:28:00Z"));
        assert_eq!(retry_after("99999999999999999999", now), Some(Timestamp::MAX));
        for value in ["soon", "", "-1", "1.5"] {
            assert_eq!(read(value), None, "{value}");
        }
    }

    #[test]
    fn no_part_of_a_request_is_waited_for_longer_than_the_whole() {
        let short = Timeouts::within(Duration::from_secs(5));
        assert_eq!([short.connect, short.headers, short.request], [Duration::from_secs(5); 3]);
        assert_eq!(Timeouts::within(Duration::from_secs(60)), Timeouts::default());
    }
}
