//! One watch: what it asks for, and whether an event is that.

mod asks;

use sreality::place::Place;
use warehouse::{Event, EventKind, EventListing};

use crate::message::Language;

/// Mean radius of the earth in kilometres.
const EARTH_KM: f64 = 6371.0088;

/// A stored filter, kinds of events and channels.
#[derive(Clone, Debug)]
pub struct Watch {
    /// `[a-z0-9-]`, never the same for two.
    pub name: String,
    pub filter: Filter,
    /// Names of the file's channels; at least one.
    pub channels: Vec<String>,
    pub language: Language,
    /// One message a day.
    pub digest: bool,
    /// Events that are told one by one; what happens beyond them is only counted.
    pub at_most_per_hour: u32,
}

/// What a watch asks for. What an event does not tell matches no condition on it, as with segments.
#[derive(Clone, Debug)]
pub struct Filter {
    /// The portal's codes: `sreality::category`.
    pub deal: i16,
    pub category: i16,
    pub kinds: Kinds,
    pub sub_categories: Option<SubCategories>,
    pub place: Option<Place>,
    /// Whole crowns, per month for rents: the new price; the last one of what is gone.
    pub price: Option<Bounds>,
    pub area_m2: Option<Bounds>,
    pub price_per_m2: Option<Bounds>,
    pub seller: Option<Seller>,
    /// What becomes cheaper becomes so by at least so many hundredths of a percent.
    pub drop: Option<i64>,
    pub near: Option<Near>,
}

impl Filter {
    /// Whether it asks for this event.
    #[must_use]
    pub fn matches(&self, event: &Event) -> bool {
        let EventListing { deal, category, region_id, district_id, .. } = event.listing;
        (self.deal, self.category) == (deal, category)
            && self.place.is_none_or(|place| place.includes(region_id, district_id))
            && self.matches_within(event)
    }

    /// The same for an event of its deal, category and place, which the index knows. The cheapest conditions first.
    pub(crate) fn matches_within(&self, event: &Event) -> bool {
        let listing = &event.listing;
        self.kinds.contains(event.kind)
            && self.sub_categories.is_none_or(|set| set.contains(listing.sub_category))
            && self.price.is_none_or(|bounds| bounds.include(last_price(event)))
            && self.area_m2.is_none_or(|bounds| bounds.include(listing.area_m2.map(i64::from)))
            && self.price_per_m2.is_none_or(|bounds| bounds.include(listing.price_per_m2.map(i64::from)))
            && self.seller.is_none_or(|seller| seller.is_of(listing))
            && self.drop.is_none_or(|drop| fell_enough(event, drop))
            && self.near.is_none_or(|near| near.includes(listing.latitude, listing.longitude))
    }
}

/// The price that an event tells: what is gone has none of its own any more.
pub(crate) fn last_price(event: &Event) -> Option<i64> {
    match event.kind {
        EventKind::Gone => event.price.or(event.price_before),
        _ => event.price,
    }
}

/// Whether what became cheaper did so by at least `drop` hundredths of a percent. Other kinds pass.
fn fell_enough(event: &Event, drop: i64) -> bool {
    match (event.kind, event.price_before, event.price) {
        (EventKind::Cheaper, Some(before), Some(now)) => {
            (i128::from(before) - i128::from(now)) * 10_000 >= i128::from(drop) * i128::from(before)
        }
        (EventKind::Cheaper, ..) => false,
        _ => true,
    }
}

/// Some of the kinds of events, a bit for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kinds(u8);

impl Kinds {
    #[must_use]
    pub fn contains(self, kind: EventKind) -> bool {
        self.0 & Self::bit(kind) != 0
    }

    fn bit(kind: EventKind) -> u8 {
        1 << kind as u8
    }
}

impl FromIterator<EventKind> for Kinds {
    fn from_iter<T: IntoIterator<Item = EventKind>>(kinds: T) -> Self {
        Self(kinds.into_iter().fold(0, |bits, kind| bits | Self::bit(kind)))
    }
}

/// Some sub-categories, a bit for each code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SubCategories(u64);

impl SubCategories {
    #[must_use]
    pub fn contains(self, code: Option<i16>) -> bool {
        code.is_some_and(|code| self.0 & Self::bit(code) != 0)
    }

    /// 0 for a code that no table has.
    fn bit(code: i16) -> u64 {
        u32::try_from(code).ok().and_then(|code| 1_u64.checked_shl(code)).unwrap_or(0)
    }
}

impl FromIterator<i16> for SubCategories {
    fn from_iter<T: IntoIterator<Item = i16>>(codes: T) -> Self {
        Self(codes.into_iter().fold(0, |bits, code| bits | Self::bit(code)))
    }
}

/// From and to, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    pub from: i64,
    pub to: i64,
}

impl Bounds {
    #[must_use]
    pub fn include(self, value: Option<i64>) -> bool {
        value.is_some_and(|value| (self.from..=self.to).contains(&value))
    }
}

/// Who sells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seller {
    Private,
    Agency,
}

impl Seller {
    fn is_of(self, listing: &EventListing) -> bool {
        (self == Self::Agency) == listing.agency_id.is_some()
    }
}

/// A circle on the map.
#[derive(Clone, Copy, Debug)]
pub struct Near {
    latitude: f64,
    longitude: f64,
    km: f64,
    /// Of the latitude, which every distance needs.
    cosine: f64,
    /// No point of the circle is further north or south, in degrees.
    degrees: f64,
}

impl Near {
    /// The circle around a point in degrees.
    #[must_use]
    pub fn new(latitude: f64, longitude: f64, km: f64) -> Self {
        // A little more than the radius, so that rounding leaves nobody out.
        let degrees = (km / EARTH_KM).to_degrees() * 1.000_001;
        Self { latitude, longitude, km, cosine: latitude.to_radians().cos(), degrees }
    }

    /// Whether a point is no further than the radius by the great circle.
    #[must_use]
    pub fn includes(self, latitude: Option<f64>, longitude: Option<f64>) -> bool {
        let (Some(latitude), Some(longitude)) = (latitude, longitude) else { return false };
        // Most points are left out by this alone.
        (latitude - self.latitude).abs() <= self.degrees && self.distance_km(latitude, longitude) <= self.km
    }

    /// By the haversine formula, which is exact for small distances too.
    fn distance_km(self, latitude: f64, longitude: f64) -> f64 {
        let half_chord = |degrees: f64| (degrees.to_radians() / 2.0).sin().powi(2);
        let north = half_chord(latitude - self.latitude);
        let east = half_chord(longitude - self.longitude) * self.cosine * latitude.to_radians().cos();
        2.0 * EARTH_KM * (north + east).sqrt().min(1.0).asin()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sreality::category::SUB_CATEGORIES;

    /// A flat for sale in Prague that became cheaper.
    fn event(price_before: Option<i64>, price: Option<i64>) -> Event {
        let listing = EventListing { category: 1, deal: 1, ..EventListing::default() };
        let (spell, happened_at) = Default::default();
        let kind = EventKind::Cheaper;
        let relisted_from = None;
        Event { id: 1, kind, hash_id: 1, spell, happened_at, price_before, price, relisted_from, listing }
    }

    #[test]
    fn every_sub_category_has_a_bit_of_its_own() {
        let all: SubCategories = SUB_CATEGORIES.iter().map(|sub| sub.code).collect();
        assert_eq!(all.0.count_ones() as usize, SUB_CATEGORIES.len());
        for code in [-1, 0, 1, 64, i16::MAX] {
            assert!(!all.contains(Some(code)), "{code}");
        }
    }

    #[test]
    fn a_drop_counts_from_just_the_percentage_on() {
        assert!(fell_enough(&event(Some(1_000_000), Some(970_000)), 300));
        assert!(!fell_enough(&event(Some(1_000_000), Some(970_001)), 300));
        assert!(!fell_enough(&event(Some(1_000_000), None), 300));
        assert!(!fell_enough(&event(None, Some(1_000_000)), 300));
        assert!(fell_enough(&event(Some(i64::MAX), Some(0)), 9_999));
    }

    #[test]
    fn a_drop_is_asked_of_what_became_cheaper_only() {
        let dearer = Event { kind: EventKind::Dearer, ..event(Some(1), Some(2)) };
        let new = Event { kind: EventKind::New, ..event(None, None) };
        assert!(fell_enough(&dearer, 300) && fell_enough(&new, 300));
    }

    #[test]
    fn what_is_gone_has_the_last_price_wherever_the_event_keeps_it() {
        let gone = |before, price| last_price(&Event { kind: EventKind::Gone, ..event(before, price) });
        assert_eq!(gone(Some(2), Some(1)), Some(1));
        assert_eq!(gone(Some(2), None), Some(2));
        assert_eq!(last_price(&event(Some(2), None)), None);
    }

    #[test]
    fn a_circle_ends_at_its_radius_in_every_direction() {
        // Prague's Old Town Square and, 186.1 km away, Brno's Náměstí Svobody.
        let (prague, brno) = ((50.0875, 14.4213), (49.1951, 16.6080));
        let within = |km| Near::new(prague.0, prague.1, km).includes(Some(brno.0), Some(brno.1));
        assert!(within(187.0) && !within(185.0));
        // A degree of latitude has 111.195 km; one of longitude has their cosine.
        let near = Near::new(50.0, 15.0, 111.2);
        let includes = |latitude, longitude| near.includes(Some(latitude), Some(longitude));
        assert!(
            includes(51.0, 15.0) && includes(49.0, 15.0) && !includes(51.01, 15.0) && !includes(48.99, 15.0)
        );
        assert!(
            includes(50.0, 16.55)
                && includes(50.0, 13.45)
                && !includes(50.0, 16.57)
                && !includes(50.0, 13.43)
        );
        assert!(!near.includes(None, Some(15.0)) && !near.includes(Some(50.0), None));
    }

    #[test]
    fn all_of_prague_includes_its_parts_and_no_other_district_does() {
        let district = |slug| match Place::from_slug(slug) {
            Some(Place::District(district)) => Place::District(district),
            other => panic!("{slug} is {other:?}"),
        };
        assert!(district("hlavni-mesto-praha").includes(Some(10), Some(5003)));
        assert!(!district("praha-3").includes(Some(10), Some(47)));
        assert!(!district("praha-3").includes(Some(10), None));
    }
}
