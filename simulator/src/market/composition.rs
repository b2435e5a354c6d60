//! What the market is made of: how many listings each category × deal segment holds, and in which of them
//! prices are left out or given per m².

use sreality::category::{Category, Deal};

/// One category × deal segment of the market.
#[derive(Debug)]
pub(crate) struct Section {
    /// Its main category.
    pub(crate) category: Category,
    /// Its deal type.
    pub(crate) deal: Deal,
    /// How many of 105 000 listings are in it.
    listings: usize,
    /// In what share of its listings the price is on request.
    pub(crate) on_request: f64,
    /// In what share the advertised price is per m².
    pub(crate) per_m2: f64,
}

const fn section(category: Category, deal: Deal, listings: usize, on_request: f64, per_m2: f64) -> Section {
    Section { category, deal, listings, on_request, per_m2 }
}

/// All sections, in the order of [`sreality::Segment::all_national`].
///
/// The large ones have the totals measured in June and July 2026 (flats for sale 20 029, houses for sale 21
/// 853, land for sale 20 887, commercial rents 14 650, land shares about 6 300), the others share the rest.
/// Prices on request are 10.9 % of all, 0.7 % of rented flats and 30 % of commercial rents (measured in May
/// 2026).
pub(crate) static SECTIONS: [Section; 20] = [
    section(Category::Flats, Deal::Sale, 20_000, 0.06, 0.0),
    section(Category::Flats, Deal::Rent, 10_000, 0.007, 0.0),
    section(Category::Flats, Deal::Auction, 250, 0.02, 0.0),
    section(Category::Flats, Deal::Share, 450, 0.05, 0.0),
    section(Category::Houses, Deal::Sale, 21_850, 0.07, 0.0),
    section(Category::Houses, Deal::Rent, 800, 0.08, 0.0),
    section(Category::Houses, Deal::Auction, 300, 0.02, 0.0),
    section(Category::Houses, Deal::Share, 750, 0.05, 0.0),
    section(Category::Land, Deal::Sale, 20_900, 0.12, 0.20),
    section(Category::Land, Deal::Rent, 350, 0.20, 0.10),
    section(Category::Land, Deal::Auction, 400, 0.02, 0.02),
    section(Category::Land, Deal::Share, 6_300, 0.07, 0.05),
    section(Category::Commercial, Deal::Sale, 5_000, 0.20, 0.01),
    section(Category::Commercial, Deal::Rent, 14_650, 0.30, 0.15),
    section(Category::Commercial, Deal::Auction, 100, 0.02, 0.0),
    section(Category::Commercial, Deal::Share, 150, 0.05, 0.0),
    section(Category::Other, Deal::Sale, 1_450, 0.05, 0.0),
    section(Category::Other, Deal::Rent, 1_200, 0.03, 0.0),
    section(Category::Other, Deal::Auction, 40, 0.02, 0.0),
    section(Category::Other, Deal::Share, 60, 0.05, 0.0),
];

/// How many listings each section holds in a market of `listings`: proportional, and adding up exactly.
pub(crate) fn section_sizes(listings: usize) -> [usize; 20] {
    let of: usize = SECTIONS.iter().map(|section| section.listings).sum();
    let (mut cumulated, mut given) = (0, 0);
    SECTIONS.each_ref().map(|section| {
        cumulated += section.listings;
        // Rounding the running total instead of each part lets the parts add up.
        let target = ((cumulated as u128 * listings as u128 + of as u128 / 2) / of as u128) as usize;
        let size = target - given;
        given = target;
        size
    })
}

/// The position of a section in [`SECTIONS`], by the portal's codes.
pub(crate) fn section_position(category: i16, deal: i16) -> Option<usize> {
    let known = (1..=5).contains(&category) && (1..=4).contains(&deal);
    known.then_some((category - 1) as usize * 4 + (deal - 1) as usize)
}

#[cfg(test)]
mod tests {
    use sreality::Segment;

    use super::*;

    #[test]
    fn sections_are_the_national_segments_in_their_order() {
        for (section, segment) in SECTIONS.iter().zip(Segment::all_national()) {
            assert_eq!((section.category, section.deal), (segment.category, segment.deal));
        }
    }

    #[test]
    fn sizes_are_proportional_and_add_up() {
        assert_eq!(section_sizes(105_000), SECTIONS.each_ref().map(|section| section.listings));
        for listings in [0, 1, 7, 1000, 54_321] {
            assert_eq!(section_sizes(listings).iter().sum::<usize>(), listings);
        }
        assert_eq!(section_sizes(1050)[0], 200);
    }

    #[test]
    fn a_tenth_of_the_market_is_on_request() {
        let on_request: f64 =
            SECTIONS.iter().map(|section| section.listings as f64 * section.on_request).sum();
        assert!((0.10..0.12).contains(&(on_request / 105_000.0)));
    }
}
