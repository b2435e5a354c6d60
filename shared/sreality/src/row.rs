//! One row of a list: from the portal's JSON to what the warehouse stores.
//!
//! Accepts unknown keys, and missing ones except those that identify and classify an advert. A value that is not what
//! the portal has ever delivered becomes `None`, unless it says what the advert is or what it costs: then the row is
//! rejected. The portal's sentinels become `None` too: -1 (no such locality, image or agency), 100000 (no point of
//! interest near, or not computed yet), 0 in a code ("not given"), and empty text.

#[macro_use]
mod members;
mod value;

use std::borrow::Cow;

use serde::de::IgnoredAny;

use crate::area::{Areas, areas_from_name};
use crate::price::{Amount, total_price};
use members::of_object;
use value::{Wrong, amount, code, count, degrees, distance, flag, hash_id, id, lenient_code, slug, text};

/// Bump this when rows are understood that were rejected before: objects with rejects under an older version are loaded
/// again. A change in how accepted rows are read is another matter: after it the warehouse must be rebuilt from the raw
/// zone, or old and new walks would tell differences that the portal never showed.
pub const PARSER_VERSION: i16 = 1;

/// A row, normalised.
#[derive(Clone, Debug, PartialEq)]
pub struct Row<'a> {
    /// The advert's identity, kept through edits and price changes.
    pub hash_id: i64,
    /// Code of the main category.
    pub category: i16,
    /// Code of the deal type.
    pub deal: i16,
    /// Code of the sub-category.
    pub sub_category: Option<i16>,
    /// The advert's name with plain spaces.
    pub name: Option<Cow<'a, str>>,
    /// Areas in m², read from the name.
    pub areas: Areas,
    /// Total price in whole crowns, per month for rents; `None` on request.
    pub total_price: Option<i64>,
    /// The advertised price in crowns with its unit, as delivered.
    pub advertised: Amount,
    /// Code of the currency that the price was set in (amounts above are converted by the portal).
    pub currency: Option<i16>,
    /// Whether the portal shows its "price lowered" ribbon.
    pub discount: Option<bool>,
    /// Where it is.
    pub locality: Locality<'a>,
    /// The agency; `None` for private sellers.
    pub agency_id: Option<i32>,
    /// The agency's slug.
    pub agency: Option<Cow<'a, str>>,
    /// Number of photos.
    pub images: i16,
    /// Whether there is a video.
    pub has_video: Option<bool>,
    /// Whether there is a 3D tour.
    pub has_tour: Option<bool>,
    /// Metres to the next point of each kind, in the order of [`DISTANCE_KINDS`].
    pub distances: [Option<i32>; 13],
}

/// The kinds of points of interest that rows give a distance to.
pub const DISTANCE_KINDS: [&str; 13] = [
    "atm",
    "bus_public_transport",
    "kindergarten",
    "medic",
    "metro",
    "playground",
    "post_office",
    "restaurant",
    "school",
    "shop",
    "small_shop",
    "train",
    "vet",
];

/// Where an advert is, as precisely as its seller wants it known.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Locality<'a> {
    /// Region id.
    pub region_id: Option<i32>,
    /// District id: in Prague 5001 to 5010, or 47 when nothing finer is known.
    pub district_id: Option<i32>,
    /// Municipality id.
    pub municipality_id: Option<i32>,
    /// Quarter id.
    pub quarter_id: Option<i32>,
    /// Ward id.
    pub ward_id: Option<i32>,
    /// Street id.
    pub street_id: Option<i32>,
    /// Country id, 112 for the Czech Republic.
    pub country_id: Option<i32>,
    /// Municipality's name.
    pub city: Option<Cow<'a, str>>,
    /// Part of the municipality.
    pub city_part: Option<Cow<'a, str>>,
    /// Street name.
    pub street: Option<Cow<'a, str>>,
    /// House number: text such as `12a`.
    pub house_number: Option<Cow<'a, str>>,
    /// Street number: text such as `12a`.
    pub street_number: Option<Cow<'a, str>>,
    /// Degrees north.
    pub latitude: Option<f64>,
    /// Degrees east.
    pub longitude: Option<f64>,
    /// What the point stands for: `gps`, `address`, `street`, `ward`, `quarter`, `municipality`.
    pub precision: Option<Cow<'a, str>>,
    /// Words that the advert's public address is made of: municipality, part, street. Of small letters, digits, hyphens.
    pub slugs: [Option<Cow<'a, str>>; 3],
}

/// Why a row could not be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason} at {pointer}")]
pub struct RowError {
    /// JSON pointer (RFC 6901) to the place within the row; empty for the row itself.
    pub pointer: String,
    pub reason: String,
    /// The listing, if the row tells so much.
    pub hash_id: Option<i64>,
    /// Whether the row is not even JSON: then what it stands in is damaged.
    pub malformed: bool,
}

impl<'a> Row<'a> {
    /// Reads one row.
    ///
    /// # Errors
    /// If the text is no object, or lacks the advert's identity, its category or its deal type, or if one of these or
    /// a price is of another type than the portal has ever delivered. Never panics, whatever the text.
    pub fn parse(json: &'a str) -> Result<Self, RowError> {
        let (delivered, read) = Delivered::read(json);
        let known_id = hash_id(delivered.hash_id).ok();
        let reject = |pointer: &str, reason, malformed| RowError {
            pointer: pointer.to_owned(),
            reason,
            hash_id: known_id,
            malformed,
        };
        if let Err(error) = read {
            let malformed = serde_json::from_str::<IgnoredAny>(json).is_err();
            return Err(reject("", error.to_string(), malformed));
        }
        delivered.normalise().map_err(|Wrong { pointer, reason }| reject(&pointer, reason, false))
    }
}

members! {
    /// A row as the portal delivers it.
    Delivered {
        advert_images_all, advert_name, category_main_cb, category_sub_cb, category_type_cb, discount_show,
        has_matterport_url, has_video, hash_id, locality, poi_atm_distance, poi_bus_public_transport_distance,
        poi_kindergarten_distance, poi_medic_distance, poi_metro_distance, poi_playground_distance,
        poi_post_office_distance, poi_restaurant_distance, poi_school_distance, poi_shop_distance,
        poi_small_shop_distance, poi_train_distance, poi_vet_distance, premise, premise_id, price_currency_cb,
        price_czk, price_summary_czk, price_summary_unit_cb, price_unit_cb,
    }
}

members! {
    /// Its agency.
    Premise { seo_name }
}

members! {
    /// Its place.
    DeliveredLocality {
        city, city_seo_name, citypart, citypart_seo_name, country_id, district_id, gps_lat, gps_lon, housenumber,
        inaccuracy_type, municipality_id, quarter_id, region_id, street, street_id, street_seo_name, streetnumber,
        ward_id,
    }
}

impl<'a> Delivered<'a> {
    fn normalise(self) -> Result<Row<'a>, Wrong> {
        let hash_id = hash_id(self.hash_id)?;
        let category = code(self.category_main_cb, "/category_main_cb")?
            .ok_or_else(|| Wrong::new("/category_main_cb", "the main category is missing"))?;
        let deal = code(self.category_type_cb, "/category_type_cb")?
            .ok_or_else(|| Wrong::new("/category_type_cb", "the deal type is missing"))?;
        let advertised = Amount {
            czk: amount(self.price_czk, "/price_czk")?,
            unit: code(self.price_unit_cb, "/price_unit_cb")?,
        };
        let summary = Amount {
            czk: amount(self.price_summary_czk, "/price_summary_czk")?,
            unit: code(self.price_summary_unit_cb, "/price_summary_unit_cb")?,
        };
        let name = text(self.advert_name);
        let premise = self.premise.map(Premise::read).map(of_object).unwrap_or_default();
        let locality = self.locality.map(DeliveredLocality::read).map(of_object).unwrap_or_default();
        Ok(Row {
            hash_id,
            category,
            deal,
            sub_category: lenient_code(self.category_sub_cb),
            areas: name.as_deref().map(areas_from_name).unwrap_or_default(),
            name,
            total_price: total_price(deal, advertised, summary),
            advertised,
            currency: lenient_code(self.price_currency_cb),
            discount: flag(self.discount_show),
            locality: locality.normalise(),
            agency_id: id(self.premise_id),
            agency: text(premise.seo_name),
            images: count(self.advert_images_all),
            has_video: flag(self.has_video),
            has_tour: flag(self.has_matterport_url),
            distances: [
                self.poi_atm_distance,
                self.poi_bus_public_transport_distance,
                self.poi_kindergarten_distance,
                self.poi_medic_distance,
                self.poi_metro_distance,
                self.poi_playground_distance,
                self.poi_post_office_distance,
                self.poi_restaurant_distance,
                self.poi_school_distance,
                self.poi_shop_distance,
                self.poi_small_shop_distance,
                self.poi_train_distance,
                self.poi_vet_distance,
            ]
            .map(distance),
        })
    }
}

impl<'a> DeliveredLocality<'a> {
    fn normalise(self) -> Locality<'a> {
        Locality {
            region_id: id(self.region_id),
            district_id: id(self.district_id),
            municipality_id: id(self.municipality_id),
            quarter_id: id(self.quarter_id),
            ward_id: id(self.ward_id),
            street_id: id(self.street_id),
            country_id: id(self.country_id),
            city: text(self.city),
            city_part: text(self.citypart),
            street: text(self.street),
            house_number: text(self.housenumber),
            street_number: text(self.streetnumber),
            latitude: degrees(self.gps_lat, 90.0),
            longitude: degrees(self.gps_lon, 180.0),
            precision: text(self.inaccuracy_type),
            slugs: [self.city_seo_name, self.citypart_seo_name, self.street_seo_name].map(slug),
        }
    }
}

#[cfg(test)]
mod tests;
