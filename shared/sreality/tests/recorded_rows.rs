//! Recorded answers of the portal. They are not part of this repository: where the folder is missing, these
//! tests say so and pass; where it is there, it must be readable.
#![allow(clippy::unwrap_used, reason = "tests may fail loudly")]

use std::path::Path;

use sreality::shape::{Change, ShapeWatch};
use sreality::{Page, Row};

const FILES: [&str; 4] = [
    "rows_2025-10-23.json",
    "rows_2025-10-28.json",
    "search_flats_sale_2026-05-26_limit3.json",
    "search_flats_rent_praha7_2026_first_row.json",
];

fn recorded(file: &str) -> Option<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/v1");
    if !folder.exists() {
        eprintln!("skipped: no recorded answers at {}", folder.display());
        return None;
    }
    Some(std::fs::read_to_string(folder.join(file)).unwrap())
}

#[test]
fn every_recorded_row_is_read_without_a_reject() {
    let mut rows = 0;
    for file in FILES {
        let Some(body) = recorded(file) else { return };
        for row in Page::parse(&body).unwrap().results {
            let row = Row::parse(row.get()).unwrap_or_else(|error| panic!("{file}: {error}"));
            assert!(row.areas.area_m2.is_some(), "{file}: {:?}", row.name);
            assert!(row.locality.district_id.is_some(), "{file}: {:?}", row.name);
            rows += 1;
        }
    }
    assert_eq!(rows, 75);
}

#[test]
fn no_recorded_page_differs_from_the_known_shape() {
    let (mut watch, mut rows) = (ShapeWatch::default(), 0);
    for file in FILES {
        let Some(body) = recorded(file) else { return };
        watch.page(&body);
        rows += Page::parse(&body).unwrap().results.len();
    }
    // Of the envelopes of 2025 only the rows are kept.
    let (envelope, rest): (Vec<_>, Vec<_>) =
        watch.drift().into_iter().partition(|drift| drift.path.starts_with('/'));
    assert_eq!((rows, rest), (75, Vec::new()));
    assert!(
        envelope.iter().all(|drift| drift.change == Change::Disappeared && drift.rows == 2),
        "{envelope:?}"
    );
}

#[test]
fn recorded_unit_prices_give_the_total_that_the_portal_shows() {
    let Some(body) = recorded("rows_2025-10-28.json") else { return };
    let page = Page::parse(&body).unwrap();
    let rows: Vec<_> = page.results.iter().map(|row| Row::parse(row.get()).unwrap()).collect();
    let total = |hash_id| rows.iter().find(|row| row.hash_id == hash_id).and_then(|row| row.total_price);
    assert_eq!(total(2_910_794_572), Some(4_755_000), "1 500 Kč/m² × 3 170 m²");
    assert_eq!(total(4_063_319_372), Some(17_500), "25 Kč/m²/month × 700 m²");
    assert_eq!(total(1_774_764_876), Some(764_568), "a price for the whole plot");
    let per_m2 = rows.iter().filter(|row| matches!(row.advertised.unit, Some(3 | 4)));
    for row in per_m2 {
        let area = f64::from(row.areas.area_m2.unwrap());
        assert_eq!(row.total_price.unwrap() as f64, row.advertised.czk.unwrap() * area, "{:?}", row.name);
    }
}
