//! Serves the faults: answers in the portal's place, or changes what it answers and how that leaves.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::to_bytes;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, LOCATION, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use jiff::fmt::rfc2822::DateTimePrinter;
use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};

use crate::faults::encounter::Encounter;
use crate::faults::fault::{Fault, RetryAfter};
use crate::faults::{drift, flapping};
use crate::random::Random;
use crate::served::{Deviation, Served};
use crate::wire::answer;
use crate::wire::connection::{Delivery, Wire};
use crate::wire::request_log::{Quiet, Rows, Sent, Told};

/// Below this path faults occur.
const API: &str = "/api/v1/";
/// In so many pieces a slow answer comes.
const DROPS: u32 = 20;
const LOGIN: &str = "https://login.szn.cz/?service=sreality&return_url=https%3A%2F%2Fwww.sreality.cz%2F";
const NOT_FOUND: &str = "<!DOCTYPE html>\n<html lang=\"cs\"><head><title>Sreality.cz</title></head>\
    <body><h1>Je nám líto, ale tato stránka nebyla nalezena</h1></body></html>\n";

/// Lets each request to the API meet its faults.
pub(crate) async fn serve_faults(
    State(served): State<Arc<Served>>,
    mut request: Request,
    next: Next,
) -> Response {
    if !request.uri().path().starts_with(API) {
        return next.run(request).await;
    }
    let Encounter { faults, mut random } = served.encounter(request.headers());
    if let Some(told) = request.extensions().get::<Told>() {
        told.faults.get_or_init(|| faults.clone());
    }
    let wire = request.extensions().get().map(|ConnectInfo(wire): &ConnectInfo<Wire>| wire.clone());

    let mut deviation = Deviation::default();
    for fault in &faults {
        match fault {
            Fault::SlowFirstByte(delay) => tokio::time::sleep(*delay).await,
            Fault::MovingRows(share) => served.top(*share, &mut random),
            Fault::StaleReplica { days } => deviation.days_behind = *days,
            Fault::SmallerLimit(limit) => deviation.largest_limit = Some(*limit),
            _ => {}
        }
    }
    let instead = faults.iter().find_map(|fault| answer_of(fault, &mut random));
    let response = match instead {
        Some(response) => response,
        None => {
            request.extensions_mut().insert(deviation);
            next.run(request).await
        }
    };
    if faults.is_empty() { response } else { spoilt(response, &faults, &mut random, wire).await }
}

/// What a fault answers in the portal's place.
fn answer_of(fault: &Fault, random: &mut Random) -> Option<Response> {
    if !fault.answers() {
        return None;
    }
    let mut response = match fault {
        Fault::Status { code, .. } => {
            let status = StatusCode::from_u16(*code).ok();
            let reason = status.and_then(|status| status.canonical_reason()).unwrap_or_default();
            answer::error(*code, reason).into_response()
        }
        Fault::Html => with_type("text/html; charset=utf-8", NOT_FOUND.into()),
        Fault::Garbage => {
            // No text in UTF-8 begins like this.
            let noise = (0..500).flat_map(|_| random.bits().to_le_bytes());
            with_type("application/json; charset=utf-8", [0xFF, 0xFE].into_iter().chain(noise).collect())
        }
        Fault::Redirect => (StatusCode::FOUND, [(LOCATION, HeaderValue::from_static(LOGIN))]).into_response(),
        _ => Response::default(),
    };
    if let Fault::Status { retry_after: Some(retry_after), .. } = fault {
        let (value, quiet_until) = asking_to_wait(*retry_after);
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(RETRY_AFTER, value);
            response.extensions_mut().insert(Quiet(quiet_until));
        }
    }
    Some(response)
}

fn with_type(content_type: &'static str, body: Vec<u8>) -> Response {
    ([(CONTENT_TYPE, HeaderValue::from_static(content_type))], body).into_response()
}

/// The value of `Retry-After`, and until when it asks.
fn asking_to_wait(retry_after: RetryAfter) -> (String, Instant) {
    // Before the other clock is read: whoever waits until the date is not early, whatever passes between the two.
    let asked_at = Instant::now();
    let (value, quiet) = match retry_after {
        RetryAfter::Seconds(seconds) => (seconds.to_string(), Duration::from_secs(seconds.into())),
        RetryAfter::Date(seconds) => {
            let now = Timestamp::now();
            // A date has whole seconds: the next one is not too early.
            let whole = Timestamp::from_second(now.as_second() + 1).unwrap_or(now);
            let until = whole.checked_add(i64::from(seconds).seconds()).unwrap_or(whole);
            let value = DateTimePrinter::new().timestamp_to_rfc9110_string(&until).unwrap_or_default();
            (value, Duration::try_from(until.duration_since(now)).unwrap_or_default())
        }
    };
    (value, asked_at + quiet)
}

/// The answer as these faults leave it.
async fn spoilt(response: Response, faults: &[Fault], random: &mut Random, wire: Option<Wire>) -> Response {
    let (mut head, body) = response.into_parts();
    let mut body = to_bytes(body, usize::MAX).await.map(Vec::from).unwrap_or_default();
    if head.status == StatusCode::OK && faults.iter().any(changes_content) {
        body = changed(body, faults, random);
    }
    let mut delivery = Delivery::Whole;
    for fault in faults {
        match fault {
            Fault::EnvelopeStatus(_) => {
                head.extensions.insert(Rows(0));
            }
            Fault::Truncated => {
                body.truncate(body.len() / 2);
                head.extensions.insert(Rows(0));
            }
            Fault::Cut => {
                delivery = Delivery::Cut(body.len() / 2);
                head.extensions.insert(Rows(0));
                head.extensions.insert(Sent::Cut);
            }
            Fault::Reset => {
                delivery = Delivery::Reset;
                head.extensions.insert(Sent::Reset);
            }
            Fault::SlowDrip(duration) if delivery == Delivery::Whole => {
                delivery = Delivery::Drip(body.len() / DROPS as usize + 1, *duration / DROPS);
            }
            _ => {}
        }
    }
    if let Some(wire) = wire {
        wire.deliver(delivery);
    }
    // It is set again for what the body has become.
    head.headers.remove(CONTENT_LENGTH);
    Response::from_parts(head, body.into())
}

fn changes_content(fault: &Fault) -> bool {
    matches!(
        fault,
        Fault::EnvelopeStatus(_)
            | Fault::FlappingPrices(_)
            | Fault::WrongTotal(_)
            | Fault::Falsified(_)
            | Fault::ExtraKeys(_)
            | Fault::MissingKeys(_)
            | Fault::OtherTypes(_)
            | Fault::CamelCase
    )
}

/// The page with other content.
fn changed(body: Vec<u8>, faults: &[Fault], random: &mut Random) -> Vec<u8> {
    let Ok(mut page) = serde_json::from_slice::<Value>(&body) else { return body };
    for fault in faults {
        match fault {
            Fault::EnvelopeStatus(status) => {
                insert(&mut page, "status_code", json!(status));
                insert(&mut page, "status_message", json!("Internal Error"));
            }
            Fault::FlappingPrices(share) => flapping::show_earlier_prices(&mut page, *share),
            Fault::WrongTotal(share) => shift_total(&mut page, *share, random),
            Fault::Falsified(falsified) => falsified.page(&mut page),
            Fault::ExtraKeys(path) => drift::add_keys(&mut page, path.as_ref()),
            Fault::MissingKeys(path) => drift::remove_keys(&mut page, path.as_ref(), random),
            Fault::OtherTypes(path) => drift::change_types(&mut page, path.as_ref(), random),
            _ => {}
        }
    }
    // Last, because the others go by the keys as they are otherwise.
    if faults.contains(&Fault::CamelCase) {
        drift::spell_in_camel_case(&mut page);
    }
    serde_json::to_vec(&page).unwrap_or(body)
}

fn insert(page: &mut Value, key: &str, value: Value) {
    if let Some(envelope) = page.as_object_mut() {
        envelope.insert(key.to_owned(), value);
    }
}

/// Announces up to this share more or fewer than there are, but at least one.
fn shift_total(page: &mut Value, share: f64, random: &mut Random) {
    let Some(total) = page.pointer_mut("/pagination/total") else { return };
    let Some(right) = total.as_u64() else { return };
    let by = 1 + (right as f64 * share * random.fraction()) as u64;
    *total = json!(if right == 0 || random.chance(0.5) { right + by } else { right.saturating_sub(by) });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_asked_to_wait_for_longer_than_the_date_says() {
        let (value, quiet_until) = asking_to_wait(RetryAfter::Date(1));
        let date = jiff::fmt::rfc2822::parse(&value).unwrap().timestamp();
        // In this order, so that what passes between the two is granted to the date.
        let (now, instant) = (Timestamp::now(), Instant::now());
        let left = Duration::try_from(date.duration_since(now)).unwrap();
        assert!(quiet_until <= instant + left, "{:?} too long", quiet_until - (instant + left));
    }
}
