//! The page of an advert, at its public address.
//!
//! As strict as the portal: what is no address of an advert on offer is not found, and from another place than the
//! advert's own it redirects.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::LOCATION;
use axum::http::{StatusCode, Uri};
use axum::response::{Html, IntoResponse, Response};
use sreality::Row;
use sreality::address;
use sreality::address::REAL_PORTAL;

use crate::served::Served;

/// Answers `/detail/{deal}/{category}/{sub-category}/{place}/{id}`.
pub(crate) async fn detail(State(served): State<Arc<Served>>, uri: Uri) -> Response {
    let path = uri.path();
    let id = path.rsplit('/').next().and_then(|id| id.parse().ok());
    let Some(text) = id.and_then(|id| served.row(id)) else { return not_found() };
    let Ok(row) = Row::parse(&text) else { return not_found() };
    let Some(canonical) = address::of_row(&row) else { return not_found() };
    let canonical = canonical.strip_prefix(REAL_PORTAL).unwrap_or_default();
    if path == canonical {
        let name = row.name.as_deref().unwrap_or_default();
        return Html(format!("<!DOCTYPE html>\n<title>{name}</title>\n<h1>{name}</h1>\n")).into_response();
    }
    // All but the place must be right.
    if without_place(path) == without_place(canonical) {
        (StatusCode::MOVED_PERMANENTLY, [(LOCATION, canonical.to_owned())]).into_response()
    } else {
        not_found()
    }
}

fn without_place(path: &str) -> Vec<&str> {
    let mut parts: Vec<&str> = path.split('/').collect();
    if parts.len() == 7 {
        parts.remove(5);
    }
    parts
}

fn not_found() -> Response {
    (StatusCode::NOT_FOUND, Html("<h1>Je nám líto, ale tato stránka nebyla nalezena</h1>\n")).into_response()
}
