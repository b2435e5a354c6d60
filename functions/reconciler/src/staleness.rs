//! How long ago the planned segments were walked completely.

use std::collections::HashMap;

use jiff::Timestamp;
use runtime::Metrics;

/// The planned segment whose latest complete walk is the longest ago.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Stalest {
    segment: String,
    /// Seconds since the end of that walk; `None` if there never was one.
    seconds: Option<f64>,
}

impl Stalest {
    /// Finds it among the segments that should be walked; `None` if none should.
    pub(crate) fn find(
        planned: &[String],
        latest_complete: &HashMap<String, Timestamp>,
        now: Timestamp,
    ) -> Option<Self> {
        // Never comes before every time.
        let segment = planned.iter().min_by_key(|segment| latest_complete.get(*segment))?;
        let seconds =
            latest_complete.get(segment).map(|ended_at| now.duration_since(*ended_at).as_secs_f64().max(0.0));
        Some(Self { segment: segment.clone(), seconds })
    }

    /// Writes it into the metrics. A segment that was never complete has no age: that nothing is written is what tells it.
    pub(crate) fn metrics(self, metrics: Metrics) -> Metrics {
        let metrics = metrics.field("stalest", self.segment);
        match self.seconds {
            Some(seconds) => metrics.seconds("StalenessSeconds", seconds),
            None => metrics,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stalest_segment_is_the_one_that_was_never_complete_or_else_longest_ago() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let latest =
            HashMap::from([("a".to_owned(), at(50)), ("b".to_owned(), at(40)), ("c".to_owned(), at(1))]);
        let stalest = |planned: &[&str]| {
            let planned: Vec<_> = planned.iter().map(|segment| (*segment).to_owned()).collect();
            Stalest::find(&planned, &latest, at(100)).map(|Stalest { segment, seconds }| (segment, seconds))
        };
        assert_eq!(stalest(&[]), None);
        assert_eq!(stalest(&["a", "b"]), Some(("b".to_owned(), Some(60.0))));
        assert_eq!(stalest(&["a", "d", "b"]), Some(("d".to_owned(), None)));
    }
}
