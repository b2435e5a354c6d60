//! Walks that are set aside because of what is known beside them: shrunken and falsified ones, and those that are not.

use warehouse::{Finding, Finished, QuarantineKind, Warehouse};

use crate::adverts::{Advert, flats, rows, walk};
use crate::database::{Database, RawWalk, load_raw};

/// A warehouse that is asked what it makes of walks.
struct Judge {
    database: Database,
    warehouse: Warehouse,
}

impl Judge {
    async fn new() -> Self {
        let database = Database::start().await;
        Self { warehouse: database.warehouse(), database }
    }

    /// Why the walk is set aside; `None` if it is loaded.
    async fn judge(&mut self, walk: &RawWalk) -> Option<Finding> {
        match load_raw(&mut self.warehouse, walk, None).await.unwrap() {
            Some(Finished::Loaded(_)) => None,
            Some(Finished::SetAside(finding)) => Some(finding),
            None => panic!("it was loaded before"),
        }
    }

    async fn kind(&mut self, walk: &RawWalk) -> Option<QuarantineKind> {
        self.judge(walk).await.map(|finding| finding.kind)
    }

    /// Loads walks of flats for sale on these days.
    async fn load(&mut self, walks: &[(i64, &[Advert])]) {
        for (day, flats) in walks {
            assert_eq!(self.judge(&sale(*day, flats)).await, None, "day {day}");
        }
    }
}

fn sale(day: i64, flats: &[Advert]) -> RawWalk {
    walk(day, "flats-sale", &rows(flats))
}

fn moved(flats: &[Advert], (north, east): (f64, f64)) -> Vec<Advert> {
    let moved =
        |flat: &Advert| Advert { position: (flat.position.0 + north, flat.position.1 + east), ..*flat };
    flats.iter().map(moved).collect()
}

/// Every price times a factor, in whole crowns.
fn times(flats: &[Advert], factor: f64) -> Vec<Advert> {
    flats.iter().map(|flat| Advert { price: (flat.price as f64 * factor).round() as i64, ..*flat }).collect()
}

#[tokio::test]
async fn a_complete_walk_that_lost_a_market_is_set_aside_with_its_figures_until_it_is_released() {
    let mut judge = Judge::new().await;
    let flats = flats(76);
    judge.load(&[(0, &flats)]).await;
    let shrunken = sale(1, &flats[..3]);
    for _ in 0..2 {
        let finding = judge.judge(&shrunken).await.unwrap();
        assert_eq!(finding.kind, QuarantineKind::Shrunken);
        assert!(finding.reason.contains("misses 73 of 76 listings"), "{}", finding.reason);
        assert_eq!(finding.figures.unwrap(), r#"{"on_offer":76,"missed":73}"#);
        assert_eq!(judge.database.count("select count(*) from warehouse.walk").await, 1);
    }
    assert_eq!(judge.judge(&shrunken.released()).await, None);
    let missing = "select count(*) from warehouse.listing where missing_since is not null";
    assert_eq!(judge.database.count(missing).await, 73);
}

#[tokio::test]
async fn a_small_segment_may_lose_all_and_a_large_one_may_lose_some() {
    let mut judge = Judge::new().await;
    judge.load(&[(0, &flats(49)), (1, &[])]).await;
    judge.database.clear().await;
    let flats = flats(100);
    judge.load(&[(0, &flats), (1, &flats[30..])]).await;
}

#[tokio::test]
async fn an_incomplete_walk_may_miss_what_it_will() {
    let mut judge = Judge::new().await;
    let flats = flats(76);
    judge.load(&[(0, &flats)]).await;
    assert_eq!(judge.judge(&sale(1, &flats[..3]).incomplete()).await, None);
}

#[tokio::test]
async fn a_late_walk_is_shrunken_beside_what_was_on_offer_at_its_own_time() {
    let mut judge = Judge::new().await;
    let flats = flats(400);
    // 100 flats until day 9, then 300 more.
    judge.load(&[(5, &flats[..100]), (9, &flats[..100]), (10, &flats)]).await;
    let finding = judge.judge(&sale(7, &flats[..60])).await.unwrap();
    assert_eq!(finding.kind, QuarantineKind::Shrunken);
    assert_eq!(finding.figures.unwrap(), r#"{"on_offer":100,"missed":40}"#);
    judge.load(&[(7, &flats[..100]), (8, &flats[20..100])]).await;
    // From before most listings existed, and before all of them.
    judge.load(&[(6, &flats[..75]), (1, &flats[..10])]).await;
}

#[tokio::test]
async fn a_late_walk_is_not_asked_for_what_was_gone_at_its_time() {
    let mut judge = Judge::new().await;
    let flats = flats(140);
    // Forty are gone on day 3, and back on day 9. What day 6 has missed, day 7 does not lose again.
    let (all, stayed) = (flats.as_slice(), &flats[..100]);
    judge.load(&[(0, all), (1, stayed), (2, stayed), (3, stayed), (9, all)]).await;
    judge.load(&[(6, &flats[..72])]).await;
    let finding = judge.judge(&sale(7, &flats[..40])).await.unwrap();
    assert_eq!(finding.figures.unwrap(), r#"{"on_offer":72,"missed":32}"#);
}

#[tokio::test]
async fn a_late_walk_is_compared_with_the_positions_of_its_own_time() {
    let mut judge = Judge::new().await;
    let old = flats(200);
    let new = moved(&old, (0.002, 0.002));
    judge.load(&[(1, &old)]).await;
    let remeasured = sale(3, &new);
    assert_eq!(judge.kind(&remeasured).await, Some(QuarantineKind::Falsified));
    assert_eq!(judge.judge(&remeasured.released()).await, None);
    judge.load(&[(4, &new)]).await;

    let falsified = moved(&old, (0.007, -0.0066));
    assert_eq!(judge.kind(&sale(2, &falsified)).await, Some(QuarantineKind::Falsified));
    assert_eq!(judge.kind(&sale(2, &times(&old, 0.473))).await, Some(QuarantineKind::Falsified));
    judge.load(&[(2, &old)]).await;
}

#[tokio::test]
async fn many_adverts_at_one_pin_that_is_moved_are_no_falsification() {
    let mut judge = Judge::new().await;
    let mut flats = flats(260);
    flats[..60].iter_mut().for_each(|flat| flat.position = (49.5, 15.5));
    judge.load(&[(0, &flats)]).await;
    flats[..60].iter_mut().for_each(|flat| flat.position = (49.51, 15.51));
    judge.load(&[(1, &flats)]).await;
    // Were they at places of their own, and the others few, they would testify.
    let mut few = moved(&flats[60..180], (0.01, 0.01));
    few.extend(&flats[180..]);
    few.extend(&flats[..60]);
    assert_eq!(judge.kind(&sale(2, &few)).await, Some(QuarantineKind::Falsified));
}

#[tokio::test]
async fn prices_in_euros_move_with_the_exchange_rate_and_prices_in_crowns_do_not() {
    let mut judge = Judge::new().await;
    for (currency, kind) in [(2, None), (1, Some(QuarantineKind::Falsified))] {
        judge.database.clear().await;
        let mut flats = flats(200);
        flats.iter_mut().for_each(|flat| flat.currency = currency);
        judge.load(&[(0, &flats), (1, &flats)]).await;
        assert_eq!(judge.kind(&sale(2, &times(&flats, 1.013))).await, kind, "currency {currency}");
    }
}
