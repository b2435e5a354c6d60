//! Falsified answers: right schema, right ids, right counts, wrong prices and positions.
//!
//! Measured on four complete dumps of flats of 2024: within a run all prices are multiplied by one factor (from
//! run to run 1.83, 0.473, 2.063 times those of the run before) and rounded to thousands; positions are
//! shifted by a constant of 0.0066 to 0.0077 degrees; ids, names and areas are true.

use serde_json::{Map, Value};

use crate::market::geography::geohash;

/// Codes of the units in which an advertised price is for one m².
const PER_M2: [i64; 2] = [3, 4];

/// How the answers of one run are falsified.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Falsified {
    /// Every price is multiplied by it and rounded to thousands; `None` leaves prices as they are.
    pub factor: Option<f64>,
    /// Degrees that every position moves to the north.
    pub latitude_shift: f64,
    /// Degrees that every position moves to the east.
    pub longitude_shift: f64,
}

impl Falsified {
    /// Falsifies every row of a page; what is no page stays as it is.
    pub(crate) fn page(&self, page: &mut Value) {
        let rows = page.get_mut("results").and_then(Value::as_array_mut);
        for row in rows.into_iter().flatten().filter_map(Value::as_object_mut) {
            self.row(row);
        }
    }

    fn row(&self, row: &mut Map<String, Value>) {
        if let Some(factor) = self.factor {
            let unit = row.get("price_unit_cb").and_then(|unit| unit.get("value")).and_then(Value::as_i64);
            let per_m2 = unit.is_some_and(|unit| PER_M2.contains(&unit));
            for key in ["price_summary", "price_summary_czk"] {
                change(row, key, |price| thousands(price * factor));
            }
            for key in ["price", "price_czk"] {
                // A price per m² would be nothing, rounded to thousands; what was done to those was not seen.
                change(row, key, |price| if per_m2 { price * factor } else { thousands(price * factor) });
            }
            if let Some(rate) = row.get_mut("price_czk_m2")
                && let Some(czk) = rate.as_f64()
            {
                *rate = Value::from((czk * factor) as i64);
            }
        }
        if let Some(locality) = row.get_mut("locality").and_then(Value::as_object_mut) {
            let latitude = change(locality, "gps_lat", |degrees| degrees + self.latitude_shift);
            let longitude = change(locality, "gps_lon", |degrees| degrees + self.longitude_shift);
            if let (Some(latitude), Some(longitude), Some(hash)) =
                (latitude, longitude, locality.get_mut("geohash"))
            {
                *hash = Value::from(geohash(latitude, longitude));
            }
        }
    }
}

/// Replaces a number and returns the new one. 0 and 1 mean "on request" or nothing at all, and stay.
fn change(object: &mut Map<String, Value>, key: &str, new: impl Fn(f64) -> f64) -> Option<f64> {
    let value = object.get_mut(key)?;
    let number = value.as_f64().filter(|number| *number > 1.0)?;
    let new = new(number);
    *value = Value::from(new);
    Some(new)
}

fn thousands(czk: f64) -> f64 {
    (czk / 1000.0).round() * 1000.0
}
