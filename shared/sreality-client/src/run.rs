//! One run's account: what was asked, what was refused, and whether it may go on.

use jiff::Timestamp;
use reqwest::Url;

use crate::error::{Refused, RequestError};
use crate::robots::Rules;

/// So many refusals in a row end a run. Any other answer in between starts the count anew: a portal that answers now
/// and then, at an eighth of the pace, serves a run that it finds too fast; one that only refuses is left alone.
const REFUSALS_IN_A_ROW: u64 = 10;
/// From so many refusals on, a run of which more than half of the requests are refused ends too.
const REFUSALS: u64 = 20;

/// Requests of a run so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RequestCounts {
    /// All requests: that for robots.txt and retries included.
    pub requests: u64,
    /// Requests that repeated a failed one.
    pub retries: u64,
    /// Answers 401, 403 and 429, and any that ask for a longer pause than a function can wait.
    pub refusals: u64,
}

/// What a run has come to. Every change is made at once, so that a request may be given up at any point.
#[derive(Debug, Default)]
pub(crate) struct Run {
    pub(crate) counts: RequestCounts,
    refusals_in_a_row: u64,
    ended: Option<Refused>,
    /// `None` before robots.txt was read.
    rules: Option<Rules>,
}

impl Run {
    /// Starts anew: a function's process lives for many runs, and one that was refused now and then over weeks must
    /// not stop for it. But a pause that the portal asked for holds for later runs too.
    pub(crate) fn begin(&mut self) {
        *self = Self { ended: self.pause(), ..Self::default() };
    }

    /// The pause that the portal asked for, if it is not over.
    pub(crate) fn pause(&self) -> Option<Refused> {
        self.ended.clone().filter(|ended| ended.until.is_some_and(|until| until > Timestamp::now()))
    }

    /// As if the portal had asked this process for it.
    pub(crate) fn keep_pause(&mut self, pause: Refused) {
        self.ended = Some(pause);
    }

    /// From here on searches may be made, if these rules allow them.
    pub(crate) fn obey(&mut self, rules: Rules) {
        self.rules = Some(rules);
    }

    /// Whether a search may be made.
    pub(crate) fn permit(&self, url: &Url) -> Result<(), RequestError> {
        let rules = self.rules.as_ref().ok_or_else(|| RequestError::NotBegun { url: url.to_string() })?;
        match rules.forbids(url) {
            Some(rule) => Err(RequestError::Forbidden { url: url.to_string(), rule: rule.to_owned() }),
            None => Ok(()),
        }
    }

    /// Whether the portal still wants to be asked.
    pub(crate) fn go_on(&self) -> Result<(), Refused> {
        self.ended.clone().map_or(Ok(()), Err)
    }

    /// A request is about to be sent.
    pub(crate) fn request(&mut self, again: bool) -> Result<(), Refused> {
        self.go_on()?;
        self.counts.requests += 1;
        self.counts.retries += u64::from(again);
        Ok(())
    }

    /// An answer came that is no refusal.
    pub(crate) fn answered(&mut self) {
        self.refusals_in_a_row = 0;
    }

    /// A request was refused. If that was one too many, the run ends.
    pub(crate) fn refusal(&mut self, url: &str, status: u16) -> Result<(), Refused> {
        self.counts.refusals += 1;
        self.refusals_in_a_row += 1;
        let RequestCounts { requests, refusals, .. } = self.counts;
        let mostly = refusals >= REFUSALS && refusals * 2 > requests;
        if self.refusals_in_a_row >= REFUSALS_IN_A_ROW || mostly {
            self.ended.get_or_insert(Refused { url: url.to_owned(), status, refusals, until: None });
        }
        self.go_on()
    }

    /// The portal asks for a longer pause than can be waited for: the run ends.
    pub(crate) fn rest(&mut self, url: &Url, status: u16, until: Timestamp) -> Refused {
        self.counts.refusals += 1;
        self.refusals_in_a_row += 1;
        let refusals = self.refusals_in_a_row;
        let refused = Refused { url: url.to_string(), status, refusals, until: Some(until) };
        self.ended.insert(refused).clone()
    }
}
