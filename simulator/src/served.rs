//! What the answers are made of: a market or recorded rows, and what befalls them.

use std::sync::{Arc, Mutex, PoisonError, RwLock};

use axum::http::HeaderMap;
use serde::Serialize;

use crate::faults::Faults;
use crate::faults::encounter::{Encounter, Encounters};
use crate::faults::falsified::Falsified;
use crate::faults::fault::Fault;
use crate::market::Market;
use crate::random::Random;
use crate::wire::answer::{self, Answer};
use crate::wire::recorded::RecordedRows;
use crate::wire::request_log::RequestLogs;
use crate::wire::robots::Robots;
use crate::wire::search::Query;
use crate::wire::toppings::Toppings;

/// What a simulator serves.
#[derive(Debug)]
pub enum Source {
    /// A simulated market.
    Market(Market),
    /// Recorded rows; days do not pass in them.
    Rows(RecordedRows),
}

/// Which page is made, where that differs from what was asked for.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Deviation {
    /// So many days behind.
    pub(crate) days_behind: u32,
    /// No more rows than this.
    pub(crate) largest_limit: Option<usize>,
}

/// What the answers are made of.
#[derive(Debug)]
pub(crate) struct Served {
    stock: Stock,
    encounters: Mutex<Encounters>,
    toppings: RwLock<Toppings>,
    /// The market of an earlier day, once somebody was shown it.
    replica: Mutex<Option<Market>>,
    robots: RwLock<Robots>,
    /// What the market is called.
    market: RwLock<String>,
    pub(crate) requests: Arc<RequestLogs>,
}

#[derive(Debug)]
enum Stock {
    Market(RwLock<Market>),
    Rows(RecordedRows),
}

impl Served {
    pub(crate) fn of(source: Source) -> Self {
        let (name, stock) = match source {
            Source::Market(market) => (market.name(), Stock::Market(RwLock::new(market))),
            Source::Rows(rows) => (rows.market().to_owned(), Stock::Rows(rows)),
        };
        Self {
            stock,
            encounters: Mutex::default(),
            toppings: RwLock::default(),
            replica: Mutex::default(),
            robots: RwLock::default(),
            market: RwLock::new(name),
            requests: Arc::new(RequestLogs::new()),
        }
    }

    pub(crate) fn page(&self, mut query: Query, deviation: Deviation) -> Answer {
        query.limit = query.limit.min(deviation.largest_limit.unwrap_or(query.limit));
        let toppings = self.toppings.read().unwrap_or_else(PoisonError::into_inner);
        match &self.stock {
            Stock::Market(market) => {
                let market = market.read().unwrap_or_else(PoisonError::into_inner);
                let day = market.day().saturating_sub(deviation.days_behind);
                if day == market.day() {
                    return answer::market_page(&market, &query, &toppings);
                }
                let mut replica = self.replica.lock().unwrap_or_else(PoisonError::into_inner);
                let known = replica.take().filter(|known| known.day() == day);
                let known = replica.insert(known.unwrap_or_else(|| market.as_of(day)));
                answer::market_page(known, &query, &toppings)
            }
            Stock::Rows(rows) => answer::recorded_page(rows, &query, &toppings),
        }
    }

    /// The row of an advert on offer.
    pub(crate) fn row(&self, hash_id: u64) -> Option<String> {
        match &self.stock {
            Stock::Market(market) => market.read().unwrap_or_else(PoisonError::into_inner).row(hash_id),
            Stock::Rows(rows) => rows.row(hash_id),
        }
    }

    /// What the next request meets.
    pub(crate) fn encounter(&self, headers: &HeaderMap) -> Encounter {
        self.encounters.lock().unwrap_or_else(PoisonError::into_inner).next(headers)
    }

    /// Tops this share of all adverts.
    pub(crate) fn top(&self, share: f64, random: &mut Random) {
        let adverts = match &self.stock {
            Stock::Market(market) => market.read().unwrap_or_else(PoisonError::into_inner).listings_ever(),
            Stock::Rows(rows) => rows.len(),
        };
        self.toppings.write().unwrap_or_else(PoisonError::into_inner).top(share, adverts, random);
    }

    pub(crate) fn faults(&self) -> Faults {
        self.encounters.lock().unwrap_or_else(PoisonError::into_inner).faults.clone()
    }

    pub(crate) fn set_faults(&self, faults: Faults) {
        *self.encounters.lock().unwrap_or_else(PoisonError::into_inner) = Encounters::new(faults);
    }

    /// What [`Simulator::falsify`](crate::Simulator::falsify) says.
    pub(crate) fn falsify(&self, falsified: Option<Falsified>) {
        let mut encounters = self.encounters.lock().unwrap_or_else(PoisonError::into_inner);
        encounters.faults.drop_rates(|fault| matches!(fault, Fault::Falsified(_)));
        if let Some(falsified) = falsified {
            encounters.faults = std::mem::take(&mut encounters.faults).with(Fault::Falsified(falsified), 1.0);
        }
    }

    /// Lets `read` look at the market; `None` if recorded rows are served.
    pub(crate) fn with_market<R>(&self, read: impl FnOnce(&Market) -> R) -> Option<R> {
        match &self.stock {
            Stock::Market(market) => Some(read(&market.read().unwrap_or_else(PoisonError::into_inner))),
            Stock::Rows(_) => None,
        }
    }

    /// What the market is called.
    pub(crate) fn market(&self) -> String {
        self.market.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set_market(&self, name: &str) {
        name.clone_into(&mut self.market.write().unwrap_or_else(PoisonError::into_inner));
    }

    pub(crate) fn robots(&self) -> Robots {
        self.robots.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set_robots(&self, robots: Robots) {
        *self.robots.write().unwrap_or_else(PoisonError::into_inner) = robots;
    }

    /// Moves the market to the day that `to` makes of today.
    pub(crate) fn advance(&self, to: impl FnOnce(u32) -> u32) {
        if let Stock::Market(market) = &self.stock {
            let mut market = market.write().unwrap_or_else(PoisonError::into_inner);
            let (today, day) = (market.day(), to(market.day()));
            market.advance_to(day);
            drop(market);
            if day > today {
                // A topping is for its day, and what is new goes before what was topped the day before.
                self.toppings.write().unwrap_or_else(PoisonError::into_inner).clear();
            }
        }
    }

    pub(crate) fn state(&self) -> Answer {
        #[derive(Serialize)]
        struct State {
            day: u32,
            listings: usize,
        }

        let state = match &self.stock {
            Stock::Market(market) => {
                let market = market.read().unwrap_or_else(PoisonError::into_inner);
                State { day: market.day(), listings: market.len() }
            }
            Stock::Rows(rows) => State { day: 0, listings: rows.len() },
        };
        answer::json(200, &state, 0)
    }
}
