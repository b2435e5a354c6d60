//! The faults of the portal: which there are, and what each of them does to a client.
//!
//! A fault is written as its name, for some with an argument in parentheses: `reset`, `429(retry-after=2)`,
//! `slow-first-byte(2s)`. Without an argument the default of [`Fault::ALL`] holds.

use std::time::Duration;

use crate::faults::drift::KeyPath;
use crate::faults::falsified::Falsified;

/// How an answer asks to be left alone for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryAfter {
    /// `Retry-After: 2`.
    Seconds(u32),
    /// `Retry-After: Mon, 23 Nov 2026 05:00:00 GMT`, at least this many seconds from now, and less than one more.
    Date(u32),
}

/// One fault that a request can meet.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    /// `429`, `503` or any other error status, in an envelope that says the same.
    Status {
        /// 400 to 599.
        code: u16,
        /// The `Retry-After` that goes with it.
        retry_after: Option<RetryAfter>,
    },
    /// `html`: a page for people with status 200, "stránka nebyla nalezena".
    Html,
    /// `envelope-status`: HTTP says 200 and the rows are there, but the envelope says this status.
    EnvelopeStatus(u16),
    /// `truncated`: half of the body, and a `Content-Length` that is right for it.
    Truncated,
    /// `cut`: the connection ends after half of the body that `Content-Length` has promised.
    Cut,
    /// `garbage`: bytes that are no text.
    Garbage,
    /// `reset`: the connection is reset, and nothing is answered.
    Reset,
    /// `redirect`: 302 to the login.
    Redirect,
    /// `slow-first-byte`: nothing comes for this long.
    SlowFirstByte(Duration),
    /// `slow-drip`: the answer comes in twenty pieces over about this long.
    SlowDrip(Duration),
    /// `moving-rows`: before the answer this share of all adverts is topped: they go to the front of the order,
    /// and stay there until the market's next day.
    MovingRows(f64),
    /// `stale-replica`: the answer comes from the market as it was so many days ago.
    StaleReplica {
        /// 1 day and more; none is older than day 0. Recorded rows have no days, and stay as they are.
        days: u32,
    },
    /// `flapping-prices`: this share of the adverts, always the same ones, shows the price before the present one.
    FlappingPrices(f64),
    /// `smaller-limit`: no more rows a page than this, whatever was asked for; `pagination.limit` says so.
    SmallerLimit(usize),
    /// `wrong-total`: `pagination.total` is wrong, by up to this share of it, too low or too high.
    WrongTotal(f64),
    /// `falsified`: wrong prices and positions.
    Falsified(Falsified),
    /// `extra-keys`: keys that nobody knows, in this object; if none is named, in rows, localities and the envelope.
    ExtraKeys(Option<KeyPath>),
    /// `missing-keys`: without this key; if none is named, every row, every locality and the envelope lack one.
    MissingKeys(Option<KeyPath>),
    /// `other-types`: this key has a value of another type; if none is named, one of every row, every locality and
    /// the envelope has.
    OtherTypes(Option<KeyPath>),
    /// `camel-case`: `hashId` instead of `hash_id` in the rows, as if `Accept: application/json` had been missing.
    CamelCase,
}

/// What a fault does to the request that meets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// No page comes, or none that can be read.
    NoPage,
    /// The page comes, but late.
    Late,
    /// A page comes that can be read, but it is not the one that was asked for.
    OtherPage,
}

const fn status(code: u16, retry_after: Option<RetryAfter>) -> Fault {
    Fault::Status { code, retry_after }
}

impl Fault {
    /// Every fault as it is without an argument, and 429 and 503 also with their kinds of `Retry-After`: what a test
    /// goes through that tries all of them.
    pub const ALL: [Self; 29] = [
        status(401, None),
        status(403, None),
        status(429, None),
        status(429, Some(RetryAfter::Seconds(1))),
        status(429, Some(RetryAfter::Date(1))),
        status(500, None),
        status(502, None),
        status(503, None),
        status(503, Some(RetryAfter::Seconds(1))),
        status(504, None),
        Self::Html,
        Self::EnvelopeStatus(500),
        Self::Truncated,
        Self::Cut,
        Self::Garbage,
        Self::Reset,
        Self::Redirect,
        Self::SlowFirstByte(Duration::from_secs(2)),
        Self::SlowDrip(Duration::from_secs(2)),
        // A walk of 40 pages then misses about one advert in a hundred: see the README.
        Self::MovingRows(0.0005),
        // Two weeks of price changes: as many adverts differ as have been seen to flap.
        Self::StaleReplica { days: 14 },
        // 109 of 1 145 ids flapped between two runs.
        Self::FlappingPrices(0.095),
        Self::SmallerLimit(100),
        Self::WrongTotal(0.1),
        Self::Falsified(Falsified { factor: Some(0.473), latitude_shift: 0.007, longitude_shift: 0.007 }),
        Self::ExtraKeys(None),
        Self::MissingKeys(None),
        Self::OtherTypes(None),
        Self::CamelCase,
    ];

    /// Its name, without the argument.
    #[must_use]
    pub fn name(&self) -> String {
        let name = match self {
            Self::Status { code, .. } => return code.to_string(),
            Self::Html => "html",
            Self::EnvelopeStatus(_) => "envelope-status",
            Self::Truncated => "truncated",
            Self::Cut => "cut",
            Self::Garbage => "garbage",
            Self::Reset => "reset",
            Self::Redirect => "redirect",
            Self::SlowFirstByte(_) => "slow-first-byte",
            Self::SlowDrip(_) => "slow-drip",
            Self::MovingRows(_) => "moving-rows",
            Self::StaleReplica { .. } => "stale-replica",
            Self::FlappingPrices(_) => "flapping-prices",
            Self::SmallerLimit(_) => "smaller-limit",
            Self::WrongTotal(_) => "wrong-total",
            Self::Falsified(_) => "falsified",
            Self::ExtraKeys(_) => "extra-keys",
            Self::MissingKeys(_) => "missing-keys",
            Self::OtherTypes(_) => "other-types",
            Self::CamelCase => "camel-case",
        };
        name.to_owned()
    }

    /// What it does to the request that meets it. Default drift leaves pages readable; drift that takes away or
    /// changes a key by name, or [`Fault::CamelCase`], may not.
    #[must_use]
    pub fn effect(&self) -> Effect {
        match self {
            Self::Status { .. }
            | Self::Html
            | Self::EnvelopeStatus(_)
            | Self::Truncated
            | Self::Cut
            | Self::Garbage
            | Self::Reset
            | Self::Redirect => Effect::NoPage,
            Self::SlowFirstByte(_) | Self::SlowDrip(_) => Effect::Late,
            Self::MovingRows(_)
            | Self::StaleReplica { .. }
            | Self::FlappingPrices(_)
            | Self::SmallerLimit(_)
            | Self::WrongTotal(_)
            | Self::Falsified(_)
            | Self::ExtraKeys(_)
            | Self::MissingKeys(_)
            | Self::OtherTypes(_)
            | Self::CamelCase => Effect::OtherPage,
        }
    }

    /// Whether asking again can help where it occurs at a rate: the client can tell that it got no page, and what came
    /// instead is among what collectors in production use try again after. A redirect to a login is not, nor is a
    /// status that says that the request itself is wrong.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Status { code, .. } => {
                matches!(code, 401 | 403 | 408 | 425 | 429 | 500 | 502 | 503 | 504 | 520..=524)
            }
            Self::Redirect => false,
            other => other.effect() != Effect::OtherPage,
        }
    }

    /// Whether it answers by itself, so that no page is made.
    pub(crate) fn answers(&self) -> bool {
        matches!(self, Self::Status { .. } | Self::Html | Self::Garbage | Self::Reset | Self::Redirect)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_faults_differ() {
        for (position, fault) in Fault::ALL.iter().enumerate() {
            assert!(!Fault::ALL[..position].contains(fault), "{fault:?}");
        }
    }

    #[test]
    fn what_can_be_tried_again_brings_no_page_or_a_late_one() {
        let transient: Vec<_> = Fault::ALL.into_iter().filter(Fault::is_transient).collect();
        assert!(transient.iter().all(|fault| fault.effect() != Effect::OtherPage));
        assert_eq!(transient.len(), 18);
        assert!(!Fault::Redirect.is_transient());
        assert!(!Fault::Status { code: 410, retry_after: None }.is_transient());
    }
}
