//! `/simulator/…`: what people who run the simulator can change and read.

use std::sync::Arc;

use axum::Router;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query as QueryOf, State};
use axum::routing::{get, post};
use serde::Serialize;

use crate::faults::Faults;
use crate::served::Served;
use crate::wire::answer::{self, Answer};
use crate::wire::robots::Robots;

/// How far the market can be moved forward by one request.
const MOST_DAYS_AT_ONCE: u32 = 366;

/// The parameters of a request, decoded and in their order.
pub(crate) type Parameters = Result<QueryOf<Vec<(String, String)>>, QueryRejection>;

pub(crate) fn routes() -> Router<Arc<Served>> {
    Router::new()
        .route("/simulator/advance", post(advance))
        .route("/simulator/state", get(state))
        .route("/simulator/faults", get(faults).post(set_faults).delete(clear_faults))
        .route("/simulator/robots", post(set_robots).delete(clear_robots))
        .route("/simulator/requests", get(requests))
}

/// The first value of a parameter.
fn value(parameters: Parameters, name: &str) -> Option<String> {
    let QueryOf(parameters) = parameters.ok()?;
    parameters.into_iter().find(|(known, _)| known == name).map(|(_, value)| value)
}

async fn advance(State(served): State<Arc<Served>>, parameters: Parameters) -> Answer {
    match value(parameters, "days").and_then(|days| days.parse().ok()) {
        Some(days @ 0..=MOST_DAYS_AT_ONCE) => {
            served.advance(|today| today.saturating_add(days));
            served.state()
        }
        _ => answer::error(422, &format!("days: a number from 0 to {MOST_DAYS_AT_ONCE} is needed")),
    }
}

async fn state(State(served): State<Arc<Served>>) -> Answer {
    served.state()
}

/// The faults in their text form.
#[derive(Serialize)]
struct FaultsAsText {
    faults: String,
}

fn tell(served: &Served) -> Answer {
    answer::json(200, &FaultsAsText { faults: served.faults().to_string() }, 0)
}

async fn faults(State(served): State<Arc<Served>>) -> Answer {
    tell(&served)
}

/// Takes the text form from the parameter `faults` or, if there is none, from the body.
async fn set_faults(State(served): State<Arc<Served>>, parameters: Parameters, body: String) -> Answer {
    match value(parameters, "faults").unwrap_or(body).parse() {
        Ok(faults) => {
            served.set_faults(faults);
            tell(&served)
        }
        Err(error) => answer::error(422, &error.to_string()),
    }
}

async fn clear_faults(State(served): State<Arc<Served>>) -> Answer {
    served.set_faults(Faults::default());
    tell(&served)
}

/// Takes the text from the body, and the status from the parameter `status`. An empty body leaves the usual text.
async fn set_robots(State(served): State<Arc<Served>>, parameters: Parameters, body: String) -> Answer {
    let usual = Robots::default();
    let status = match value(parameters, "status").map(|status| status.parse()) {
        None => usual.status,
        Some(Ok(status @ 200..=599)) => status,
        Some(_) => return answer::error(422, "status: a number from 200 to 599 is needed"),
    };
    served.set_robots(Robots { status, text: if body.is_empty() { usual.text } else { body } });
    served.state()
}

async fn clear_robots(State(served): State<Arc<Served>>) -> Answer {
    served.set_robots(Robots::default());
    served.state()
}

async fn requests(State(served): State<Arc<Served>>) -> Answer {
    answer::json(200, &served.requests.as_json(), 0)
}
