//! The portal's client: polite, patient, and suspicious of what it is told.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use causes::with_causes;
use jiff::Timestamp;
use reqwest::Url;

use crate::contact::user_agent;
use crate::error::{Refused, RequestError, is_refusal};
use crate::market;
use crate::pace::Pace;
use crate::robots::{self, ROBOTS_PATH, Robots, Rules};
use crate::run::{RequestCounts, Run};
use crate::settings::{ClientError, ClientSettings, RobotsTxt};
use crate::transfer::{Received, Transfer};
use sreality::category::{Category, Deal};
use sreality::page::{Identity, Page, PageError, Pagination};
use sreality::query::{SEARCH_PATH, SearchQuery};
use sreality::segment::Segment;

/// A request is tried this often in all before its error is final.
const TRIES: u32 = 12;
/// A hundred times what the whole portal has. What announces more is no page: whoever reckons with it would not end.
const MOST_LISTINGS: u64 = 10_000_000;
/// Longest pause between two tries. The first is one base gap of the pace long, each further one twice the last.
const LONGEST_BACKOFF: Duration = Duration::from_secs(30);
/// A `Retry-After` longer than this ends the run instead: a function cannot wait that long.
const LONGEST_PAUSE: Duration = Duration::from_secs(120);
/// Largest page that is read, in bytes. One of 1 000 rows has about 4 MB.
const LARGEST_PAGE: usize = 16 * 1024 * 1024;

/// One page as received.
#[derive(Debug)]
pub struct Answer {
    /// The request's URL.
    pub url: String,
    pub status: u16,
    /// From sending the request to the body's last byte.
    pub duration: Duration,
    /// The body, byte for byte. It is valid JSON.
    pub body: String,
    /// The market that it is of.
    pub market: String,
    /// The page's place in the list.
    pub pagination: Pagination,
    /// Which listing each row is; `None` for a row without an id.
    pub rows: Vec<Option<Identity>>,
}

/// Asks one portal, at one pace, for as long as the process lives. A run begins with [`begin_run`](Self::begin_run).
///
/// Every future may be dropped at any point, before its end and between its tries: pace and counts stay right.
#[derive(Debug)]
pub struct Client {
    transfer: Transfer,
    base_url: Url,
    robots_txt: RobotsTxt,
    pace: Pace,
    run: Mutex<Run>,
}

impl Client {
    /// Builds the client; nothing is sent yet.
    ///
    /// # Errors
    /// Without permission or contact for a host that is not [local](crate::host::is_local), or at a rate that would
    /// press it.
    pub fn new(settings: ClientSettings) -> Result<Self, ClientError> {
        settings.check()?;
        let ClientSettings { base_url, requests_per_second, contact, robots_txt, timeouts, .. } = settings;
        let transfer = Transfer::new(user_agent(contact.as_ref()), timeouts);
        Ok(Self {
            transfer,
            base_url,
            robots_txt,
            pace: Pace::new(requests_per_second),
            run: Mutex::default(),
        })
    }

    /// The host that is asked.
    #[must_use]
    pub fn base_url(&self) -> &Url {
        &self.base_url
    }

    /// Until when, and by what, the portal has asked to be left alone; `None` if that is over.
    #[must_use]
    pub fn pause(&self) -> Option<Refused> {
        self.run().pause()
    }

    /// Keeps a pause that an earlier process was asked for: until it is over, a run asks nothing.
    pub fn keep_pause(&self, pause: Refused) {
        self.run().keep_pause(pause);
    }

    /// What the run has asked so far.
    #[must_use]
    pub fn counts(&self) -> RequestCounts {
        self.run().counts
    }

    /// Starts a run: reads robots.txt, and counts from zero. Until it has succeeded, no search is made.
    ///
    /// # Errors
    /// [`RequestError::Forbidden`] if robots.txt closes the search and is to be obeyed;
    /// [`RequestError::RobotsUnreachable`] if the portal does not answer what it says;
    /// [`RequestError::Refused`] if the portal refuses, also if an earlier run was asked for a pause that is not over;
    /// [`RequestError::Redirect`] if it sends elsewhere.
    pub async fn begin_run(&self) -> Result<Robots, RequestError> {
        self.run().begin();
        let rules = self.robots().await?;
        // To disregard what it forbids is no reason to come faster than it asks for.
        self.pace.crawl_delay(rules.crawl_delay());
        // Rules can match a query too, so what is looked up is a search as it will be made.
        let segment = Segment::national(Category::Flats, Deal::Sale);
        let search = self.search_url(&SearchQuery::first_page(segment));
        match (rules.forbids(&search), self.robots_txt) {
            (Some(rule), RobotsTxt::Obey) => {
                Err(RequestError::Forbidden { url: search.to_string(), rule: rule.to_owned() })
            }
            (Some(rule), RobotsTxt::Disregard) => {
                tracing::warn!(
                    rule,
                    "robots.txt forbids this run, which goes on because CENOVKA_ROBOTS_TXT=disregard says so"
                );
                self.run().obey(Rules::default());
                Ok(Robots::Disregarded)
            }
            (None, RobotsTxt::Obey) => {
                self.run().obey(rules);
                Ok(Robots::Allowed)
            }
            (None, RobotsTxt::Disregard) => {
                self.run().obey(Rules::default());
                Ok(Robots::Allowed)
            }
        }
    }

    /// Fetches one page, trying again as long as that can help.
    ///
    /// # Errors
    /// The last try's error, or at once [`RequestError::Refused`] when the portal refuses this run too often or for too
    /// long, [`RequestError::Forbidden`] when robots.txt closes this very search, [`RequestError::NotBegun`] outside of
    /// a run.
    pub async fn search(&self, query: &SearchQuery) -> Result<Answer, RequestError> {
        let url = self.search_url(query);
        self.run().permit(&url)?;
        match self.ask(&url, LARGEST_PAGE, |received| read_page(&url, &self.base_url, received)).await {
            Ok(answer) => {
                self.run().answered();
                Ok(answer)
            }
            Err(RequestError::Status { url, status: 422 }) => Err(RequestError::Unprocessable { url }),
            Err(RequestError::Status { url, status: 404 }) if query.offset == 0 => {
                self.run().refusal(&url, 404)?;
                Err(RequestError::Blocked { url })
            }
            Err(error) => Err(error),
        }
    }

    async fn robots(&self) -> Result<Rules, RequestError> {
        let mut url = self.base_url.clone();
        url.set_path(ROBOTS_PATH);
        match self.ask(&url, robots::LARGEST, |received| Ok(read_robots(&received))).await {
            Ok(rules) => Ok(rules),
            // In RFC 9309's words (2.3.1.3) it is "unavailable": there are no rules.
            Err(error) if error.is_unavailable() => Ok(Rules::default()),
            Err(error @ (RequestError::Redirect { .. } | RequestError::Refused(_))) => Err(error),
            // "Unreachable" (2.3.1.4): everything is forbidden.
            Err(error) => Err(RequestError::RobotsUnreachable { source: Box::new(error) }),
        }
    }

    fn search_url(&self, query: &SearchQuery) -> Url {
        let mut url = self.base_url.clone();
        url.set_path(SEARCH_PATH);
        url.query_pairs_mut().extend_pairs(query.parameters());
        url
    }

    /// Asks until there is a good answer or no hope for one. `read` makes something of a body of at most `most` bytes.
    async fn ask<T>(
        &self,
        url: &Url,
        most: usize,
        read: impl Fn(Received) -> Result<T, RequestError>,
    ) -> Result<T, RequestError> {
        let mut backoff = self.pace.gap().min(LONGEST_BACKOFF);
        let mut tries = 1;
        loop {
            let error = match self.try_once(url, most, tries > 1).await.and_then(&read) {
                Ok(answer) => {
                    self.pace.recover();
                    return Ok(answer);
                }
                Err(error) => self.note_refusal(error),
            };
            if tries == TRIES || !error.is_transient() {
                return Err(error);
            }
            tracing::warn!(error = with_causes(&error), tries, "request failed and is tried again");
            tokio::time::sleep(backoff.mul_f64(0.5 + 0.5 * fastrand::f64())).await;
            backoff = (backoff * 2).min(LONGEST_BACKOFF);
            tries += 1;
        }
    }

    async fn try_once(&self, url: &Url, most: usize, again: bool) -> Result<Received, RequestError> {
        self.run().go_on()?;
        let turn = self.pace.turn().await;
        // While this request waited for its turn, another one's answer can have ended the run.
        self.run().request(again)?;
        let incoming = self.transfer.send(url).await?;
        let (status, code) = (incoming.status(), incoming.status().as_u16());
        if let Some(until) = incoming.retry_after() {
            let pause = until.duration_since(Timestamp::now()).try_into().unwrap_or_default();
            if pause > LONGEST_PAUSE {
                let refused = self.run().rest(url, code, until);
                // What was served all the same is taken; there will be no further request.
                if !status.is_success() {
                    return Err(refused.into());
                }
            } else {
                self.pace.pause(pause);
            }
        }
        // The answer has begun, so the gap to the next request begins too, after any pause that the portal asks for.
        drop(turn);
        if status.is_redirection() {
            return Err(RequestError::Redirect { url: url.to_string(), location: incoming.location() });
        }
        if !status.is_success() {
            return Err(RequestError::Status { url: url.to_string(), status: code });
        }
        incoming.read(most).await
    }

    /// Counts an error if it is a refusal, and slows down. The one that ends the run is replaced by what ended it.
    fn note_refusal(&self, error: RequestError) -> RequestError {
        match error {
            RequestError::Status { url, status } if is_refusal(status) => {
                self.pace.slow_down();
                let refusal = self.run().refusal(&url, status);
                refusal.map_or_else(Into::into, |()| RequestError::Status { url, status })
            }
            other => {
                if matches!(other, RequestError::Status { .. } | RequestError::NotAPage { .. }) {
                    self.run().answered();
                }
                other
            }
        }
    }

    fn run(&self) -> MutexGuard<'_, Run> {
        self.run.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read_page(url: &Url, base_url: &Url, received: Received) -> Result<Answer, RequestError> {
    let Received { status, market, body, cut, duration } = received;
    let url = url.to_string();
    let market = market::market(base_url, market.as_deref());
    if status != 200 {
        return Err(RequestError::Status { url, status });
    }
    if cut {
        return Err(RequestError::TooLarge { url, limit: "16 MiB" });
    }
    let parsed = String::from_utf8(body).map_err(|_| PageError::NotUtf8).and_then(|body| {
        let page = Page::parse(&body)?;
        let pagination = page.pagination.ok_or(PageError::NoPagination)?;
        let Pagination { limit, total, .. } = pagination;
        if limit.max(total) > MOST_LISTINGS {
            return Err(PageError::Absurd { limit, total });
        }
        let rows = page.identities().collect();
        Ok((pagination, rows, body))
    });
    match parsed {
        Ok((pagination, rows, body)) => Ok(Answer { url, status, duration, body, market, pagination, rows }),
        Err(PageError::TooManyRows) => Err(RequestError::TooLarge { url, limit: "10000 rows" }),
        // The envelope means what HTTP should have said.
        Err(PageError::Status(status @ (401 | 403 | 404 | 410 | 422 | 429))) => {
            Err(RequestError::Status { url, status })
        }
        Err(source) => Err(RequestError::NotAPage { url, source }),
    }
}

fn read_robots(received: &Received) -> Rules {
    let text = String::from_utf8_lossy(&received.body);
    match text.rfind(['\n', '\r']) {
        // Half a line says something else than the whole one.
        Some(end) if received.cut => Rules::parse(text.split_at(end).0),
        _ => Rules::parse(&text),
    }
}
