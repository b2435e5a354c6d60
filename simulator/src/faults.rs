//! Which faults a simulator has: by rate, by script, and the rules that it enforces.

pub mod drift;
pub(crate) mod encounter;
pub mod falsified;
pub mod fault;
pub mod fault_text;
mod flapping;
pub(crate) mod layer;

use std::fmt;
use std::str::FromStr;

use crate::faults::fault::Fault;
use crate::faults::fault_text::{FaultError, share};

/// Which faults requests meet, and when.
///
/// Each request to `/api/v1/` meets each fault with a probability of its own, drawn independently; of those that bring
/// no page the first one wins. While there is a script, it alone decides, one step a request. The same faults with the
/// same seed hit the same requests of a sequence.
///
/// As a text it is a list of `FAULT=RATE` or `FAULT`, which means always, and of settings, separated by semicolons or
/// line ends: `429(retry-after=2)=0.1; slow-drip=0.05; script=ok*3, reset; seed=7; user-agent=required; accept=any`.
#[derive(Clone, Debug, PartialEq)]
pub struct Faults {
    rates: Vec<(Fault, f64)>,
    script: Vec<Option<Fault>>,
    seed: u64,
    user_agent_required: bool,
    accept_required: bool,
}

impl Default for Faults {
    /// None but what the portal always does: camelCase without `Accept: application/json`.
    fn default() -> Self {
        let (rates, script) = Default::default();
        Self { rates, script, seed: 1, user_agent_required: false, accept_required: true }
    }
}

impl Faults {
    /// The same, and this fault in this share of the requests; 1 means always.
    #[must_use]
    pub fn with(mut self, fault: Fault, rate: f64) -> Self {
        self.rates.push((fault, rate));
        self
    }

    /// The same, and the requests meet these faults first, one after the other; `None` is a request that meets none.
    #[must_use]
    pub fn with_script(mut self, script: impl IntoIterator<Item = Option<Fault>>) -> Self {
        self.script = script.into_iter().collect();
        self
    }

    /// The same with other chances.
    #[must_use]
    pub fn with_seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// The same, and whoever sends no `User-Agent` is answered 401.
    #[must_use]
    pub fn with_user_agent_required(self, user_agent_required: bool) -> Self {
        Self { user_agent_required, ..self }
    }

    /// The same, and whoever does not send `Accept: application/json` gets camelCase rows or, with `false`, does not.
    #[must_use]
    pub fn with_accept_required(self, accept_required: bool) -> Self {
        Self { accept_required, ..self }
    }

    /// Every fault that has a rate, with it.
    pub fn rates(&self) -> impl Iterator<Item = (&Fault, f64)> {
        self.rates.iter().map(|(fault, rate)| (fault, *rate))
    }

    /// What the first requests meet.
    #[must_use]
    pub fn script(&self) -> &[Option<Fault>] {
        &self.script
    }

    /// On what the chances depend.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Whether a missing `User-Agent` is answered 401.
    #[must_use]
    pub fn user_agent_required(&self) -> bool {
        self.user_agent_required
    }

    /// Whether a missing `Accept: application/json` is answered in camelCase.
    #[must_use]
    pub fn accept_required(&self) -> bool {
        self.accept_required
    }

    /// Whether no request can meet a fault but through what it lacks itself.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rates.is_empty() && self.script.is_empty()
    }

    /// Drops every rate of such a fault.
    pub(crate) fn drop_rates(&mut self, of: impl Fn(&Fault) -> bool) {
        self.rates.retain(|(fault, _)| !of(fault));
    }

    /// Adds what an item of the text form says.
    pub fn add(&mut self, item: &str) -> Result<(), FaultError> {
        // The first `=` that stands in no argument.
        let mut depth = 0;
        let equals = item.find(|character| {
            match character {
                '(' => depth += 1,
                ')' => depth -= 1,
                _ => {}
            }
            character == '=' && depth == 0
        });
        let (name, value) = match equals {
            Some(position) => {
                let (name, value) = item.split_at(position);
                (name.trim(), Some(value.trim_start_matches('=').trim()))
            }
            None => (item.trim(), None),
        };
        let setting = |name, expected| {
            Err(FaultError::Setting { name, value: value.unwrap_or_default().to_owned(), expected })
        };
        match (name, value) {
            ("script", value) => self.script = script(value.unwrap_or_default())?,
            ("seed", value) => match value.and_then(|value| value.parse().ok()) {
                Some(seed) => self.seed = seed,
                None => return setting("seed", "a whole number"),
            },
            ("user-agent", Some("required")) => self.user_agent_required = true,
            ("user-agent", Some("any")) => self.user_agent_required = false,
            ("user-agent", _) => return setting("user-agent", "`required` or `any`"),
            ("accept", Some("required")) => self.accept_required = true,
            ("accept", Some("any")) => self.accept_required = false,
            ("accept", _) => return setting("accept", "`required` or `any`"),
            (fault, rate) => {
                let fault: Fault = fault.parse()?;
                let rate = rate.unwrap_or("1");
                let wrong = |_| FaultError::Rate { fault: fault.name(), rate: rate.to_owned() };
                let rate = share(rate).map_err(wrong)?;
                self.rates.push((fault, rate));
            }
        }
        Ok(())
    }
}

/// A script: `ok*3, 429(retry-after=2), reset`.
fn script(text: &str) -> Result<Vec<Option<Fault>>, FaultError> {
    let mut script = Vec::new();
    for step in text.split(',').map(str::trim).filter(|step| !step.is_empty()) {
        let (fault, times) = step.rsplit_once('*').unwrap_or((step, "1"));
        let times = times.trim().parse().ok().filter(|times| (1..=10_000).contains(times));
        let times = times.ok_or_else(|| FaultError::Times(step.to_owned()))?;
        let fault = if fault.trim() == "ok" { None } else { Some(fault.parse()?) };
        script.extend(std::iter::repeat_n(fault, times));
    }
    Ok(script)
}

impl FromStr for Faults {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        let mut faults = Self::default();
        for item in text.split([';', '\n']).filter(|item| !item.trim().is_empty()) {
            faults.add(item)?;
        }
        Ok(faults)
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let any_or_required = |required| if required { "required" } else { "any" };
        for (fault, rate) in &self.rates {
            write!(formatter, "{fault}={rate}; ")?;
        }
        if !self.script.is_empty() {
            formatter.write_str("script=")?;
            for (position, run) in self.script.chunk_by(PartialEq::eq).enumerate() {
                let comma = if position == 0 { "" } else { ", " };
                match run {
                    [Some(fault), ..] => write!(formatter, "{comma}{fault}*{}", run.len())?,
                    _ => write!(formatter, "{comma}ok*{}", run.len())?,
                }
            }
            formatter.write_str("; ")?;
        }
        write!(formatter, "seed={}; ", self.seed)?;
        write!(formatter, "user-agent={}; ", any_or_required(self.user_agent_required))?;
        write!(formatter, "accept={}", any_or_required(self.accept_required))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::faults::fault::RetryAfter;

    #[test]
    fn faults_are_read_as_they_are_written() {
        let text = "429(retry-after=2)=0.1; falsified(north=0.1 east=0); script=ok*3, 429(retry-after=2), reset*2, ok\n\
                    user-agent=required; accept=any; seed=7";
        let faults: Faults = text.parse().unwrap();
        let busy = Fault::Status { code: 429, retry_after: Some(RetryAfter::Seconds(2)) };
        assert_eq!(faults.rates().next(), Some((&busy, 0.1)));
        assert_eq!(faults.rates().nth(1).map(|(_, rate)| rate), Some(1.0));
        assert_eq!(faults.script().len(), 7);
        assert_eq!(faults.script()[3], Some(busy));
        assert!(faults.user_agent_required() && !faults.accept_required());
        assert_eq!(faults.to_string().parse(), Ok(faults));
        assert_eq!("".parse(), Ok(Faults::default()));
    }

    #[test]
    fn what_is_wrong_is_said() {
        let refuse = |text: &str| text.parse::<Faults>().unwrap_err().to_string();
        assert_eq!(refuse("reset=2"), "reset: the rate `2` is not a number from 0 to 1");
        assert!(refuse("reset=0.1; nonsense=1").contains("there is no fault `nonsense`"));
        assert!(refuse("script=ok*0").contains("`ok*0` is not a number of requests"));
        assert!(refuse("script=fine").contains("there is no fault `fine`"));
        assert_eq!(refuse("seed=x"), "seed: `x` is not a whole number");
        assert_eq!(refuse("accept"), "accept: `` is not `required` or `any`");
    }
}
