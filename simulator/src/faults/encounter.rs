//! Who meets what: draws the faults of each request.

use axum::http::HeaderMap;
use axum::http::header::{ACCEPT, USER_AGENT};

use crate::faults::Faults;
use crate::faults::fault::{Effect, Fault};
use crate::random::Random;

/// Draws for one request after the other.
#[derive(Debug, Default)]
pub(crate) struct Encounters {
    pub(crate) faults: Faults,
    /// Requests that have been drawn for since these faults were set.
    drawn: u64,
}

/// What one request meets.
#[derive(Clone, Debug)]
pub(crate) struct Encounter {
    pub(crate) faults: Vec<Fault>,
    /// For whatever else is to be drawn for this request.
    pub(crate) random: Random,
}

impl Encounters {
    /// Begins anew with these faults.
    pub(crate) fn new(faults: Faults) -> Self {
        Self { faults, drawn: 0 }
    }

    /// What the next request meets.
    pub(crate) fn next(&mut self, headers: &HeaderMap) -> Encounter {
        let Self { faults, drawn } = self;
        let mut random = Random::stream(faults.seed(), *drawn);
        if faults.user_agent_required() && !headers.contains_key(USER_AGENT) {
            return Encounter { faults: vec![Fault::Status { code: 401, retry_after: None }], random };
        }
        let step = usize::try_from(*drawn).ok().and_then(|step| faults.script().get(step));
        *drawn += 1;
        let mut met: Vec<Fault> = match step {
            Some(step) => step.iter().cloned().collect(),
            // All are drawn, so that one does not depend on the others.
            None => faults
                .rates()
                .filter(|(_, rate)| random.chance(*rate))
                .map(|(fault, _)| fault.clone())
                .collect(),
        };
        if faults.accept_required() && !accepts_json(headers) && !met.contains(&Fault::CamelCase) {
            met.push(Fault::CamelCase);
        }
        Encounter { faults: compatible(met), random }
    }
}

/// `*/*` is not enough.
fn accepts_json(headers: &HeaderMap) -> bool {
    let json = |accept: &str| accept.to_ascii_lowercase().contains("application/json");
    headers.get_all(ACCEPT).iter().any(|accept| accept.to_str().is_ok_and(json))
}

/// Of the faults that bring no page only the first one, and what would change a page only where there is one.
fn compatible(met: Vec<Fault>) -> Vec<Fault> {
    let no_page = met.iter().find(|fault| fault.effect() == Effect::NoPage).cloned();
    let Some(no_page) = no_page else { return met };
    let stays = |fault: &Fault| match fault.effect() {
        Effect::NoPage => *fault == no_page,
        Effect::Late => true,
        // Adverts are topped whatever happens to those who ask.
        Effect::OtherPage => !no_page.answers() || matches!(fault, Fault::MovingRows(_)),
    };
    let mut found = false;
    met.into_iter()
        .filter(stays)
        // The same fault can have two rates.
        .filter(|fault| *fault != no_page || !std::mem::replace(&mut found, true))
        .collect()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn polite() -> HeaderMap {
        let json = HeaderValue::from_static("application/json");
        HeaderMap::from_iter([(ACCEPT, json), (USER_AGENT, HeaderValue::from_static("somebody/1.0"))])
    }

    fn drawn(faults: Faults, requests: usize) -> Vec<Vec<Fault>> {
        let mut encounters = Encounters::new(faults);
        (0..requests).map(|_| encounters.next(&polite()).faults).collect()
    }

    #[test]
    fn every_fault_hits_at_its_rate_and_independently_of_the_others() {
        let faults = Faults::default().with(Fault::Truncated, 0.1).with(Fault::ExtraKeys(None), 0.5);
        let drawn = drawn(faults, 20_000);
        let share = |hit: &dyn Fn(&Vec<Fault>) -> bool| {
            drawn.iter().filter(|met| hit(met)).count() as f64 / drawn.len() as f64
        };
        let (truncated, extra) = (Fault::Truncated, Fault::ExtraKeys(None));
        assert!((0.09..0.11).contains(&share(&|met| met.contains(&truncated))));
        assert!((0.48..0.52).contains(&share(&|met| met.contains(&extra))));
        assert!((0.04..0.06).contains(&share(&|met| met.contains(&truncated) && met.contains(&extra))));
    }

    #[test]
    fn a_seed_decides_which_requests_are_hit() {
        let faults = Faults::default().with(Fault::Reset, 0.3);
        assert_eq!(drawn(faults.clone(), 100), drawn(faults.clone(), 100));
        assert_ne!(drawn(faults.clone(), 100), drawn(faults.with_seed(2), 100));
    }

    #[test]
    fn the_first_of_those_that_bring_no_page_wins_and_delays_and_toppings_remain() {
        let (slow, topped) = (Fault::SlowFirstByte(std::time::Duration::ZERO), Fault::MovingRows(0.1));
        let faults = Faults::default()
            .with(Fault::ExtraKeys(None), 1.0)
            .with(Fault::Html, 1.0)
            .with(Fault::Reset, 1.0)
            .with(Fault::Html, 1.0)
            .with(slow.clone(), 1.0)
            .with(topped.clone(), 1.0);
        assert_eq!(drawn(faults, 1), [[Fault::Html, slow, topped]]);
        let faults = Faults::default().with(Fault::ExtraKeys(None), 1.0).with(Fault::Cut, 1.0);
        assert_eq!(drawn(faults, 1), [[Fault::ExtraKeys(None), Fault::Cut]]);
    }

    #[test]
    fn a_script_comes_before_the_rates() {
        let script = [None, Some(Fault::Reset), None];
        let faults = Faults::default().with(Fault::Html, 1.0).with_script(script);
        assert_eq!(
            drawn(faults, 5),
            [vec![], vec![Fault::Reset], vec![], vec![Fault::Html], vec![Fault::Html]]
        );
    }

    #[test]
    fn what_a_request_lacks_is_a_fault_too_and_takes_no_step_of_the_script() {
        let faults = Faults::default().with_user_agent_required(true).with_script([Some(Fault::Reset)]);
        let mut encounters = Encounters::new(faults);
        let unauthorized = Fault::Status { code: 401, retry_after: None };
        assert_eq!(encounters.next(&HeaderMap::new()).faults, [unauthorized]);
        assert_eq!(encounters.next(&polite()).faults, [Fault::Reset]);
        let mut anything = polite();
        anything.insert(ACCEPT, HeaderValue::from_static("*/*"));
        assert_eq!(encounters.next(&anything).faults, [Fault::CamelCase]);
        encounters.faults = Faults::default().with_accept_required(false);
        assert!(encounters.next(&anything).faults.is_empty());
    }
}
