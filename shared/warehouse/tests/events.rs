//! What loads tell: held against the model, whatever the order of walks.

use std::collections::{BTreeSet, HashMap};

use jiff::{SignedDuration, Timestamp, ToSpan};
use proptest::test_runner::TestCaseError;
use serde_json::json;
use warehouse::{EventKind, Finished, Warehouse};

use crate::adverts::{Advert, flats, rows, walk};
use crate::database::{Database, RawWalk, load, load_raw};
use crate::generated::holds_for_histories;
use crate::model::{self, Spell, Tables, Walk, Whereabouts};

/// Histories that are tried: each a handful of walks and listings.
const CASES: u32 = 256;
/// The same where each listing stays at one place and walks come in their order.
const CASES_IN_ORDER: u32 = 96;
/// So many covering walks make a newcomer new.
const WALKS_BEFORE_NEWS: usize = 3;

/// What only one of two says happened: what loads put into the outbox, or the history. Whether an advert is another one
/// anew may become known later.
const TOLD_OTHERWISE: &str = "
with told as (
    select 'outbox' as by, * from warehouse.event
),
past as (
    select 'history' as by, 0::bigint as id, * from warehouse.event_by_definition
),
both_say as (
    select * from told
    union all
    select * from past
)
select string_agg(distinct by, ' ') || concat_ws(' ', ':', hash_id, what, spell, happened_at, before, price)
from (
    select *,
        case kind when 'relisted' then 'new' else kind end as what,
        case kind when 'relisted' then null else price_before end as before
    from both_say
) as said
group by hash_id, what, spell, happened_at, before, price
having count(*) <> 2 or count(distinct by) <> 2";

/// Listing, what happened, price before, price.
type Telling = (i64, EventKind, Option<i64>, Option<i64>);

#[test]
fn whatever_the_order_of_walks_loads_tell_what_changed_and_nothing_else() {
    holds_for_histories(CASES, &async |database, history| {
        let walks: Vec<Walk> = history.walks.iter().map(lately).collect();
        let mut warehouse = database.warehouse();
        let mut known: Vec<Walk> = Vec::new();
        let mut before = Tables::default();
        for index in &history.loads {
            load(&mut warehouse, &walks[*index]).await.unwrap();
            let expected = if known.iter().any(|walk| walk.id == walks[*index].id) {
                Vec::new()
            } else {
                known.push(walks[*index].clone());
                let after = model::tables(&known);
                let expected = news(&known, &before, &after);
                before = after;
                expected
            };
            let told = told(database).await;
            if told != expected {
                let walk = &walks[*index];
                return Err(TestCaseError::fail(format!(
                    "told {told:?}\nexpected {expected:?}\nafter {walk:#?}\nof {:#?}",
                    history.loads
                )));
            }
        }
        Ok(())
    });
}

#[test]
fn the_history_tells_what_loads_told_of_walks_in_their_order() {
    let kinds = std::cell::RefCell::new(BTreeSet::new());
    holds_for_histories(CASES_IN_ORDER, &async |database, history| {
        let mut walks: Vec<Walk> = history.walks.iter().map(lately).collect();
        walks.sort_by_key(Walk::order);
        stay_put(&mut walks);
        come_late_and_go(&mut walks);
        let mut warehouse = database.warehouse();
        for walk in &walks {
            load(&mut warehouse, walk).await.unwrap();
        }
        let otherwise = database.sql.query(TOLD_OTHERWISE, &[]).await.unwrap();
        let otherwise: Vec<String> = otherwise.iter().map(|row| row.get(0)).collect();
        if !otherwise.is_empty() {
            return Err(TestCaseError::fail(format!("{otherwise:#?}\nof {walks:#?}")));
        }
        let told = told(database).await;
        kinds.borrow_mut().extend(told.into_iter().map(|(_, kind, ..)| kind));
        Ok(())
    });
    let expected = EventKind::ALL.into_iter().filter(|kind| *kind != EventKind::Relisted);
    assert_eq!(kinds.into_inner(), expected.collect(), "none of them came to be tried");
}

/// Leaves each listing where it was seen first.
fn stay_put(walks: &mut [Walk]) {
    let mut places: HashMap<i64, Whereabouts> = HashMap::new();
    for row in walks.iter_mut().flat_map(|walk| walk.pages.iter_mut().flatten().flatten()) {
        row.place = places.entry(row.hash_id).or_insert_with(|| row.place.clone()).clone();
    }
}

/// Lets the first walks see only half of the listings, so that the others are new, and the next ones not see the first of
/// them, so that it is gone.
fn come_late_and_go(walks: &mut [Walk]) {
    for (index, walk) in walks.iter_mut().enumerate() {
        let hidden = |hash_id| (index < 4 && hash_id > 4) || ((1..5).contains(&index) && hash_id == 1);
        for page in &mut walk.pages {
            page.retain(|row| !row.as_ref().is_ok_and(|row| hidden(row.hash_id)));
        }
    }
}

/// The same walk, six days of it within the last two.
fn lately(walk: &Walk) -> Walk {
    let hours = walk.started_at.as_second() / 3600;
    // Walks of one day start together, but those of one instant have different ids, and no two spells begin with them.
    let minutes = i64::try_from(walk.id.as_u128()).unwrap();
    let started_at = now() - 44.hours() + (hours / 4).hours() + minutes.minutes();
    Walk { started_at, ..walk.clone() }
}

fn now() -> Timestamp {
    Timestamp::from_second(Timestamp::now().as_second()).unwrap()
}

/// What one more walk changes of how listings stand, by the model.
fn news(walks: &[Walk], before: &Tables, after: &Tables) -> Vec<Telling> {
    let places = |tables: &Tables| -> HashMap<i64, Whereabouts> {
        tables.listings.iter().map(|listing| (listing.hash_id, listing.place.clone())).collect()
    };
    let (places_before, places) = (places(before), places(after));
    let mut news = Vec::new();
    for listing in &after.listings {
        let hash_id = listing.hash_id;
        let spells: Vec<&Spell> = after.spells.iter().filter(|spell| spell.hash_id == hash_id).collect();
        let Some((latest, earlier)) = spells.split_last() else { continue };
        let stood = before.spells.iter().rfind(|spell| spell.hash_id == hash_id);
        let was_gone = stood.is_some_and(|spell| spell.delisted_at.is_some());
        let is_gone = latest.delisted_at.is_some();
        let price = latest.total_price;
        let same_deal = places_before.get(&hash_id).is_some_and(|place| place.deal == places[&hash_id].deal);
        let told = match (stood, earlier.last()) {
            (None, _) if !is_gone && was_looked_at(walks, &places[&hash_id], hash_id, latest) => {
                Some((EventKind::New, None))
            }
            (None, _) => None,
            (Some(_), _) if is_gone => (!was_gone).then_some((EventKind::Gone, None)),
            (Some(_), Some(gone)) if was_gone && gone.delisted_at.is_some() => {
                Some((EventKind::Back, gone.total_price))
            }
            (Some(stood), _) => match (stood.total_price, price) {
                (Some(before), Some(now)) if same_deal && now < before => {
                    Some((EventKind::Cheaper, Some(before)))
                }
                (Some(before), Some(now)) if same_deal && now > before => {
                    Some((EventKind::Dearer, Some(before)))
                }
                _ => None,
            },
        };
        news.extend(told.map(|(kind, before)| (hash_id, kind, before, price)));
    }
    news.sort_unstable();
    news
}

fn was_looked_at(walks: &[Walk], place: &Whereabouts, hash_id: i64, first: &Spell) -> bool {
    let before = walks.iter().filter(|walk| walk.order() < first.first && walk.covers(place, hash_id));
    before.count() >= WALKS_BEFORE_NEWS
}

/// What the outbox has, which is then emptied.
async fn told(database: &Database) -> Vec<Telling> {
    let rows = database
        .sql
        .query("delete from warehouse.event returning hash_id, kind, price_before, price, relisted_from", &[])
        .await
        .unwrap();
    let told = |row: &tokio_postgres::Row| -> Telling {
        // Which adverts are another one anew, a test of its own says.
        match EventKind::of(row.get(1)).unwrap() {
            EventKind::Relisted => (row.get(0), EventKind::New, None, row.get(3)),
            kind => (row.get(0), kind, row.get(2), row.get(3)),
        }
    };
    let mut told: Vec<Telling> = rows.iter().map(told).collect();
    told.sort_unstable();
    told
}

/// A walk so many hours ago.
fn hours_ago(hours: i64, adverts: &[Advert]) -> RawWalk {
    let mut walk = walk(1000 - hours, "flats-sale", &rows(adverts));
    walk.facts.started_at = now() - hours.hours();
    walk.ending.finished_at = walk.facts.started_at;
    walk
}

async fn load_now(warehouse: &mut Warehouse, walk: &RawWalk) {
    assert!(matches!(load_raw(warehouse, walk, None).await.unwrap(), Some(Finished::Loaded(_))));
}

#[tokio::test]
async fn a_relisted_property_is_no_new_one() {
    let database = Database::start().await;
    let mut warehouse = database.warehouse();
    let old = flats(3);
    for hours in 2..8 {
        load_now(&mut warehouse, &hours_ago(10 - hours, &old)).await;
    }
    assert_eq!(told(&database).await, [], "nothing is new in a market that is seen for the first time");
    let mut anew = old.clone();
    anew[0].hash_id = 99;
    anew[0].price -= 10_000;
    let mut walk = hours_ago(1, &anew);
    // The name tells the area, and the old advert's is the one of its id.
    walk.pages[0][0] = anew[0].with("advert_name", json!("Prodej bytu 2+kk 31 m²")).to_string();
    load_now(&mut warehouse, &walk).await;
    let sql = "select kind, hash_id, relisted_from, price_before, price from warehouse.event";
    let row = database.sql.query_one(sql, &[]).await.unwrap();
    let (kind, hash_id, old_id): (&str, i64, i64) = (row.get(0), row.get(1), row.get(2));
    assert_eq!((kind, hash_id, old_id), ("relisted", 99, old[0].hash_id));
    assert_eq!((row.get(3), row.get(4)), (Some(old[0].price), Some(anew[0].price)));
    let mut told = warehouse.new_events(10).await.unwrap();
    assert_eq!((told.len(), told[0].listing.area_m2), (1, Some(31)));
    told[0].id = 0;
    assert_eq!(warehouse.past_events(now() - 2.hours()).await.unwrap(), told, "the history tells the same");
    assert_eq!(warehouse.past_events(now()).await.unwrap(), []);
}

#[tokio::test]
async fn prices_in_another_currency_move_with_the_rate_and_are_no_news() {
    let database = Database::start().await;
    let mut warehouse = database.warehouse();
    let mut adverts = flats(3);
    adverts[1].currency = 3;
    load_now(&mut warehouse, &hours_ago(2, &adverts)).await;
    adverts[0].price -= 50_000;
    adverts[1].price -= 50_000;
    load_now(&mut warehouse, &hours_ago(1, &adverts)).await;
    let (before, now) = (adverts[0].price + 50_000, adverts[0].price);
    assert_eq!(told(&database).await, [(adverts[0].hash_id, EventKind::Cheaper, Some(before), Some(now))]);
}

#[tokio::test]
async fn what_happened_days_ago_is_no_news_when_it_is_loaded_at_last() {
    let database = Database::start().await;
    let mut warehouse = database.warehouse();
    for days in (2..9).rev() {
        let seen = if days == 4 { 5 } else { 4 };
        load_now(&mut warehouse, &hours_ago(24 * days + 1, &flats(seen))).await;
    }
    assert_eq!(told(&database).await, []);
    assert_eq!(
        database.count("select count(*) from warehouse.stay where returned or gone_on is not null").await,
        0
    );
}

#[tokio::test]
async fn a_falsified_walk_tells_nothing() {
    let database = Database::start().await;
    let mut warehouse = database.warehouse();
    let adverts = flats(120);
    load_now(&mut warehouse, &hours_ago(2, &adverts)).await;
    let falsified: Vec<Advert> =
        adverts.iter().map(|advert| Advert { price: advert.price * 473 / 1000, ..*advert }).collect();
    let finished = load_raw(&mut warehouse, &hours_ago(1, &falsified), None).await.unwrap();
    assert!(matches!(finished, Some(Finished::SetAside(_))));
    assert_eq!(told(&database).await, []);
}

#[tokio::test]
async fn what_is_older_than_a_fortnight_leaves_the_outbox() {
    let database = Database::start().await;
    let mut warehouse = database.warehouse();
    let old = Timestamp::now() - SignedDuration::from_hours(15 * 24);
    let sql = "insert into warehouse.event (hash_id, kind, spell, happened_at) values (1, 'new', $1, $1)";
    database.sql.execute(sql, &[&old]).await.unwrap();
    let mut adverts = flats(3);
    load_now(&mut warehouse, &hours_ago(2, &adverts)).await;
    adverts[0].price += 50_000;
    load_now(&mut warehouse, &hours_ago(1, &adverts)).await;
    let kinds = database.sql.query("select kind from warehouse.event", &[]).await.unwrap();
    assert_eq!(kinds.iter().map(|row| row.get::<_, &str>(0)).collect::<Vec<_>>(), ["dearer"]);
}
