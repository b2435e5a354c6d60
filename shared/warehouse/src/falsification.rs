//! The check for falsified walks: right schema, right ids, right counts, wrong prices and positions.
//!
//! The portal has done so once (2024, its API before v1). Measured on four complete dumps of flats: in each, all prices
//! were the true ones times one factor (from dump to dump 1.83, 0.473 and 2.063), within 0.1 % from the 5th to the 95th
//! percentile, rounded to thousands; positions were shifted by a constant of 0.0066 to 0.0077 degrees. What was
//! measured here, and how far honest walks stay from the thresholds, is in `docs/decisions/0005-falsification.md`.

use std::collections::HashSet;

use serde::Serialize;

/// Half of a thousand: how far rounding to thousands moves a price.
const HALF_STEP: f64 = 500.0;
/// Half of the 0.1 % within which the prices of a falsified dump kept to its factor.
const STRAY: f64 = 0.000_5;
/// Fewer listings do not testify: a developer changes the prices of some dozen flats at once, and a narrow segment may
/// hold little else.
const FEWEST_LISTINGS: usize = 50;
/// Fewer prices do not testify of roundness: of a hundred genuine ones less than 30 are round once in a million times.
const FEWEST_PRICES: usize = 100;
/// A factor nearer to 1 is lost among rounded prices; it would falsify little, and rounding tells of it all the same.
const SMALLEST_CHANGE: f64 = 0.002;
/// A falsified walk follows its factor but for what changed honestly since: a month's changes leave three in four.
/// Honest walks stay below, whatever 60 % of their listings do together.
const FOLLOWING: f64 = 0.75;
/// Falsified prices are all whole thousands; of honest ones at most those that changed become so.
const EVEN: f64 = 0.9;
/// Genuine sets have 0.54 to 0.84 round prices, falsified ones 0.06 to 0.15: at most 0.28 of what they were. Were 60 % of
/// the prices changed and none of those round, 0.4 would be left.
const ROUNDNESS_LEFT: f64 = 1.0 / 3.0;
/// Below it, what was loaded before is not round either and cannot lose it.
const ROUND_ENOUGH: f64 = 0.3;
/// Between 0.15 and 0.54, of flats for sale, where nothing is known of the same listings.
const ROUND: f64 = 0.3;
/// Below it, prices are no genuine sale prices, and say nothing of roundness.
const CHEAPEST_SALE: i64 = 200_000;
/// The code of sales among deal types.
const SALE: i16 = 1;
/// Degrees, a tenth of the shift that was measured (40 to 60 m). The median honest displacement is zero.
const SHIFT: f64 = 0.000_7;

/// Why a walk is taken to be falsified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Falsified {
    /// The signs that spoke, with their figures.
    pub reason: String,
    /// All figures that the decision rests on, as JSON.
    pub figures: String,
}

/// What a walk's sightings look like beside what was known of the same listings at its time. Shares are from 0 to 1, and
/// `None` where there is nothing to take them of.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
struct Figures {
    /// Listings with a price in crowns before and now.
    compared: usize,
    /// Share of those at the same price.
    unchanged: Option<f64>,
    /// The factor that explains the prices of most of them, rounding to thousands allowed for.
    factor: Option<f64>,
    /// Listings, priced before and now, that are dear enough to tell the factor from 1 in spite of rounding.
    telling: usize,
    /// Share of those that follow the factor.
    following: Option<f64>,
    /// Compared listings whose price was no whole thousands.
    uneven_before: usize,
    /// Share of those whose price is whole thousands now.
    even_now: Option<f64>,
    /// Compared sale prices above 200 000 CZK.
    sales: usize,
    /// Share of those that were divisible by 10 000.
    sales_round_before: Option<f64>,
    /// Share of those that are.
    sales_round_now: Option<f64>,
    /// Prices above 200 000 CZK of flats for sale, known from before or not.
    flats_for_sale: usize,
    /// Share of those divisible by 10 000.
    flats_round: Option<f64>,
    /// Positions that are known from before and now.
    places: usize,
    /// Their median displacement to the north in degrees.
    north: Option<f64>,
    /// Their median displacement to the east in degrees.
    east: Option<f64>,
}

/// A listing's price in crowns before and now, neither of them 0.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ComparedPrice {
    deal: i16,
    before: i64,
    now: i64,
}

/// A position in degrees: north, east.
pub(crate) type Position = (f64, f64);

/// What of a walk can testify.
#[derive(Debug, Default)]
pub(crate) struct Testimony {
    /// The prices of listings that are known from before.
    pub(crate) prices: Vec<ComparedPrice>,
    /// The prices in crowns of flats for sale, known from before or not.
    pub(crate) flats_for_sale: Vec<i64>,
    /// Where listings were and are, of those that say another position.
    pub(crate) moves: Vec<(Position, Position)>,
    /// Where the others are.
    pub(crate) unmoved: Vec<Position>,
}

/// Whether a walk is falsified, by what its listings look like beside what was known of them at its time.
pub(crate) fn judge(testimony: &Testimony) -> Option<Falsified> {
    let figures = Figures::of(testimony);
    let signs = figures.signs();
    (!signs.is_empty()).then(|| Falsified { reason: signs.join("; "), figures: figures.json() })
}

/// Whether so many positions moved that it matters how many did not.
pub(crate) fn positions_may_testify(moves: &[(Position, Position)]) -> bool {
    let far = |((north, east), (new_north, new_east)): &&(Position, Position)| {
        (new_north - north).abs() >= SHIFT || (new_east - east).abs() >= SHIFT
    };
    moves.iter().filter(far).count() * 2 >= FEWEST_LISTINGS
}

impl Figures {
    fn of(testimony: &Testimony) -> Self {
        let prices = &testimony.prices;
        let factor = common_factor(prices);
        let telling = |factor: f64| {
            prices.iter().filter(move |price| (factor - 1.0).abs() * price.before as f64 > 2.0 * HALF_STEP)
        };
        let follows = |factor: f64, price: &ComparedPrice| {
            (price.now as f64 - factor * price.before as f64).abs() <= price.slack()
        };
        let uneven = || prices.iter().filter(|price| price.before % 1000 != 0);
        let dear = |price: &&ComparedPrice| {
            price.deal == SALE && price.before > CHEAPEST_SALE && price.now > CHEAPEST_SALE
        };
        let sales = || prices.iter().filter(dear);
        let flats = || testimony.flats_for_sale.iter().filter(|price| **price > CHEAPEST_SALE);
        let displacements = displacements(testimony);
        Self {
            compared: prices.len(),
            unchanged: share_of(prices.iter(), |price| price.before == price.now),
            factor,
            telling: factor.map_or(0, |factor| telling(factor).count()),
            following: factor.and_then(|factor| share_of(telling(factor), |price| follows(factor, price))),
            uneven_before: uneven().count(),
            even_now: share_of(uneven(), |price| price.now % 1000 == 0),
            sales: sales().count(),
            sales_round_before: share_of(sales(), |price| price.before % 10_000 == 0),
            sales_round_now: share_of(sales(), |price| price.now % 10_000 == 0),
            flats_for_sale: flats().count(),
            flats_round: share_of(flats(), |price| *price % 10_000 == 0),
            places: displacements.len(),
            north: median(displacements.iter().map(|(north, _)| *north)),
            east: median(displacements.iter().map(|(_, east)| *east)),
        }
    }

    fn json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl ComparedPrice {
    /// `None` where one of them says nothing.
    pub(crate) fn new(deal: i16, before: i64, now: i64) -> Option<Self> {
        (before > 0 && now > 0).then_some(Self { deal, before, now })
    }

    /// How far the price may lie from the factor's: it may have been rounded to thousands.
    fn slack(&self) -> f64 {
        let rounded = if self.now % 1000 == 0 { HALF_STEP } else { 0.0 };
        rounded + self.now as f64 * STRAY
    }
}

/// Every price says within which bounds a factor lies that would lead to it. The factor within the bounds of most listings
/// is the walk's, if it has one; unlike the median it is not moved by what changed honestly.
fn common_factor(prices: &[ComparedPrice]) -> Option<f64> {
    let mut bounds: Vec<(f64, i32)> = prices
        .iter()
        .flat_map(|price| {
            let now = price.now as f64;
            let before = price.before as f64;
            let slack = price.slack();
            [((now - slack) / before, 1), ((now + slack) / before, -1)]
        })
        .collect();
    bounds.sort_unstable_by(|one, other| one.0.total_cmp(&other.0).then(other.1.cmp(&one.1)));
    let mut listings = 0;
    let mut most = 0;
    let mut factor = None;
    for (index, (least, step)) in bounds.iter().enumerate() {
        listings += step;
        if listings > most
            && let Some((greatest, _)) = bounds.get(index + 1)
        {
            (most, factor) = (listings, Some(f64::midpoint(*least, *greatest)));
        }
    }
    factor
}

/// How far each place moved. Many adverts share one pin, such as a municipality's centre: it counts once for each place that
/// its adverts are at now.
fn displacements(Testimony { moves, unmoved, .. }: &Testimony) -> Vec<Position> {
    let bits = |(north, east): Position| (north.to_bits(), east.to_bits());
    let unmoved = unmoved.iter().map(|position| (*position, *position));
    let mut met = HashSet::new();
    let distinct =
        moves.iter().copied().chain(unmoved).filter(|(old, new)| met.insert((bits(*old), bits(*new))));
    distinct.map(|(old, new)| (new.0 - old.0, new.1 - old.1)).collect()
}

fn share_of<T>(all: impl Iterator<Item = T>, counts: impl Fn(T) -> bool) -> Option<f64> {
    let mut number = 0_u32;
    let mut counting = 0_u32;
    for item in all {
        number += 1;
        counting += u32::from(counts(item));
    }
    (number > 0).then(|| f64::from(counting) / f64::from(number))
}

fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let upper = values.len() / 2;
    let lower = values.len().checked_sub(1)? / 2;
    Some(f64::midpoint(*values.get(lower)?, *values.get(upper)?))
}

impl Figures {
    /// Every sign of falsification, in words; none for an honest walk.
    fn signs(&self) -> Vec<String> {
        let signs = [self.one_factor(), self.evened(), self.roundness(), self.shift()];
        let mut signs: Vec<_> = signs.into_iter().flatten().collect();
        if !signs.is_empty() && self.was_less_round() {
            signs.push(
                "but prices were less round before: perhaps what was loaded before is falsified".to_owned(),
            );
        }
        signs
    }

    fn one_factor(&self) -> Option<String> {
        let Self { factor: Some(factor), telling, following: Some(following), .. } = *self else {
            return None;
        };
        let speaks =
            telling >= FEWEST_LISTINGS && (factor - 1.0).abs() >= SMALLEST_CHANGE && following >= FOLLOWING;
        speaks
            .then(|| format!("of {telling} prices {} are {factor:.4} times what they were", share(following)))
    }

    fn evened(&self) -> Option<String> {
        let Self { uneven_before, even_now: Some(even), .. } = *self else { return None };
        let speaks = uneven_before >= FEWEST_LISTINGS && even >= EVEN;
        speaks.then(|| {
            format!("of {uneven_before} prices that were no whole thousands {} now are", share(even))
        })
    }

    fn roundness(&self) -> Option<String> {
        if let (Some(before), Some(now)) = (self.sales_round_before, self.sales_round_now)
            && self.sales >= FEWEST_PRICES
        {
            let speaks = before >= ROUND_ENOUGH && now < before * ROUNDNESS_LEFT;
            let sales = self.sales;
            let before = share(before);
            let now = share(now);
            return speaks
                .then(|| format!("of {sales} sale prices {before} were divisible by 10 000, now {now} are"));
        }
        // The same listings say more; and for other segments than flats for sale no share was measured.
        let Self { flats_for_sale, flats_round: Some(round), .. } = *self else { return None };
        let speaks = flats_for_sale >= FEWEST_PRICES && round < ROUND;
        speaks.then(|| {
            format!("of {flats_for_sale} prices of flats only {} are divisible by 10 000", share(round))
        })
    }

    fn shift(&self) -> Option<String> {
        let Self { places, north: Some(north), east: Some(east), .. } = *self else { return None };
        let speaks = places >= FEWEST_LISTINGS && (north.abs() >= SHIFT || east.abs() >= SHIFT);
        speaks.then(|| {
            format!("{places} positions moved together by {north:.4} degrees to the north and {east:.4} to the east")
        })
    }

    /// Whether it is rather the prices from before that look falsified.
    fn was_less_round(&self) -> bool {
        match (self.sales_round_before, self.sales_round_now) {
            (Some(before), Some(now)) => self.sales >= FEWEST_PRICES && before < now * ROUNDNESS_LEFT,
            _ => false,
        }
    }
}

fn share(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An unchanged walk of flats for sale.
    fn honest() -> Figures {
        Figures {
            compared: 520,
            unchanged: Some(0.99),
            factor: Some(1.0),
            telling: 0,
            following: None,
            uneven_before: 80,
            even_now: Some(0.01),
            sales: 480,
            sales_round_before: Some(0.7),
            sales_round_now: Some(0.7),
            flats_for_sale: 490,
            flats_round: Some(0.7),
            places: 520,
            north: Some(0.0),
            east: Some(0.0),
        }
    }

    fn speaks(figures: &Figures, sign: &str) -> bool {
        figures.signs().iter().any(|text| text.contains(sign))
    }

    #[test]
    fn an_honest_walk_shows_no_sign() {
        assert!(honest().signs().is_empty());
        assert!(Figures::default().signs().is_empty());
    }

    #[test]
    fn every_sign_speaks_for_itself() {
        let factor = Figures { factor: Some(0.473), telling: 480, following: Some(0.99), ..honest() };
        assert_eq!(factor.signs(), ["of 480 prices 99.0 % are 0.4730 times what they were"]);
        let evened = Figures { even_now: Some(1.0), ..honest() };
        assert_eq!(evened.signs(), ["of 80 prices that were no whole thousands 100.0 % now are"]);
        let unround = Figures { sales_round_now: Some(0.11), ..honest() };
        assert_eq!(unround.signs(), ["of 480 sale prices 70.0 % were divisible by 10 000, now 11.0 % are"]);
        let shifted = Figures { north: Some(0.0071), east: Some(-0.0068), ..honest() };
        assert_eq!(
            shifted.signs(),
            ["520 positions moved together by 0.0071 degrees to the north and -0.0068 to the east"]
        );
    }

    #[test]
    fn a_shift_in_one_direction_is_enough() {
        assert!(speaks(&Figures { east: Some(0.0066), ..honest() }, "positions"));
        assert!(speaks(&Figures { north: Some(-0.0066), ..honest() }, "positions"));
        assert!(!speaks(&Figures { north: Some(0.000_01), ..honest() }, "positions"));
    }

    #[test]
    fn what_few_listings_say_does_not_count() {
        let few = Figures {
            factor: Some(0.9),
            telling: 49,
            following: Some(1.0),
            uneven_before: 49,
            even_now: Some(1.0),
            sales: 99,
            sales_round_now: Some(0.0),
            flats_for_sale: 99,
            flats_round: Some(0.0),
            places: 49,
            north: Some(0.007),
            ..honest()
        };
        assert!(few.signs().is_empty());
    }

    #[test]
    fn the_roundness_of_a_first_walk_counts_for_flats_for_sale_alone() {
        let first = |round| Figures { flats_for_sale: 400, flats_round: Some(round), ..Figures::default() };
        for genuine in [0.54, 0.84] {
            assert!(first(genuine).signs().is_empty());
        }
        for falsified in [0.06, 0.15] {
            assert_eq!(first(falsified).signs().len(), 1);
        }
        assert!(Figures { flats_for_sale: 0, flats_round: None, ..first(0.1) }.signs().is_empty());
    }

    #[test]
    fn three_in_ten_raised_alike_are_no_factor() {
        // The factor of most listings is 1 then; even six in ten are not enough.
        let raised = Figures { factor: Some(1.05), telling: 480, following: Some(0.6), ..honest() };
        assert!(raised.signs().is_empty());
    }

    #[test]
    fn an_honest_walk_after_a_falsified_one_says_that_the_other_may_be_at_fault() {
        let after = Figures {
            factor: Some(2.114),
            telling: 480,
            following: Some(0.98),
            sales_round_before: Some(0.1),
            ..honest()
        };
        assert!(speaks(&after, "2.1140 times") && speaks(&after, "what was loaded before is falsified"));
    }
}
