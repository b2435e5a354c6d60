//! The key of a raw object:
//! `raw/sreality/<segment>/<yyyy>/<mm>/<dd>/<started-at>-<walk-id>.jsonl.zst`.
//!
//! Made only of `[a-z0-9/=._-]`, so that no S3 event, URL or shell ever has to escape it.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::fmt::strtime;
use sreality::Segment;
use uuid::Uuid;

use crate::error::KeyError;

/// What every key of the raw zone starts with.
pub const PREFIX: &str = "raw/sreality/";

const SUFFIX: &str = ".jsonl.zst";
const STARTED_AT: &str = "%Y%m%dt%H%M%S%.6fz";

/// The key of a raw object, made from the walk and readable back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectKey {
    /// What the walk covers.
    pub segment: Segment,
    /// When it started; the key holds it to the microsecond, so that keys sort as walks are ordered.
    pub started_at: Timestamp,
    /// The walk's id.
    pub walk: Uuid,
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let date = self.started_at.strftime("%Y/%m/%d");
        let started_at = self.started_at.strftime(STARTED_AT);
        let segment = &self.segment;
        let walk = self.walk.hyphenated();
        write!(formatter, "{PREFIX}{segment}/{date}/{started_at}-{walk}{SUFFIX}")
    }
}

impl FromStr for ObjectKey {
    type Err = KeyError;

    fn from_str(key: &str) -> Result<Self, KeyError> {
        let parsed = parse(key).map_err(|reason| KeyError { key: key.to_owned(), reason })?;
        if parsed.to_string() == key {
            Ok(parsed)
        } else {
            let reason = format!("this walk's key would be `{parsed}`");
            Err(KeyError { key: key.to_owned(), reason })
        }
    }
}

fn parse(key: &str) -> Result<ObjectKey, String> {
    let path = key.strip_prefix(PREFIX).ok_or_else(|| format!("it does not start with {PREFIX}"))?;
    let path = path.strip_suffix(SUFFIX).ok_or_else(|| format!("it does not end with {SUFFIX}"))?;
    let mut parts = path.rsplitn(5, '/');
    let name = parts.next().unwrap_or_default();
    let segment = parts.nth(3).ok_or("it lacks segment or date")?;
    let (started_at, walk) = name.split_once('-').ok_or("it lacks start or walk id")?;
    let time = strtime::parse(STARTED_AT, started_at).and_then(|time| time.to_datetime());
    let time = time.map_err(|error| format!("its start is not a time: {error}"))?;
    Ok(ObjectKey {
        segment: segment.parse().map_err(|error: sreality::SegmentError| error.to_string())?,
        started_at: jiff::tz::TimeZone::UTC.to_timestamp(time).map_err(|error| error.to_string())?,
        walk: walk.parse().map_err(|error| format!("its walk id is not a UUID: {error}"))?,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_key_names_segment_day_start_and_walk() {
        let key = ObjectKey {
            segment: "flats-rent/praha".parse().unwrap(),
            started_at: "2026-11-22T05:04:03.9Z".parse().unwrap(),
            walk: Uuid::from_u128(0xabc),
        };
        assert_eq!(
            key.to_string(),
            "raw/sreality/flats-rent/praha/2026/11/22/20261122t050403.900000z-00000000-0000-0000-0000-000000000abc.jsonl.zst"
        );
    }

    #[test]
    fn other_keys_are_refused_with_the_reason() {
        let good = "raw/sreality/flats-sale/2026/11/22/20261122t050403.900000z-00000000-0000-0000-0000-000000000abc.jsonl.zst";
        assert!(good.parse::<ObjectKey>().is_ok());
        for (wrong, reason) in [
            ("", "start with"),
            ("raw/sreality/", "end with"),
            ("raw/sreality/x.jsonl.zst", "segment or date"),
            (&good.replace("flats", "boats"), "unknown segment"),
            (&good.replace("t050403.900000z", "t99"), "not a time"),
            (&good.replace("0abc", "0xyz"), "not a UUID"),
            (&good.replace("/22/", "/23/"), "would be"),
            (&good.replace("0abc", "0ABC"), "would be"),
        ] {
            let error = wrong.parse::<ObjectKey>().unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
        }
    }

    proptest! {
        #[test]
        fn every_key_reads_back_and_needs_no_escaping(
            segment in prop::sample::select(vec!["flats-sale", "land-share/praha-9", "houses-rent/vysocina/vila"]),
            microsecond in 0_i64..4_000_000_000_000_000,
            walk: u128,
        ) {
            let key = ObjectKey {
                segment: segment.parse().unwrap(),
                started_at: Timestamp::from_microsecond(microsecond).unwrap(),
                walk: Uuid::from_u128(walk),
            };
            let text = key.to_string();
            prop_assert!(text.chars().all(|c| matches!(c, 'a'..='z' | '0'..='9' | '/' | '=' | '.' | '_' | '-')));
            prop_assert_eq!(text.parse(), Ok(key));
        }
    }
}
