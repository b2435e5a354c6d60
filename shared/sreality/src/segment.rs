//! Segments: what one walk covers.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::category::{Category, Deal, SUB_CATEGORIES, SubCategory};
use crate::page::Identity;
use crate::place::Place;

/// A main category and a deal type, optionally narrowed to a place and to sub-categories.
///
/// Written `flats-sale`, `flats-rent/praha`, `flats-sale/brno-mesto/2-kk.3-kk`: lower case, and made only of
/// characters that need no escaping in an object key or a URL.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Segment {
    /// What kind of property.
    pub category: Category,
    /// What is offered.
    pub deal: Deal,
    /// Only this region or district; the whole country if `None`.
    pub place: Option<Place>,
    /// Only these sub-categories, in ascending order of their codes; all if empty.
    pub sub_categories: Vec<&'static SubCategory>,
}

impl Segment {
    /// A whole category × deal segment of the country.
    #[must_use]
    pub fn national(category: Category, deal: Deal) -> Self {
        Self { category, deal, place: None, sub_categories: Vec::new() }
    }

    /// All 20 national segments: together they are the whole market.
    pub fn all_national() -> impl Iterator<Item = Self> {
        Category::ALL
            .into_iter()
            .flat_map(|category| Deal::ALL.into_iter().map(move |deal| Self::national(category, deal)))
    }

    /// Whether a query for this segment finds a listing of its category and deal type that stands there. What a row
    /// does not tell matches no filter.
    #[must_use]
    pub fn includes(&self, listing: &Identity) -> bool {
        let Identity { sub_category, region_id, district_id, .. } = *listing;
        let told = sub_category.is_some() || self.sub_categories.is_empty();
        let placed = match self.place {
            None => true,
            Some(Place::Region(_)) => region_id.is_some(),
            Some(Place::District(_)) => district_id.is_some(),
        };
        told && placed && !self.excludes(listing)
    }

    /// Whether a listing tells that it stands elsewhere or is of another sub-category.
    #[must_use]
    pub fn excludes(&self, listing: &Identity) -> bool {
        let elsewhere = match self.place {
            None => false,
            Some(Place::Region(region)) => listing.region_id.is_some_and(|id| id != region.id),
            Some(Place::District(district)) => listing.district_id.is_some_and(|id| !district.includes(id)),
        };
        let other = |code| !self.sub_categories.iter().any(|sub| sub.code == code);
        elsewhere || (!self.sub_categories.is_empty() && listing.sub_category.is_some_and(other))
    }
}

impl fmt::Display for Segment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}-{}", self.category.slug(), self.deal.slug())?;
        if let Some(place) = self.place {
            write!(formatter, "/{}", place.slug())?;
        }
        for (index, sub) in self.sub_categories.iter().enumerate() {
            write!(formatter, "{}{}", if index == 0 { '/' } else { '.' }, sub.slug)?;
        }
        Ok(())
    }
}

/// Why a text is not a segment.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum SegmentError {
    /// The first part is not a category and a deal type.
    #[error(
        "unknown segment `{0}`: it must start with one of flats, houses, land, commercial, other, then `-`, \
         then one of sale, rent, auction, share (for example flats-sale or flats-rent/praha)"
    )]
    Base(String),
    /// A further part is neither a place nor sub-categories of the category.
    #[error(
        "unknown segment `{segment}`: `{part}` is neither a region, nor a district, nor sub-categories of {category}"
    )]
    Part { segment: String, part: String, category: &'static str },
    /// More parts than a place and sub-categories, or in the wrong order.
    #[error("unknown segment `{0}`: at most one place and, after it, one list of sub-categories may follow")]
    Extra(String),
}

impl FromStr for Segment {
    type Err = SegmentError;

    fn from_str(text: &str) -> Result<Self, SegmentError> {
        let mut parts = text.split('/');
        let base = parts.next().unwrap_or_default();
        let mut segment = Self::all_national()
            .find(|segment| segment.to_string() == base)
            .ok_or_else(|| SegmentError::Base(text.to_owned()))?;
        for part in parts {
            if !segment.sub_categories.is_empty() {
                return Err(SegmentError::Extra(text.to_owned()));
            }
            if let Some(subs) = parse_sub_categories(segment.category, part) {
                segment.sub_categories = subs;
            } else if let Some(place) = Place::from_slug(part) {
                if segment.place.replace(place).is_some() {
                    return Err(SegmentError::Extra(text.to_owned()));
                }
            } else {
                let part = part.to_owned();
                let category = segment.category.slug();
                return Err(SegmentError::Part { segment: text.to_owned(), part, category });
            }
        }
        Ok(segment)
    }
}

/// `2-kk.3-kk` as sub-categories of `category`, sorted and without repetition; `None` if any is unknown.
fn parse_sub_categories(category: Category, part: &str) -> Option<Vec<&'static SubCategory>> {
    let find = |slug| SUB_CATEGORIES.iter().find(|sub| sub.category == category && sub.slug == slug);
    let mut subs = part.split('.').map(find).collect::<Option<Vec<_>>>()?;
    subs.sort_unstable_by_key(|sub| sub.code);
    subs.dedup();
    Some(subs)
}

impl From<Segment> for String {
    fn from(segment: Segment) -> Self {
        segment.to_string()
    }
}

impl TryFrom<String> for Segment {
    type Error = SegmentError;

    fn try_from(text: String) -> Result<Self, SegmentError> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_twenty_national_segments_and_each_reads_back() {
        let all: Vec<_> = Segment::all_national().collect();
        assert_eq!(all.len(), 20);
        for segment in all {
            assert_eq!(segment.to_string().parse(), Ok(segment));
        }
    }

    #[test]
    fn a_segment_can_name_a_place_and_sub_categories() {
        let segment: Segment = "flats-rent/praha-7/3-kk.2-kk.3-kk".parse().unwrap();
        assert_eq!(segment.to_string(), "flats-rent/praha-7/2-kk.3-kk");
        assert!(matches!(segment.place, Some(Place::District(district)) if district.id == 5007));
        assert_eq!(segment.sub_categories.iter().map(|sub| sub.code).collect::<Vec<_>>(), [4, 6]);
        let without_place: Segment = "houses-sale/vila".parse().unwrap();
        assert_eq!(without_place.place, None);
    }

    #[test]
    fn a_segment_includes_what_its_filters_find() {
        let listing = Identity {
            hash_id: 1,
            sub_category: Some(4),
            region_id: Some(10),
            district_id: Some(5007),
            area_m2: None,
        };
        for (segment, includes) in [
            ("flats-sale", true),
            ("flats-sale/praha", true),
            ("flats-sale/praha-7/2-kk.3-kk", true),
            ("flats-sale/hlavni-mesto-praha", true),
            ("flats-sale/praha-6", false),
            ("flats-sale/jihomoravsky", false),
            ("flats-sale/3-kk", false),
        ] {
            assert_eq!(segment.parse::<Segment>().unwrap().includes(&listing), includes, "{segment}");
        }
        let nowhere = Identity { hash_id: 1, ..Identity::default() };
        let prague: Segment = "flats-sale/praha/2-kk".parse().unwrap();
        assert!(!prague.includes(&nowhere) && !prague.excludes(&nowhere));
        assert!(prague.excludes(&Identity { region_id: Some(14), ..listing }));
        assert!(prague.excludes(&Identity { sub_category: Some(6), ..listing }));
    }

    #[test]
    fn wrong_segments_are_refused_with_the_part_that_is_wrong() {
        let refuse = |text: &str| text.parse::<Segment>().unwrap_err().to_string();
        assert!(refuse("").contains("must start with"));
        assert!(refuse("flats").contains("must start with"));
        assert!(refuse("Flats-sale").contains("must start with"));
        assert!(refuse("flats-sale/atlantis").contains("`atlantis`"));
        assert!(refuse("flats-sale/vila").contains("`vila`"));
        assert!(refuse("flats-sale/praha/brno-mesto").contains("at most one place"));
        assert!(refuse("flats-sale/2-kk/praha").contains("at most one place"));
        assert!(refuse("flats-sale/").contains("``"));
    }
}
