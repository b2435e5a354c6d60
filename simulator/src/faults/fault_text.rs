//! How faults are written, on the command line, over HTTP and in tests.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::faults::drift::KeyPath;
use crate::faults::falsified::Falsified;
use crate::faults::fault::{Fault, RetryAfter};

/// What a text about faults gets wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FaultError {
    /// No fault has this name.
    #[error("there is no fault `{0}`; known are {names}, and any other status from 400 to 599", names = names())]
    Unknown(String),
    /// The argument is not what this fault takes.
    #[error("{fault}: `{argument}` is not {expected}")]
    Argument {
        /// The name of the fault.
        fault: String,
        /// What stands between the parentheses.
        argument: String,
        /// What could stand there.
        expected: &'static str,
    },
    /// A parenthesis is not closed, or something follows it.
    #[error("`{0}` is not a name with its argument in parentheses")]
    Parentheses(String),
    /// The rate is none.
    #[error("{fault}: the rate `{rate}` is not a number from 0 to 1")]
    Rate {
        /// The fault.
        fault: String,
        /// What was given.
        rate: String,
    },
    /// A step of a script is repeated a strange number of times.
    #[error("`{0}` is not a number of requests from 1 to 10000")]
    Times(String),
    /// A setting has a value that it cannot have.
    #[error("{name}: `{value}` is not {expected}")]
    Setting {
        /// Its name.
        name: &'static str,
        /// What was given.
        value: String,
        /// What could be given.
        expected: &'static str,
    },
}

/// The names of all faults, once each.
fn names() -> String {
    let mut names: Vec<_> = Fault::ALL.iter().map(Fault::name).collect();
    names.dedup();
    names.join(", ")
}

impl FromStr for Fault {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        let text = text.trim();
        let (name, argument) = match text.split_once('(') {
            Some((name, rest)) => {
                let argument =
                    rest.strip_suffix(')').ok_or_else(|| FaultError::Parentheses(text.to_owned()))?;
                (name.trim(), Some(argument.trim()))
            }
            None => (text, None),
        };
        let fault = named(name).ok_or_else(|| FaultError::Unknown(name.to_owned()))?;
        let Some(argument) = argument else { return Ok(fault) };
        fault.with_argument(argument).map_err(|expected| FaultError::Argument {
            fault: name.to_owned(),
            argument: argument.to_owned(),
            expected,
        })
    }
}

/// The fault of this name, without an argument.
fn named(name: &str) -> Option<Fault> {
    let status = || {
        let code = name.parse().ok().filter(|code| (400..=599).contains(code))?;
        Some(Fault::Status { code, retry_after: None })
    };
    Fault::ALL.into_iter().find(|fault| fault.name() == name).or_else(status)
}

impl Fault {
    /// The same fault with this argument, or what would be one.
    fn with_argument(self, argument: &str) -> Result<Self, &'static str> {
        Ok(match self {
            Self::Status { code, .. } => Self::Status { code, retry_after: Some(retry_after(argument)?) },
            Self::EnvelopeStatus(_) => Self::EnvelopeStatus(number(argument, "a status")?),
            Self::SlowFirstByte(_) => Self::SlowFirstByte(duration(argument)?),
            Self::SlowDrip(_) => Self::SlowDrip(duration(argument)?),
            Self::MovingRows(_) => Self::MovingRows(share(argument)?),
            Self::StaleReplica { .. } => Self::StaleReplica { days: number(argument, "a number of days")? },
            Self::FlappingPrices(_) => Self::FlappingPrices(share(argument)?),
            Self::SmallerLimit(_) => Self::SmallerLimit(number(argument, "a number of rows")?),
            Self::WrongTotal(_) => Self::WrongTotal(share(argument)?),
            Self::Falsified(_) => Self::Falsified(falsified(argument)?),
            Self::ExtraKeys(_) => Self::ExtraKeys(Some(argument.parse().map_err(|_| OBJECT)?)),
            Self::MissingKeys(_) => Self::MissingKeys(Some(key(argument)?)),
            Self::OtherTypes(_) => Self::OtherTypes(Some(key(argument)?)),
            Self::Html
            | Self::Truncated
            | Self::Cut
            | Self::Garbage
            | Self::Reset
            | Self::Redirect
            | Self::CamelCase => return Err("needed: this fault takes no argument"),
        })
    }
}

const OBJECT: &str = "an object like `row`, `row.locality`, `envelope` or `envelope.pagination`";
const KEY: &str = "a key like `row.price_czk`, `row.locality.gps_lat` or `envelope.pagination`";
const FALSIFICATION: &str = "some of `factor=0.473 north=0.007 east=0.007`, with spaces between them";

fn number<T: FromStr>(text: &str, expected: &'static str) -> Result<T, &'static str> {
    text.parse().map_err(|_| expected)
}

fn key(text: &str) -> Result<KeyPath, &'static str> {
    text.parse().ok().filter(KeyPath::names_a_key).ok_or(KEY)
}

/// A number from 0 to 1.
pub(crate) fn share(text: &str) -> Result<f64, &'static str> {
    let share = text.parse().ok().filter(|share| (0.0..=1.0).contains(share));
    share.ok_or("a share from 0 to 1")
}

fn duration(text: &str) -> Result<Duration, &'static str> {
    let seconds = match text.strip_suffix("ms") {
        Some(milliseconds) => milliseconds.parse().map(|milliseconds: f64| milliseconds / 1000.0),
        None => text.strip_suffix('s').unwrap_or_default().parse(),
    };
    let duration = seconds.ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    duration.ok_or("a duration like `2s`, `0.5s` or `150ms`")
}

fn retry_after(text: &str) -> Result<RetryAfter, &'static str> {
    let expected = "`retry-after=SECONDS` or `retry-after-date=SECONDS`";
    match text.split_once('=') {
        Some(("retry-after", seconds)) => Ok(RetryAfter::Seconds(number(seconds, expected)?)),
        Some(("retry-after-date", seconds)) => Ok(RetryAfter::Date(number(seconds, expected)?)),
        _ => Err(expected),
    }
}

fn falsified(text: &str) -> Result<Falsified, &'static str> {
    let mut falsified = Falsified { factor: None, latitude_shift: 0.0, longitude_shift: 0.0 };
    for part in text.split_whitespace() {
        let (name, value) = part.split_once('=').ok_or(FALSIFICATION)?;
        let value: f64 = value.parse().ok().filter(|value: &f64| value.is_finite()).ok_or(FALSIFICATION)?;
        match name {
            "factor" => falsified.factor = Some(value),
            "north" => falsified.latitude_shift = value,
            "east" => falsified.longitude_shift = value,
            _ => return Err(FALSIFICATION),
        }
    }
    Ok(falsified)
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.name())?;
        match self {
            Self::Status { retry_after: Some(RetryAfter::Seconds(seconds)), .. } => {
                write!(formatter, "(retry-after={seconds})")
            }
            Self::Status { retry_after: Some(RetryAfter::Date(seconds)), .. } => {
                write!(formatter, "(retry-after-date={seconds})")
            }
            Self::EnvelopeStatus(code) => write!(formatter, "({code})"),
            Self::SlowFirstByte(duration) | Self::SlowDrip(duration) => {
                write!(formatter, "({}s)", duration.as_secs_f64())
            }
            Self::MovingRows(share) | Self::FlappingPrices(share) | Self::WrongTotal(share) => {
                write!(formatter, "({share})")
            }
            Self::StaleReplica { days } => write!(formatter, "({days})"),
            Self::SmallerLimit(limit) => write!(formatter, "({limit})"),
            Self::Falsified(Falsified { factor, latitude_shift, longitude_shift }) => {
                let factor = factor.map(|factor| format!("factor={factor} ")).unwrap_or_default();
                write!(formatter, "({factor}north={latitude_shift} east={longitude_shift})")
            }
            Self::ExtraKeys(Some(path)) | Self::MissingKeys(Some(path)) | Self::OtherTypes(Some(path)) => {
                write!(formatter, "({path})")
            }
            Self::Status { retry_after: None, .. }
            | Self::ExtraKeys(None)
            | Self::MissingKeys(None)
            | Self::OtherTypes(None)
            | Self::Html
            | Self::Truncated
            | Self::Cut
            | Self::Garbage
            | Self::Reset
            | Self::Redirect
            | Self::CamelCase => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_is_read_as_it_is_written() {
        for fault in Fault::ALL {
            assert_eq!(fault.to_string().parse(), Ok(fault));
        }
        for text in [
            "520",
            "slow-drip(0.15s)",
            "falsified(north=0.1 east=-0.2)",
            "missing-keys(row.locality.street)",
            "extra-keys(envelope)",
        ] {
            assert_eq!(text.parse::<Fault>().unwrap().to_string(), text);
        }
        assert_eq!("slow-drip(150ms)".parse(), Ok(Fault::SlowDrip(Duration::from_millis(150))));
    }

    #[test]
    fn what_is_wrong_is_said() {
        let refuse = |text: &str| text.parse::<Fault>().unwrap_err().to_string();
        let unknown = refuse("teapot");
        assert!(unknown.starts_with("there is no fault `teapot`; known are 401, 403, 429, 500"), "{unknown}");
        assert!(Fault::ALL.iter().all(|fault| unknown.contains(&fault.name())), "{unknown}");
        assert_eq!(
            refuse("slow-drip(soon)"),
            "slow-drip: `soon` is not a duration like `2s`, `0.5s` or `150ms`"
        );
        assert!(refuse("slow-drip(-1s)").contains("a duration"));
        assert!(refuse("429(2)").contains("retry-after=SECONDS"));
        assert!(refuse("reset(1)").contains("takes no argument"));
        assert!(refuse("missing-keys(price)").contains("a key like"));
        assert!(refuse("missing-keys(row)").contains("a key like"));
        assert!(refuse("moving-rows(2)").contains("share"));
        assert!(refuse("falsified(by=2)").contains("factor="));
        assert!(refuse("429(retry-after=2").contains("parentheses"));
        assert!(refuse("399").contains("there is no fault"));
    }
}
