//! The core without a database: walks of one listing, in any order, one by one.

use jiff::{Timestamp, ToSpan};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use uuid::Uuid;

use super::*;
use crate::event::EventKind;

/// What one walk says of the listing.
#[derive(Clone, Debug)]
struct Walk {
    moment: Moment,
    filter: Filter,
    covering: bool,
    /// Whether it rejected a row of the listing.
    rejects: bool,
    /// Where it saw the listing, and at which price.
    seen: Option<(ListingPlace, Option<i64>)>,
}

const HOME: ListingPlace = ListingPlace {
    category: 1,
    deal: 1,
    sub_category: Some(4),
    region_id: Some(10),
    district_id: Some(5001),
};

fn filter(deal: i16, district_ids: Option<Vec<i32>>) -> Filter {
    Filter { category: 1, deal, region_id: None, district_ids, sub_categories: None }
}

fn walks() -> impl Strategy<Value = Vec<Walk>> {
    let filters = vec![
        filter(1, None),
        filter(1, None),
        filter(1, Some(vec![47, 5001])),
        filter(1, Some(vec![72])),
        filter(2, None),
    ];
    let places = vec![
        HOME,
        HOME,
        HOME,
        ListingPlace { district_id: Some(72), ..HOME },
        ListingPlace { deal: 2, ..HOME },
        ListingPlace { district_id: None, region_id: None, ..HOME },
    ];
    let seen = prop_oneof![
        2 => Just(None),
        5 => (select(places), select(vec![Some(5), Some(5), Some(4), None])).prop_map(Some),
    ];
    let walk = (0..6_i64, select(filters), any::<u8>(), seen);
    vec(walk, 1..10).prop_map(|walks| {
        let moment = |index: usize, day: i64| Moment {
            at: Timestamp::UNIX_EPOCH + (24 * day).hours(),
            // In another order than the starts, which may coincide.
            walk: Uuid::from_u128((index as u128 * 7 + 3) % 11 + 1),
        };
        let walk = |(index, (day, filter, dice, seen))| Walk {
            moment: moment(index, day),
            filter,
            covering: dice % 5 > 0,
            rejects: dice % 11 == 0,
            seen,
        };
        walks.into_iter().enumerate().map(walk).collect()
    })
}

/// The listing's place, by its newest sighting.
fn place_of(walks: &[Walk]) -> Option<ListingPlace> {
    let seen = walks.iter().filter_map(|walk| Some((walk.moment, walk.seen?.0)));
    seen.max_by_key(|(moment, _)| *moment).map(|(_, place)| place)
}

/// The covering walks of all pairs, in their order, and those that rejected the listing.
fn coverage_of(walks: &[Walk], place: &ListingPlace) -> (Vec<CoveringWalk>, Vec<Uuid>) {
    let mut covering: Vec<CoveringWalk> = walks
        .iter()
        .filter(|walk| {
            walk.covering && (walk.filter.category, walk.filter.deal) == (place.category, place.deal)
        })
        .map(|walk| CoveringWalk { moment: walk.moment, filter: walk.filter.clone() })
        .collect();
    covering.sort_by_key(|walk| walk.moment);
    (covering, walks.iter().filter(|walk| walk.rejects).map(|walk| walk.moment.walk).collect())
}

/// Lets the walks come one by one, as the load does.
fn in_this_order(walks: &[Walk]) -> History {
    let mut history = History::default();
    for (count, walk) in walks.iter().enumerate() {
        let (known, with) = (&walks[..count], &walks[..=count]);
        let Some(place) = place_of(with) else { continue };
        let old_place = place_of(known).unwrap_or(place);
        let (before, rejected_before) = coverage_of(known, &old_place);
        let (after, rejected_after) = coverage_of(with, &place);
        let before = Coverage { walks: &before, place: &old_place, rejected_by: &rejected_before };
        let after = Coverage { walks: &after, place: &place, rejected_by: &rejected_after };
        let said = walk.seen.map_or(Said::Unseen, |(_, price)| Said::Seen(price));
        history = with_walk(&history, &before, walk.moment, said, &after);
    }
    history
}

/// What the definitions say, without any order of coming.
fn by_definition(walks: &[Walk]) -> History {
    let mut walks = walks.to_vec();
    walks.sort_by_key(|walk| walk.moment);
    let Some(place) = place_of(&walks) else { return History::default() };
    let covers = |walk: &&Walk| walk.covering && walk.filter.matches(&place) && !walk.rejects;
    let sightings: Vec<(&Walk, Option<i64>)> =
        walks.iter().filter_map(|walk| Some((walk, walk.seen?.1))).collect();
    let extra = sightings.iter().filter(|(walk, _)| !covers(walk));
    let extra = extra.map(|(walk, price)| Sighting { moment: walk.moment, total_price: *price });
    let mut history = History { spells: Vec::new(), extra_sightings: extra.collect() };
    for (index, (walk, price)) in sightings.iter().enumerate() {
        let next = sightings.get(index + 1);
        let missed: Vec<Moment> = walks
            .iter()
            .filter(covers)
            .map(|other| other.moment)
            .filter(|other| *other > walk.moment && next.is_none_or(|(next, _)| *other < next.moment))
            .collect();
        let previous = index.checked_sub(1).map(|index| sightings[index]);
        let goes_on = previous.is_some_and(|(_, before)| before == *price)
            && history.spells.last().is_some_and(|spell: &Spell| spell.missing_since.is_none());
        let spell = Spell {
            first: if goes_on { history.spells.pop().unwrap().first } else { walk.moment },
            last: (next.is_some() || !missed.is_empty()).then_some(walk.moment),
            total_price: *price,
            missing_since: missed.first().map(|walk| walk.at),
            delisted_at: missed.get(2).map(|walk| walk.at),
            next_seen: next.map(|(next, _)| next.moment.at),
        };
        history.spells.push(spell);
    }
    history
}

/// What is told while walks come one by one, in this order.
fn told_in_this_order(walks: &[Walk]) -> Vec<Happening> {
    let mut told = Vec::new();
    for count in 1..=walks.len() {
        let Some(place) = place_of(&walks[..count]) else { continue };
        let (known, new) = (in_this_order(&walks[..count - 1]), in_this_order(&walks[..count]));
        let (covering, rejected_by) = coverage_of(&walks[..count], &place);
        let coverage = Coverage { walks: &covering, place: &place, rejected_by: &rejected_by };
        let was_looked_at = |first| coverage.was_looked_at_before(first);
        told.extend(happening(&known.spells, &new.spells, was_looked_at, true));
    }
    told
}

/// What a history of walks in their order has to tell.
fn tellings_of(history: &History, coverage: &Coverage<'_>) -> Vec<(EventKind, Timestamp)> {
    let mut tellings = Vec::new();
    let mut before: Option<&Spell> = None;
    for spell in &history.spells {
        let price = |spell: &Spell| spell.total_price;
        let kind = match before {
            None => coverage.was_looked_at_before(spell.first).then_some(EventKind::New),
            Some(before) if before.delisted_at.is_some() => Some(EventKind::Back),
            Some(before) => match price(before).zip(price(spell)) {
                Some((before, now)) if now < before => Some(EventKind::Cheaper),
                Some((before, now)) if now > before => Some(EventKind::Dearer),
                _ => None,
            },
        };
        tellings.extend(kind.map(|kind| (kind, spell.first.at)));
        tellings.extend(spell.delisted_at.map(|gone| (EventKind::Gone, gone)));
        before = Some(spell);
    }
    tellings
}

/// A hundred thousand histories take less than a minute, even unoptimised.
const HISTORIES: u32 = 100_000;

proptest! {
    #![proptest_config(ProptestConfig { cases: HISTORIES, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_history_is_what_the_definitions_say_in_whatever_order_its_walks_come(walks in walks()) {
        // Walks share ids now and then: the first of them counts.
        let mut met = std::collections::HashSet::new();
        let walks: Vec<Walk> = walks.into_iter().filter(|walk| met.insert(walk.moment.walk)).collect();
        let history = in_this_order(&walks);
        prop_assert_eq!(&history, &by_definition(&walks));
        // The same walk again changes nothing.
        if let (Some(last), Some(place)) = (walks.last(), place_of(&walks)) {
            let (covering, rejected_by) = coverage_of(&walks, &place);
            let coverage = Coverage { walks: &covering, place: &place, rejected_by: &rejected_by };
            let said = last.seen.map_or(Said::Unseen, |(_, price)| Said::Seen(price));
            prop_assert_eq!(with_walk(&history, &coverage, last.moment, said, &coverage), history);
        }
    }

    #[test]
    fn walks_in_their_order_tell_what_the_history_has_to_tell(walks in walks()) {
        let mut met = std::collections::HashSet::new();
        let mut walks: Vec<Walk> = walks.into_iter().filter(|walk| met.insert(walk.moment.walk)).collect();
        walks.sort_by_key(|walk| walk.moment);
        // Where a listing has moved, other walks have missed it than before.
        walks.iter_mut().filter_map(|walk| walk.seen.as_mut()).for_each(|seen| seen.0 = HOME);
        let told: Vec<_> =
            told_in_this_order(&walks).iter().map(|told| (told.kind, told.happened_at)).collect();
        let (covering, rejected_by) = coverage_of(&walks, &HOME);
        let coverage = Coverage { walks: &covering, place: &HOME, rejected_by: &rejected_by };
        prop_assert_eq!(told, tellings_of(&in_this_order(&walks), &coverage));
    }

    #[test]
    fn whatever_the_order_of_walks_nothing_is_told_twice(walks in walks()) {
        let mut met = std::collections::HashSet::new();
        let mut walks: Vec<Walk> = walks.into_iter().filter(|walk| met.insert(walk.moment.walk)).collect();
        for (minute, walk) in (0_i64..).zip(&mut walks) {
            // A spell is known by the start of its first walk, and no two walks start in one microsecond.
            walk.moment.at += minute.minutes();
            walk.seen.iter_mut().for_each(|seen| seen.0 = HOME);
        }
        let mut told = std::collections::HashSet::new();
        for Happening { kind, spell, .. } in told_in_this_order(&walks) {
            prop_assert!(told.insert((kind, spell)), "{kind:?} of {spell} twice");
        }
    }

    #[test]
    fn stays_and_price_changes_follow_from_spells(walks in walks()) {
        let history = in_this_order(&walks[..walks.len().min(9)]);
        let stays = stays(&history.spells);
        let delistings = history.spells.iter().filter(|spell| spell.delisted_at.is_some()).count();
        let returns =
            history.spells.iter().filter(|spell| spell.delisted_at.is_some() && spell.next_seen.is_some()).count();
        prop_assert_eq!(stays.len(), if history.spells.is_empty() { 0 } else { 1 + returns });
        prop_assert_eq!(stays.iter().filter(|stay| stay.gone_on.is_some()).count(), delistings);
        prop_assert!(stays.iter().skip(1).all(|stay| stay.returned) && stays.iter().take(1).all(|stay| !stay.returned));
        let on_market = stays.iter().filter(|stay| stay.days_on_market.is_some()).count();
        prop_assert_eq!(on_market, usize::from(delistings > returns));
        for change in price_changes(&history.spells) {
            prop_assert!(change.old_price != change.new_price);
            prop_assert!(history.spells.iter().any(|spell| spell.first == change.moment));
        }
    }
}

fn moment(day: i64) -> Moment {
    Moment { at: Timestamp::UNIX_EPOCH + (24 * day).hours(), walk: Uuid::from_u128(day as u128) }
}

/// Daily covering walks, and the prices at which the listing was seen.
fn daily(prices: &[(i64, i64)], days: i64) -> (Vec<Sighting>, Vec<CoveringWalk>) {
    let sightings =
        prices.iter().map(|(day, price)| Sighting { moment: moment(*day), total_price: Some(*price) });
    let walks = (0..days).map(|day| CoveringWalk { moment: moment(day), filter: filter(1, None) });
    (sightings.collect(), walks.collect())
}

#[test]
fn a_listing_is_gone_when_three_covering_walks_in_a_row_missed_it() {
    let (sightings, walks) = daily(&[(0, 5)], 4);
    for (days, missing, gone) in
        [(1, None, None), (2, Some(1), None), (3, Some(1), None), (4, Some(1), Some(3))]
    {
        let coverage = Coverage { walks: &walks[..days], place: &HOME, rejected_by: &[] };
        let [spell] = spells(&sightings, &coverage)[..] else { panic!("one spell") };
        let at = |day: Option<i64>| day.map(|day| moment(day).at);
        assert_eq!((spell.missing_since, spell.delisted_at), (at(missing), at(gone)), "{days} days");
        assert_eq!(spell.last.is_none(), missing.is_none());
    }
}

#[test]
fn a_walk_that_rejected_a_row_of_the_listing_does_not_miss_it() {
    let (sightings, walks) = daily(&[(0, 5)], 4);
    let rejected_by = [1, 2, 3].map(|day| moment(day).walk);
    let coverage = Coverage { walks: &walks, place: &HOME, rejected_by: &rejected_by };
    let [spell] = spells(&sightings, &coverage)[..] else { panic!("one spell") };
    assert_eq!((spell.last, spell.missing_since), (None, None));
}

#[test]
fn of_several_old_adverts_the_last_one_seen_was_relisted() {
    let advert = |hash_id, first_day: i64, missing_after: Option<i64>, price| Advert {
        hash_id,
        first_seen: moment(first_day).at,
        opening_price: Some(price),
        total_price: Some(price),
        missing_after: missing_after.map(|day| moment(day).at),
        agency: None,
    };
    let new = advert(9, 40, None, 100);
    let others = [
        advert(1, 0, Some(20), 100),
        advert(2, 0, Some(30), 120),
        // Too dear, too long ago, still there, and there when the new one came.
        advert(3, 0, Some(35), 200),
        advert(4, 0, Some(9), 100),
        advert(5, 0, None, 100),
        advert(6, 0, Some(40), 100),
    ];
    let found = relisting(&new, others.iter().chain([&new])).unwrap();
    assert_eq!((found.old_hash_id, found.old_price, found.same_agency), (2, Some(120), None));
}

#[test]
fn levels_are_prices_that_some_listing_has_and_the_last_walk_of_a_day_counts() {
    let sample = |district: i32, price: i64| {
        Sample::new(&ListingPlace { district_id: Some(district), ..HOME }, Some(price), Some(10)).unwrap()
    };
    let samples: Vec<Sample> = [100, 200, 300, 400, 500].map(|price| sample(5001, price)).into();
    let whole = filter(1, None);
    let levels = levels_with_walk(&samples, &whole, &[], PriceLevels::new());
    let all = Cell { region_id: -1, district_id: -1, sub_category: -1 };
    assert_eq!(levels[&all], Level { listings: 5, quartiles: [20, 30, 40] });
    // A later walk of a part of it takes over that part alone.
    let part = filter(1, Some(vec![5001]));
    let of_part = levels_with_walk(&[sample(5001, 900)], &part, &[], levels.clone());
    let district = Cell { region_id: 10, district_id: 5001, sub_category: -1 };
    assert_eq!((of_part[&all], of_part[&district].quartiles), (levels[&all], [90, 90, 90]));
    // Loaded the other way round, it is the same.
    let part_first = levels_with_walk(&[sample(5001, 900)], &part, &[], PriceLevels::new());
    assert_eq!(levels_with_walk(&samples, &whole, &[part], part_first), of_part);
}

#[test]
fn a_filter_matches_what_queries_for_its_segment_find() {
    let places =
        [(Some(10), Some(5001)), (Some(10), Some(47)), (Some(14), Some(72)), (Some(10), None), (None, None)];
    for segment in
        ["flats-sale", "flats-sale/praha", "flats-sale/hlavni-mesto-praha/2-kk", "flats-sale/praha-1"]
    {
        let segment: sreality::Segment = segment.parse().unwrap();
        let filter = Filter::from(&segment);
        for ((region_id, district_id), sub_category) in
            places.iter().flat_map(|place| [(*place, Some(4)), (*place, Some(6)), (*place, None)])
        {
            let place = ListingPlace { sub_category, region_id, district_id, ..HOME };
            let identity =
                sreality::Identity { hash_id: 1, sub_category, region_id, district_id, area_m2: None };
            assert_eq!(filter.matches(&place), segment.includes(&identity), "{segment} {place:?}");
            assert!(
                !filter.matches(&ListingPlace { deal: 2, ..place })
                    && !filter.matches(&ListingPlace { category: 2, ..place })
            );
        }
    }
}
