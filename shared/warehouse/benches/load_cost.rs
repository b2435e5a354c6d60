//! What the load of a walk of 20 000 listings costs: seconds, write-ahead log and growth of the database.
//!
//! `cargo bench -p warehouse` prints a table; docs/decisions/0004-walks-in-any-order.md has the last one.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

use std::time::Instant;

use cenovka::postgres::PrivatePostgres;
use jiff::{Timestamp, ToSpan};
use sreality::area::Areas;
use sreality::place::DISTRICTS;
use sreality::price::Amount;
use sreality::row::{Locality, Row};
use tokio_postgres::{Client, NoTls};
use uuid::Uuid;
use warehouse::{Ending, Finished, Walk, Warehouse};

const LISTINGS: i64 = 20_000;
/// The portal's page size.
const PAGE: usize = 500;
/// Dispositions of flats, 1+kk to 5+1.
const SUB_CATEGORIES: [i16; 10] = [2, 3, 4, 5, 6, 7, 8, 9, 10, 11];

/// One walk to be loaded.
struct Load {
    title: &'static str,
    /// Days after the first walk.
    day: i64,
    complete: bool,
    /// Of every hundred listings, these many have another price than on day 0.
    changed: i64,
}

const LOADS: [Load; 7] = [
    Load { title: "new", day: 0, complete: true, changed: 0 },
    Load { title: "unchanged, same day", day: 0, complete: true, changed: 0 },
    Load { title: "unchanged, next day", day: 1, complete: true, changed: 0 },
    Load { title: "5 % changed", day: 3, complete: true, changed: 5 },
    Load { title: "5 % changed back, late", day: 2, complete: true, changed: 0 },
    Load { title: "unchanged, incomplete", day: 4, complete: false, changed: 5 },
    Load { title: "unchanged after it", day: 5, complete: true, changed: 5 },
];

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let postgres = PrivatePostgres::start(&folder.path().join("postgres")).await.unwrap();
    let (sql, connection) = tokio_postgres::connect(&postgres.database_url(), NoTls).await.unwrap();
    tokio::spawn(connection);
    let mut warehouse = Warehouse::new(&postgres.database_url(), None).unwrap();
    warehouse.migrate().await.unwrap();

    println!("{:<24} {:>8} {:>10} {:>12}", "walk of 20 000", "seconds", "WAL kB", "growth kB");
    for (number, walk) in (1..).zip(&LOADS) {
        sql.batch_execute("checkpoint").await.unwrap();
        let (log, size) = written(&sql).await;
        let start = Instant::now();
        load(&mut warehouse, walk, number).await;
        let seconds = start.elapsed().as_secs_f64();
        let (log_after, size_after) = written(&sql).await;
        let (log, growth) = ((log_after - log) / 1024, (size_after - size) / 1024);
        println!("{:<24} {seconds:>8.2} {log:>10} {growth:>12}", walk.title);
    }
}

/// Bytes of write-ahead log so far, and the database's size.
async fn written(sql: &Client) -> (i64, i64) {
    let query = "select (pg_current_wal_lsn() - '0/0')::bigint, pg_database_size(current_database())";
    let row = sql.query_one(query, &[]).await.unwrap();
    (row.get(0), row.get(1))
}

async fn load(warehouse: &mut Warehouse, Load { day, complete, changed, .. }: &Load, number: u128) {
    let started_at = "2026-01-01T06:00:00Z".parse::<Timestamp>().unwrap() + (24 * day).hours();
    let walk = Walk {
        id: Uuid::from_u128(number),
        bucket: "raw".to_owned(),
        key: number.to_string(),
        object_bytes: 1,
        portal: "https://portal.test".to_owned(),
        segment: "flats-sale".parse().unwrap(),
        since: None,
        software: "bench".to_owned(),
        started_at: started_at + i64::try_from(number).unwrap().seconds(),
        announced: 20_000,
        robots_disregarded: false,
    };
    let mut load = warehouse.begin(walk).await.unwrap().unwrap();
    let rows: Vec<Row<'_>> = (0..LISTINGS).map(|number| row(number, *changed)).collect();
    for (line, page) in (2..).zip(rows.chunks(PAGE)) {
        load.rows().add_page(line, page.iter().map(|row| (Ok(row.clone()), ""))).await.unwrap();
    }
    let ending = Ending {
        finished_at: started_at,
        complete: *complete,
        incomplete_because: None,
        pages: 40,
        requests: 40,
        retries: 0,
        refusals: None,
        drift: Vec::new(),
    };
    assert!(matches!(load.finish(ending).await, Ok(Finished::Loaded(_))));
}

/// A row about as wide as the portal's.
fn row(number: i64, changed: i64) -> Row<'static> {
    let scattered = number.wrapping_mul(2_654_435_761) % 4_294_967_296;
    let pick =
        |length: usize, salt: i64| usize::try_from((scattered + salt * 7919) % 10_007).unwrap() % length;
    let district = &DISTRICTS[pick(DISTRICTS.len(), 1)];
    let area = 30 + i32::try_from(pick(90, 2)).unwrap();
    let price = i64::from(area) * (60_000 + 1000 * i64::try_from(pick(80, 3)).unwrap());
    // As round as sellers' prices: a walk without such would be taken to be falsified.
    let price = price / 10_000 * 10_000;
    let price = if number % 100 < changed { price * 97 / 100 } else { price };
    Row {
        hash_id: scattered,
        category: 1,
        deal: 1,
        sub_category: Some(SUB_CATEGORIES[pick(SUB_CATEGORIES.len(), 4)]),
        name: Some(format!("Prodej bytu 2+kk {area} m²").into()),
        areas: Areas { area_m2: Some(area), plot_area_m2: None },
        total_price: Some(price),
        advertised: Amount { czk: Some(price as f64), unit: Some(1) },
        currency: Some(1),
        discount: Some(false),
        locality: Locality {
            region_id: Some(district.region_id),
            district_id: Some(district.id),
            municipality_id: Some(3000),
            quarter_id: Some(5000),
            ward_id: Some(12_000),
            street_id: Some(130_000),
            country_id: Some(112),
            city: Some(district.name.into()),
            city_part: Some("Staré Město".into()),
            street: Some("Nádražní".into()),
            house_number: Some("1234".into()),
            street_number: Some("12a".into()),
            latitude: Some(49.0 + number as f64 / 10_000.0),
            longitude: Some(15.0 + f64::from(area) / 100.0),
            precision: Some("address".into()),
            slugs: [Some(district.slug.into()), Some("stare-mesto".into()), Some("nadrazni".into())],
        },
        agency_id: Some(4000),
        agency: Some("realitni-kancelar".into()),
        images: 12,
        has_video: Some(false),
        has_tour: Some(false),
        distances: [Some(350); 13],
    }
}
