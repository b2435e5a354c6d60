//! Queries of `estates/search`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::category::Category;
use crate::place::{CZECH_REPUBLIC, Place};
use crate::segment::Segment;

/// Path of the search below the portal's base URL.
pub const SEARCH_PATH: &str = "/api/v1/estates/search";

/// Rows to ask for per page: what collectors in production get served. The portal's default is 100.
pub const PAGE_LIMIT: u64 = 500;

/// How far back a walk for new adverts looks: what the portal's own filter can tell apart. It goes by publication, so
/// a new price does not make an advert young.
///
/// Source: its parameter `advert_age_to` knows 2 (about 24 hours), 8 and 31 days; 1 gives very few.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Age {
    /// About 24 hours.
    #[serde(rename = "24h")]
    Day,
    /// A week.
    #[serde(rename = "7d")]
    Week,
    /// A month.
    #[serde(rename = "30d")]
    Month,
}

/// A text that is no [`Age`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no age that the portal can tell apart: give 24h, 7d or 30d")]
pub struct AgeError(String);

impl FromStr for Age {
    type Err = AgeError;

    fn from_str(text: &str) -> Result<Self, AgeError> {
        Self::ALL.into_iter().find(|age| age.to_string() == text).ok_or_else(|| AgeError(text.to_owned()))
    }
}

impl fmt::Display for Age {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl Age {
    /// All of them, the shortest first.
    pub const ALL: [Self; 3] = [Self::Day, Self::Week, Self::Month];

    /// `advert_age_to`, in days.
    #[must_use]
    pub fn parameter(self) -> u32 {
        match self {
            Self::Day => 2,
            Self::Week => 8,
            Self::Month => 31,
        }
    }

    /// As it is written in raw objects and tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Day => "24h",
            Self::Week => "7d",
            Self::Month => "30d",
        }
    }
}

/// Whole square metres from one number to another, both included; without an end where it is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AreaRange {
    /// The least.
    pub from: Option<i32>,
    /// The most.
    pub to: Option<i32>,
}

impl AreaRange {
    /// Whether a query for this range finds a listing of this area. One of unknown area is in no range that has an end.
    #[must_use]
    pub fn includes(self, area_m2: Option<i32>) -> bool {
        let Self { from, to } = self;
        match area_m2 {
            Some(area) => from.is_none_or(|from| area >= from) && to.is_none_or(|to| area <= to),
            None => from.is_none() && to.is_none(),
        }
    }
}

/// One page of one part of a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchQuery {
    /// The part of the market; narrower than the walk's segment where that had to be split.
    pub segment: Segment,
    /// Only adverts of this age; all if `None`.
    pub age: Option<Age>,
    /// Only properties of this size.
    pub areas: AreaRange,
    /// Rows per page; 0 asks for the total only.
    pub limit: u64,
    /// Rows to skip.
    pub offset: u64,
}

impl SearchQuery {
    /// The first page of a whole segment.
    #[must_use]
    pub fn first_page(segment: Segment) -> Self {
        Self { segment, age: None, areas: AreaRange::default(), limit: PAGE_LIMIT, offset: 0 }
    }

    /// The query's parameters by the portal's names.
    ///
    /// Several sub-categories are joined by a comma: the portal answers an error to the old pipe, and only
    /// counts the first of a repeated parameter. Promoted rows are switched off, since they only repeat
    /// others.
    #[must_use]
    pub fn parameters(&self) -> Vec<(&'static str, String)> {
        let Segment { category, deal, place, sub_categories } = &self.segment;
        let mut parameters = vec![
            ("category_main_cb", category.code().to_string()),
            ("category_type_cb", deal.code().to_string()),
        ];
        if !sub_categories.is_empty() {
            let codes: Vec<_> = sub_categories.iter().map(|sub| sub.code.to_string()).collect();
            parameters.push(("category_sub_cb", codes.join(",")));
        }
        parameters.push(("locality_country_id", CZECH_REPUBLIC.to_string()));
        match place {
            Some(Place::Region(region)) => parameters.push(("locality_region_id", region.id.to_string())),
            Some(Place::District(district)) => {
                parameters.push(("locality_district_id", district.id.to_string()));
            }
            None => {}
        }
        if let Some(age) = self.age {
            parameters.push(("advert_age_to", age.parameter().to_string()));
        }
        // What a plot's name tells is its estate area; everything else has a usable area.
        let [area_from, area_to] = match category {
            Category::Land => ["estate_area_from", "estate_area_to"],
            _ => ["usable_area_from", "usable_area_to"],
        };
        parameters.extend(self.areas.from.map(|area| (area_from, area.to_string())));
        parameters.extend(self.areas.to.map(|area| (area_to, area.to_string())));
        for promoted in ["include_broker_tip", "include_region_tip", "include_project_tip"] {
            parameters.push((promoted, "false".to_owned()));
        }
        parameters.push(("lang", "cs".to_owned()));
        parameters.push(("limit", self.limit.to_string()));
        parameters.push(("offset", self.offset.to_string()));
        parameters
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_of_unknown_area_is_in_no_range_that_has_an_end() {
        let range = |from, to| AreaRange { from, to };
        assert!(range(None, None).includes(None));
        assert!(!range(Some(1), None).includes(None) && !range(None, Some(9)).includes(None));
        assert!(range(Some(5), Some(9)).includes(Some(5)) && range(Some(5), Some(9)).includes(Some(9)));
        assert!(!range(Some(5), None).includes(Some(4)) && !range(None, Some(9)).includes(Some(10)));
    }

    #[test]
    fn an_age_is_written_the_same_everywhere() {
        for age in [Age::Day, Age::Week, Age::Month] {
            assert_eq!(serde_json::to_value(age).unwrap(), age.name());
        }
    }

    #[test]
    fn a_narrow_segment_becomes_filters() {
        let segment = "flats-rent/praha/2-kk.3-kk".parse().unwrap();
        let parameters = SearchQuery {
            segment,
            age: Some(Age::Day),
            areas: AreaRange { from: Some(40), to: None },
            limit: 500,
            offset: 1000,
        }
        .parameters();
        for expected in [
            ("category_main_cb", "1"),
            ("category_type_cb", "2"),
            ("category_sub_cb", "4,6"),
            ("locality_country_id", "112"),
            ("locality_region_id", "10"),
            ("advert_age_to", "2"),
            ("usable_area_from", "40"),
            ("limit", "500"),
            ("offset", "1000"),
        ] {
            let value =
                parameters.iter().find(|(name, _)| *name == expected.0).map(|(_, value)| value.as_str());
            assert_eq!(value, Some(expected.1), "{}", expected.0);
        }
    }

    #[test]
    fn a_range_of_areas_includes_its_ends() {
        let range = AreaRange { from: Some(40), to: Some(60) };
        assert!([40, 60].into_iter().all(|area| range.includes(Some(area))));
        assert!(![39, 61].into_iter().any(|area| range.includes(Some(area))));
        assert!(!range.includes(None) && AreaRange::default().includes(None));
    }

    #[test]
    fn a_plots_area_is_its_estate_area() {
        let areas = AreaRange { from: None, to: Some(500) };
        let query = SearchQuery { areas, ..SearchQuery::first_page("land-sale".parse().unwrap()) };
        assert!(query.parameters().contains(&("estate_area_to", "500".to_owned())));
    }

    #[test]
    fn an_age_is_one_of_three() {
        for age in Age::ALL {
            assert_eq!(age.to_string().parse(), Ok(age));
            assert_eq!(serde_json::to_value(age).unwrap(), age.to_string());
        }
        assert!("36h".parse::<Age>().unwrap_err().to_string().contains("give 24h, 7d or 30d"));
    }

    #[test]
    fn a_national_segment_filters_neither_place_nor_sub_category() {
        let parameters = SearchQuery {
            segment: "land-share".parse().unwrap(),
            age: None,
            areas: AreaRange::default(),
            limit: 0,
            offset: 0,
        }
        .parameters();
        let names: Vec<_> = parameters.iter().map(|(name, _)| *name).collect();
        assert!(!names.contains(&"advert_age_to"));
        assert!(!names.contains(&"estate_area_from") && !names.contains(&"usable_area_from"));
        assert!(!names.contains(&"category_sub_cb"));
        assert!(!names.contains(&"locality_region_id"));
        assert!(!names.contains(&"locality_district_id"));
    }
}
