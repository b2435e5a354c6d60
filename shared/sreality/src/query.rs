//! Queries of `estates/search`.

use serde::{Deserialize, Serialize};

use crate::place::{CZECH_REPUBLIC, Place};
use crate::segment::Segment;

/// Path of the search below the portal's base URL.
pub const SEARCH_PATH: &str = "/api/v1/estates/search";

/// The portal refuses offsets from here on with status 422, whatever the query.
pub const OFFSET_CAP: u64 = 10_000;

/// Rows to ask for per page: what collectors in production get served. The portal's default is 100.
pub const PAGE_LIMIT: u64 = 500;

/// How far back a walk for new and changed adverts looks: what the portal's own filter can tell apart.
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

impl Age {
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

/// One page of one part of a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchQuery {
    /// The part of the market; narrower than the walk's segment where that had to be split.
    pub segment: Segment,
    /// Only adverts of this age; all if `None`.
    pub age: Option<Age>,
    /// Rows per page; 0 asks for the total only.
    pub limit: u64,
    /// Rows to skip.
    pub offset: u64,
}

impl SearchQuery {
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
    fn an_age_is_written_the_same_everywhere() {
        for age in [Age::Day, Age::Week, Age::Month] {
            assert_eq!(serde_json::to_value(age).unwrap(), age.name());
        }
    }

    #[test]
    fn a_narrow_segment_becomes_filters() {
        let segment = "flats-rent/praha/2-kk.3-kk".parse().unwrap();
        let parameters = SearchQuery { segment, age: Some(Age::Day), limit: 500, offset: 1000 }.parameters();
        for expected in [
            ("category_main_cb", "1"),
            ("category_type_cb", "2"),
            ("category_sub_cb", "4,6"),
            ("locality_country_id", "112"),
            ("locality_region_id", "10"),
            ("advert_age_to", "2"),
            ("limit", "500"),
            ("offset", "1000"),
        ] {
            let value =
                parameters.iter().find(|(name, _)| *name == expected.0).map(|(_, value)| value.as_str());
            assert_eq!(value, Some(expected.1), "{}", expected.0);
        }
    }

    #[test]
    fn a_national_segment_filters_neither_place_nor_sub_category() {
        let parameters =
            SearchQuery { segment: "land-share".parse().unwrap(), age: None, limit: 0, offset: 0 }
                .parameters();
        let names: Vec<_> = parameters.iter().map(|(name, _)| *name).collect();
        assert!(!names.contains(&"advert_age_to"));
        assert!(!names.contains(&"category_sub_cb"));
        assert!(!names.contains(&"locality_region_id"));
        assert!(!names.contains(&"locality_district_id"));
    }
}
