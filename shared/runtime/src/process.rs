//! This process, as Linux knows it.

use std::fs;
use std::time::Duration;

/// Hundredths of a second, in which Linux tells when a process has started (`USER_HZ`, the same on x86-64 and arm64).
const TICKS_PER_SECOND: f64 = 100.0;
/// Where that stands in `/proc/self/stat` after the program's name: field 22 of those that the manual counts, and the
/// name is the second.
const START_AFTER_NAME: usize = 22 - 3;

/// How long ago this process was started, within a hundredth of a second; `None` where the system does not tell.
///
/// Source: `proc_pid_stat(5)` and `proc_uptime(5)`.
#[must_use]
pub fn age() -> Option<Duration> {
    let stat = fs::read_to_string("/proc/self/stat");
    let uptime = fs::read_to_string("/proc/uptime");
    age_from(&stat.ok()?, &uptime.ok()?)
}

fn age_from(stat: &str, uptime: &str) -> Option<Duration> {
    // The name stands in brackets and may hold spaces and brackets itself.
    let (_, fields) = stat.rsplit_once(')')?;
    let start: f64 = fields.split_whitespace().nth(START_AFTER_NAME)?.parse().ok()?;
    let now: f64 = uptime.split_whitespace().next()?.parse().ok()?;
    Duration::try_from_secs_f64((now - start / TICKS_PER_SECOND).max(0.0)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_age_is_read_whatever_the_programs_name() {
        let stat = |name: &str| {
            format!("7 ({name}) S 1 7 7 0 -1 4194304 102 0 0 0 0 0 0 0 20 0 1 0 3035733 313 390\n")
        };
        for name in ["bootstrap", "a b", ") R 1 (("] {
            let age = age_from(&stat(name), "30357.45 26973.12\n").unwrap();
            assert!((age.as_secs_f64() - 0.12).abs() < 1e-6, "{name}: {age:?}");
            assert_eq!(age_from(&stat(name), "30357.32 0"), Some(Duration::ZERO), "{name}");
        }
        for (stat, uptime) in [("", "1.0 1.0"), ("7 (x) S 1", "1.0 1.0"), (stat("x").as_str(), "")] {
            assert_eq!(age_from(stat, uptime), None);
        }
    }

    #[test]
    fn this_process_is_young() {
        assert!(age().is_none_or(|age| age < Duration::from_secs(600)));
    }
}
