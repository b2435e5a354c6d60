//! The portal's answers: the envelope around a page of rows, and around an error.

use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use sreality::category::{Category, Deal};

use crate::market::Market;
use crate::market::composition::section_position;
use crate::market::listing::Listing;
use crate::wire::recorded::RecordedRows;
use crate::wire::request_log::Rows;
use crate::wire::row::Row;
use crate::wire::search::{Query, Subject};
use crate::wire::toppings::Toppings;

/// An answer before it is sent.
#[derive(Debug)]
pub(crate) struct Answer {
    /// HTTP status, the same as in the envelope.
    pub(crate) status: u16,
    /// JSON.
    pub(crate) body: Vec<u8>,
    /// How many rows it holds.
    pub(crate) rows: usize,
}

/// What surrounds a page of rows, keys in the portal's order.
#[derive(Serialize)]
struct Envelope<R> {
    meta_description: String,
    meta_title: String,
    pagination: Pagination,
    results: Vec<R>,
    search_title: String,
    status_code: u16,
    status_message: &'static str,
}

#[derive(Serialize)]
struct Pagination {
    limit: usize,
    offset: usize,
    total: usize,
}

impl Market {
    /// The page that the portal answers today to these parameters of `/estates/search`, as it is served over HTTP where
    /// no fault occurs; `None` if it refuses them.
    #[must_use]
    pub fn page(&self, parameters: &[(&str, String)]) -> Option<String> {
        let parameters: Vec<_> =
            parameters.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let answer = market_page(self, &Query::parse(&parameters).ok()?, &Toppings::default());
        String::from_utf8(answer.body).ok()
    }
}

/// The page of the market that a query asks for, in the order that toppings have made.
pub(crate) fn market_page(market: &Market, query: &Query, toppings: &Toppings) -> Answer {
    let today = market.day();
    let section = query.segment().map(|(category, deal)| section_position(category, deal));
    let (total, page) = match section {
        // Codes that do not exist: nothing can match.
        Some(None) => (0, Vec::new()),
        Some(section @ Some(_)) => find(market, section, query, toppings),
        None => find(market, None, query, toppings),
    };
    let rows = page.into_iter().map(|listing| Row::of(listing, today)).collect();
    page_answer(query, market.len(), total, rows)
}

fn find<'a>(
    market: &'a Market,
    section: Option<usize>,
    query: &Query,
    toppings: &'a Toppings,
) -> (usize, Vec<&'a Listing>) {
    let today = market.day();
    query.page(market.shown(section, toppings).filter(|listing| query.matches(&subject(listing, today))))
}

/// The page of recorded rows that a query asks for, in the order that toppings have made.
pub(crate) fn recorded_page(recorded: &RecordedRows, query: &Query, toppings: &Toppings) -> Answer {
    let (total, rows) = query.page(recorded.matching(query, toppings));
    page_answer(query, recorded.len(), total, rows)
}

/// An error as the portal tells it.
pub(crate) fn error(status: u16, message: &str) -> Answer {
    #[derive(Serialize)]
    struct Error<'a> {
        status_code: u16,
        status_message: &'a str,
    }

    json(status, &Error { status_code: status, status_message: message }, 0)
}

/// Anything as JSON.
pub(crate) fn json(status: u16, content: &impl Serialize, rows: usize) -> Answer {
    // Rows take about 3.6 kB each.
    let mut body = Vec::with_capacity(1_024 + rows * 3_800);
    match serde_json::to_writer(&mut body, content) {
        Ok(()) => Answer { status, body, rows },
        // Only maps with keys that are no text could fail, and there are none.
        Err(error) => Answer { status: 500, body: error.to_string().into_bytes(), rows: 0 },
    }
}

fn page_answer<R: Serialize>(query: &Query, adverts: usize, total: usize, results: Vec<R>) -> Answer {
    let what = what(query);
    let rows = results.len();
    let envelope = Envelope {
        meta_description: format!("{what}: {total} nabídek z {adverts} inzerátů"),
        meta_title: format!("{what} • Sreality.cz"),
        pagination: Pagination { limit: query.limit, offset: query.offset, total },
        results,
        search_title: format!("{what} v České republice"),
        status_code: 200,
        status_message: "OK",
    };
    json(200, &envelope, rows)
}

/// What is searched, in words: "Byty na prodej".
fn what(query: &Query) -> String {
    let (category, deal) = query.segment().unwrap_or_default();
    let category = match Category::ALL.into_iter().find(|known| known.code() == category) {
        Some(Category::Flats) => "Byty",
        Some(Category::Houses) => "Domy",
        Some(Category::Land) => "Pozemky",
        Some(Category::Commercial) => "Komerční nemovitosti",
        Some(Category::Other) => "Ostatní nemovitosti",
        None => "Nemovitosti",
    };
    let deal = match Deal::ALL.into_iter().find(|known| known.code() == deal) {
        Some(Deal::Sale) => "na prodej",
        Some(Deal::Rent) => "k pronájmu",
        Some(Deal::Auction) => "v dražbě",
        Some(Deal::Share) => "jako podíly",
        None => "v nabídce",
    };
    format!("{category} {deal}")
}

/// What a query can look at in a listing.
fn subject(listing: &Listing, today: u32) -> Subject {
    let usable_area = listing.category() != Category::Land;
    Subject {
        category: listing.category().code(),
        deal: listing.deal.code(),
        sub_category: listing.kind.sub_category.code,
        region_id: listing.region_id(),
        district_id: listing.district_id(),
        usable_area: usable_area.then_some(listing.area_m2.into()),
        estate_area: Some(if usable_area { listing.plot_m2 } else { listing.area_m2 })
            .filter(|area| *area > 0)
            .map(Into::into),
        advertised: listing.price.advertised() as f64,
        age_days: Some(listing.age(today)),
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let json = HeaderValue::from_static("application/json; charset=utf-8");
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, [(CONTENT_TYPE, json)], self.body).into_response();
        response.extensions_mut().insert(Rows(self.rows));
        response
    }
}
