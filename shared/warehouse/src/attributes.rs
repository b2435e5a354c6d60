//! A listing's attributes on their way into the database: one list of columns, in the order in which they are encoded.

use bytes::BytesMut;
use sreality::row::Row;
use uuid::Uuid;
use xxhash_rust::xxh3::xxh3_128;

use crate::copy::CopyValue;

/// The columns of `warehouse.listing` that a row says, with their types.
pub(crate) const ATTRIBUTES: [(&str, &str); 46] = [
    ("category", "smallint"),
    ("deal", "smallint"),
    ("sub_category", "smallint"),
    ("name", "text"),
    ("area_m2", "integer"),
    ("plot_area_m2", "integer"),
    ("advertised_price_czk", "double precision"),
    ("price_unit", "smallint"),
    ("currency", "smallint"),
    ("discount", "boolean"),
    ("country_id", "integer"),
    ("region_id", "integer"),
    ("district_id", "integer"),
    ("municipality_id", "integer"),
    ("quarter_id", "integer"),
    ("ward_id", "integer"),
    ("street_id", "integer"),
    ("city", "text"),
    ("city_part", "text"),
    ("street", "text"),
    ("house_number", "text"),
    ("street_number", "text"),
    ("latitude", "double precision"),
    ("longitude", "double precision"),
    ("location_precision", "text"),
    ("city_slug", "text"),
    ("city_part_slug", "text"),
    ("street_slug", "text"),
    ("agency_id", "integer"),
    ("agency", "text"),
    ("images", "smallint"),
    ("has_video", "boolean"),
    ("has_tour", "boolean"),
    ("atm_m", "integer"),
    ("bus_public_transport_m", "integer"),
    ("kindergarten_m", "integer"),
    ("medic_m", "integer"),
    ("metro_m", "integer"),
    ("playground_m", "integer"),
    ("post_office_m", "integer"),
    ("restaurant_m", "integer"),
    ("school_m", "integer"),
    ("shop_m", "integer"),
    ("small_shop_m", "integer"),
    ("train_m", "integer"),
    ("vet_m", "integer"),
];

/// The columns' names, each behind a prefix.
pub(crate) fn names(prefix: &str) -> String {
    ATTRIBUTES.map(|(name, _)| format!("{prefix}{name}")).join(", ")
}

/// A number of values as COPY counts them.
pub(crate) const fn values(number: usize) -> i16 {
    number as i16
}

/// What a row says of its listing.
#[derive(Clone, Debug)]
pub(crate) struct Attributes {
    /// The values of [`ATTRIBUTES`], encoded for COPY.
    pub(crate) encoded: Box<[u8]>,
    /// Stands for all of them and the price: equal for rows that say the same.
    pub(crate) digest: Uuid,
}

impl Attributes {
    /// Encodes what a row says; `scratch` is empty before and after.
    pub(crate) fn of(row: &Row<'_>, scratch: &mut BytesMut) -> Self {
        let place = &row.locality;
        let [city_slug, city_part_slug, street_slug] = &place.slugs;
        row.total_price.encode(scratch);
        let price = scratch.len();
        row.category.encode(scratch);
        row.deal.encode(scratch);
        row.sub_category.encode(scratch);
        row.name.as_deref().encode(scratch);
        row.areas.area_m2.encode(scratch);
        row.areas.plot_area_m2.encode(scratch);
        row.advertised.czk.encode(scratch);
        row.advertised.unit.encode(scratch);
        row.currency.encode(scratch);
        row.discount.encode(scratch);
        place.country_id.encode(scratch);
        place.region_id.encode(scratch);
        place.district_id.encode(scratch);
        place.municipality_id.encode(scratch);
        place.quarter_id.encode(scratch);
        place.ward_id.encode(scratch);
        place.street_id.encode(scratch);
        place.city.as_deref().encode(scratch);
        place.city_part.as_deref().encode(scratch);
        place.street.as_deref().encode(scratch);
        place.house_number.as_deref().encode(scratch);
        place.street_number.as_deref().encode(scratch);
        place.latitude.encode(scratch);
        place.longitude.encode(scratch);
        place.precision.as_deref().encode(scratch);
        city_slug.as_deref().encode(scratch);
        city_part_slug.as_deref().encode(scratch);
        street_slug.as_deref().encode(scratch);
        row.agency_id.encode(scratch);
        row.agency.as_deref().encode(scratch);
        row.images.encode(scratch);
        row.has_video.encode(scratch);
        row.has_tour.encode(scratch);
        for distance in row.distances {
            distance.encode(scratch);
        }
        let digest = Uuid::from_u128(xxh3_128(scratch));
        let encoded = scratch.get(price..).unwrap_or_default().into();
        scratch.clear();
        Self { encoded, digest }
    }
}
