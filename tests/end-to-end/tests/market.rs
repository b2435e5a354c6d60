//! A market over two months, compared with the simulator's truth.

use std::collections::BTreeSet;
use std::time::Instant;

use end_to_end::walked::{self, Walk};
use end_to_end::{Loaders, World, tables};
use jiff::Timestamp;
use simulator::{Market, Offer, Source};
use sreality::Segment;

use crate::expected::{self, PriceChange, Spell};

const DAYS: u32 = 60;
const LISTINGS: usize = 20_000;
/// Most of a market, and two parts of it that are walked besides: their walks miss listings too.
const SEGMENTS: [&str; 8] = [
    "flats-sale",
    "flats-rent",
    "houses-sale",
    "land-sale",
    "land-share",
    "commercial-rent",
    "flats-sale/praha",
    "flats-rent/brno-mesto",
];
/// So many listings there are in all, for those segments to have [`LISTINGS`].
const MARKET: usize = 22_500;
/// Every day this share is left out for a day or two.
const FLICKER: f64 = 0.005;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_days_of_20_000_listings_end_in_the_spells_prices_and_withdrawals_that_the_market_had() {
    let mut market = Market::new(7, MARKET).with_flicker(FLICKER);
    let is_walked = |offer: &Offer| {
        let segment = Segment::national(offer.category, offer.deal).to_string();
        SEGMENTS.contains(&segment.as_str())
    };
    let listings = market.offers().filter(is_walked).count();
    assert!(listings >= LISTINGS, "{listings} listings");
    let mut world = World::start(Source::Market(Market::new(0, 0))).await;
    let started = Instant::now();
    let (walks, mut events) = walked::walk(&mut world, &mut market, walked::plan(7, DAYS, &SEGMENTS)).await;
    let (rows, making) = (walks.iter().map(|walk| walk.rows).sum::<u64>(), started.elapsed().as_secs_f64());

    fastrand::Rng::with_seed(7).shuffle(&mut events);
    let loaders = Loaders::start(3, &world.environment()).await;
    let started = Instant::now();
    let outcomes = loaders.deliver(events.clone()).await;
    let loading = started.elapsed().as_secs_f64();
    assert!(outcomes.iter().all(|object| object["outcome"] == "loaded"), "{outcomes:?}");
    assert_eq!(loaders.most_busy(), 3);

    let expected = expected::spells(&market, &walks);
    assert_demanding(&market, &walks, &expected);
    assert_same("spell", &spells(&world).await, &expected);
    let (changes, gone) = (expected::price_changes(&expected), expected::delistings(&expected));
    assert_same("price change", &price_changes(&world).await, &changes);
    assert_same("delisting", &delistings(&world).await, &gone);
    assert_same("current listing", &current(&world).await, &expected::current(&expected));
    let to_the_new_advert = "
        select count(*) filter (where url like 'https://www.sreality.cz/detail/%/' || new_hash_id) * 1000 / count(*)
        from mart.relisting";
    assert_eq!(world.count(to_the_new_advert).await, 1000);
    println!(
        "{} walks of {rows} rows made in {making:.1} s and loaded in {loading:.1} s: {} spells, {} price changes, \
         {} delistings",
        walks.len(),
        expected.len(),
        changes.len(),
        gone.len()
    );

    let before = tables::contents(&world.sql).await;
    let outcomes = loaders.deliver(events).await;
    assert!(outcomes.iter().all(|object| object["outcome"] == "already_loaded"), "{outcomes:?}");
    assert_eq!(tables::contents(&world.sql).await, before);
}

/// Whether market and walks have all that the comparison is about.
fn assert_demanding(market: &Market, walks: &[Walk], spells: &[Spell]) {
    let planned = SEGMENTS.len() * DAYS as usize;
    let incomplete = walks.iter().filter(|walk| walk.reached.is_some()).count();
    assert!(planned - walks.len() > 30 && incomplete > 20, "{} of {planned}, {incomplete}", walks.len());
    let relistings = market.relistings().count();
    assert!(relistings > 200, "{relistings} relistings");
    // Missed once or twice, and back at the same price.
    let flickered = |pair: &&[Spell]| {
        pair[0].hash_id == pair[1].hash_id && pair[0].price == pair[1].price && pair[0].delisted_at.is_none()
    };
    let flickered = spells.windows(2).filter(flickered).count();
    assert!(flickered > 1_000, "{flickered} flickered");
}

/// Compares two lists whatever their order; the first few differences are easier to read than both lists.
fn assert_same<T: std::fmt::Debug + Ord>(what: &str, found: &[T], expected: &[T]) {
    let counts = (found.len(), expected.len());
    let (found, expected): (BTreeSet<_>, BTreeSet<_>) = (found.iter().collect(), expected.iter().collect());
    let too_many: Vec<_> = found.difference(&expected).take(5).collect();
    let too_few: Vec<_> = expected.difference(&found).take(5).collect();
    assert!(
        counts.0 == counts.1 && too_many.is_empty() && too_few.is_empty(),
        "{what}s: {} found, {} expected; not expected: {too_many:#?}; not found: {too_few:#?}",
        counts.0,
        counts.1
    );
}

async fn spells(world: &World) -> Vec<Spell> {
    let sql = "
        select hash_id, first_seen, last_seen, total_price, missing_since, delisted_at
        from warehouse.spell
        order by hash_id, first_seen, first_walk";
    let rows = world.sql.query(sql, &[]).await.unwrap();
    let spell = |row: &tokio_postgres::Row| Spell {
        hash_id: row.get(0),
        first_seen: row.get(1),
        last_seen: row.get(2),
        price: row.get(3),
        missing_since: row.get(4),
        delisted_at: row.get(5),
    };
    rows.iter().map(spell).collect()
}

async fn price_changes(world: &World) -> Vec<PriceChange> {
    let sql = "select hash_id, changed_at, old_price, new_price from mart.price_change";
    let rows = world.sql.query(sql, &[]).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1), row.get(2), row.get(3))).collect()
}

/// The withdrawals. Here, and nowhere else, is where the tests read them.
async fn delistings(world: &World) -> Vec<(i64, Timestamp)> {
    let sql = "select hash_id, delisted_at from warehouse.spell where delisted_at is not null";
    world.sql.query(sql, &[]).await.unwrap().iter().map(|row| (row.get(0), row.get(1))).collect()
}

/// What the dashboard calls on offer.
async fn current(world: &World) -> Vec<i64> {
    let rows = world.sql.query("select hash_id from mart.current_listing", &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}
