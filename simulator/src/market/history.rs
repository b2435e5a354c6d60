//! What happened on the market, as it truly was: what tests compare the warehouse with.

use sreality::category::{Category, Deal, SubCategory};

use crate::market::listing::{Listing, Offer};

/// A stretch of days in which one listing was offered at one price.
#[derive(Clone, Debug, PartialEq)]
pub struct Stretch {
    /// The portal's id.
    pub hash_id: u64,
    /// What kind of property it is.
    pub category: Category,
    /// What is offered.
    pub deal: Deal,
    /// Its sub-category.
    pub sub_category: &'static SubCategory,
    /// As in [`Offer`]: -1 if the portal knows none.
    pub region_id: i32,
    /// As in [`Offer`]: -1 if the portal knows none.
    pub district_id: i32,
    /// In whole CZK, for a rent per month; `None` if it was on request.
    pub total_price: Option<i64>,
    /// Its first day; 0 for what was there when the market began.
    pub first_day: u32,
    /// Its last day, included; today if it goes on.
    pub last_day: u32,
    /// Whether the listing is still offered today at this price.
    pub current: bool,
}

impl Stretch {
    /// The stretch that a listing is in today.
    pub(crate) fn current(listing: &Listing, today: u32) -> Self {
        let offer = listing.offer();
        let Offer { hash_id, category, deal, sub_category, region_id, district_id, total_price, .. } = offer;
        Self {
            hash_id,
            category,
            deal,
            sub_category,
            region_id,
            district_id,
            total_price,
            first_day: listing.since,
            last_day: today,
            current: true,
        }
    }

    /// The stretch that a listing was in until the day before `day`.
    pub(crate) fn ended_before(listing: &Listing, day: u32) -> Self {
        Self { last_day: day.saturating_sub(1), current: false, ..Self::current(listing, day) }
    }
}

/// One property advertised anew under another id after its first advert had gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relisting {
    /// The id that went.
    pub old_hash_id: u64,
    /// The id that came.
    pub new_hash_id: u64,
    /// The first day of the new one.
    pub day: u32,
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::market::Market;
    use crate::market::tests::advanced;

    #[test]
    fn history_accounts_for_every_day() {
        let mut market = Market::new(5, 1500);
        // What a client sees that looks every day.
        let mut seen: Vec<HashMap<u64, Option<i64>>> = Vec::new();
        for day in 0..=40 {
            market.advance_to(day);
            seen.push(market.offers().map(|offer| (offer.hash_id, offer.total_price)).collect());
        }
        let mut told: Vec<HashMap<u64, Option<i64>>> = vec![HashMap::new(); seen.len()];
        for stretch in market.history() {
            assert!(stretch.first_day <= stretch.last_day);
            assert!(!stretch.current || stretch.last_day == 40);
            for day in stretch.first_day..=stretch.last_day {
                let before = told[day as usize].insert(stretch.hash_id, stretch.total_price);
                assert_eq!(before, None, "two stretches of {} on day {day}", stretch.hash_id);
            }
        }
        assert!(seen == told);
    }

    #[test]
    fn a_stretch_ends_only_with_a_change_of_price_or_a_withdrawal() {
        let market = advanced(5, 1500, 40);
        let mut by_id: HashMap<u64, Vec<Stretch>> = HashMap::new();
        for stretch in market.history() {
            by_id.entry(stretch.hash_id).or_default().push(stretch);
        }
        for stretches in by_id.values_mut() {
            stretches.sort_by_key(|stretch| stretch.first_day);
            for pair in stretches.windows(2) {
                let gap = pair[1].first_day > pair[0].last_day + 1;
                assert!(gap || pair[0].total_price != pair[1].total_price, "{pair:?}");
            }
        }
    }

    #[test]
    fn listings_leave_come_back_are_relisted_and_change_their_price_both_ways() {
        let market = advanced(6, 5000, 60);
        let mut by_id: HashMap<u64, Vec<Stretch>> = HashMap::new();
        for stretch in market.history() {
            by_id.entry(stretch.hash_id).or_default().push(stretch);
        }
        let (mut left, mut returned, mut lowered, mut raised, mut flipped) = (0, 0, 0, 0, 0);
        for stretches in by_id.values_mut() {
            stretches.sort_by_key(|stretch| stretch.first_day);
            left += usize::from(stretches.iter().all(|stretch| !stretch.current));
            for pair in stretches.windows(2) {
                returned += usize::from(pair[1].first_day > pair[0].last_day + 1);
                if let (Some(before), Some(after)) = (pair[0].total_price, pair[1].total_price) {
                    lowered += usize::from(after < before);
                    raised += usize::from(after > before);
                }
            }
            flipped += stretches
                .windows(3)
                .filter(|three| three[0].total_price == three[2].total_price)
                .filter(|three| three[0].total_price != three[1].total_price)
                .count();
        }
        assert!(left > 2000, "{left}");
        assert!(returned > 80, "{returned}");
        assert!(lowered > 3 * raised && raised > 100, "{lowered} down, {raised} up");
        assert!(flipped > 5, "{flipped}");
        assert!(market.relistings().count() > 100, "{}", market.relistings().count());
        assert!((4900..5200).contains(&market.len()), "{}", market.len());
    }
}
