//! The locality of a row: what the portal says about where a property lies.
//!
//! How often something is missing is as measured on 145 recorded rows: street in 78 %, city part in 25 %,
//! quarter everywhere but in large cities. Ids of municipalities, wards, quarters and streets are invented,
//! except Prague's.

use serde::Serialize;
use sreality::place::CZECH_REPUBLIC;

use crate::market::geography::{PRAGUE, STREETS, geohash};
use crate::market::listing::{Known, Listing};
use crate::random::Random;
use crate::wire::seo_name::seo_name;

/// `municipality_id` of Prague in recorded rows.
const PRAGUE_MUNICIPALITY: i32 = 3468;

/// `locality` in a list row, keys in the portal's order.
#[derive(Debug, Serialize)]
pub(crate) struct Locality {
    city: &'static str,
    city_seo_name: String,
    citypart: &'static str,
    citypart_seo_name: Option<String>,
    country: &'static str,
    country_id: i32,
    country_seo_name: &'static str,
    district: &'static str,
    district_id: i32,
    district_seo_name: String,
    entity_type: &'static str,
    geohash: String,
    gps_lat: f64,
    gps_lon: f64,
    housenumber: Option<String>,
    inaccuracy_type: &'static str,
    municipality: Option<&'static str>,
    municipality_id: i32,
    municipality_seo_name: Option<&'static str>,
    quarter: Option<&'static str>,
    quarter_id: i32,
    quarter_seo_name: Option<String>,
    region: &'static str,
    region_id: i32,
    region_seo_name: String,
    street: &'static str,
    street_id: i32,
    street_seo_name: Option<String>,
    streetnumber: Option<String>,
    ward: Option<&'static str>,
    ward_id: i32,
    ward_seo_name: Option<&'static str>,
}

/// How exactly an advert tells its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Precision {
    Municipality,
    Ward,
    Street,
    Address,
}

impl Precision {
    fn draw(known: Known, random: &mut Random) -> Self {
        if known != Known::District {
            return Self::Municipality;
        }
        match random.below(100) {
            0..24 => Self::Municipality,
            24..73 => Self::Ward,
            73..81 => Self::Street,
            _ => Self::Address,
        }
    }

    /// How `entity_type` and `inaccuracy_type` write it.
    fn word(self) -> &'static str {
        match self {
            Self::Municipality => "municipality",
            Self::Ward => "ward",
            Self::Street => "street",
            Self::Address => "address",
        }
    }
}

impl Locality {
    /// The locality of a listing; the same on every day, and for every listing of the same property.
    pub(crate) fn of(listing: &Listing) -> Self {
        let mut random = Random::stream(listing.property, 3);
        let locale = listing.locale;
        let precision = Precision::draw(listing.known, &mut random);
        let place = random.below(locale.places.len() as u32);
        let name = locale.places.get(place as usize).copied().unwrap_or_default();
        let (gps_lat, gps_lon) = point(listing, place, &mut random);
        let ward = precision >= Precision::Ward;
        let has_street =
            precision == Precision::Street || (precision == Precision::Address && random.chance(0.7));
        let street = if has_street { random.pick(&STREETS) } else { "" };
        let quarter = locale.city.filter(|_| ward && random.chance(0.6)).map(|_| locale.district.name);
        let (region, region_id) =
            if listing.region_id() == -1 { ("", -1) } else { (locale.region.name, locale.region.id) };
        let district = match listing.known {
            Known::District => locale.district.name,
            Known::Prague => PRAGUE.name,
            Known::Region | Known::Country => "",
        };
        let city = locale.city.unwrap_or(name);
        Self {
            city,
            city_seo_name: seo_name(city),
            citypart: if ward { name } else { "" },
            citypart_seo_name: ward.then(|| seo_name(name)),
            country: "Česká republika",
            country_id: CZECH_REPUBLIC,
            country_seo_name: "ceska-republika",
            district,
            district_id: listing.district_id(),
            district_seo_name: seo_name(district),
            entity_type: precision.word(),
            geohash: geohash(gps_lat, gps_lon),
            gps_lat,
            gps_lon,
            housenumber: (precision == Precision::Address).then(|| random.between(1, 2_400).to_string()),
            // Four in ten say that the point itself is exact.
            inaccuracy_type: if random.chance(0.42) { "gps" } else { precision.word() },
            municipality: None,
            municipality_id: if locale.is_prague() {
                PRAGUE_MUNICIPALITY
            } else {
                locale.district.id * 60 + if locale.city.is_some() { 0 } else { place as i32 }
            },
            municipality_seo_name: None,
            quarter,
            quarter_id: if quarter.is_some() { 40 + locale.district.id % 1000 } else { -1 },
            quarter_seo_name: quarter.map(seo_name),
            region,
            region_id,
            region_seo_name: seo_name(region),
            street,
            street_id: if has_street { 90_000 + random.below(40_000) as i32 } else { -1 },
            street_seo_name: has_street.then(|| seo_name(street)),
            streetnumber: (has_street && precision == Precision::Address)
                .then(|| random.between(1, 99).to_string()),
            ward: None,
            ward_id: if ward { locale.district.id % 1000 * 150 + place as i32 } else { -1 },
            ward_seo_name: None,
        }
    }
}

/// Coordinates near the centre of the district, in degrees with six decimals.
///
/// The seat lies at the centre, other places around it at a distance of their own, properties within a
/// kilometre or two of their place.
fn point(listing: &Listing, place: u32, random: &mut Random) -> (f64, f64) {
    let (latitude, longitude) = listing.locale.centre;
    let mut of_place = Random::stream(listing.locale.district.id as u64, u64::from(place));
    let reach = match (listing.locale.city, place) {
        (_, 0) => 0.0,
        (Some(_), _) => 0.02,
        (None, _) => 0.09,
    };
    let rounded = |degrees: f64| (degrees * 1e6).round() / 1e6;
    let mut around =
        |centre: f64| rounded(centre + of_place.within(-reach, reach) + random.within(-0.012, 0.012));
    (around(latitude), around(longitude))
}
