//! The one way out to webhooks, ntfy and Telegram: by https, to public addresses, with nothing followed.

mod address;

use std::error::Error;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use jiff::Timestamp;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Response, Url, redirect, retry};

/// So much is read of an answer that says more than its status.
const MOST_READ: usize = 16 * 1024;

/// Which addresses may be asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AddressRules {
    /// Also loopback, private networks and the like, and also without encryption.
    pub allow_private: bool,
}

impl AddressRules {
    fn allow(self, address: IpAddr) -> bool {
        self.allow_private || address::is_public(address)
    }

    /// What a URL shows before its name is looked up.
    pub(crate) fn check(self, url: &Url) -> Result<(), NoAnswer> {
        if url.scheme() != "https" && !(url.scheme() == "http" && self.allow_private) {
            return Err(NoAnswer::NotHttps);
        }
        // A number is connected to without a lookup, so the resolver never sees it. `Url` has brought all its forms,
        // such as 0x7f000001 or 2130706433, into one.
        let number = url.host_str().and_then(|host| host.trim_matches(['[', ']']).parse().ok());
        if number.is_none_or(|address| self.allow(address)) { Ok(()) } else { Err(NoAnswer::NotPublic) }
    }
}

/// How long a channel is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Until there is a connection, encrypted where it has to be.
    pub connect: Duration,
    /// From asking for the address to the answer's last byte.
    pub request: Duration,
    /// For a whole mail: some servers greet late on purpose.
    pub mail: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            request: Duration::from_secs(10),
            mail: Duration::from_secs(20),
        }
    }
}

/// The addresses that a name has.
pub type Addresses = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;

/// Asks for the addresses of a name.
type Lookup = Arc<dyn Fn(String) -> Addresses + Send + Sync>;

/// Sends requests within the rules.
pub struct Outbound {
    rules: AddressRules,
    timeouts: Timeouts,
    lookup: Lookup,
    /// Made at the first request, because it reads all root certificates.
    http: OnceLock<reqwest::Client>,
}

/// Why there is no answer. It names no address: that of a channel may be a secret, or lead to a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NoAnswer {
    NotHttps,
    NotPublic,
    /// In plain words.
    Because(String),
}

/// An answer, of which only the status was read.
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// When the server wants to be asked again, if it says so.
    pub(crate) retry_after: Option<Duration>,
    response: Response,
}

impl Outbound {
    #[must_use]
    pub fn new(rules: AddressRules) -> Self {
        Self::from_parts(rules, Timeouts::default(), |name| Box::pin(system_lookup(name)))
    }

    /// [`Outbound::new`] with other times and another way to ask for the addresses of names.
    #[must_use]
    pub fn from_parts(
        rules: AddressRules,
        timeouts: Timeouts,
        lookup: impl Fn(String) -> Addresses + Send + Sync + 'static,
    ) -> Self {
        Self { rules, timeouts, lookup: Arc::new(lookup), http: OnceLock::new() }
    }

    pub(crate) fn rules(&self) -> AddressRules {
        self.rules
    }

    pub(crate) fn timeouts(&self) -> Timeouts {
        self.timeouts
    }

    /// Posts a body, and takes whatever is answered for the answer, redirects too.
    pub(crate) async fn post(
        &self,
        url: &Url,
        headers: HeaderMap,
        body: Vec<u8>,
    ) -> Result<Answer, NoAnswer> {
        self.rules.check(url)?;
        let sent = self.http()?.post(url.clone()).headers(headers).body(body).send().await;
        let response = sent.map_err(|error| NoAnswer::of(&error))?;
        let told = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        let retry_after = told.and_then(|value| retry_after(value.trim(), Timestamp::now()));
        Ok(Answer { status: response.status().as_u16(), retry_after, response })
    }

    fn http(&self) -> Result<&reqwest::Client, NoAnswer> {
        if let Some(http) = self.http.get() {
            return Ok(http);
        }
        let http = self.new_http_client().map_err(|error| NoAnswer::of(&error))?;
        Ok(self.http.get_or_init(|| http))
    }

    fn new_http_client(&self) -> Result<reqwest::Client, reqwest::Error> {
        // reqwest asks for a provider of the whole process; whoever comes second finds the same one there.
        let _ = rustls::crypto::ring::default_provider().install_default();
        #[expect(
            clippy::disallowed_methods,
            reason = "the portal is never asked with it; its limits are here"
        )]
        let builder = reqwest::Client::builder();
        builder
            .user_agent(concat!("cenovka/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            // Retries are counted by who sends.
            .retry(retry::never())
            .referer(false)
            // A proxy would look up names itself.
            .no_proxy()
            // What is read is short; unpacked it might not be.
            .no_gzip()
            .https_only(!self.rules.allow_private)
            .dns_resolver(WithinRules { rules: self.rules, lookup: Arc::clone(&self.lookup) })
            // Between two messages a function may sleep for hours, and every request looks its name up anew.
            .pool_max_idle_per_host(0)
            .connect_timeout(self.timeouts.connect)
            .timeout(self.timeouts.request)
            .build()
    }
}

impl Answer {
    /// The beginning of the body, or what of it came in time.
    pub(crate) async fn beginning(mut self) -> Vec<u8> {
        let mut body = Vec::new();
        while body.len() < MOST_READ
            && let Ok(Some(chunk)) = self.response.chunk().await
        {
            body.extend_from_slice(&chunk);
        }
        body
    }
}

/// Looks names up and keeps the addresses that the rules allow. The client connects to those and to no other, so a name
/// that has another address a moment later gains nothing.
struct WithinRules {
    rules: AddressRules,
    lookup: Lookup,
}

impl WithinRules {
    fn addresses(
        &self,
        name: &str,
    ) -> impl Future<Output = Result<Vec<SocketAddr>, Box<dyn Error + Send + Sync>>> + use<> {
        let rules = self.rules;
        let found = (self.lookup)(name.to_owned());
        async move {
            let found = found.await.map_err(|_| NoAddress)?;
            if found.is_empty() {
                return Err(NoAddress.into());
            }
            let allowed: Vec<_> = found.into_iter().filter(|address| rules.allow(*address)).collect();
            // The port of the URL takes the place of 0.
            let allowed: Vec<_> = allowed.into_iter().map(|address| SocketAddr::new(address, 0)).collect();
            if allowed.is_empty() { Err(NoPublicAddress.into()) } else { Ok(allowed) }
        }
    }
}

impl Resolve for WithinRules {
    fn resolve(&self, name: Name) -> Resolving {
        let addresses = self.addresses(name.as_str());
        Box::pin(async move {
            let addresses: Addrs = Box::new(addresses.await?.into_iter());
            Ok(addresses)
        })
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the name has no address")]
struct NoAddress;

#[derive(Debug, thiserror::Error)]
#[error("the name has no public address")]
struct NoPublicAddress;

async fn system_lookup(name: String) -> io::Result<Vec<IpAddr>> {
    let found = tokio::net::lookup_host((name, 0)).await?;
    Ok(found.map(|address| address.ip()).collect())
}

impl NoAnswer {
    fn of(error: &reqwest::Error) -> Self {
        if error.is_timeout() {
            return Self::Because("it took too long".to_owned());
        }
        if error.is_builder() {
            return Self::Because("no client could be set up for it".to_owned());
        }
        if causes(error).any(<dyn Error>::is::<NoPublicAddress>) {
            return Self::NotPublic;
        }
        Self::Because(why(error))
    }
}

/// Why a connection failed, in words that name neither host nor address: those of most libraries do.
pub(crate) fn why(error: &(dyn Error + 'static)) -> String {
    let known = |link: &(dyn Error + 'static)| {
        if link.is::<NoAddress>() {
            return Some(NoAddress.to_string());
        }
        if link.is::<rustls::Error>() {
            return Some("its certificate or its encryption is not accepted".to_owned());
        }
        let io: &io::Error = link.downcast_ref()?;
        io.raw_os_error().map(|_| io.to_string())
    };
    causes(error).find_map(known).unwrap_or_else(|| "the connection failed".to_owned())
}

/// An error and all below it. An `io::Error` that holds another gives out only what is below that one.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |link: &&'a (dyn Error + 'static)| {
        let link: &'a (dyn Error + 'static) = *link;
        match link.downcast_ref::<io::Error>() {
            Some(io) => io.get_ref().map(|inner| inner as &(dyn Error + 'static)),
            None => link.source(),
        }
    })
}

/// `Retry-After` is a number of seconds or a date.
fn retry_after(value: &str, now: Timestamp) -> Option<Duration> {
    if !value.is_empty() && value.bytes().all(|letter| letter.is_ascii_digit()) {
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    let until = jiff::fmt::rfc2822::parse(value).ok()?.timestamp();
    Some(Duration::try_from(until.duration_since(now)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::sync::Mutex;

    use super::*;

    /// Has other addresses each time it is asked.
    fn changing(answers: &[&[&str]]) -> WithinRules {
        let parse = |answer: &&[&str]| answer.iter().map(|address| address.parse().unwrap()).collect();
        let answers: Mutex<VecDeque<Vec<IpAddr>>> = Mutex::new(answers.iter().map(parse).collect());
        let lookup = move |_| -> Addresses {
            let answer = answers.lock().unwrap().pop_front().unwrap();
            Box::pin(async move { Ok(answer) })
        };
        WithinRules { rules: AddressRules::default(), lookup: Arc::new(lookup) }
    }

    #[tokio::test]
    async fn each_lookup_is_judged_by_its_own_answer_and_keeps_only_public_addresses() {
        let resolver = changing(&[
            &["1.1.1.1"],
            &["127.0.0.1"],
            &["10.0.0.1", "1.0.0.1", "::1"],
            &["::1", "10.0.0.1"],
            &[],
        ]);
        let mut told = Vec::new();
        for _ in 0..5 {
            told.push(match resolver.addresses("hook.example").await {
                Ok(addresses) => addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
                Err(error) => error.to_string(),
            });
        }
        let refused = "the name has no public address";
        assert_eq!(told, ["1.1.1.1:0", refused, "1.0.0.1:0", refused, "the name has no address"]);
    }

    #[test]
    fn retry_after_is_read_as_seconds_or_as_a_date() {
        let now: Timestamp = "2026-11-23T05:00:00Z".parse().unwrap();
        let seconds = |value| retry_after(value, now).map(|wait| wait.as_secs());
        assert_eq!(seconds("7"), Some(7));
        assert_eq!(seconds("99999999999999999999"), Some(u64::MAX));
        assert_eq!(seconds("Mon, 23 Nov 2026 05:01:30 GMT"), Some(90));
        assert_eq!(seconds("Wed, 21 Oct 2015 07:28:00 GMT"), Some(0));
        for value in ["soon", "", "-1", "1.5"] {
            assert_eq!(seconds(value), None, "{value}");
        }
    }

    #[test]
    fn why_a_connection_failed_names_no_host() {
        let refused = io::Error::from_raw_os_error(111);
        assert_eq!(why(&refused), refused.to_string());
        let certificate = rustls::Error::General("not valid for hook.example".to_owned());
        let wrapped = io::Error::other(io::Error::new(io::ErrorKind::InvalidData, certificate));
        assert_eq!(why(&wrapped), "its certificate or its encryption is not accepted");
        assert_eq!(why(&io::Error::other("hook.example is gone")), "the connection failed");
    }
}
