//! The kinds of property on offer: for each sub-category its title, how common it is, how large and how dear.
//!
//! Titles follow the grammar of recorded rows (2025-10 to 2026-05). Family houses make up 74 % of the houses
//! for sale, as measured in July 2026: 16 143 of 21 853, more than one query can page through.

use sreality::category::{Category, Deal, SUB_CATEGORIES, SubCategory};

use crate::market::geography::Locale;
use crate::random::Random;

/// One sub-category as the market offers it.
#[derive(Debug)]
pub(crate) struct Kind {
    /// The sub-category.
    pub(crate) sub_category: &'static SubCategory,
    /// What the title calls it, in the genitive: "rodinného domu".
    pub(crate) title: &'static str,
    /// Its weight within its category where the deal is not a rent, and where it is.
    weights: (u32, u32),
    /// From and to how many m².
    area: (u32, u32),
    /// What a m² costs.
    price: Rate,
    /// What a m² is let for, per month.
    rent: Rate,
}

/// A price per m².
#[derive(Clone, Copy, Debug)]
enum Rate {
    /// As a multiple of what a flat costs at that place, or is let for.
    OfFlats(f64),
    /// From and to how many CZK, wherever it is.
    Anywhere(f64, f64),
}

use Rate::{Anywhere, OfFlats};

impl Kind {
    /// Draws a kind of this category.
    pub(crate) fn draw(category: Category, deal: Deal, random: &mut Random) -> &'static Self {
        let weight = |kind: &Self| if deal == Deal::Rent { kind.weights.1 } else { kind.weights.0 };
        match category {
            Category::Flats => random.weighted(&FLATS, weight),
            Category::Houses => random.weighted(&HOUSES, weight),
            Category::Land => random.weighted(&LAND, weight),
            Category::Commercial => random.weighted(&COMMERCIAL, weight),
            Category::Other => random.weighted(&OTHER, weight),
        }
    }

    /// Draws an area in m²: small ones are common, large ones rare.
    pub(crate) fn draw_area(&self, random: &mut Random) -> u32 {
        let (least, most) = self.area;
        let middle = (random.fraction() + random.fraction()) / 2.0;
        let share = match self.sub_category.category {
            // Within one disposition areas are spread around the middle.
            Category::Flats => middle,
            Category::Houses => middle * middle,
            Category::Land | Category::Commercial | Category::Other => middle * middle * middle,
        };
        least + (f64::from(most - least) * share) as u32
    }

    /// Draws a price in CZK per m² (and month, for a rent) at this place.
    pub(crate) fn draw_rate(&self, deal: Deal, locale: &Locale, random: &mut Random) -> f64 {
        let (rate, of_flats) = if deal == Deal::Rent {
            (self.rent, locale.flat_rent())
        } else {
            (self.price, locale.flat_price)
        };
        match rate {
            OfFlats(factor) => of_flats * factor * random.around_one(0.35),
            Anywhere(least, most) => random.within(least, most),
        }
    }
}

/// A row of the tables below.
const fn kind(
    code: i16,
    title: &'static str,
    weights: (u32, u32),
    area: (u32, u32),
    price: Rate,
    rent: Rate,
) -> Kind {
    Kind { sub_category: sub_category(code), title, weights, area, price, rent }
}

/// The sub-category with this code; the build fails if there is none.
#[expect(clippy::indexing_slicing, clippy::panic, reason = "runs at compile time only")]
const fn sub_category(code: i16) -> &'static SubCategory {
    let mut index = 0;
    while index < SUB_CATEGORIES.len() {
        if SUB_CATEGORIES[index].code == code {
            return &SUB_CATEGORIES[index];
        }
        index += 1;
    }
    panic!("no such sub-category")
}

#[rustfmt::skip]
static FLATS: [Kind; 13] = [
    kind(2, "bytu 1+kk", (95, 210), (18, 45), OfFlats(1.18), OfFlats(1.25)),
    kind(3, "bytu 1+1", (60, 90), (28, 50), OfFlats(1.02), OfFlats(1.05)),
    kind(4, "bytu 2+kk", (210, 270), (35, 70), OfFlats(1.10), OfFlats(1.08)),
    kind(5, "bytu 2+1", (150, 130), (45, 75), OfFlats(0.94), OfFlats(0.92)),
    kind(6, "bytu 3+kk", (190, 130), (58, 105), OfFlats(1.03), OfFlats(0.98)),
    kind(7, "bytu 3+1", (160, 75), (60, 100), OfFlats(0.88), OfFlats(0.85)),
    kind(8, "bytu 4+kk", (60, 32), (80, 160), OfFlats(1.04), OfFlats(0.98)),
    kind(9, "bytu 4+1", (34, 16), (78, 140), OfFlats(0.86), OfFlats(0.82)),
    kind(10, "bytu 5+kk", (13, 8), (110, 250), OfFlats(1.05), OfFlats(0.95)),
    kind(11, "bytu 5+1", (9, 5), (100, 220), OfFlats(0.82), OfFlats(0.80)),
    kind(12, "bytu 6 pokojů a více", (6, 4), (130, 350), OfFlats(0.95), OfFlats(0.85)),
    kind(16, "bytu atypické", (12, 10), (25, 150), OfFlats(0.95), OfFlats(0.95)),
    kind(47, "pokoje", (1, 20), (8, 25), OfFlats(0.95), OfFlats(1.40)),
];

#[rustfmt::skip]
static HOUSES: [Kind; 8] = [
    kind(33, "chaty", (110, 60), (20, 120), OfFlats(0.55), OfFlats(0.60)),
    kind(35, "památky/jiné", (8, 5), (80, 1500), OfFlats(0.25), OfFlats(0.30)),
    kind(37, "rodinného domu", (740, 820), (60, 420), OfFlats(0.62), OfFlats(0.60)),
    kind(39, "vily", (28, 70), (150, 700), OfFlats(0.85), OfFlats(0.75)),
    kind(40, "projektu na klíč", (16, 1), (70, 220), OfFlats(0.60), OfFlats(0.60)),
    kind(43, "chalupy", (60, 25), (50, 300), OfFlats(0.40), OfFlats(0.45)),
    kind(44, "zemědělské usedlosti", (24, 9), (100, 1200), OfFlats(0.28), OfFlats(0.25)),
    kind(54, "vícegeneračního domu", (14, 10), (140, 500), OfFlats(0.55), OfFlats(0.55)),
];

#[rustfmt::skip]
static LAND: [Kind; 9] = [
    kind(18, "komerčního pozemku", (60, 300), (200, 40_000), OfFlats(0.025), Anywhere(5.0, 40.0)),
    kind(19, "stavebního pozemku", (430, 80), (300, 6_000), OfFlats(0.045), Anywhere(4.0, 20.0)),
    kind(20, "pole", (140, 120), (300, 60_000), Anywhere(22.0, 75.0), Anywhere(0.5, 2.0)),
    kind(21, "lesa", (70, 10), (300, 80_000), Anywhere(12.0, 45.0), Anywhere(0.5, 1.0)),
    kind(22, "louky", (60, 40), (300, 30_000), Anywhere(18.0, 90.0), Anywhere(0.5, 2.0)),
    kind(23, "zahrady", (110, 130), (80, 4_000), OfFlats(0.014), Anywhere(3.0, 15.0)),
    kind(24, "pozemku", (110, 300), (50, 20_000), OfFlats(0.007), Anywhere(2.0, 30.0)),
    kind(46, "rybníku", (5, 5), (500, 30_000), Anywhere(40.0, 160.0), Anywhere(0.5, 2.0)),
    kind(48, "sadu, vinice", (15, 10), (400, 20_000), Anywhere(35.0, 180.0), Anywhere(0.5, 3.0)),
];

#[rustfmt::skip]
static COMMERCIAL: [Kind; 12] = [
    kind(25, "kanceláře", (60, 430), (12, 900), OfFlats(0.65), OfFlats(0.70)),
    kind(26, "skladu", (50, 170), (30, 6_000), OfFlats(0.20), Anywhere(60.0, 160.0)),
    kind(27, "výrobního prostoru", (80, 70), (80, 8_000), OfFlats(0.18), Anywhere(60.0, 170.0)),
    kind(28, "obchodního prostoru", (130, 230), (15, 800), OfFlats(0.60), OfFlats(0.75)),
    kind(29, "ubytovacího zařízení", (150, 10), (150, 3_000), OfFlats(0.40), OfFlats(0.45)),
    kind(30, "restaurace", (80, 25), (60, 900), OfFlats(0.40), OfFlats(0.45)),
    kind(31, "zemědělského objektu", (40, 4), (100, 6_000), OfFlats(0.10), Anywhere(20.0, 80.0)),
    kind(32, "komerčního prostoru", (140, 45), (15, 2_500), OfFlats(0.35), OfFlats(0.45)),
    kind(38, "činžovního domu", (220, 3), (180, 1_800), OfFlats(0.45), OfFlats(0.50)),
    kind(49, "virtuální kanceláře", (1, 8), (5, 15), OfFlats(0.50), Anywhere(60.0, 180.0)),
    kind(56, "ordinace", (15, 28), (20, 250), OfFlats(0.70), OfFlats(0.75)),
    kind(57, "apartmánu", (60, 12), (20, 120), OfFlats(1.20), OfFlats(1.20)),
];

#[rustfmt::skip]
static OTHER: [Kind; 6] = [
    kind(34, "garáže", (420, 380), (14, 40), OfFlats(0.35), Anywhere(80.0, 220.0)),
    kind(36, "ostatního objektu", (180, 90), (10, 500), OfFlats(0.15), Anywhere(40.0, 150.0)),
    kind(50, "vinného sklepa", (60, 5), (15, 150), OfFlats(0.30), Anywhere(50.0, 120.0)),
    kind(51, "půdního prostoru", (40, 5), (40, 300), OfFlats(0.35), Anywhere(50.0, 120.0)),
    kind(52, "garážového stání", (270, 515), (10, 18), OfFlats(0.38), Anywhere(100.0, 280.0)),
    kind(53, "mobilheimu", (30, 5), (20, 60), OfFlats(0.45), Anywhere(150.0, 300.0)),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sub_category_has_its_kind_in_its_own_category() {
        let tables: [&[Kind]; 5] = [&FLATS, &HOUSES, &LAND, &COMMERCIAL, &OTHER];
        for (category, table) in Category::ALL.into_iter().zip(tables) {
            assert!(table.iter().all(|kind| kind.sub_category.category == category));
        }
        let mut codes: Vec<_> = tables.into_iter().flatten().map(|kind| kind.sub_category.code).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), SUB_CATEGORIES.len());
    }

    #[test]
    fn areas_stay_in_their_range() {
        let mut random = Random::new(3);
        for kind in &FLATS {
            let (least, most) = kind.area;
            assert!((0..200).all(|_| (least..=most).contains(&kind.draw_area(&mut random))));
        }
    }
}
