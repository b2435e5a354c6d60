//! The parameters of `/estates/search`: what they ask for, and what matches.

use sreality::place::{DISTRICTS, District, REGIONS};

/// A page holds this many rows unless the query says otherwise.
const DEFAULT_LIMIT: usize = 100;
/// Larger limits are served as this one (claimed by notes of June 2026; 500 was seen in production).
const LARGEST_LIMIT: usize = 1_000;
/// From this offset on every query is refused (seen by two collectors in 2026).
const OFFSET_CAP: usize = 10_000;

/// A query the portal would answer.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Query {
    /// `category_main_cb`; all if empty, like the lists below.
    pub(crate) categories: Vec<i16>,
    /// `category_type_cb`.
    pub(crate) deals: Vec<i16>,
    /// `category_sub_cb`.
    pub(crate) sub_categories: Vec<i16>,
    /// `locality_region_id`, the known ones.
    pub(crate) regions: Vec<i32>,
    /// `locality_district_id`, the known ones.
    pub(crate) districts: Vec<&'static District>,
    /// CZK in the advertised unit.
    price_from: Option<f64>,
    /// CZK in the advertised unit.
    price_to: Option<f64>,
    /// `usable_area_from` and `usable_area_to`, m².
    usable_area: Range,
    /// `estate_area_from` and `estate_area_to`, m².
    estate_area: Range,
    /// Days, today included: 2 is what was published today or yesterday, "about 24 hours".
    advert_age_to: Option<i32>,
    /// As served, not as asked for.
    pub(crate) limit: usize,
    pub(crate) offset: usize,
}

/// Numbers from one to another, both included.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Range {
    from: Option<i64>,
    to: Option<i64>,
}

impl Range {
    /// A range with an end leaves out what is not known, since those who use it say so of prices.
    fn allows(self, value: Option<i64>) -> bool {
        let Self { from, to } = self;
        match value {
            Some(value) => from.is_none_or(|from| value >= from) && to.is_none_or(|to| value <= to),
            None => from.is_none() && to.is_none(),
        }
    }
}

/// Why the portal answers 422.
#[derive(Debug, PartialEq, thiserror::Error)]
pub(crate) enum QueryError {
    #[error("{parameter}: `{value}` is not a list of numbers joined by commas")]
    NotNumbers { parameter: &'static str, value: String },
    #[error("{parameter}: `{value}` is not a number that is allowed here")]
    NotANumber { parameter: &'static str, value: String },
    #[error("offset: {0} is not below {OFFSET_CAP}")]
    OffsetCap(usize),
}

/// What a query can look at.
#[derive(Debug)]
pub(crate) struct Subject {
    pub(crate) category: i16,
    pub(crate) deal: i16,
    pub(crate) sub_category: i16,
    pub(crate) region_id: i32,
    pub(crate) district_id: i32,
    /// `price_czk`.
    pub(crate) advertised: f64,
    /// m² of anything but land.
    pub(crate) usable_area: Option<i64>,
    /// m² of a plot, or of that around a house.
    pub(crate) estate_area: Option<i64>,
    /// `None` where it is not known: recorded rows.
    pub(crate) age_days: Option<i32>,
}

impl Query {
    /// Reads the parameters of a request, decoded and in their order.
    ///
    /// Of a repeated parameter only the first counts. Parameters that are not known are ignored, among them
    /// `per_page` and `page` of the former API and `locality_country_id`: the simulated market is Czech.
    pub(crate) fn parse(parameters: &[(String, String)]) -> Result<Self, QueryError> {
        let parameters = Parameters(parameters);
        let offset = parameters.number("offset")?.unwrap_or(0);
        if offset >= OFFSET_CAP {
            return Err(QueryError::OffsetCap(offset));
        }
        let limit = parameters.number("limit")?.unwrap_or(DEFAULT_LIMIT).min(LARGEST_LIMIT);
        let mut regions: Vec<i32> = parameters.numbers("locality_region_id")?;
        // A 0 or unknown id is as if it had not been sent: the answer is not narrowed.
        regions.retain(|id| REGIONS.iter().any(|region| region.id == *id));
        let districts: Vec<i32> = parameters.numbers("locality_district_id")?;
        Ok(Self {
            categories: parameters.numbers("category_main_cb")?,
            deals: parameters.numbers("category_type_cb")?,
            sub_categories: parameters.numbers("category_sub_cb")?,
            regions,
            districts: DISTRICTS.iter().filter(|district| districts.contains(&district.id)).collect(),
            price_from: parameters.number("price_from")?,
            price_to: parameters.number("price_to")?,
            usable_area: parameters.range("usable_area_from", "usable_area_to")?,
            estate_area: parameters.range("estate_area_from", "estate_area_to")?,
            advert_age_to: parameters.number("advert_age_to")?,
            limit,
            offset,
        })
    }

    /// The category and deal codes, if the query names exactly one of each.
    pub(crate) fn segment(&self) -> Option<(i16, i16)> {
        match (self.categories.as_slice(), self.deals.as_slice()) {
            (&[category], &[deal]) => Some((category, deal)),
            _ => None,
        }
    }

    /// Whether this is among the results.
    pub(crate) fn matches(&self, subject: &Subject) -> bool {
        fn allows<T: PartialEq>(list: &[T], value: &T) -> bool {
            list.is_empty() || list.contains(value)
        }
        allows(&self.categories, &subject.category)
            && allows(&self.deals, &subject.deal)
            && allows(&self.sub_categories, &subject.sub_category)
            && allows(&self.regions, &subject.region_id)
            && self.matches_district(subject.district_id)
            && self.matches_price(subject.advertised)
            && self.usable_area.allows(subject.usable_area)
            && self.estate_area.allows(subject.estate_area)
            && self.advert_age_to.is_none_or(|most| subject.age_days.is_none_or(|age| age < most))
    }

    /// All of Prague (47) includes Praha 1 to 10.
    fn matches_district(&self, id: i32) -> bool {
        self.districts.is_empty() || self.districts.iter().any(|district| district.includes(id))
    }

    /// Compares the advertised price, which may be one per m²; what is on request falls out.
    fn matches_price(&self, advertised: f64) -> bool {
        (self.price_from.is_none() && self.price_to.is_none())
            || (advertised > 1.0
                && self.price_from.is_none_or(|least| advertised >= least)
                && self.price_to.is_none_or(|most| advertised <= most))
    }

    /// One page of what matches, and how many match in all.
    pub(crate) fn page<T>(&self, matching: impl Iterator<Item = T>) -> (usize, Vec<T>) {
        let mut page = Vec::with_capacity(self.limit);
        let mut total = 0;
        for item in matching {
            if total >= self.offset && page.len() < self.limit {
                page.push(item);
            }
            total += 1;
        }
        (total, page)
    }
}

/// The parameters of a request.
struct Parameters<'a>(&'a [(String, String)]);

impl Parameters<'_> {
    /// The first value of a parameter, unless it is empty.
    fn value(&self, parameter: &str) -> Option<&str> {
        let found = self.0.iter().find(|(name, _)| name == parameter);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    fn number<T: std::str::FromStr>(&self, parameter: &'static str) -> Result<Option<T>, QueryError> {
        let Some(value) = self.value(parameter) else { return Ok(None) };
        let wrong = |_| QueryError::NotANumber { parameter, value: value.to_owned() };
        value.parse().map(Some).map_err(wrong)
    }

    fn range(&self, from: &'static str, to: &'static str) -> Result<Range, QueryError> {
        Ok(Range { from: self.number(from)?, to: self.number(to)? })
    }

    fn numbers<T: std::str::FromStr>(&self, parameter: &'static str) -> Result<Vec<T>, QueryError> {
        let Some(value) = self.value(parameter) else { return Ok(Vec::new()) };
        let wrong = |_| QueryError::NotNumbers { parameter, value: value.to_owned() };
        value.split(',').map(str::parse).collect::<Result<_, _>>().map_err(wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(parameters: &[(&str, &str)]) -> Result<Query, QueryError> {
        let owned: Vec<_> =
            parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Query::parse(&owned)
    }

    fn subject() -> Subject {
        Subject {
            category: 1,
            deal: 1,
            sub_category: 4,
            region_id: 10,
            district_id: 5007,
            advertised: 5e6,
            usable_area: Some(52),
            estate_area: None,
            age_days: Some(3),
        }
    }

    #[test]
    fn limit_has_a_default_and_a_maximum_and_may_be_zero() {
        assert_eq!(parse(&[]).unwrap().limit, 100);
        assert_eq!(parse(&[("limit", "0")]).unwrap().limit, 0);
        assert_eq!(parse(&[("limit", "500")]).unwrap().limit, 500);
        assert_eq!(parse(&[("limit", "5000")]).unwrap().limit, 1000);
    }

    #[test]
    fn offsets_from_ten_thousand_are_refused() {
        assert_eq!(parse(&[("offset", "9999")]).unwrap().offset, 9999);
        assert_eq!(parse(&[("offset", "10000"), ("limit", "0")]), Err(QueryError::OffsetCap(10_000)));
    }

    #[test]
    fn garbage_negative_numbers_and_pipes_are_refused() {
        for (name, value) in [
            ("limit", "-1"),
            ("limit", "many"),
            ("offset", "-5"),
            ("category_sub_cb", "4|5"),
            ("category_main_cb", "byty"),
            ("price_from", "cheap"),
        ] {
            assert!(parse(&[(name, value)]).is_err(), "{name}={value}");
        }
    }

    #[test]
    fn comma_lists_match_any_of_their_codes() {
        let query = parse(&[("category_sub_cb", "2,4"), ("category_type_cb", "1")]).unwrap();
        assert!(query.matches(&subject()));
        assert!(!query.matches(&Subject { sub_category: 5, ..subject() }));
    }

    #[test]
    fn unknown_places_are_ignored_beside_known_ones() {
        let nowhere = Subject { district_id: -1, region_id: -1, ..subject() };
        for unknown in ["0", "999", "0,888"] {
            let query = parse(&[("locality_district_id", unknown), ("locality_region_id", unknown)]).unwrap();
            assert!(query.matches(&nowhere));
        }
        assert!(!parse(&[("locality_district_id", "0,5006")]).unwrap().matches(&subject()));
    }

    #[test]
    fn all_of_prague_includes_its_ten_districts_but_not_the_other_way_round() {
        let prague = parse(&[("locality_district_id", "47")]).unwrap();
        assert!(prague.matches(&subject()));
        assert!(prague.matches(&Subject { district_id: 47, ..subject() }));
        assert!(!prague.matches(&Subject { district_id: 56, ..subject() }));
        let seven = parse(&[("locality_district_id", "5007")]).unwrap();
        assert!(!seven.matches(&Subject { district_id: 47, ..subject() }));
    }

    #[test]
    fn price_bounds_look_at_the_advertised_price_and_drop_what_is_on_request() {
        let query = parse(&[("price_to", "5000000")]).unwrap();
        assert!(query.matches(&subject()));
        assert!(query.matches(&Subject { advertised: 250.0, ..subject() }));
        assert!(!query.matches(&Subject { advertised: 0.0, ..subject() }));
        assert!(!query.matches(&Subject { advertised: 1.0, ..subject() }));
        assert!(!parse(&[("price_from", "6000000")]).unwrap().matches(&subject()));
    }

    #[test]
    fn area_bounds_include_their_ends_and_leave_out_what_is_not_known() {
        let query = parse(&[("usable_area_from", "52"), ("usable_area_to", "52")]).unwrap();
        assert!(query.matches(&subject()));
        assert!(!query.matches(&Subject { usable_area: Some(53), ..subject() }));
        assert!(!parse(&[("estate_area_to", "1000")]).unwrap().matches(&subject()));
    }

    #[test]
    fn only_the_first_of_a_repeated_parameter_counts() {
        let query = parse(&[("category_main_cb", "1"), ("category_main_cb", "2")]).unwrap();
        assert_eq!(query.categories, [1]);
    }

    #[test]
    fn a_page_is_cut_out_of_all_that_matches() {
        let query = parse(&[("limit", "3"), ("offset", "4")]).unwrap();
        assert_eq!(query.page(0..10), (10, vec![4, 5, 6]));
        assert_eq!(query.page(0..5), (5, vec![4]));
        assert_eq!(query.page(0..2), (2, vec![]));
    }
}
