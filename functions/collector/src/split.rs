//! Into which parts a segment is split that holds more than one query of the portal lets through.

use sreality::category::SUB_CATEGORIES;
use sreality::place::{ALL_PRAGUE, DISTRICTS, District, Place, REGIONS};
use sreality::{Identity, Segment};

/// A list of sub-categories is made to hold at most this share of the cap, by what is known when it is made: listings
/// come, and the rows seen so far tell the rest only roughly.
const FILL: f64 = 0.9;

/// The parts of a segment, each narrower than it; none if it cannot be split. `seen` are the listings of the segment that
/// are known by now, of `total` that it holds.
///
/// First by sub-category: every listing has one, so together the parts are the whole. Those that are small are asked for
/// in one list (the portal takes several, joined by commas), as few lists as fit under the cap: each part costs about half a page.
/// Then by region, then by district. Some listings have neither, but the pages of the segment itself, up to the
/// cap, show most of them.
pub(crate) fn split<'a>(
    segment: &Segment,
    seen: impl Iterator<Item = &'a Identity>,
    total: u64,
    cap: u64,
) -> Vec<Segment> {
    if segment.sub_categories.len() != 1 {
        return by_sub_category(segment, seen, total, cap);
    }
    let narrow = |place| Segment { place: Some(place), ..segment.clone() };
    // All of Prague (47) includes its ten districts and the adverts that know no finer place.
    let whole = |district: &&District| district.id <= 77;
    match segment.place {
        None => REGIONS.iter().map(Place::Region).map(narrow).collect(),
        Some(Place::Region(region)) => {
            let within = DISTRICTS.iter().filter(whole).filter(|district| district.region_id == region.id);
            within.map(Place::District).map(narrow).collect()
        }
        Some(Place::District(district)) if district.id == ALL_PRAGUE => {
            let within = |part: &&District| part.id != ALL_PRAGUE && district.includes(part.id);
            DISTRICTS.iter().filter(within).map(Place::District).map(narrow).collect()
        }
        Some(Place::District(_)) => Vec::new(),
    }
}

/// The fewest lists of sub-categories that fit under the cap: the largest first, each into the first list with room.
fn by_sub_category<'a>(
    segment: &Segment,
    seen: impl Iterator<Item = &'a Identity>,
    total: u64,
    cap: u64,
) -> Vec<Segment> {
    let asked = |sub: &&_| segment.sub_categories.is_empty() || segment.sub_categories.contains(sub);
    let of_category = SUB_CATEGORIES.iter().filter(|sub| sub.category == segment.category);
    let mut sizes: Vec<(_, f64)> = of_category.filter(asked).map(|sub| (sub, 0.0)).collect();
    let mut known = 0.0;
    for listing in seen {
        let size = sizes.iter_mut().find(|(sub, _)| listing.sub_category == Some(sub.code));
        if let Some((_, size)) = size {
            (*size, known) = (*size + 1.0, known + 1.0);
        }
    }
    let (scale, room) = (total as f64 / f64::max(known, 1.0), cap as f64 * FILL);
    sizes.sort_by(|(_, one), (_, other)| other.total_cmp(one));
    let mut lists: Vec<(f64, Vec<_>)> = Vec::new();
    for (sub, size) in sizes {
        let size = size * scale;
        match lists.iter_mut().find(|(filled, _)| filled + size <= room) {
            Some((filled, subs)) => {
                *filled += size;
                subs.push(sub);
            }
            None => lists.push((size, vec![sub])),
        }
    }
    // One list would be the segment itself: what was seen does not tell the sizes, so it is halved.
    if let [(_, subs)] = lists.as_mut_slice() {
        let half = subs.split_off(subs.len() / 2);
        lists.push((0.0, half));
    }
    let narrow = |(_, mut subs): (f64, Vec<&'static sreality::category::SubCategory>)| {
        subs.sort_unstable_by_key(|sub| sub.code);
        Segment { sub_categories: subs, ..segment.clone() }
    };
    lists.into_iter().map(narrow).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(segment: &str, seen: &[(i16, u32)], total: u64) -> Vec<String> {
        let listing = |sub| Identity { sub_category: Some(sub), ..Identity::default() };
        let seen: Vec<_> =
            seen.iter().flat_map(|&(sub, count)| (0..count).map(move |_| listing(sub))).collect();
        let parts = split(&segment.parse().unwrap(), seen.iter(), total, 10_000);
        parts.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn small_sub_categories_are_asked_for_in_one_list() {
        let lists = parts("houses-sale", &[(37, 70), (33, 15), (43, 10), (39, 5)], 20_000);
        assert_eq!(lists[0], "houses-sale/rodinny");
        assert_eq!(lists.len(), 2, "{lists:?}");
        let of_category = SUB_CATEGORIES.iter().filter(|sub| sub.category.slug() == "houses").count();
        assert_eq!(lists[1].split('.').count(), of_category - 1);
    }

    #[test]
    fn lists_are_filled_to_what_fits_under_the_cap() {
        let lists = parts("flats-sale", &[(2, 20), (4, 30), (6, 30), (8, 15), (47, 5)], 20_000);
        assert_eq!(lists.len(), 3, "{lists:?}");
    }

    #[test]
    fn a_segment_of_which_nothing_is_known_is_halved() {
        let lists = parts("flats-sale", &[], 20_000);
        assert_eq!(lists.len(), 2, "{lists:?}");
        assert_eq!(lists.iter().map(|list| list.split('.').count()).sum::<usize>(), 13);
    }

    #[test]
    fn one_sub_category_is_split_by_region_then_district_then_not_at_all() {
        assert_eq!(parts("houses-sale/rodinny", &[], 16_000).len(), 14);
        assert_eq!(parts("houses-sale/stredocesky/rodinny", &[], 11_000).len(), 12);
        assert_eq!(parts("flats-sale/praha/2-kk", &[], 11_000), ["flats-sale/hlavni-mesto-praha/2-kk"]);
        assert_eq!(parts("flats-sale/hlavni-mesto-praha/2-kk", &[], 11_000).len(), 10);
        assert!(parts("houses-sale/brno-mesto/rodinny", &[], 12_000).is_empty());
    }
}
