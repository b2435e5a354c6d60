//! One row of a list: from the portal's JSON to what the warehouse stores.
//!
//! Accepts unknown keys, and missing ones except those that identify and classify an advert. The portal's
//! sentinels become `None`: -1 (no such locality, image or agency), 100000 (no point of interest near, or not
//! computed yet), 0 in a code ("not given"), and empty text.

use std::borrow::Cow;

use serde::Deserialize;

use crate::area::{Areas, areas_from_name};
use crate::price::{Amount, total_price};

/// Bump this when rows are understood that were rejected before: objects with rejects under an older version are loaded
/// again. A change in how accepted rows are read is another matter: after it the warehouse must be rebuilt from the raw
/// zone, or old and new walks would tell differences that the portal never showed.
pub const PARSER_VERSION: i16 = 1;

/// Distance that the portal delivers for "none near" and for "not computed yet".
const NO_DISTANCE: i32 = 100_000;

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
    /// Slugs that the advert's public address is made of: municipality, part, street.
    pub slugs: [Option<Cow<'a, str>>; 3],
}

/// Why a row could not be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason} at {pointer}")]
pub struct RowError {
    /// JSON pointer (RFC 6901) to the place within the row; empty for the row itself.
    pub pointer: String,
    /// What is wrong there.
    pub reason: String,
}

impl<'a> Row<'a> {
    /// Reads one row.
    ///
    /// # Errors
    /// If a value has another type than the portal has ever delivered, or the row lacks its identity, its
    /// category or its deal type. Never panics, whatever the text.
    pub fn parse(json: &'a str) -> Result<Self, RowError> {
        let delivered = serde_json::from_str::<Delivered<'a>>(json).map_err(|_| locate_error(json))?;
        delivered.normalise()
    }
}

/// Parses once more, slower, to learn where the error is.
fn locate_error(json: &str) -> RowError {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    match serde_path_to_error::deserialize::<_, Delivered<'_>>(&mut deserializer) {
        Err(error) => RowError { pointer: json_pointer(error.path()), reason: error.inner().to_string() },
        Ok(_) => {
            let reason =
                deserializer.end().err().map_or_else(|| "unreadable row".to_owned(), |e| e.to_string());
            RowError { pointer: String::new(), reason }
        }
    }
}

fn json_pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let mut pointer = String::new();
    for segment in path {
        pointer.push('/');
        match segment {
            Segment::Seq { index } => pointer.push_str(&index.to_string()),
            Segment::Map { key } => pointer.push_str(&key.replace('~', "~0").replace('/', "~1")),
            Segment::Enum { variant } => pointer.push_str(variant),
            Segment::Unknown => pointer.push('?'),
        }
    }
    pointer
}

/// A row as the portal delivers it.
#[derive(Deserialize)]
struct Delivered<'a> {
    hash_id: i64,
    #[serde(borrow)]
    advert_name: Option<Cow<'a, str>>,
    category_main_cb: Option<Code>,
    category_type_cb: Option<Code>,
    category_sub_cb: Option<Code>,
    price_czk: Option<f64>,
    price_unit_cb: Option<Code>,
    price_summary_czk: Option<f64>,
    price_summary_unit_cb: Option<Code>,
    price_currency_cb: Option<Code>,
    discount_show: Option<bool>,
    #[serde(borrow)]
    locality: Option<DeliveredLocality<'a>>,
    premise_id: Option<i32>,
    #[serde(borrow)]
    premise: Option<Premise<'a>>,
    advert_images_all: Option<Vec<serde::de::IgnoredAny>>,
    has_video: Option<bool>,
    has_matterport_url: Option<bool>,
    poi_atm_distance: Option<i32>,
    poi_bus_public_transport_distance: Option<i32>,
    poi_kindergarten_distance: Option<i32>,
    poi_medic_distance: Option<i32>,
    poi_metro_distance: Option<i32>,
    poi_playground_distance: Option<i32>,
    poi_post_office_distance: Option<i32>,
    poi_restaurant_distance: Option<i32>,
    poi_school_distance: Option<i32>,
    poi_shop_distance: Option<i32>,
    poi_small_shop_distance: Option<i32>,
    poi_train_distance: Option<i32>,
    poi_vet_distance: Option<i32>,
}

/// An enum value `{"name": …, "value": …}`. Names are not trusted: for a reserved advert the portal puts
/// "Rezervováno" there, so names come from the code tables.
#[derive(Deserialize)]
struct Code {
    value: Option<i16>,
}

#[derive(Deserialize)]
struct Premise<'a> {
    #[serde(borrow)]
    seo_name: Option<Cow<'a, str>>,
}

#[derive(Default, Deserialize)]
struct DeliveredLocality<'a> {
    region_id: Option<i32>,
    district_id: Option<i32>,
    municipality_id: Option<i32>,
    quarter_id: Option<i32>,
    ward_id: Option<i32>,
    street_id: Option<i32>,
    country_id: Option<i32>,
    #[serde(borrow)]
    city: Option<Cow<'a, str>>,
    #[serde(borrow)]
    citypart: Option<Cow<'a, str>>,
    #[serde(borrow)]
    street: Option<Cow<'a, str>>,
    #[serde(borrow)]
    housenumber: Option<Cow<'a, str>>,
    #[serde(borrow)]
    streetnumber: Option<Cow<'a, str>>,
    gps_lat: Option<f64>,
    gps_lon: Option<f64>,
    #[serde(borrow)]
    inaccuracy_type: Option<Cow<'a, str>>,
    #[serde(borrow)]
    city_seo_name: Option<Cow<'a, str>>,
    #[serde(borrow)]
    citypart_seo_name: Option<Cow<'a, str>>,
    #[serde(borrow)]
    street_seo_name: Option<Cow<'a, str>>,
}

impl<'a> Delivered<'a> {
    fn normalise(self) -> Result<Row<'a>, RowError> {
        if self.hash_id <= 0 {
            return Err(reject("/hash_id", format!("hash_id {} is not positive", self.hash_id)));
        }
        let category = code(self.category_main_cb)
            .ok_or_else(|| reject("/category_main_cb", "the main category is missing".to_owned()))?;
        let deal = code(self.category_type_cb)
            .ok_or_else(|| reject("/category_type_cb", "the deal type is missing".to_owned()))?;
        let name = text(self.advert_name);
        let advertised = Amount { czk: self.price_czk, unit: code(self.price_unit_cb) };
        let summary = Amount { czk: self.price_summary_czk, unit: code(self.price_summary_unit_cb) };
        let images = self.advert_images_all.map_or(0, |images| images.len());
        Ok(Row {
            hash_id: self.hash_id,
            category,
            deal,
            sub_category: code(self.category_sub_cb),
            areas: name.as_deref().map(areas_from_name).unwrap_or_default(),
            name,
            total_price: total_price(deal, advertised, summary),
            advertised,
            currency: code(self.price_currency_cb),
            discount: self.discount_show,
            locality: self.locality.unwrap_or_default().normalise()?,
            agency_id: id(self.premise_id),
            agency: text(self.premise.and_then(|premise| premise.seo_name)),
            images: i16::try_from(images).unwrap_or(i16::MAX),
            has_video: self.has_video,
            has_tour: self.has_matterport_url,
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
    fn normalise(self) -> Result<Locality<'a>, RowError> {
        Ok(Locality {
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
            latitude: degrees(self.gps_lat, 90.0, "/locality/gps_lat")?,
            longitude: degrees(self.gps_lon, 180.0, "/locality/gps_lon")?,
            precision: text(self.inaccuracy_type),
            slugs: [text(self.city_seo_name), text(self.citypart_seo_name), text(self.street_seo_name)],
        })
    }
}

fn reject(pointer: &str, reason: String) -> RowError {
    RowError { pointer: pointer.to_owned(), reason }
}

/// 0 means "not given".
fn code(code: Option<Code>) -> Option<i16> {
    code.and_then(|code| code.value).filter(|value| *value != 0)
}

/// -1 means "none"; 0 does not occur as an id.
fn id(id: Option<i32>) -> Option<i32> {
    id.filter(|id| *id > 0)
}

fn distance(metres: Option<i32>) -> Option<i32> {
    metres.filter(|metres| (0..NO_DISTANCE).contains(metres))
}

/// Plain spaces for no-break ones, nothing for empty text. NUL characters, which JSON can carry and Postgres
/// cannot, are dropped.
fn text(text: Option<Cow<'_, str>>) -> Option<Cow<'_, str>> {
    let text = text?;
    let needs_rewriting = text.contains(['\u{a0}', '\0']) || text.trim().len() != text.len();
    let text = if needs_rewriting {
        Cow::Owned(text.replace('\u{a0}', " ").replace('\0', "").trim().to_owned())
    } else {
        text
    };
    Some(text).filter(|text| !text.is_empty())
}

fn degrees(value: Option<f64>, limit: f64, pointer: &str) -> Result<Option<f64>, RowError> {
    match value {
        Some(degrees) if degrees.abs() > limit => {
            Err(reject(pointer, format!("{degrees} is outside of ±{limit} degrees")))
        }
        other => Ok(other),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn example() -> Value {
        json!({
            "hash_id": 3_292_504_140_u32,
            "advert_name": "Prodej bytu 3+kk 85\u{a0}m²",
            "category_main_cb": {"name": "Byty", "value": 1},
            "category_sub_cb": {"name": "3+kk", "value": 6},
            "category_type_cb": {"name": "Prodej", "value": 1},
            "price_czk": 6_500_000.0, "price_summary_czk": 6_500_000.0,
            "price_unit_cb": {"name": "za nemovitost", "value": 1},
            "price_summary_unit_cb": {"name": "za nemovitost", "value": 1},
            "price_currency_cb": {"name": "Kč", "value": 1},
            "advert_images_all": [{"restb_room_type": 29}, {}],
            "locality": {"city": "Ostrava", "street": "", "street_id": -1, "district_id": 65, "region_id": 12,
                "gps_lat": 49.87, "gps_lon": 18.25, "inaccuracy_type": "ward"},
            "poi_atm_distance": 2316, "poi_metro_distance": 100_000,
            "premise_id": null, "premise": {"seo_name": ""},
        })
    }

    fn parse(row: &Value) -> Result<Row<'static>, RowError> {
        let text: &'static str = Box::leak(row.to_string().into_boxed_str());
        Row::parse(text)
    }

    fn with(pointer: &str, value: Value) -> Value {
        let mut row = example();
        *row.pointer_mut(pointer).unwrap() = value;
        row
    }

    #[test]
    fn a_row_is_read_and_its_sentinels_become_none() {
        let row = parse(&example()).unwrap();
        assert_eq!(row.hash_id, 3_292_504_140);
        assert_eq!((row.category, row.deal, row.sub_category), (1, 1, Some(6)));
        assert_eq!(row.name.as_deref(), Some("Prodej bytu 3+kk 85 m²"));
        assert_eq!(row.areas.area_m2, Some(85));
        assert_eq!(row.total_price, Some(6_500_000));
        assert_eq!(row.locality.street, None);
        assert_eq!(row.locality.street_id, None);
        assert_eq!(row.locality.district_id, Some(65));
        assert_eq!(row.distances[0], Some(2316));
        assert_eq!(row.distances[4], None);
        assert_eq!((row.agency_id, row.agency), (None, None));
        assert_eq!(row.images, 2);
    }

    #[test]
    fn a_row_with_nothing_but_its_identity_and_class_is_accepted() {
        let json = r#"{"hash_id":12,"category_main_cb":{"value":3},"category_type_cb":{"value":1},"new":[]}"#;
        let row = Row::parse(json).unwrap();
        assert_eq!((row.total_price, row.name), (None, None));
        assert_eq!(row.locality, Locality::default());
    }

    #[test]
    fn a_wrong_value_is_rejected_with_a_pointer_to_it() {
        for (pointer, value) in [
            ("/hash_id", json!("3292504140")),
            ("/hash_id", json!(-1)),
            ("/price_czk", json!("on request")),
            ("/category_main_cb", json!(null)),
            ("/category_type_cb/value", json!("Prodej")),
            ("/locality/gps_lat", json!(149.87)),
            ("/locality/city", json!({"name": "Ostrava"})),
            ("/poi_atm_distance", json!(1e99)),
            ("/advert_images_all", json!("none")),
        ] {
            let error = parse(&with(pointer, value.clone())).unwrap_err();
            assert_eq!(error.pointer, pointer, "{value}: {error}");
        }
    }

    #[test]
    fn a_missing_identity_is_named() {
        let mut row = example();
        row.as_object_mut().unwrap().remove("hash_id");
        let error = parse(&row).unwrap_err();
        assert!(error.reason.contains("hash_id"), "{error}");
    }

    #[test]
    fn text_that_postgres_cannot_hold_is_cleaned() {
        let row = parse(&with("/locality/city", json!("Ostra\0va "))).unwrap();
        assert_eq!(row.locality.city.as_deref(), Some("Ostrava"));
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            ".{0,12}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 16, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::hash_map("[a-z_]{1,8}", inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in "\\PC{0,200}") {
            let _ = Row::parse(&text);
        }

        #[test]
        fn any_value_in_any_place_is_read_or_rejected_with_a_pointer(
            pointer in prop::sample::select(vec![
                "/hash_id", "/advert_name", "/category_main_cb", "/category_main_cb/value", "/price_czk",
                "/price_summary_unit_cb", "/locality", "/locality/gps_lon", "/locality/street_id",
                "/poi_metro_distance", "/premise", "/premise_id", "/advert_images_all",
            ]),
            value in any_json(),
        ) {
            match parse(&with(pointer, value)) {
                Ok(row) => prop_assert!(row.hash_id > 0 && row.total_price.is_none_or(|price| price > 1)),
                Err(error) => {
                    let within = error.pointer.starts_with(pointer) || pointer.starts_with(&error.pointer);
                    prop_assert!(within && error.pointer.len() > 1, "{}", error);
                }
            }
        }

        #[test]
        fn unknown_keys_change_nothing(key in "[a-z_]{1,10}_new", value in any_json()) {
            let mut row = example();
            row.as_object_mut().unwrap().insert(key, value);
            prop_assert_eq!(parse(&row), parse(&example()));
        }

        #[test]
        fn a_truncated_row_is_rejected(length in 0_usize..400) {
            let whole = example().to_string();
            let cut: String = whole.chars().take(length.min(whole.chars().count() - 1)).collect();
            prop_assert!(Row::parse(&cut).is_err());
        }
    }
}
