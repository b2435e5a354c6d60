//! In which order the pages of a segment are asked for, however large it is, until all of it was seen.
//!
//! The portal refuses offsets from 10 000 on. Of a segment that announces more, the first 10 000 rows are read all the
//! same: they show listings that no part would (those without region or district), and they tell how large its parts
//! will be, so that none needs to be probed. Then it is [split]. Each part is read from where the rows seen so far
//! leave off, since the portal sorts all its lists alike: together the parts cost little more than the rows that are
//! left.
//!
//! None of that is relied on. Rows move while a walk goes on, pages fail, and a list may be sorted otherwise: after
//! each pass the listings seen of each part are held against its total, and where there are holes it is read again.

use std::collections::HashMap;

use sreality::page::OFFSET_CAP;
use sreality::query::PAGE_LIMIT;
use sreality::{Age, AreaRange, Identity, SearchQuery, Segment};
use sreality_client::Answer;

use crate::part::Part;
use crate::split::{Filter, SplitBy, split};

/// Of 1 000 announced listings, this many must have been seen for a walk to be complete. Rows move while
/// paging, so a few are always missed; public collectors in production use the same share.
const COMPLETE_PER_MILLE: u64 = 995;
/// How often holes are looked for at most, the first reading included. If each pass misses 6.9 % of the listings, the
/// worst that was measured on the portal, two leave 0.5 %, and three next to nothing; pages that failed take passes of
/// their own.
const PASSES: u32 = 5;
/// Of a part that was split, a hole of this share is worth splitting it by something else: what is in none of its parts
/// is in none in the next walk either, and would be called gone.
const SYSTEMATIC_PER_MILLE: u64 = 1;
/// A 422 at a lower offset has another reason than the cap.
const LOWEST_CAP: u64 = OFFSET_CAP / 2;
/// A part is read from this many rows before those seen leave off, since rows move.
const OVERLAP: u64 = 25;

/// The pages of a segment that are still to be asked for, and what the others have shown.
#[derive(Debug)]
pub(crate) struct Paging {
    age: Option<Age>,
    /// The segment itself, then what it was split into, and those in turn.
    parts: Vec<Part>,
    /// Parts of which nothing was asked yet, by their position; the next one last.
    unopened: Vec<usize>,
    /// Stretches of this pass that are still to be read; the next one last.
    stretches: Vec<Stretch>,
    current: Option<Stretch>,
    /// Pages that could not be read in this pass.
    failed: Vec<Stretch>,
    /// Every listing seen, with what finds it.
    seen: HashMap<i64, Identity>,
    /// Rows per page as the portal serves them.
    served: u64,
    /// The first offset that the portal refuses.
    cap: u64,
    pass: u32,
    seen_before_pass: u64,
    /// Whether the portal ignores the segment's filter.
    filter_ignored: bool,
}

/// Pages of one part, one after the other.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    part: usize,
    offset: u64,
    /// The offset before which it ends; it goes to the end of the part if `None`.
    end: Option<u64>,
}

impl Paging {
    pub(crate) fn new(segment: Segment, age: Option<Age>) -> Self {
        Self {
            age,
            parts: vec![Part::new(Filter { segment, areas: AreaRange::default() })],
            unopened: Vec::new(),
            stretches: Vec::new(),
            current: Some(Stretch { part: 0, offset: 0, end: None }),
            failed: Vec::new(),
            seen: HashMap::new(),
            served: PAGE_LIMIT,
            cap: OFFSET_CAP,
            pass: 1,
            seen_before_pass: 0,
            filter_ignored: false,
        }
    }

    /// The page to ask for; `None` when there is nothing more to ask for.
    pub(crate) fn query(&self) -> Option<SearchQuery> {
        let Stretch { part, offset, .. } = self.current?;
        let Filter { segment, areas } = self.parts.get(part)?.filter.clone();
        Some(SearchQuery { segment, age: self.age, areas, limit: PAGE_LIMIT, offset })
    }

    /// Different listings seen.
    pub(crate) fn seen(&self) -> u64 {
        self.seen.len() as u64
    }

    /// How many the portal says there are.
    pub(crate) fn announced(&self) -> u64 {
        self.parts.first().map_or(0, Part::announced)
    }

    /// Why the walk is not complete, if so, now that there is nothing more to ask for.
    pub(crate) fn incompleteness(&self) -> Option<String> {
        let seen = self.seen();
        let announced = self.announced();
        if self.filter_ignored {
            return Some(
                "the portal ignores the segment's filter: it answers listings of other places".to_owned(),
            );
        }
        if !self.failed.is_empty() && (seen < announced || announced == 0) {
            return Some(format!("{} pages could not be read", self.failed.len()));
        }
        // What the cap hides, it hides from every walk: the third would call it gone.
        let mut hidden = (0..self.parts.len()).filter(|part| self.hides(*part, 1000 - COMPLETE_PER_MILLE));
        let whole_was_seen = enough(seen, announced);
        if hidden.any(|part| whole_was_seen || self.parts.get(part).is_some_and(|part| !part.has_parts)) {
            return Some("a part is larger than the portal lets one query page through".to_owned());
        }
        (!whole_was_seen).then(|| format!("saw {seen} of {announced} announced listings"))
    }

    /// Takes note of the page that was asked for, and moves on.
    pub(crate) fn answered(&mut self, answer: &Answer) {
        let Some(stretch) = self.current else { return };
        let [whole, ..] = self.parts.as_slice() else { return };
        let own = answer.rows.iter().flatten().filter(|listing| !whole.filter.excludes(listing));
        self.seen.extend(own.map(|listing| (listing.hash_id, *listing)));
        let Some(part) = self.parts.get_mut(stretch.part) else { return };
        part.totals.push(answer.pagination.total);
        if part.is_ignored_by(answer) {
            part.useless = true;
            if stretch.part == 0 {
                self.filter_ignored = true;
                self.current = None;
                return;
            }
            return self.next_stretch();
        }
        let rows = answer.rows.len() as u64;
        let next = stretch.offset + rows;
        let ended = rows == 0 || part.ends_at(next, answer);
        self.served = answer.pagination.limit.max(1);
        let filled = self.pass > 1 && self.hole(stretch.part) == 0;
        if ended || filled { self.end_stretch(stretch) } else { self.go_on(stretch, next) }
    }

    /// The page that was asked for brought nothing, however often: it is left to the next pass.
    pub(crate) fn failed(&mut self) {
        let Some(stretch) = self.current else { return };
        let announced = self.parts.get(stretch.part).map_or(0, Part::announced);
        let next = stretch.offset + self.served;
        if announced == 0 {
            // Nothing is known of the part, so all of it is left.
            self.failed.push(stretch);
            return self.next_stretch();
        }
        self.failed.push(Stretch { end: Some(next), ..stretch });
        if next < announced { self.go_on(stretch, next) } else { self.end_stretch(stretch) }
    }

    /// The portal does not process what was asked for (422). Of a part, it may not know the filter: the part is of no
    /// use then. Of the segment itself, the offset may be beyond the cap, if that is lower than was known. False if
    /// neither can be.
    pub(crate) fn refused(&mut self) -> bool {
        let Some(stretch) = self.current else { return false };
        if stretch.part > 0 {
            if let Some(part) = self.parts.get_mut(stretch.part) {
                part.useless = true;
            }
            self.next_stretch();
            return true;
        }
        if stretch.offset < LOWEST_CAP {
            return false;
        }
        self.cap = self.cap.min(stretch.offset);
        self.go_on(stretch, stretch.offset);
        true
    }

    fn go_on(&mut self, stretch: Stretch, next: u64) {
        if next >= self.cap {
            if let Some(part) = self.parts.get_mut(stretch.part) {
                part.met_cap = true;
            }
            return self.end_stretch(stretch);
        }
        if stretch.end.is_some_and(|end| next >= end) {
            return self.end_stretch(stretch);
        }
        self.current = Some(Stretch { offset: next, ..stretch });
    }

    fn end_stretch(&mut self, stretch: Stretch) {
        if stretch.end.is_none() {
            self.split_if_needed(stretch.part);
        }
        self.next_stretch();
    }

    /// A part that was read as far as that goes, but holds more than the cap lets through, is split.
    fn split_if_needed(&mut self, position: usize) {
        let hole = self.hole(position);
        let seen = self.seen.values();
        let cap = self.cap;
        let hidden = |part: &&mut Part| part.met_cap || (part.announced() > cap && hole > 0);
        let Some(part) = self.parts.get_mut(position).filter(hidden) else { return };
        let filter = part.filter.clone();
        let total = part.announced();
        let mut parts = Vec::new();
        while let Some(by) = SplitBy::ALL.get(part.splits).filter(|_| parts.is_empty()) {
            part.splits += 1;
            let seen = seen.clone().filter(|listing| filter.includes(listing));
            parts = split(&filter, *by, seen, total, self.cap);
            part.has_parts |= !parts.is_empty();
        }
        for filter in parts {
            self.unopened.push(self.parts.len());
            self.parts.push(Part::new(filter));
        }
    }

    fn next_stretch(&mut self) {
        self.current = self.stretches.pop().or_else(|| self.open_part());
        if self.current.is_none() && self.pass < PASSES {
            self.begin_pass();
            self.current = self.stretches.pop().or_else(|| self.open_part());
        }
    }

    /// The next part of which nothing was asked yet, from where what was seen of it leaves off.
    fn open_part(&mut self) -> Option<Stretch> {
        let part = self.unopened.pop()?;
        let last_page = self.cap.saturating_sub(self.served);
        let offset = self.seen_of(part).saturating_sub(OVERLAP).min(last_page);
        Some(Stretch { part, offset, end: None })
    }

    /// Looks for holes: pages that could not be read, and once there are none, parts of which fewer listings were seen
    /// than they hold.
    fn begin_pass(&mut self) {
        let found_nothing = self.pass > 1 && self.seen() == self.seen_before_pass;
        (self.pass, self.seen_before_pass) = (self.pass + 1, self.seen());
        let failed = std::mem::take(&mut self.failed);
        if self.announced() == 0 && (self.pass == 2 || !failed.is_empty()) {
            // An empty segment would withdraw all its listings, so it is asked for twice.
            self.stretches.push(Stretch { part: 0, offset: 0, end: None });
        }
        if self.hole(0) == 0 {
            return;
        }
        if !failed.is_empty() {
            self.stretches = failed;
            return;
        }
        if found_nothing {
            return;
        }
        for position in 0..self.parts.len() {
            let hole = self.hole(position);
            let part = self.parts.get(position);
            let Some(announced) = part.filter(|part| !part.useless).map(Part::announced) else { continue };
            let met_cap = part.is_some_and(|part| part.met_cap);
            if hole > 0 && announced <= self.cap && !met_cap {
                // A few rows have moved while their pages were read, and rows move to the top.
                let small = enough(announced - hole, announced);
                self.stretches.push(Stretch { part: position, offset: 0, end: small.then_some(1) });
            }
        }
        if self.stretches.is_empty() {
            // What is missing is in none of the parts: they are split by something else.
            for position in 0..self.parts.len() {
                if self.hides(position, SYSTEMATIC_PER_MILLE) {
                    self.split_if_needed(position);
                }
            }
        }
    }

    /// Whether more than this share of a part is beyond the cap and was seen in none of its own parts either.
    fn hides(&self, position: usize, per_mille: u64) -> bool {
        let Some(part) = self.parts.get(position).filter(|part| !part.useless) else { return false };
        let announced = part.announced();
        // Totals that are too low do not say what is missing.
        let unknown = part.met_cap && announced <= self.cap;
        unknown || (announced > self.cap && self.hole(position) * 1000 > announced * per_mille)
    }

    /// How many listings of a part were not seen, by what it announced.
    fn hole(&self, part: usize) -> u64 {
        let announced = self.parts.get(part).map_or(0, Part::announced);
        announced.saturating_sub(self.seen_of(part))
    }

    fn seen_of(&self, part: usize) -> u64 {
        if part == 0 {
            return self.seen();
        }
        let Some(part) = self.parts.get(part) else { return 0 };
        self.seen.values().filter(|listing| part.filter.includes(listing)).count() as u64
    }
}

fn enough(seen: u64, announced: u64) -> bool {
    seen * 1000 >= announced * COMPLETE_PER_MILLE
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;
    use sreality::Pagination;
    use sreality::place::DISTRICTS;

    use super::*;

    /// A portal: its listings in the order of its lists.
    struct Portal {
        listings: Vec<Identity>,
        limit: u64,
    }

    impl Portal {
        /// So many listings of some kinds, by their weights, all over the country.
        fn new(count: u64, kinds: &[(i16, u32)]) -> Self {
            let mut random = fastrand::Rng::with_seed(count);
            let kinds: Vec<i16> =
                kinds.iter().flat_map(|&(kind, weight)| (0..weight).map(move |_| kind)).collect();
            let districts: Vec<_> = DISTRICTS.iter().filter(|district| district.id != 47).collect();
            let listing = |number: u64| {
                let district = random.choice(&districts).unwrap();
                // Some are nowhere.
                let place = (random.u32(..40) > 0).then_some((district.region_id, district.id));
                Identity {
                    hash_id: i64::try_from(number).unwrap(),
                    sub_category: random.choice(&kinds).copied(),
                    region_id: place.map(|place| place.0),
                    district_id: place.map(|place| place.1),
                    area_m2: Some(20 + random.i32(0..15).pow(2)),
                }
            };
            Self { listings: (0..count).map(listing).collect(), limit: PAGE_LIMIT }
        }

        fn houses(count: u64) -> Self {
            Self::new(count, &[(37, 74), (33, 10), (43, 8), (39, 4), (44, 4)])
        }

        fn answer(&self, query: &SearchQuery) -> Answer {
            assert!(query.offset < OFFSET_CAP, "{query:?}");
            let matching: Vec<_> = self.listings.iter().filter(|listing| finds(query, listing)).collect();
            let limit = query.limit.min(self.limit);
            let page = matching.iter().skip(query.offset as usize).take(limit as usize);
            Answer {
                url: String::new(),
                market: String::new(),
                status: 200,
                duration: Duration::ZERO,
                body: String::new(),
                pagination: Pagination { limit, offset: query.offset, total: matching.len() as u64 },
                rows: page.map(|listing| Some(**listing)).collect(),
            }
        }
    }

    fn finds(query: &SearchQuery, listing: &Identity) -> bool {
        query.segment.includes(listing) && query.areas.includes(listing.area_m2)
    }

    /// What came of paging: the number of requests, and the state at the end.
    fn walk(segment: &str, mut ask: impl FnMut(&SearchQuery, u64) -> Option<Answer>) -> (u64, Paging) {
        let mut paging = Paging::new(segment.parse().unwrap(), None);
        let mut requests = 0;
        while let Some(query) = paging.query() {
            match ask(&query, requests) {
                Some(answer) => paging.answered(&answer),
                None => paging.failed(),
            }
            requests += 1;
            assert!(requests < 5_000, "it does not end");
        }
        (requests, paging)
    }

    fn assert_complete(paging: &Paging, listings: usize) {
        assert_eq!(paging.incompleteness(), None);
        assert_eq!(paging.seen(), listings as u64);
    }

    #[test]
    fn a_segment_below_the_cap_takes_one_request_per_page() {
        for (listings, pages) in [(1, 1), (499, 1), (500, 1), (501, 2), (1000, 2), (1201, 3), (10_000, 20)] {
            let portal = Portal::houses(listings);
            let (requests, paging) = walk("houses-sale", |query, _| Some(portal.answer(query)));
            assert_eq!(requests, pages, "{listings}");
            assert_complete(&paging, portal.listings.len());
        }
    }

    #[test]
    fn an_empty_segment_is_asked_for_twice_before_it_is_believed() {
        let portal = Portal::houses(0);
        let (requests, paging) = walk("houses-sale", |query, _| Some(portal.answer(query)));
        assert_eq!(requests, 2);
        assert_complete(&paging, 0);
        // Empty at first only.
        let (empty, portal) = (Portal::houses(0), Portal::houses(1200));
        let (_, paging) = walk("houses-sale", |query, number| {
            Some(if number == 0 { empty.answer(query) } else { portal.answer(query) })
        });
        assert_complete(&paging, 1200);
    }

    #[test]
    fn segments_beyond_the_cap_cost_at_most_two_fifths_more_than_their_pages() {
        for listings in [10_001, 12_000, 20_000, 22_000, 30_000, 60_000] {
            let portal = Portal::houses(listings);
            let (requests, paging) = walk("houses-sale", |query, _| Some(portal.answer(query)));
            assert_complete(&paging, portal.listings.len());
            let ideal = listings.div_ceil(PAGE_LIMIT);
            println!("{listings} listings: {requests} requests, {ideal} pages");
            assert!(requests * 10 <= ideal * 14, "{listings} listings: {requests} requests");
        }
    }

    #[test]
    fn a_part_that_cannot_be_split_is_capped() {
        let mut portal = Portal::houses(12_000);
        for listing in &mut portal.listings {
            (listing.sub_category, listing.region_id, listing.district_id) = (Some(37), Some(14), Some(72));
            listing.area_m2 = Some(80);
        }
        let (requests, paging) =
            walk("houses-sale/brno-mesto/rodinny", |query, _| Some(portal.answer(query)));
        assert_eq!(requests, 20);
        assert!(paging.incompleteness().unwrap().contains("larger than the portal lets"));
    }

    #[test]
    fn a_portal_that_serves_smaller_pages_is_paged_in_its_steps() {
        let portal = Portal { limit: 100, ..Portal::houses(1201) };
        let (requests, paging) = walk("houses-sale", |query, _| Some(portal.answer(query)));
        assert_eq!(requests, 13);
        assert_complete(&paging, 1201);
    }

    #[test]
    fn a_lower_cap_than_expected_is_learned_from_the_portals_refusal() {
        let portal = Portal::houses(20_000);
        let mut paging = Paging::new("houses-sale".parse().unwrap(), None);
        let mut requests = 0;
        while let Some(query) = paging.query() {
            requests += 1;
            if query.offset >= 6_000 {
                assert!(paging.refused());
            } else {
                paging.answered(&portal.answer(&query));
            }
        }
        assert_eq!(paging.incompleteness(), None);
        assert!(requests < 100, "{requests}");
        let mut first = Paging::new("houses-sale".parse().unwrap(), None);
        assert!(!first.refused());
    }

    #[test]
    fn an_ignored_filter_ends_the_walk_of_its_segment() {
        let portal = Portal::houses(3_000);
        let national =
            |query: &SearchQuery| SearchQuery { segment: "houses-sale".parse().unwrap(), ..query.clone() };
        let (requests, paging) =
            walk("houses-sale/brno-mesto", |query, _| Some(portal.answer(&national(query))));
        assert_eq!(requests, 1);
        assert!(paging.incompleteness().unwrap().contains("ignores the segment's filter"));
    }

    #[test]
    fn totals_that_jump_end_nothing_early() {
        let portal = Portal::houses(4_200);
        for (factor, page) in [(0.1, 0), (0.5, 3), (0.0, 2), (1.5, 0), (3.0, 8), (1.5, 8)] {
            let (requests, paging) = walk("houses-sale", |query, number| {
                let mut answer = portal.answer(query);
                if number == page {
                    answer.pagination.total = (answer.pagination.total as f64 * factor) as u64;
                }
                Some(answer)
            });
            assert_complete(&paging, 4_200);
            assert!(requests <= 11, "{requests}");
        }
    }

    #[test]
    fn rows_that_move_to_the_top_are_found_there() {
        let mut portal = Portal::houses(20_000);
        let mut random = fastrand::Rng::with_seed(1);
        let (requests, paging) = walk("houses-sale", |query, _| {
            // Twenty times the rate at which all adverts would move once a day.
            for _ in 0..4 {
                let moved = portal.listings.remove(random.usize(..portal.listings.len()));
                portal.listings.insert(0, moved);
            }
            Some(portal.answer(query))
        });
        assert_eq!(paging.incompleteness(), None);
        assert!(paging.seen() >= 19_990, "{}", paging.seen());
        assert!(requests <= 80, "{requests}");
    }

    #[test]
    fn pages_that_fail_are_read_later() {
        let portal = Portal::houses(20_000);
        let (_, paging) = walk("houses-sale", |query, number| (number % 3 > 0).then(|| portal.answer(query)));
        assert_eq!(paging.incompleteness(), None);
        let portal = Portal::houses(8_000);
        let failing = |query: &SearchQuery| query.offset == 2_000;
        let (requests, paging) =
            walk("houses-sale", |query, _| (!failing(query)).then(|| portal.answer(query)));
        assert_eq!(paging.incompleteness().unwrap(), "1 pages could not be read");
        assert!(requests < 40, "{requests}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        /// Whatever the order of the lists, the share of failing pages and the size of the segment: what is called
        /// complete is complete, and it takes a bounded number of requests to say so.
        #[test]
        fn complete_means_that_nearly_everything_was_seen(
            listings in 0_u64..25_000, seed: u64, failing in 0_u32..4, shuffled: bool, missing in 0_u32..10,
        ) {
            let mut portal = Portal::houses(listings);
            let mut random = fastrand::Rng::with_seed(seed);
            let (requests, paging) = walk("houses-sale", |query, _| {
                if shuffled {
                    random.shuffle(&mut portal.listings);
                }
                let mut answer = portal.answer(query);
                // The portal leaves some out now and then.
                answer.rows.retain(|_| random.u32(..100) >= missing);
                (random.u32(..10) >= failing).then_some(answer)
            });
            if paging.incompleteness().is_none() {
                prop_assert!(paging.seen() * 1000 >= listings * 995, "{} of {listings}", paging.seen());
            }
            let pages = listings.div_ceil(PAGE_LIMIT);
            prop_assert!(requests <= 60 + 12 * pages, "{requests} requests for {listings}");
            if failing == 0 && !shuffled && missing == 0 {
                prop_assert!(paging.incompleteness().is_none());
            }
        }
    }
}
