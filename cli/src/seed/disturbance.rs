//! What goes wrong on seeded days, so that the pipeline's own health has something to show.

use portal_simulator::Faults;
use sreality::Segment;

use crate::days::Run;

/// The same things go wrong in each month of so many days.
const MONTH: u32 = 30;
/// The last days pass undisturbed, but for what has come to stay: whoever looks today finds a pipeline that works.
const UNDISTURBED: u32 = 2;

/// On which days of a month, in which segment (in all of them if none is named) and what, in the simulator's words.
/// Pauses are real ones, so they are short.
const PASSING: &[(&[u32], Option<&str>, &str)] = &[
    (&[4], None, "script=ok*6, 429(retry-after=1), ok*11, 503*2, ok, 429"),
    (&[9], Some("flats-sale"), "wrong-total(0.1)"),
    (&[12], None, "script=ok*3, truncated, ok*8, cut, ok*2, truncated*2"),
    (&[17], Some("flats-rent"), "falsified(factor=0.473 north=0.007 east=0.007)"),
    (&[20, 21], Some("houses-sale"), "wrong-total(0.1)"),
    (&[23, 24, 25], Some("commercial-rent"), "missing-keys(row.has_video)"),
    (&[26], Some("other-rent"), "other-types(row.category_main_cb)"),
    (&[28], None, "script=ok*2, 503*4, ok*5, 429(retry-after=1)"),
];

/// What comes to stay: from which day on, where and what.
const LASTING: (u32, &str, &str) = (40, "commercial-sale", "extra-keys(row.locality)");

/// The collector's runs on a day before `end`: what is disturbed alone has a run of its own.
pub(super) fn runs(day: u32, end: u32, segments: &[Segment]) -> Vec<Run> {
    let passing = PASSING.iter().filter(|(days, ..)| day + UNDISTURBED < end && days.contains(&(day % MONTH)));
    let lasting = (day >= LASTING.0).then_some((Some(LASTING.1), LASTING.2));
    let mut whole = Run { segments: segments.to_vec(), faults: Faults::default() };
    let mut runs = Vec::new();
    for (segment, text) in passing.map(|(_, segment, text)| (*segment, *text)).chain(lasting) {
        let faults = faults(text).with_seed(u64::from(day));
        let Some(segment) = segment else {
            whole.faults = faults;
            continue;
        };
        let (disturbed, others) =
            whole.segments.into_iter().partition(|walked| walked.to_string() == segment);
        whole.segments = others;
        runs.push(Run { segments: disturbed, faults });
    }
    runs.insert(0, whole);
    runs
}

/// The tests read every text.
fn faults(text: &str) -> Faults {
    text.parse().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_disturbance_is_one_that_the_simulator_knows_in_a_segment_that_is_walked() {
        let segments: Vec<_> = Segment::all_national().map(|segment| segment.to_string()).collect();
        let passing = PASSING.iter().map(|(_, segment, text)| (*segment, *text));
        for (segment, text) in passing.chain([(Some(LASTING.1), LASTING.2)]) {
            assert!(text.parse::<Faults>().is_ok_and(|faults| !faults.is_empty()), "{text}");
            assert!(segment.is_none_or(|segment| segments.iter().any(|known| known == segment)), "{segment:?}");
        }
    }

    #[test]
    fn every_segment_is_walked_once_a_day_and_the_last_days_are_calm() {
        let segments: Vec<_> = Segment::all_national().collect();
        for day in 0..90 {
            let mut walked: Vec<_> =
                runs(day, 90, &segments).into_iter().flat_map(|run| run.segments).collect();
            walked.sort_by_key(ToString::to_string);
            let mut all = segments.clone();
            all.sort_by_key(ToString::to_string);
            assert_eq!(walked, all, "day {day}");
        }
        let disturbed =
            |day, end| runs(day, end, &segments).iter().filter(|run| !run.faults.is_empty()).count();
        assert_eq!(disturbed(9, 90), 1);
        assert_eq!((disturbed(9, 11), disturbed(9, 10)), (0, 0));
        assert_eq!((disturbed(69, 90), disturbed(69, 70)), (2, 1), "the new keys stay");
    }
}
