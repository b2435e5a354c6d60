//! The known shape of a page, as a table.

use std::fmt;

/// The kinds of values that JSON has. Whole numbers and others are one: the portal writes either.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    Array,
    Bool,
    Null,
    Number,
    Object,
    String,
    /// Not a value that JSON readers agree on, such as half of a surrogate pair.
    Unreadable,
}

impl Type {
    /// In the order of their names.
    const ALL: [(Self, &str); 7] = [
        (Self::Array, "array"),
        (Self::Bool, "bool"),
        (Self::Null, "null"),
        (Self::Number, "number"),
        (Self::Object, "object"),
        (Self::String, "string"),
        (Self::Unreadable, "unreadable"),
    ];
}

/// A set of types.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Types(u8);

impl Types {
    const fn of(one: Type) -> Self {
        Self(1 << one as u8)
    }

    const fn or_null(self) -> Self {
        Self(self.0 | Self::of(Type::Null).0)
    }

    pub(super) fn insert(&mut self, one: Type) {
        self.0 |= Self::of(one).0;
    }

    pub(super) fn contains(self, one: Type) -> bool {
        self.0 & Self::of(one).0 != 0
    }
}

impl fmt::Display for Types {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> =
            Type::ALL.iter().filter(|(one, _)| self.contains(*one)).map(|(_, name)| *name).collect();
        formatter.write_str(&names.join(", "))
    }
}

const ARRAY: Types = Types::of(Type::Array);
const BOOL: Types = Types::of(Type::Bool);
const NULL: Types = Types::of(Type::Null);
const NUMBER: Types = Types::of(Type::Number);
const OBJECT: Types = Types::of(Type::Object);
const STRING: Types = Types::of(Type::String);

/// Every row has had the key (every page, of the envelope; every item, of a list).
const ALWAYS: bool = true;
/// Some have had it, others not.
const SOMETIMES: bool = false;

/// What is known of a place: its path, the types seen there, and whether the key is never missing.
pub(super) type Known = (&'static str, Types, bool);

/// The path of the page itself.
pub(super) const PAGE: &str = "/";
/// The path of a row.
pub(super) const ROW: &str = "/results[]";

/// Every place of a page, itself first.
///
/// Source: answers recorded from October 2025 to May 2026, 145 rows, among them land, shares, rents and fresh adverts.
/// `price_summary_czk_m2` was in the rows of 2025 only, `room_type_confidence` is in those since 2026. Of two recorded
/// envelopes only one has what follows the rows; the other was copied by hand.
pub(super) const KNOWN: [Known; 102] = [
    // The envelope.
    (PAGE, OBJECT, ALWAYS),
    ("/meta_description", STRING, ALWAYS),
    ("/meta_title", STRING, ALWAYS),
    ("/pagination", OBJECT, ALWAYS),
    ("/pagination.limit", NUMBER, ALWAYS),
    ("/pagination.offset", NUMBER, ALWAYS),
    ("/pagination.total", NUMBER, ALWAYS),
    ("/results", ARRAY, ALWAYS),
    ("/search_title", STRING, SOMETIMES),
    ("/status_code", NUMBER, SOMETIMES),
    ("/status_message", STRING, SOMETIMES),
    // A row.
    (ROW, OBJECT, ALWAYS),
    ("advert_images", ARRAY, ALWAYS),
    ("advert_images[]", STRING, ALWAYS),
    ("advert_images_all", ARRAY, ALWAYS),
    ("advert_images_all[]", OBJECT, ALWAYS),
    ("advert_images_all[].advert_image_sdn_url", STRING, ALWAYS),
    ("advert_images_all[].restb_room_type", NUMBER, ALWAYS),
    ("advert_images_all[].room_type_confidence", NUMBER, SOMETIMES),
    ("advert_name", STRING, ALWAYS),
    ("category_main_cb", OBJECT, ALWAYS),
    ("category_main_cb.name", STRING, ALWAYS),
    ("category_main_cb.value", NUMBER, ALWAYS),
    ("category_sub_cb", OBJECT, ALWAYS),
    ("category_sub_cb.name", STRING, ALWAYS),
    ("category_sub_cb.value", NUMBER, ALWAYS),
    ("category_type_cb", OBJECT, ALWAYS),
    ("category_type_cb.name", STRING, ALWAYS),
    ("category_type_cb.value", NUMBER, ALWAYS),
    ("discount_show", BOOL, ALWAYS),
    ("has_matterport_url", BOOL, ALWAYS),
    ("has_video", BOOL, ALWAYS),
    ("hash_id", NUMBER, ALWAYS),
    ("locality", OBJECT, ALWAYS),
    ("locality.city", STRING, ALWAYS),
    ("locality.city_seo_name", STRING, ALWAYS),
    ("locality.citypart", STRING.or_null(), ALWAYS),
    ("locality.citypart_seo_name", STRING.or_null(), ALWAYS),
    ("locality.country", STRING, ALWAYS),
    ("locality.country_id", NUMBER, ALWAYS),
    ("locality.country_seo_name", STRING, ALWAYS),
    ("locality.district", STRING, ALWAYS),
    ("locality.district_id", NUMBER, ALWAYS),
    ("locality.district_seo_name", STRING, ALWAYS),
    ("locality.entity_type", STRING, ALWAYS),
    ("locality.geohash", STRING, ALWAYS),
    ("locality.gps_lat", NUMBER, ALWAYS),
    ("locality.gps_lon", NUMBER, ALWAYS),
    ("locality.housenumber", STRING.or_null(), ALWAYS),
    ("locality.inaccuracy_type", STRING, ALWAYS),
    ("locality.municipality", NULL, ALWAYS),
    ("locality.municipality_id", NUMBER, ALWAYS),
    ("locality.municipality_seo_name", NULL, ALWAYS),
    ("locality.quarter", STRING.or_null(), ALWAYS),
    ("locality.quarter_id", NUMBER, ALWAYS),
    ("locality.quarter_seo_name", STRING.or_null(), ALWAYS),
    ("locality.region", STRING, ALWAYS),
    ("locality.region_id", NUMBER, ALWAYS),
    ("locality.region_seo_name", STRING, ALWAYS),
    ("locality.street", STRING, ALWAYS),
    ("locality.street_id", NUMBER, ALWAYS),
    ("locality.street_seo_name", STRING.or_null(), ALWAYS),
    ("locality.streetnumber", STRING.or_null(), ALWAYS),
    ("locality.ward", NULL, ALWAYS),
    ("locality.ward_id", NUMBER, ALWAYS),
    ("locality.ward_seo_name", NULL, ALWAYS),
    ("poi_atm_distance", NUMBER, ALWAYS),
    ("poi_bus_public_transport_distance", NUMBER, ALWAYS),
    ("poi_kindergarten_distance", NUMBER, ALWAYS),
    ("poi_medic_distance", NUMBER, ALWAYS),
    ("poi_metro_distance", NUMBER, ALWAYS),
    ("poi_playground_distance", NUMBER, ALWAYS),
    ("poi_post_office_distance", NUMBER, ALWAYS),
    ("poi_restaurant_distance", NUMBER, ALWAYS),
    ("poi_school_distance", NUMBER, ALWAYS),
    ("poi_shop_distance", NUMBER, ALWAYS),
    ("poi_small_shop_distance", NUMBER, ALWAYS),
    ("poi_train_distance", NUMBER, ALWAYS),
    ("poi_vet_distance", NUMBER, ALWAYS),
    ("premise", OBJECT, ALWAYS),
    ("premise.city_seo_name", STRING, ALWAYS),
    ("premise.quarter_seo_name", STRING, ALWAYS),
    ("premise.seo_name", STRING, ALWAYS),
    ("premise.ward_seo_name", STRING, ALWAYS),
    ("premise_id", NUMBER.or_null(), ALWAYS),
    ("premise_logo", STRING, ALWAYS),
    ("price", NUMBER, ALWAYS),
    ("price_currency_cb", OBJECT, ALWAYS),
    ("price_currency_cb.name", STRING, ALWAYS),
    ("price_currency_cb.value", NUMBER, ALWAYS),
    ("price_czk", NUMBER, ALWAYS),
    ("price_czk_m2", NUMBER, ALWAYS),
    ("price_summary", NUMBER, ALWAYS),
    ("price_summary_czk", NUMBER, ALWAYS),
    ("price_summary_czk_m2", NUMBER, SOMETIMES),
    ("price_summary_unit_cb", OBJECT, ALWAYS),
    ("price_summary_unit_cb.name", STRING, ALWAYS),
    ("price_summary_unit_cb.value", NUMBER, ALWAYS),
    ("price_unit_cb", OBJECT, ALWAYS),
    ("price_unit_cb.name", STRING, ALWAYS),
    ("price_unit_cb.value", NUMBER, ALWAYS),
    ("user_id", NUMBER.or_null(), ALWAYS),
];

/// In what a path lies, and under which key; none for the items of a list.
pub(super) fn parent(path: &'static str) -> Option<(&'static str, Option<&'static str>)> {
    if path == PAGE {
        None
    } else if let Some(list) = path.strip_suffix("[]") {
        Some((list, None))
    } else if let Some((object, key)) = path.rsplit_once('.') {
        Some((object, Some(key)))
    } else {
        Some(path.strip_prefix(PAGE).map_or((ROW, Some(path)), |key| (PAGE, Some(key))))
    }
}

/// The path of a key in the object at a path.
pub(super) fn child(path: &str, key: &str) -> String {
    match path {
        PAGE => format!("{PAGE}{key}"),
        ROW => key.to_owned(),
        _ => format!("{path}.{key}"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_place_is_listed_once_and_lies_in_a_listed_object_or_list() {
        let paths: HashSet<_> = KNOWN.iter().map(|(path, ..)| *path).collect();
        assert_eq!(paths.len(), KNOWN.len());
        for path in paths.iter().filter(|path| **path != PAGE) {
            let (parent, key) = parent(path).unwrap();
            let within = if key.is_some() { Type::Object } else { Type::Array };
            assert!(KNOWN.iter().any(|(path, types, _)| *path == parent && types.contains(within)), "{path}");
            if let Some(key) = key {
                assert_eq!(child(parent, key), *path);
            }
        }
    }
}
