//! Adverts in numbers, as the portal sends them, and complete walks of them.

use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};
use sreality::walk::Ending;
use uuid::Uuid;

use crate::database::RawWalk;

/// One advert.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Advert {
    pub(crate) hash_id: i64,
    pub(crate) category: i16,
    pub(crate) deal: i16,
    pub(crate) region_id: i32,
    pub(crate) district_id: i32,
    pub(crate) price: i64,
    pub(crate) currency: i16,
    /// Degrees north and east.
    pub(crate) position: (f64, f64),
    /// What it says under a key that nobody knows.
    pub(crate) unknown: i64,
}

/// Flats for sale in the first district of Prague, at round prices in crowns, each at a place of its own.
pub(crate) fn flats(count: i64) -> Vec<Advert> {
    let flat = |hash_id| Advert {
        hash_id,
        category: 1,
        deal: 1,
        region_id: 10,
        district_id: 5001,
        price: 2_000_000 + hash_id % 700 * 10_000,
        currency: 1,
        position: (50.0 + hash_id as f64 / 100_000.0, 14.4 + hash_id as f64 / 50_000.0),
        unknown: 0,
    };
    (1..=count).map(flat).collect()
}

impl Advert {
    /// Its row.
    pub(crate) fn json(&self) -> Value {
        let Self { hash_id, category, deal, region_id, district_id, price, currency, .. } = self;
        json!({
            "unheard_of": self.unknown,
            "hash_id": hash_id,
            "advert_name": format!("Prodej bytu 2+kk {} m²", 30 + hash_id % 90),
            "category_main_cb": { "value": category },
            "category_type_cb": { "value": deal },
            "category_sub_cb": { "value": 4 },
            "price_summary_czk": price,
            "price_summary_unit_cb": { "value": deal },
            "price_currency_cb": { "value": currency },
            "locality": {
                "region_id": region_id,
                "district_id": district_id,
                "gps_lat": self.position.0,
                "gps_lon": self.position.1,
            },
        })
    }

    /// Its row with one key that says something else.
    pub(crate) fn with(&self, key: &str, value: Value) -> Value {
        let mut row = self.json();
        row[key] = value;
        row
    }
}

/// Rows of adverts.
pub(crate) fn rows(adverts: &[Advert]) -> Vec<Value> {
    adverts.iter().map(Advert::json).collect()
}

/// A complete walk at six o'clock of a day.
pub(crate) fn walk(day: i64, segment: &str, rows: &[Value]) -> RawWalk {
    let started_at = Timestamp::UNIX_EPOCH + (day * 24 + 6).hours();
    let id = Uuid::from_u128(
        segment.bytes().fold(day as u128 + 1, |id, byte| id.wrapping_mul(257).wrapping_add(byte.into())),
    );
    let texts: Vec<String> = rows.iter().map(Value::to_string).collect();
    let pages: Vec<Vec<String>> = texts.chunks(500).map(<[_]>::to_vec).collect();
    RawWalk {
        facts: sreality::walk::Walk {
            id,
            portal: "https://portal.test".to_owned(),
            market: "portal.test".to_owned(),
            segment: segment.parse().unwrap(),
            since: None,
            software: "test".to_owned(),
            started_at,
            announced: rows.len() as u64,
            robots_disregarded: false,
        },
        ending: Ending {
            finished_at: started_at,
            complete: true,
            incomplete_because: None,
            pages: pages.len() as u64,
            requests: 1,
            ..Ending::default()
        },
        pages,
        released: false,
    }
}

impl RawWalk {
    /// The same as a walk that did not reach its end.
    pub(crate) fn incomplete(mut self) -> Self {
        self.ending.complete = false;
        self.ending.incomplete_because = Some("the test says so".to_owned());
        self
    }

    /// The same after an operator has released it.
    pub(crate) fn released(mut self) -> Self {
        self.released = true;
        self
    }
}
