//! Advertised prices: their units, their roundness, how they change.

use sreality::category::Deal;
use sreality::codes::PRICE_UNIT;

use crate::random::Random;

/// What an advertised amount is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    /// The whole property.
    Property,
    /// The whole property, per month.
    Month,
    /// One m².
    M2,
    /// One m², per month.
    M2Month,
}

impl Unit {
    /// The portal's code.
    pub(crate) fn code(self) -> i16 {
        match self {
            Self::Property => 1,
            Self::Month => 2,
            Self::M2 => 3,
            Self::M2Month => 4,
        }
    }

    /// The portal's name.
    pub(crate) fn name(self) -> &'static str {
        PRICE_UNIT.name_of(self.code()).unwrap_or_default()
    }

    /// Whether the amount is for one m².
    fn per_m2(self) -> bool {
        matches!(self, Self::M2 | Self::M2Month)
    }

    /// The unit of the total: property or month, nothing else was ever seen in `price_summary_unit_cb`.
    pub(crate) fn of_total(self) -> Self {
        match self {
            Self::Property | Self::M2 => Self::Property,
            Self::Month | Self::M2Month => Self::Month,
        }
    }
}

/// Whether the price is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Yes,
    /// On request: rows carry 0.
    Zero,
    /// On request, too: one recorded row carried 1.
    One,
}

/// A price as the portal advertises it, in whole CZK.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Price {
    unit: Unit,
    /// In `unit`; known to the seller even where it is on request.
    amount: i64,
    told: Told,
}

impl Price {
    /// The first price of a listing whose fair price is `rate` CZK per m² (and month, for a rent).
    pub(crate) fn first(deal: Deal, rate: f64, area_m2: u32, per_m2: bool, random: &mut Random) -> Self {
        let total = rate * f64::from(area_m2);
        let (unit, amount) = match (deal, per_m2) {
            (Deal::Rent, false) => (Unit::Month, rounded_rent(total.max(500.0), random)),
            (Deal::Rent, true) => (Unit::M2Month, rounded_rate(rate)),
            (Deal::Sale | Deal::Auction | Deal::Share, false) => {
                (Unit::Property, rounded_total(total.max(9_000.0), area_m2, random))
            }
            (Deal::Sale | Deal::Auction | Deal::Share, true) => (Unit::M2, rounded_rate(rate)),
        };
        Self { unit, amount, told: Told::Yes }
    }

    /// The same, on request.
    pub(crate) fn on_request(self, random: &mut Random) -> Self {
        // One of the 29 recorded rows on request carries 1 instead of 0, and it is not a price per m².
        let one = random.chance(0.035) && !self.unit.per_m2();
        Self { told: if one { Told::One } else { Told::Zero }, ..self }
    }

    /// The same, told.
    pub(crate) fn told(self) -> Self {
        Self { told: Told::Yes, ..self }
    }

    /// Whether it is on request.
    pub(crate) fn is_on_request(self) -> bool {
        self.told != Told::Yes
    }

    /// What the amount is for.
    pub(crate) fn unit(self) -> Unit {
        self.unit
    }

    /// What `price_czk` says: CZK in the advertised unit, 0 or 1 on request.
    pub(crate) fn advertised(self) -> i64 {
        match self.told {
            Told::Yes => self.amount,
            Told::Zero => 0,
            Told::One => 1,
        }
    }

    /// What `price_summary_czk` says: CZK for the property or per month, 0 or 1 on request.
    ///
    /// For a price per m² it is exactly that price times the area, as in all recorded rows.
    pub(crate) fn summary(self, area_m2: u32) -> i64 {
        let area = if self.unit.per_m2() { i64::from(area_m2) } else { 1 };
        self.advertised() * area
    }

    /// What `price_czk_m2` says: the total by area, truncated; 0 on request.
    pub(crate) fn per_m2(self, area_m2: u32) -> i64 {
        if self.is_on_request() { 0 } else { self.summary(area_m2) / i64::from(area_m2).max(1) }
    }

    /// The true total: CZK for the property or per month; none on request.
    pub(crate) fn total(self, area_m2: u32) -> Option<i64> {
        (!self.is_on_request()).then(|| self.summary(area_m2))
    }

    /// The price after a change: mostly a few percent lower, now and then higher.
    ///
    /// Measured over 113 changes in summer 2026: 93 down (median 3.6 %), 20 up.
    pub(crate) fn changed(self, random: &mut Random) -> Self {
        let factor = if random.chance(0.82) {
            // Two draws make small steps likelier than large ones.
            1.0 - 0.005 - 0.11 * random.fraction() * random.fraction().max(0.3)
        } else {
            1.0 + random.within(0.01, 0.07)
        };
        let step = step_of(self.amount);
        let steps = (self.amount as f64 * factor / step as f64).round() as i64;
        let amount = if steps * step == self.amount {
            self.amount + if factor < 1.0 { -step } else { step }
        } else {
            steps * step
        };
        // 0 and 1 would mean "on request".
        Self { amount: amount.max(2), ..self }
    }
}

/// The step in which a seller thinks who has chosen this amount: changed prices stay as round as they were.
fn step_of(amount: i64) -> i64 {
    let steps = [100_000, 10_000, 1_000, 500, 100, 50, 10, 5];
    steps.into_iter().find(|step| amount % step == 0 && step * 20 <= amount).unwrap_or(1)
}

/// A total price as sellers round it.
///
/// In genuine sets 54 to 84 % of the sale prices above 200 000 CZK are divisible by 10 000; falsified ones
/// lose that, so the market has to have it.
fn rounded_total(total: f64, area_m2: u32, random: &mut Random) -> i64 {
    if total < 200_000.0 {
        return nearest(total, if random.chance(0.7) { 1_000 } else { 1 });
    }
    match random.below(100) {
        // 4 990 000 looks cheaper than five million.
        0..35 if total > 1_000_000.0 => nearest(total, 100_000) - 10_000,
        0..80 => nearest(total, 10_000),
        80..92 => nearest(total, 1_000),
        // A price that was computed from a whole number of crowns per m².
        _ => nearest(total / f64::from(area_m2.max(1)), 1).max(1) * i64::from(area_m2.max(1)),
    }
}

/// A monthly rent as landlords round it.
fn rounded_rent(total: f64, random: &mut Random) -> i64 {
    match random.below(100) {
        0..55 => nearest(total, 500),
        55..75 => nearest(total, 1_000).max(1_000) - if total > 10_000.0 { 100 } else { 0 },
        75..95 => nearest(total, 100),
        _ => nearest(total, 1),
    }
}

/// A price per m²: whole crowns, tens above a hundred.
fn rounded_rate(rate: f64) -> i64 {
    if rate < 100.0 { nearest(rate, 1).max(5) } else { nearest(rate, 10) }
}

/// The multiple of `step` that is nearest.
fn nearest(value: f64, step: i64) -> i64 {
    (value / step as f64).round() as i64 * step
}

#[cfg(test)]
mod tests {
    use super::*;

    fn price(unit: Unit, amount: i64) -> Price {
        Price { unit, amount, told: Told::Yes }
    }

    #[test]
    fn a_price_per_m2_times_the_area_is_the_total() {
        let land = price(Unit::M2, 1500);
        assert_eq!((land.advertised(), land.summary(3170), land.per_m2(3170)), (1500, 4_755_000, 1500));
        assert_eq!(land.unit().of_total(), Unit::Property);
    }

    #[test]
    fn the_price_per_m2_of_a_total_is_truncated() {
        assert_eq!(price(Unit::Property, 7_990_000).per_m2(71), 112_535);
    }

    #[test]
    fn on_request_is_zero_or_rarely_one_and_no_price_at_all() {
        let mut random = Random::new(5);
        let hidden: Vec<_> =
            (0..1000).map(|_| price(Unit::Property, 500_000).on_request(&mut random)).collect();
        assert!(hidden.iter().all(|price| price.total(50).is_none() && price.per_m2(50) == 0));
        let ones = hidden.iter().filter(|price| price.advertised() == 1).count();
        assert!((10..80).contains(&ones), "{ones}");
        assert_eq!(hidden.iter().filter(|price| price.advertised() == 0).count(), 1000 - ones);
    }

    #[test]
    fn changes_are_mostly_small_and_downwards_and_stay_round() {
        let mut random = Random::new(9);
        let before = price(Unit::Property, 4_990_000);
        let changes: Vec<_> = (0..2000).map(|_| before.changed(&mut random).amount).collect();
        assert!(changes.iter().all(|after| *after != before.amount && after % 10_000 == 0));
        let down = changes.iter().filter(|after| **after < before.amount).count();
        assert!((1550..1750).contains(&down), "{down}");
        assert!(changes.iter().all(|after| (4_300_000..5_400_000).contains(after)));
    }

    #[test]
    fn no_change_leads_to_what_would_mean_on_request() {
        let mut random = Random::new(9);
        let mut price = price(Unit::M2, 3);
        for _ in 0..100 {
            price = price.changed(&mut random);
            assert!(price.total(10).is_some_and(|total| total >= 20));
        }
    }
}
