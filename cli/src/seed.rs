//! `cenovka seed`: a warehouse with a simulated quarter that ends today.

mod disturbance;

use std::future::Future;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};

use crate::args::FolderArgs;
use crate::data_folder::DataFolder;
use crate::error::Error;
use crate::simulation::Course;

/// When a day is collected, after its midnight: as the schedule in `template.yaml` says.
const COLLECTED_AT: SignedDuration = SignedDuration::from_hours(3);

/// Simulates so many days that end today, or goes on to today from where an earlier run ended.
///
/// # Errors
/// As those of [`crate::simulation::run`]; if the warehouse at `DATABASE_URL` holds something else.
pub async fn run(
    arguments: &FolderArgs,
    days: u32,
    interrupted: impl Future<Output = ()>,
) -> Result<(), Error> {
    let market = arguments.seeded_market();
    let folder = DataFolder::open(arguments.data_dir.as_deref(), &market)?;
    let now = Timestamp::now();
    let mut state = folder.state()?;
    let today = date(now);
    let first_day = state.first_day.unwrap_or_else(|| today.saturating_sub((i64::from(days) - 1).days()));
    state.first_day = Some(first_day);
    folder.save(state)?;
    let end = days_up_to(first_day, today);
    if state.days >= end {
        println!(
            "the seeded market has reached today, {today}: there is nothing to do before tomorrow (UTC)\n\
             see it in dashboards: cargo run -- dashboard --seeded{}",
            arguments.typed()
        );
    } else {
        let begins = |day| begins(first_day, day, now);
        let runs = |day, segments: &[_]| disturbance::runs(day, end, segments);
        let typed = arguments.typed();
        let course = Course { market, folder: &folder, typed, state, end, begins: &begins, runs: &runs };
        course.run(interrupted).await?;
    }
    Ok(())
}

fn date(time: Timestamp) -> Date {
    time.to_zoned(TimeZone::UTC).date()
}

/// How many days there are from the first one to `today`, both included.
fn days_up_to(first_day: Date, today: Date) -> u32 {
    let hours = today.duration_since(first_day).as_hours();
    u32::try_from(hours / 24 + 1).unwrap_or(0)
}

/// When a day is collected; never later than `now`, so that nothing in the warehouse is from the future.
fn begins(first_day: Date, day: u32, now: Timestamp) -> Timestamp {
    let midnight = first_day.saturating_add(i64::from(day).days()).to_zoned(TimeZone::UTC);
    let collected = midnight.ok().and_then(|midnight| midnight.timestamp().checked_add(COLLECTED_AT).ok());
    collected.map_or(now, |collected| collected.min(now))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn the_last_day_is_today_and_nothing_is_from_the_future() {
        let first_day = date(2026, 2, 27);
        assert_eq!(days_up_to(first_day, date(2026, 2, 27)), 1);
        assert_eq!(days_up_to(first_day, date(2026, 3, 2)), 4);
        assert_eq!(days_up_to(first_day, date(2026, 2, 26)), 0, "the clock was set back");
        let (night, noon) =
            ("2026-03-02T00:10:00Z".parse().unwrap(), "2026-03-02T12:00:00Z".parse().unwrap());
        assert_eq!(begins(first_day, 3, noon).to_string(), "2026-03-02T03:00:00Z");
        assert_eq!(begins(first_day, 3, night), night);
        assert_eq!(begins(first_day, 2, night).to_string(), "2026-03-01T03:00:00Z");
    }
}
