//! What is walked on seeded days, and what goes wrong, so that the pipeline's own health has something to show.

use simulator::Faults;
use sreality::Segment;
use sreality::category::{Category, Deal};

use crate::days::CollectorRun;

/// Two thirds of the segments have a ninth of the listings (auctions, shares, and rents of all but flats and commercial
/// space). They are walked every so many days, each in its turn, and on the first and the last day: a walk costs a load,
/// however small it is.
const RARELY: usize = 7;
/// The same things go wrong in each month of so many days.
const MONTH: u32 = 30;
/// The last days pass undisturbed, but for what has come to stay: whoever looks today finds a pipeline that works.
const UNDISTURBED: u32 = 2;

/// On which days of a month, in which segment (in all that are walked daily if none is named) and what, in the simulator's words.
/// Pauses are real ones, so they are short.
const PASSING: &[(&[u32], Option<&str>, &str)] = &[
    (&[1], None, "script=ok*3, 429(retry-after=1), ok*2, 503*2, ok, 429"),
    (&[2], Some("flats-sale"), "wrong-total(0.2); seed=2"),
    (&[8], None, "script=ok*3, truncated, ok*2, cut, ok, truncated*2"),
    (&[11, 12], Some("houses-sale"), "wrong-total(0.2); seed=3"),
    (&[14, 15, 16], Some("commercial-rent"), "missing-keys(row.has_video)"),
    (&[19], Some("other-sale"), "other-types(row.category_main_cb)"),
    (&[23], Some("flats-rent"), "falsified(factor=0.473 north=0.007 east=0.007)"),
    (&[27], None, "script=ok*2, 503*4, ok*5, 429(retry-after=1)"),
];

/// What comes to stay: from which day on, where and what.
const LASTING: (u32, &str, &str) = (40, "commercial-sale", "extra-keys(row.locality)");

/// The collector's runs on a day before `end`: first what is small, so that the loaders have something to do, then the
/// rest, then what is disturbed alone.
pub(super) fn runs(day: u32, end: u32, segments: &[Segment]) -> Vec<CollectorRun> {
    let passing =
        PASSING.iter().filter(|(days, ..)| day + UNDISTURBED < end && days.contains(&(day % MONTH)));
    let lasting = (day >= LASTING.0).then_some((Some(LASTING.1), LASTING.2));
    let often = |segment: &Segment| match segment.deal {
        Deal::Sale => true,
        Deal::Rent => matches!(segment.category, Category::Flats | Category::Commercial),
        Deal::Auction | Deal::Share => false,
    };
    let walked = |(position, segment): (usize, &Segment)| {
        let in_turn = (day as usize + position).is_multiple_of(RARELY);
        (often(segment) || in_turn || day == 0 || day + 1 == end).then(|| segment.clone())
    };
    let segments = segments.iter().enumerate().filter_map(walked);
    let (often, rarely): (Vec<_>, Vec<_>) = segments.partition(often);
    let mut whole = CollectorRun { segments: often, faults: Faults::default() };
    let mut runs = Vec::new();
    for (segment, text) in passing.map(|(_, segment, text)| (*segment, *text)).chain(lasting) {
        let faults = faults(text);
        let Some(segment) = segment else {
            whole.faults = faults;
            continue;
        };
        let (disturbed, others) =
            whole.segments.into_iter().partition(|walked| walked.to_string() == segment);
        whole.segments = others;
        runs.push(CollectorRun { segments: disturbed, faults });
    }
    runs.insert(0, whole);
    runs.insert(0, CollectorRun { segments: rarely, faults: Faults::default() });
    runs.retain(|run| !run.segments.is_empty());
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
            assert!(
                segment.is_none_or(|segment| segments.iter().any(|known| known == segment)),
                "{segment:?}"
            );
        }
    }

    fn walked(day: u32, end: u32) -> Vec<String> {
        let segments: Vec<_> = Segment::all_national().collect();
        let runs = runs(day, end, &segments).into_iter();
        let mut walked: Vec<_> = runs.flat_map(|run| run.segments).map(|walked| walked.to_string()).collect();
        walked.sort();
        walked
    }

    #[test]
    fn no_segment_is_walked_twice_a_day_and_all_are_on_the_first_and_the_last_day_and_within_a_week() {
        let mut all: Vec<_> = Segment::all_national().map(|segment| segment.to_string()).collect();
        all.sort();
        assert_eq!((walked(0, 90), walked(89, 90)), (all.clone(), all.clone()));
        for day in 1..83 {
            let mut within_a_week = Vec::new();
            for day in day..day + 7 {
                let mut today = walked(day, 90);
                assert!(today.iter().any(|segment| segment == "flats-sale"), "day {day}");
                today.dedup();
                assert_eq!(today, walked(day, 90), "day {day}");
                within_a_week.extend(today);
            }
            within_a_week.sort();
            within_a_week.dedup();
            assert_eq!(within_a_week, all, "day {day}");
        }
    }

    #[test]
    fn the_last_days_pass_undisturbed_but_for_what_has_come_to_stay() {
        let segments: Vec<_> = Segment::all_national().collect();
        let disturbed =
            |day, end| runs(day, end, &segments).iter().filter(|run| !run.faults.is_empty()).count();
        assert_eq!((disturbed(2, 5), disturbed(2, 4), disturbed(2, 3)), (1, 0, 0));
        assert_eq!((disturbed(62, 90), disturbed(62, 63)), (2, 1));
    }
}
