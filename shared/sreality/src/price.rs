//! The portal's price rule: which of its many price fields is the total.
//!
//! Verified on 134 recorded rows: for unit prices (`za m²`) the portal's own summary equals price × area, and
//! 0 and 1 both mean "on request" (Info o ceně u RK).

use crate::category::Deal;

/// Price unit "za nemovitost": for the whole property.
const UNIT_TOTAL: i16 = 1;
/// Price unit "za měsíc": per month.
const UNIT_MONTH: i16 = 2;

/// An amount with its unit, as delivered.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Amount {
    /// In crowns.
    pub czk: Option<f64>,
    /// Code of [`crate::codes::PRICE_UNIT`].
    pub unit: Option<i16>,
}

impl Amount {
    /// The amount in whole crowns, if it is a real price in this unit.
    fn in_unit(self, unit: i16) -> Option<i64> {
        self.czk.filter(|czk| self.unit == Some(unit) && *czk > 1.0).map(whole_crowns)
    }
}

/// The total price in whole crowns: for the whole property, or per month for rents.
///
/// The summary if it is given in that unit, else the advertised price if that is, else `None`: on request, or
/// only known per m² or in another unit.
#[must_use]
pub fn total_price(deal_code: i16, advertised: Amount, summary: Amount) -> Option<i64> {
    let unit = if deal_code == Deal::Rent.code() { UNIT_MONTH } else { UNIT_TOTAL };
    summary.in_unit(unit).or_else(|| advertised.in_unit(unit))
}

/// Rounds to whole crowns. The conversion saturates, so no input can make it wrap or panic.
#[expect(clippy::cast_possible_truncation, reason = "float to int casts saturate")]
fn whole_crowns(czk: f64) -> i64 {
    czk.round() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    const SALE: i16 = 1;
    const RENT: i16 = 2;

    fn amount(czk: f64, unit: i16) -> Amount {
        Amount { czk: Some(czk), unit: Some(unit) }
    }

    #[test]
    fn the_summary_is_the_total_of_a_unit_priced_plot() {
        // Recorded: 1 500 Kč/m² × 3 170 m².
        assert_eq!(total_price(SALE, amount(1500.0, 3), amount(4_755_000.0, 1)), Some(4_755_000));
    }

    #[test]
    fn a_rent_counts_per_month() {
        assert_eq!(total_price(RENT, amount(25.0, 4), amount(17_500.0, 2)), Some(17_500));
        assert_eq!(total_price(RENT, amount(19_900.0, 2), Amount::default()), Some(19_900));
        assert_eq!(total_price(RENT, amount(500.0, 7), amount(500.0, 1)), None);
    }

    #[test]
    fn zero_and_one_mean_on_request() {
        assert_eq!(total_price(SALE, amount(0.0, 1), amount(0.0, 1)), None);
        assert_eq!(total_price(SALE, amount(1.0, 1), amount(1.0, 1)), None);
        assert_eq!(total_price(SALE, Amount::default(), Amount::default()), None);
    }

    #[test]
    fn a_price_per_square_metre_alone_is_no_total() {
        assert_eq!(total_price(SALE, amount(1500.0, 3), amount(0.0, 1)), None);
    }

    #[test]
    fn absurd_amounts_neither_wrap_nor_panic() {
        assert_eq!(total_price(SALE, amount(1e300, 1), Amount::default()), Some(i64::MAX));
        assert_eq!(total_price(SALE, amount(-5.0, 1), Amount::default()), None);
    }
}
