//! What a market promises.

use std::collections::HashMap;

use sreality::category::{Category, Deal};

use super::*;

pub(crate) fn advanced(seed: u64, listings: usize, day: u32) -> Market {
    let mut market = Market::new(seed, listings);
    market.advance_to(day);
    market
}

#[test]
fn the_same_seed_gives_the_same_market() {
    let (one, other) = (advanced(1, 2000, 30), advanced(1, 2000, 30));
    assert!(one.offers().eq(other.offers()));
    assert!(one.history().eq(other.history()));
    assert!(!one.offers().eq(advanced(2, 2000, 30).offers()));
}

#[test]
fn the_market_does_not_depend_on_how_the_days_are_advanced() {
    let mut stepwise = Market::new(4, 1000);
    for day in [1, 1, 5, 3, 17, 30] {
        stepwise.advance_to(day);
    }
    assert_eq!(stepwise.day(), 30);
    assert!(stepwise.history().eq(advanced(4, 1000, 30).history()));
}

#[test]
fn the_market_is_the_same_on_every_machine() {
    // Printed once; a difference means that seeds of stored results no longer hold.
    let market = advanced(42, 1000, 10);
    let print = market.history().fold(0_u64, |print, stretch| {
        let price = stretch.total_price.unwrap_or(-1) as u64;
        crate::random::scramble(print ^ stretch.hash_id ^ (price << 20) ^ u64::from(stretch.first_day))
    });
    assert_eq!(print, 14_115_300_219_477_067_171);
}

#[test]
fn a_market_opens_with_exactly_the_listings_asked_for() {
    for listings in [0, 1, 19, 1234] {
        let market = Market::new(3, listings);
        assert_eq!((market.len(), market.day()), (listings, 0));
    }
}

#[test]
fn totals_resemble_the_portals() {
    let market = advanced(1, 105_000, 20);
    assert!((104_000..106_000).contains(&market.len()), "{}", market.len());
    let mut totals: HashMap<_, usize> = HashMap::new();
    let mut family_houses = 0;
    for offer in market.offers() {
        *totals.entry((offer.category, offer.deal)).or_default() += 1;
        family_houses += usize::from(offer.sub_category.code == 37 && offer.deal == Deal::Sale);
    }
    let near = |category, deal, expected: usize| {
        let total = totals[&(category, deal)];
        assert!(total.abs_diff(expected) * 50 <= expected, "{category:?} {deal:?}: {total}");
    };
    near(Category::Flats, Deal::Sale, 20_000);
    near(Category::Houses, Deal::Sale, 21_850);
    near(Category::Land, Deal::Sale, 20_900);
    near(Category::Land, Deal::Share, 6_300);
    near(Category::Commercial, Deal::Rent, 14_650);
    assert!((15_000..17_000).contains(&family_houses), "{family_houses}");
}

#[test]
fn a_tenth_is_on_request_and_few_have_no_district() {
    let market = Market::new(1, 105_000);
    let share = |count: usize| count as f64 / market.len() as f64;
    let on_request = share(market.offers().filter(|offer| offer.total_price.is_none()).count());
    assert!((0.09..0.13).contains(&on_request), "{on_request}");
    let without_district = share(market.offers().filter(|offer| offer.district_id == -1).count());
    assert!((0.002..0.004).contains(&without_district), "{without_district}");
    let prague_flats = market
        .offers()
        .filter(|offer| offer.region_id == 10 && offer.category == Category::Flats)
        .filter(|offer| offer.deal == Deal::Sale)
        .count();
    assert!((4_700..5_900).contains(&prague_flats), "{prague_flats}");
    let whole_city = market.offers().filter(|offer| offer.district_id == 47).count();
    assert!(whole_city > 300, "{whole_city}");
}

#[test]
fn genuine_prices_are_round() {
    let market = advanced(1, 20_000, 60);
    let prices: Vec<_> = market
        .offers()
        .filter(|offer| offer.deal == Deal::Sale)
        .filter_map(|offer| offer.total_price)
        .filter(|price| *price > 200_000)
        .collect();
    let round = prices.iter().filter(|price| **price % 10_000 == 0).count();
    let share = round as f64 / prices.len() as f64;
    assert!((0.6..0.84).contains(&share), "{share}");
}

#[test]
fn a_relisting_offers_the_same_property_under_a_new_id() {
    let market = advanced(6, 5000, 30);
    let by_id: HashMap<_, _> =
        market.listings.iter().map(|listing| (u64::from(listing.hash_id), listing)).collect();
    for relisting in market.relistings() {
        let (old, new) = (by_id[&relisting.old_hash_id], by_id[&relisting.new_hash_id]);
        assert_eq!((old.property, old.area_m2), (new.property, new.area_m2));
        assert!(!old.offered);
    }
}
