//! In which order the pages of a segment are asked for, however large it is.
//!
//! The portal refuses offsets from 10 000 on. A part that announces more is split, first by sub-category,
//! which is complete (every listing has one), then by district. Listings without a district are only in the
//! unsplit part, so that is then paged up to the cap as well. No request is spent on probing: each part's
//! first page tells its size.

use sreality::category::{SUB_CATEGORIES, SubCategory};
use sreality::place::{ALL_PRAGUE, DISTRICTS, District, Place};
use sreality::query::{OFFSET_CAP, PAGE_LIMIT};
use sreality::{Answer, SearchQuery, Segment};

/// The parts of a segment that are still to be paged, and how far the current one is.
#[derive(Debug)]
pub(crate) struct Paging {
    /// Parts to come, the next one last, each with the total of what it was split from.
    parts: Vec<(Segment, u64)>,
    /// The page that was asked for last.
    current: SearchQuery,
    /// Total of what the current part was split from: if the part announces as much, it was not narrowed.
    parent_total: u64,
    /// Whether some part was larger than the cap and could not be split.
    capped: bool,
}

impl Paging {
    pub(crate) fn new(segment: Segment) -> Self {
        let current = SearchQuery { segment, age: None, limit: PAGE_LIMIT, offset: 0 };
        Self { parts: Vec::new(), current, parent_total: u64::MAX, capped: false }
    }

    /// The page to ask for.
    pub(crate) fn query(&self) -> &SearchQuery {
        &self.current
    }

    /// Whether the portal's cap hid a part of the segment.
    pub(crate) fn capped(&self) -> bool {
        self.capped
    }

    /// Takes note of an answer and moves on; false when there is nothing more to ask for.
    pub(crate) fn advance(&mut self, answer: &Answer) -> bool {
        let total = answer.pagination.total;
        let rows = answer.rows.len() as u64;
        if self.current.offset == 0 && total > OFFSET_CAP {
            match split(&self.current.segment) {
                // The portal ignores filters that it does not know: such a part would repeat its parent.
                _ if total >= self.parent_total => return self.next_part(),
                Split::Complete(parts) => {
                    self.parts.extend(parts.into_iter().map(|part| (part, total)));
                    return self.next_part();
                }
                Split::LeavesRest(parts) => self.parts.extend(parts.into_iter().map(|part| (part, total))),
                Split::Impossible => self.capped = true,
            }
        }
        let next = self.current.offset + rows;
        let last_page = rows == 0 || rows < answer.pagination.limit || next >= total || next >= OFFSET_CAP;
        if last_page {
            return self.next_part();
        }
        self.current.offset = next;
        true
    }

    fn next_part(&mut self) -> bool {
        let Some((segment, parent_total)) = self.parts.pop() else { return false };
        self.parent_total = parent_total;
        self.current = SearchQuery { segment, age: None, limit: PAGE_LIMIT, offset: 0 };
        true
    }
}

enum Split {
    /// The parts together are the whole.
    Complete(Vec<Segment>),
    /// Listings without a district are in none of the parts.
    LeavesRest(Vec<Segment>),
    Impossible,
}

fn split(segment: &Segment) -> Split {
    if segment.sub_categories.len() != 1 {
        let narrow = |sub: &'static SubCategory| Segment { sub_categories: vec![sub], ..segment.clone() };
        let asked =
            |sub: &&SubCategory| segment.sub_categories.is_empty() || segment.sub_categories.contains(sub);
        let of_category = SUB_CATEGORIES.iter().filter(|sub| sub.category == segment.category);
        return Split::Complete(of_category.filter(asked).map(narrow).collect());
    }
    let narrow =
        |district: &'static District| Segment { place: Some(Place::District(district)), ..segment.clone() };
    // All of Prague (47) includes its ten districts and the adverts that know no finer place.
    let whole = |district: &&District| district.id <= 77;
    match segment.place {
        None => Split::LeavesRest(DISTRICTS.iter().filter(whole).map(narrow).collect()),
        Some(Place::Region(region)) => {
            let within = DISTRICTS.iter().filter(whole).filter(|district| district.region_id == region.id);
            Split::LeavesRest(within.map(narrow).collect())
        }
        Some(Place::District(district)) if district.id == ALL_PRAGUE => {
            let prague = DISTRICTS.iter().filter(|part| part.id != ALL_PRAGUE && district.includes(part.id));
            Split::LeavesRest(prague.map(narrow).collect())
        }
        Some(Place::District(_)) => Split::Impossible,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use sreality::Pagination;

    use super::*;

    /// Pages a segment against `total_of`, and returns the parts with the number of their requests.
    fn walk(segment: &str, total_of: impl Fn(&Segment) -> u64) -> (Vec<(String, u64)>, bool) {
        let mut paging = Paging::new(segment.parse().unwrap());
        let mut requests: Vec<(String, u64)> = Vec::new();
        loop {
            let query = paging.query().clone();
            assert!(query.offset < OFFSET_CAP, "{query:?}");
            let name = query.segment.to_string();
            match requests.last_mut() {
                Some((last, count)) if *last == name => *count += 1,
                _ => requests.push((name, 1)),
            }
            let total = total_of(&query.segment);
            let rows = total.saturating_sub(query.offset).min(query.limit);
            let answer = Answer {
                url: String::new(),
                status: 200,
                duration: Duration::ZERO,
                body: String::new(),
                pagination: Pagination { limit: query.limit, offset: query.offset, total },
                rows: vec![None; usize::try_from(rows).unwrap()],
            };
            if !paging.advance(&answer) {
                return (requests, paging.capped());
            }
        }
    }

    #[test]
    fn a_segment_below_the_cap_takes_one_request_per_page() {
        let (requests, capped) = walk("flats-rent", |_| 1201);
        assert_eq!(requests, [("flats-rent".to_owned(), 3)]);
        assert!(!capped);
        assert_eq!(walk("flats-rent", |_| 0).0, [("flats-rent".to_owned(), 1)]);
        assert_eq!(walk("flats-rent", |_| 1000).0, [("flats-rent".to_owned(), 2)]);
    }

    #[test]
    fn a_large_segment_is_split_by_sub_category() {
        let (requests, capped) =
            walk("flats-sale", |segment| if segment.sub_categories.is_empty() { 13_000 } else { 1000 });
        assert_eq!(requests.len(), 14);
        assert_eq!(requests.iter().map(|(_, count)| count).sum::<u64>(), 1 + 13 * 2);
        assert!(!capped);
    }

    #[test]
    fn a_large_sub_category_is_split_by_district_and_its_rest_paged_to_the_cap() {
        let (requests, capped) =
            walk("houses-sale/rodinny", |segment| if segment.place.is_none() { 16_000 } else { 200 });
        assert_eq!(requests.first(), Some(&("houses-sale/rodinny".to_owned(), 20)));
        assert_eq!(requests.len(), 1 + 77);
        assert!(!capped);
    }

    #[test]
    fn parts_larger_than_their_siblings_are_split_too() {
        let (requests, _) =
            walk("houses-sale", |segment| match (segment.sub_categories.as_slice(), segment.place) {
                ([], _) => 40_000,
                ([_], None) if segment.to_string().contains("rodinny") => 16_000,
                ([_], None) => 11_000,
                _ => 100,
            });
        assert_eq!(requests.len(), 1 + 8 * (1 + 77));
    }

    #[test]
    fn a_part_that_cannot_be_split_is_capped() {
        let (requests, capped) = walk("houses-sale/brno-mesto/rodinny", |_| 12_000);
        assert_eq!(requests, [("houses-sale/brno-mesto/rodinny".to_owned(), 20)]);
        assert!(capped);
    }

    #[test]
    fn a_part_whose_filter_the_portal_ignores_is_not_paged() {
        let (requests, _) = walk("houses-sale/rodinny", |_| 16_000);
        assert!(requests.iter().skip(1).all(|(_, count)| *count == 1), "{requests:?}");
    }
}
