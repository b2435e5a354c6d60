//! Days that pass by themselves, for a market that somebody watches. Some are bad ones.

use std::time::Duration;

use jiff::SignedDuration;

use crate::faults::Faults;
use crate::server::Simulator;

/// Every so many days one is bad.
const BAD: u32 = 3;
/// What goes wrong on a bad day, one after the other: requests are refused and repeated, the announced total is wrong,
/// so that a walk is incomplete, a key is missing, answers are cut off.
const BAD_DAYS: [&str; 4] = [
    "503=0.2; 429(retry-after=1)=0.1",
    "wrong-total(0.2)",
    "missing-keys(row.has_video)",
    "truncated=0.2; cut=0.1",
];

impl Simulator {
    /// Lets a day pass every so often, for ever, and says which one has begun. On good days requests meet the faults that
    /// they met at the start. Nothing happens with recorded rows, in which no days pass.
    ///
    /// # Errors
    /// With the first error of `begun`, which ends it.
    pub async fn pass_days<E>(
        &self,
        every: Duration,
        mut begun: impl FnMut(u32) -> Result<(), E>,
    ) -> Result<(), E> {
        let usual = self.faults();
        while let Some(today) = self.with_market(crate::Market::day) {
            tokio::time::sleep(every).await;
            self.advance_to(today + 1);
            self.set_faults(faults_of(today + 1).unwrap_or_else(|| usual.clone()));
            begun(today + 1)?;
        }
        Ok(())
    }
}

/// How long a day takes, as people write it: `3m`, `90s`.
///
/// # Errors
/// With the reason, if it is not a duration or no time at all.
pub fn day_length(text: &str) -> Result<Duration, String> {
    let duration: SignedDuration = text.parse().map_err(|error: jiff::Error| error.to_string())?;
    match Duration::try_from(duration) {
        Ok(duration) if !duration.is_zero() => Ok(duration),
        _ => Err("it must be longer than nothing, as 3m or 90s".to_owned()),
    }
}

/// What goes wrong on this day, if it is a bad one.
fn faults_of(day: u32) -> Option<Faults> {
    let bad = (day % BAD == BAD - 1).then_some((day / BAD) as usize % BAD_DAYS.len())?;
    BAD_DAYS.get(bad)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Market, Source};

    #[test]
    fn every_third_day_is_bad_in_its_own_way_and_no_other() {
        for day in 0..24 {
            assert_eq!(faults_of(day).is_some(), day % 3 == 2, "day {day}");
        }
        let bad: Vec<_> = (0..12).filter_map(faults_of).map(|faults| faults.to_string()).collect();
        assert_eq!(bad.len(), BAD_DAYS.len());
        assert!(bad.iter().all(|faults| bad.iter().filter(|other| *other == faults).count() == 1), "{bad:?}");
    }

    #[test]
    fn a_days_length_is_a_time_that_passes() {
        assert_eq!(
            (day_length("3m"), day_length("90s")),
            (Ok(Duration::from_secs(180)), Ok(Duration::from_secs(90)))
        );
        for wrong in ["", "3", "0s", "-2m", "soon"] {
            assert!(day_length(wrong).is_err(), "{wrong}");
        }
    }

    #[tokio::test]
    async fn days_pass_and_what_goes_wrong_ends_with_its_day() {
        let source = Source::Market(Market::new(7, 300));
        let simulator = Simulator::start(source, ([127, 0, 0, 1], 0).into()).await.unwrap();
        let mut faults = Vec::new();
        let passing = simulator.pass_days(Duration::from_millis(1), |day| {
            faults.push((day, simulator.faults().is_empty()));
            if day < 4 { Ok(()) } else { Err("enough") }
        });
        assert_eq!(passing.await, Err("enough"));
        assert_eq!(faults, [(1, true), (2, false), (3, true), (4, true)]);
        assert_eq!(simulator.with_market(Market::day), Some(4));
    }
}
