//! The marts that show listings one by one: stays, events, prices, and what was on offer on earlier days.

use std::collections::BTreeSet;

use jiff::{Timestamp, ToSpan};
use proptest::test_runner::TestCaseError;
use sreality::address;
use sreality::category::SUB_CATEGORIES;
use uuid::Uuid;

use crate::any_order::load_all;
use crate::database::{Database, load, text};
use crate::generated::holds_for_histories;
use crate::model::{self, Row, Walk, Whereabouts};

/// Histories that are tried.
const CASES: u32 = 64;
/// Between two walks of a generated history, so that a week and a month fit into it.
const DAYS_APART: i64 = 5;
const SECONDS_A_DAY: i64 = 86_400;

fn flat(hash_id: i64, total_price: Option<i64>) -> Row {
    let place = Whereabouts {
        category: 1,
        deal: 1,
        sub_category: Some(4),
        region_id: Some(10),
        district_id: Some(5001),
    };
    Row { hash_id, total_price, name: "Prodej bytu 2+kk 50 m²", place }
}

/// A complete walk at six o'clock of a day.
fn walk(day: i64, segment: &str, rows: Vec<Row>) -> Walk {
    Walk {
        started_at: Timestamp::UNIX_EPOCH + (day * 24 + 6).hours(),
        id: Uuid::from_u128(1000 + day as u128),
        segment: segment.parse().unwrap(),
        complete: true,
        pages: vec![rows.into_iter().map(Ok).collect()],
        noise: 0,
    }
}

/// Loads walks, the latest first.
async fn loaded(walks: &[Walk]) -> Database {
    let database = Database::start().await;
    let mut warehouse = database.warehouse();
    for walk in walks.iter().rev() {
        load(&mut warehouse, walk).await.unwrap();
    }
    database
}

/// The rows of a query of one text column.
async fn texts(database: &Database, sql: &str) -> Vec<String> {
    database.sql.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

/// A listing that comes, gets cheaper, goes, and comes back; beside it one that stays.
fn comings_and_goings() -> Vec<Walk> {
    let stays = || flat(1, None);
    let mut walks = vec![walk(0, "flats-sale", vec![stays(), flat(2, Some(5_000_000))])];
    walks.push(walk(1, "flats-sale", vec![stays(), flat(2, Some(4_500_000)), flat(3, Some(3_000_000))]));
    walks.extend((2..5).map(|day| walk(day, "flats-sale", vec![stays(), flat(3, Some(3_000_000))])));
    walks.push(walk(5, "flats-sale", vec![stays(), flat(2, Some(4_500_000)), flat(3, Some(3_000_000))]));
    walks
}

#[tokio::test]
async fn every_coming_and_going_is_an_event_and_those_of_the_first_day_are_told_apart() {
    let database = loaded(&comings_and_goings()).await;
    let events = "
        select concat_ws(' ', day - date '1970-01-01', event, hash_id, first_day, category, deal, sub_category, region, district)
        from mart.coming_and_going
        order by day, hash_id";
    assert_eq!(
        texts(&database, events).await,
        [
            "0 new 1 t Byty Prodej 2+kk Hlavní město Praha Praha 1",
            "0 new 2 t Byty Prodej 2+kk Hlavní město Praha Praha 1",
            "1 new 3 f Byty Prodej 2+kk Hlavní město Praha Praha 1",
            "4 gone 2 f Byty Prodej 2+kk Hlavní město Praha Praha 1",
            "5 returned 2 f Byty Prodej 2+kk Hlavní město Praha Praha 1",
        ]
    );
    let stays = "
        select concat_ws(' ', hash_id, to_char(came_at at time zone 'UTC', 'DD HH24'), returned,
            coalesce(last_seen_on::text, '-'), coalesce(gone_on::text, '-'), coalesce(days_on_market::text, '-'))
        from mart.stay
        order by hash_id, came_at";
    assert_eq!(
        texts(&database, stays).await,
        ["1 01 06 f - - -", "2 01 06 f 1970-01-02 1970-01-05 -", "2 06 06 t - - -", "3 02 06 f - - -"]
    );
    let first_days = "select concat_ws(' ', day, new, gone, first_day) from mart.new_and_gone order by day";
    assert_eq!(
        texts(&database, first_days).await,
        ["1970-01-01 2 0 t", "1970-01-02 1 0 f", "1970-01-05 0 1 f", "1970-01-06 0 0 f"]
    );
}

#[tokio::test]
async fn the_first_day_is_that_of_the_category_and_deal_and_not_of_the_place() {
    let mut in_brno = flat(9, None);
    (in_brno.place.region_id, in_brno.place.district_id) = (Some(14), Some(72));
    let mut to_let = flat(8, None);
    to_let.place.deal = 2;
    let database = loaded(&[
        walk(0, "flats-sale/praha-1", vec![flat(1, None)]),
        walk(1, "flats-rent", vec![to_let]),
        walk(2, "flats-sale", vec![flat(1, None), in_brno]),
    ])
    .await;
    let events = "select concat_ws(' ', hash_id, first_day) from mart.coming_and_going order by 1";
    assert_eq!(texts(&database, events).await, ["1 t", "8 t", "9 f"]);
}

#[tokio::test]
async fn the_price_history_of_a_listing_leads_to_the_row_that_first_said_each_price() {
    let database = loaded(&comings_and_goings()).await;
    let history = "
        select concat_ws(' ', to_char(first_seen at time zone 'UTC', 'DD'), to_char(last_seen at time zone 'UTC', 'DD'),
            coalesce(to_char(missing_since at time zone 'UTC', 'DD'), '-'),
            coalesce(to_char(delisted_at at time zone 'UTC', 'DD'), '-'),
            total_price, price_per_m2, object_key = walk_id::text, coalesce(line::text, '-'), coalesce(row_index::text, '-'))
        from mart.price_history
        where hash_id = 2
        order by first_seen";
    assert_eq!(
        texts(&database, history).await,
        // The last price was said before, so no row of its walk was the first to say it.
        [
            "01 01 - - 5000000 100000 t 2 1",
            "02 02 03 05 4500000 90000 t 2 1",
            "06 06 - - 4500000 90000 t - -"
        ]
    );
    let without_price = "
        select concat_ws(' ', name, category, deal, sub_category, district, coalesce(total_price::text, 'on request'),
            coalesce(price_per_m2::text, '-'), last_seen at time zone 'UTC')
        from mart.price_history
        where hash_id = 1";
    assert_eq!(
        texts(&database, without_price).await,
        ["Prodej bytu 2+kk 50 m² Byty Prodej 2+kk Praha 1 on request - 1970-01-06 06:00:00"]
    );
}

#[tokio::test]
async fn the_offer_of_a_day_before_everything_was_walked_has_no_rows() {
    let rows = || vec![flat(1, Some(5_000_000)), flat(2, None)];
    let days_ago =
        "select concat_ws(' ', days_ago, day, count(*)) from mart.offer group by days_ago, day order by 1";
    let mut walks = vec![walk(0, "flats-sale", rows())];
    walks[0].complete = false;
    walks.push(walk(1, "flats-sale", rows()));
    walks.push(walk(7, "flats-sale", rows()));
    // Seven days before the latest walk only an incomplete one had been made.
    assert_eq!(texts(&loaded(&walks).await, days_ago).await, ["0 1970-01-08 2"]);
    walks.push(walk(8, "flats-sale", rows()));
    assert_eq!(texts(&loaded(&walks).await, days_ago).await, ["0 1970-01-09 2", "7 1970-01-02 2"]);
}

#[tokio::test]
async fn the_offer_of_a_week_ago_has_the_prices_of_that_day_and_what_has_gone_since() {
    let mut walks = vec![walk(0, "flats-sale", vec![flat(1, Some(5_000_000)), flat(2, Some(3_000_000))])];
    walks.extend((1..10).map(|day| walk(day, "flats-sale", vec![flat(1, Some(4_000_000)), flat(3, None)])));
    let database = loaded(&walks).await;
    let offer = "
        select concat_ws(' ', days_ago, day, hash_id, coalesce(total_price::text, '-'), coalesce(price_per_m2::text, '-'), area_m2)
        from mart.offer
        order by days_ago, hash_id";
    assert_eq!(
        texts(&database, offer).await,
        [
            "0 1970-01-10 1 4000000 80000 50",
            "0 1970-01-10 3 - - 50",
            // Listing 2 was missed for the third time on the day after.
            "7 1970-01-03 1 4000000 80000 50",
            "7 1970-01-03 2 3000000 60000 50",
            "7 1970-01-03 3 - - 50",
        ]
    );
}

#[tokio::test]
async fn adverts_lead_to_the_portals_pages_by_their_codes_and_place() {
    let kinds = "select code from warehouse.code where kind = 'category_sub' order by code";
    let mut unknown = flat(4, None);
    (unknown.place.category, unknown.place.deal) = (9, 9);
    let mut without_kind = flat(5, None);
    without_kind.place.sub_category = None;
    let mut rows = vec![unknown, without_kind];
    let database = Database::start().await;
    let codes: Vec<i32> =
        database.sql.query(kinds, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
    assert_eq!(codes.len(), 48);
    for (code, deal) in codes.iter().flat_map(|code| (1..=4).map(move |deal| (*code, deal))) {
        let sub = SUB_CATEGORIES.iter().find(|sub| i32::from(sub.code) == code).unwrap();
        let mut row = flat(i64::from(1000 * code + i32::from(deal)), None);
        (row.place.category, row.place.deal) = (sub.category.code(), deal);
        row.place.sub_category = Some(sub.code);
        rows.push(row);
    }
    let expected: Vec<String> = rows
        .iter()
        .map(|row| {
            let text = text(&Ok(row.clone()), 0);
            address::of_row(&sreality::Row::parse(&text).unwrap()).unwrap_or_else(|| "none".to_owned())
        })
        .collect();
    load(&mut database.warehouse(), &walk(0, "flats-sale", rows.clone())).await.unwrap();
    let urls =
        texts(&database, "select coalesce(url, 'none') from mart.current_listing order by hash_id").await;
    let mut expected: Vec<(i64, String)> = rows.iter().map(|row| row.hash_id).zip(expected).collect();
    expected.sort();
    assert_eq!(urls, expected.into_iter().map(|(_, url)| url).collect::<Vec<_>>());
    assert_eq!(urls.iter().filter(|url| *url == "none").count(), 2);
    assert_eq!(urls.iter().collect::<BTreeSet<_>>().len(), 48 * 4 + 1);
    let same = "select count(*) from mart.price_history join mart.current_listing using (hash_id, url)";
    assert_eq!(database.sql.query_one(same, &[]).await.unwrap().get::<_, i64>(0), 48 * 4);
}

#[tokio::test]
async fn price_changes_lead_to_the_adverts_pages() {
    let walks = [
        walk(0, "flats-sale", vec![flat(1, Some(5_000_000))]),
        walk(1, "flats-sale", vec![flat(1, Some(4_000_000))]),
    ];
    let database = loaded(&walks).await;
    assert_eq!(
        texts(&database, "select url from mart.price_change").await,
        ["https://www.sreality.cz/detail/prodej/byt/2+kk/ceska-republika-ceska-republika-/1"]
    );
}

#[tokio::test]
async fn price_levels_of_all_places_stand_in_one_mart_and_the_older_ones_are_parts_of_it() {
    let mut in_brno = flat(2, Some(4_000_000));
    (in_brno.place.region_id, in_brno.place.district_id, in_brno.place.sub_category) =
        (Some(14), Some(72), Some(6));
    let mut nowhere = flat(3, Some(3_000_000));
    (nowhere.place.region_id, nowhere.place.district_id, nowhere.place.sub_category) = (None, None, None);
    let database = loaded(&[walk(0, "flats-sale", vec![flat(1, Some(5_000_000)), in_brno, nowhere])]).await;
    let levels = "
        select concat_ws(' ', place, coalesce(district, region, '-'), case when all_sub_categories then 'all' else coalesce(sub_category, '-') end,
            listings, median)
        from mart.price_level
        where category = 'Byty' and deal = 'Prodej' and day = '1970-01-01'
        order by place, 1";
    let levels = texts(&database, levels).await;
    assert_eq!(
        levels,
        [
            "country - - 1 60000",
            "country - 2+kk 1 100000",
            "country - 3+kk 1 80000",
            "country - all 3 80000",
            "district - - 1 60000",
            "district - all 1 60000",
            "district Brno-město 3+kk 1 80000",
            "district Brno-město all 1 80000",
            "district Praha 1 2+kk 1 100000",
            "district Praha 1 all 1 100000",
            "region - - 1 60000",
            "region - all 1 60000",
            "region Hlavní město Praha 2+kk 1 100000",
            "region Hlavní město Praha all 1 100000",
            "region Jihomoravský kraj 3+kk 1 80000",
            "region Jihomoravský kraj all 1 80000",
        ]
    );
    let parts = "
        select concat_ws(' ', coalesce(district, '-'), coalesce(sub_category, '-'), listings, median)
        from mart.price_per_m2
        order by 1";
    assert_eq!(
        texts(&database, parts).await,
        ["- - 1 60000", "Brno-město 3+kk 1 80000", "Praha 1 2+kk 1 100000"]
    );
    let overall = "select count(*) from mart.price_per_m2_overall";
    assert_eq!(database.sql.query_one(overall, &[]).await.unwrap().get::<_, i64>(0), 13);
}

#[tokio::test]
async fn every_district_has_its_region() {
    let database = Database::start().await;
    let districts = "
        select concat_ws(': ', region, string_agg(district, ', ' order by district collate \"C\"))
        from mart.district
        group by region
        order by region = 'Hlavní město Praha' desc, region collate \"C\"";
    let districts = texts(&database, districts).await;
    assert_eq!(districts.len(), sreality::place::REGIONS.len());
    assert_eq!(
        districts[0],
        "Hlavní město Praha: Hlavní město Praha, Praha 1, Praha 10, Praha 2, Praha 3, Praha 4, Praha 5, Praha 6, Praha 7, \
         Praha 8, Praha 9"
    );
    let count = database.sql.query_one("select count(*) from mart.district", &[]).await.unwrap();
    assert_eq!(count.get::<_, i64>(0), sreality::place::DISTRICTS.len() as i64);
}

/// Days ago, listing, price.
type Offer = (i32, i64, Option<i64>);

/// What was on offer at the end of the latest day, a week and a month before, by the spells.
fn offers(walks: &[Walk]) -> Vec<Offer> {
    let tables = model::tables(walks);
    let day = |walk: &Walk| walk.started_at.as_second() / SECONDS_A_DAY;
    let mut offers = Vec::new();
    for listing in &tables.listings {
        let spells = || tables.spells.iter().filter(|spell| spell.hash_id == listing.hash_id);
        let latest = spells().next_back().filter(|spell| spell.delisted_at.is_none());
        offers.extend(latest.map(|spell| (0, listing.hash_id, spell.total_price)));
        let of_its_kind = |walk: &&Walk| {
            (walk.segment.category.code(), walk.segment.deal.code())
                == (listing.place.category, listing.place.deal)
        };
        let days: BTreeSet<i64> =
            walks.iter().filter(|walk| walk.complete).filter(of_its_kind).map(day).collect();
        let Some((first, last)) = days.first().zip(days.last()) else { continue };
        for days_ago in [7, 30] {
            if last - days_ago < *first {
                continue;
            }
            let until = Timestamp::from_second((last - days_ago + 1) * SECONDS_A_DAY).unwrap();
            let then = spells().rfind(|spell| spell.first.0 < until);
            let then = then.filter(|spell| spell.delisted_at.is_none_or(|delisted_at| delisted_at >= until));
            offers.extend(then.map(|spell| (days_ago as i32, listing.hash_id, spell.total_price)));
        }
    }
    offers.sort();
    offers
}

#[test]
fn the_offer_of_earlier_days_and_the_events_follow_from_the_history_whatever_it_is() {
    /// The events one by one, counted, and what the turnover says; `except` takes two nulls for the same.
    const EVENTS_OTHERWISE: &str = "
        with counted as (
            select day, category, deal, region, district, first_day,
                count(*) filter (where event = 'new') as new,
                count(*) filter (where event = 'returned') as returned,
                count(*) filter (where event = 'gone') as gone
            from mart.coming_and_going
            group by day, category, deal, region, district, first_day
        ),
        turnover as (
            select day, category, deal, region, district, first_day, new, returned, gone
            from mart.new_and_gone
            where new + returned + gone > 0
        )
        select count(*)
        from (
            (table counted except table turnover)
            union all
            (table turnover except table counted)
        ) as otherwise";
    holds_for_histories(CASES, &async |database, mut history| {
        for walk in &mut history.walks {
            let seconds = walk.started_at.as_second() * DAYS_APART;
            walk.started_at = Timestamp::from_second(seconds).unwrap();
        }
        load_all(database, &history).await;
        let sql = "select days_ago, hash_id, total_price from mart.offer";
        let rows = database.sql.query(sql, &[]).await.unwrap();
        let mut found: Vec<Offer> = rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect();
        found.sort();
        let expected = offers(&history.walks);
        if found != expected {
            return Err(TestCaseError::fail(format!("found {found:#?}\nexpected {expected:#?}")));
        }
        let otherwise: i64 = database.sql.query_one(EVENTS_OTHERWISE, &[]).await.unwrap().get(0);
        if otherwise > 0 {
            return Err(TestCaseError::fail(format!("{otherwise} days and places have other events")));
        }
        Ok(())
    });
}
