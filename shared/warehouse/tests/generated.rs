//! Generated histories: a few listings, a few overlapping walks, and all that can happen to them.

use jiff::{Timestamp, ToSpan};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use tokio::runtime::Runtime;
use uuid::Uuid;

use crate::database::Database;
use crate::model::{Reject, Row, Walk, Whereabouts};

/// Segments that overlap: narrower, wider, and none of these.
const SEGMENTS: [&str; 9] = [
    "flats-sale",
    "flats-sale",
    "flats-sale",
    "flats-sale/praha",
    "flats-sale/praha-1",
    "flats-sale/hlavni-mesto-praha",
    "flats-sale/brno-mesto",
    "flats-sale/praha/2-kk",
    "flats-rent",
];
const LISTINGS: usize = 8;

/// Loads of walks: which, in which order, on how many connections.
#[derive(Clone, Debug)]
pub(crate) struct History {
    pub(crate) walks: Vec<Walk>,
    /// Indexes of walks; some come twice.
    pub(crate) loads: Vec<usize>,
    pub(crate) connections: usize,
    /// Before these loads the digests of rows are forgotten.
    pub(crate) forgotten: Vec<usize>,
}

/// What one walk finds of one listing.
#[derive(Clone, Copy, Debug)]
enum Found {
    Nothing,
    /// At its usual place, price and wording.
    Usual,
    /// With another price, place or wording.
    Other {
        price: usize,
        place: usize,
        name: usize,
    },
    /// Twice, at two prices.
    Twice {
        price: usize,
    },
    /// A row that cannot be understood, but says which listing it is.
    Reject,
    /// One that does not even say that.
    Unreadable,
    /// One that can be understood beside one that cannot.
    SeenAndRejected,
}

/// Tries so many histories, each in a database without facts.
pub(crate) fn holds_for_histories(
    cases: u32,
    test: &impl AsyncFn(&Database, History) -> Result<(), TestCaseError>,
) {
    let runtime = Runtime::new().unwrap();
    let database = runtime.block_on(Database::start());
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&history(), |history| {
        runtime.block_on(async {
            database.clear().await;
            test(&database, history).await
        })
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}

fn history() -> impl Strategy<Value = History> {
    (vec(walk(), 1..9), 1..4_usize).prop_flat_map(|(walks, connections)| {
        let walks: Vec<Walk> = walks
            .into_iter()
            .enumerate()
            .map(|(index, mut walk)| {
                // Ids in another order than starts, and starts that coincide.
                walk.id = Uuid::from_u128((index as u128 * 7 + 3) % 11 + 1);
                walk
            })
            .collect();
        let once: Vec<usize> = (0..walks.len()).collect();
        let again = vec(0..walks.len(), 0..3);
        let in_order = any::<bool>();
        let forgotten = vec(0..walks.len(), 0..3);
        (Just(walks), again, Just(once), Just(connections), in_order, forgotten).prop_flat_map(
            |(walks, again, mut loads, connections, in_order, forgotten)| {
                loads.extend(again);
                Just(loads).prop_shuffle().prop_map(move |mut loads| {
                    // As nearly all walks come: one after the other, each newer than all that is known.
                    if in_order {
                        loads.sort_by_key(|index| (walks[*index].started_at, walks[*index].id));
                    }
                    let (walks, forgotten) = (walks.clone(), forgotten.clone());
                    History { walks, loads, connections: if in_order { 1 } else { connections }, forgotten }
                })
            },
        )
    })
}

fn walk() -> impl Strategy<Value = Walk> {
    let complete = prop_oneof![4 => Just(true), 1 => Just(false)];
    let noise = prop_oneof![3 => Just(0_u8), 1 => 1..3_u8];
    (0..7_i64, select(&SEGMENTS[..]), complete, noise, vec(found(), LISTINGS)).prop_map(
        |(day, segment, complete, noise, found)| {
            let rows: Vec<Result<Row, Reject>> =
                found.into_iter().enumerate().flat_map(|(listing, found)| rows(listing, found)).collect();
            Walk {
                started_at: Timestamp::UNIX_EPOCH + (day * 24).hours(),
                id: Uuid::nil(),
                segment: segment.parse().unwrap(),
                complete,
                noise,
                pages: rows.chunks(3).map(<[_]>::to_vec).collect(),
            }
        },
    )
}

fn found() -> impl Strategy<Value = Found> {
    prop_oneof![
        3 => Just(Found::Nothing),
        8 => Just(Found::Usual),
        // The same price in other words.
        2 => Just(Found::Other { price: 0, place: 0, name: 1 }),
        3 => (0..3_usize, 0..6_usize, 0..2_usize)
            .prop_map(|(price, place, name)| Found::Other { price, place, name }),
        1 => (0..3_usize).prop_map(|price| Found::Twice { price }),
        1 => Just(Found::Reject),
        1 => Just(Found::SeenAndRejected),
    ]
    .prop_flat_map(|found| prop_oneof![200 => Just(found), 1 => Just(Found::Unreadable)])
}

fn rows(listing: usize, found: Found) -> Vec<Result<Row, Reject>> {
    let row = |price: usize, place: usize, name: usize| {
        Ok(Row {
            hash_id: listing as i64 + 1,
            total_price: [Some(5_000_000), Some(4_900_000), None][price],
            name: ["Prodej bytu 2+kk 50 m²", "Prodej bytu 2+kk 51 m²"][name],
            place: whereabouts(place),
        })
    };
    let usual = row(0, listing % 4, 0);
    match found {
        Found::Nothing => Vec::new(),
        Found::Usual => vec![usual],
        // Most changes are of the price alone.
        Found::Other { price, place, name } if place < 4 => vec![row(price, listing % 4, name)],
        Found::Other { price, place, name } => vec![row(price, place - 4 + listing % 2, name)],
        Found::Twice { price } => vec![row(price, listing % 4, 0), usual],
        Found::Reject => vec![Err(Reject { hash_id: Some(listing as i64 + 1) })],
        Found::Unreadable => vec![Err(Reject { hash_id: None })],
        Found::SeenAndRejected => vec![Err(Reject { hash_id: Some(listing as i64 + 1) }), usual],
    }
}

fn whereabouts(place: usize) -> Whereabouts {
    let (deal, sub_category, region_id, district_id) = [
        (1, Some(4), Some(10), Some(5001)),
        (1, Some(4), Some(14), Some(72)),
        (1, Some(6), Some(10), Some(47)),
        (1, None, None, None),
        (2, Some(4), Some(10), Some(5001)),
    ][place];
    Whereabouts { category: 1, deal, sub_category, region_id, district_id }
}
