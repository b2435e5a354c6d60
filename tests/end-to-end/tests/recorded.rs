//! Recorded rows of the real portal, through the whole path, pinned by value. They are no part of this
//! repository: without them these tests say so and pass.

use std::path::PathBuf;

use end_to_end::{World, binary};
use raw_zone::{Line, WalkReader};
use simulator::{RecordedRows, Source};
use sreality::Page;

pub(crate) fn folder() -> Option<PathBuf> {
    let folder = binary::workspace().join("../shared/data/v1");
    if !folder.exists() {
        eprintln!("skipped: no recorded answers at {}", folder.display());
        return None;
    }
    Some(folder)
}

/// The rows of an answer, each as the text that it is.
fn rows_of(body: &str) -> Vec<String> {
    Page::parse(body).unwrap().results.iter().map(|row| row.get().to_owned()).collect()
}

#[tokio::test]
async fn recorded_rows_come_out_of_s3_byte_for_byte_as_they_were_recorded() {
    let Some(folder) = folder() else { return };
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    let mut recorded: Vec<_> =
        files.iter().flat_map(|file| rows_of(&std::fs::read_to_string(file).unwrap())).collect();
    let rows = RecordedRows::read(&files).unwrap();
    let segments: Vec<_> = rows.segments().iter().map(ToString::to_string).collect();
    let world = World::start(Source::Rows(rows)).await;
    let answer = world.collector().await.invoke(serde_json::json!({ "segments": segments })).await.unwrap();

    let mut stored = Vec::new();
    for walk in answer["walks"].as_array().unwrap() {
        assert_eq!((&walk["complete"], &walk["drifts"]), (&true.into(), &0.into()), "{walk}");
        let object = world.object(walk["key"].as_str().unwrap()).await;
        let mut reader = WalkReader::open(std::io::Cursor::new(object)).unwrap();
        while let Line::Page { page, .. } = reader.next().unwrap() {
            stored.extend(rows_of(std::str::from_utf8(page.body).unwrap()));
        }
    }
    recorded.sort();
    stored.sort();
    assert!(recorded.len() >= 75, "{} rows", recorded.len());
    // A file may break its lines within a row, and a walk file has a line for each page.
    let on_one_line: Vec<_> = recorded.iter().map(|row| row.replace(['\n', '\r'], " ")).collect();
    assert!(stored == on_one_line, "{} rows of {}", stored.len(), recorded.len());
}

#[tokio::test]
async fn sixty_recorded_rows_become_sixty_listings_with_the_portals_prices() {
    let Some(folder) = folder() else { return };
    let rows = RecordedRows::read(&[folder.join("rows_2025-10-28.json")]).unwrap();
    let segments: Vec<_> = rows.segments().iter().map(ToString::to_string).collect();
    let mut world = World::start(Source::Rows(rows)).await;
    let (mut collector, mut loader) = (world.collector().await, world.loader().await);
    let segments: Vec<_> = segments.iter().map(String::as_str).collect();
    for event in world.collect(&mut collector, &segments).await {
        loader.invoke(event).await.unwrap();
    }
    assert_eq!(world.count("select count(*) from warehouse.listing").await, 60);
    assert_eq!(world.count("select count(*) from warehouse.reject").await, 0);

    let sql = "
        select hash_id, current.total_price, price_unit, price_per_m2, current.district, listing.street_id
        from mart.current_listing as current join warehouse.listing using (hash_id)
        where hash_id = any ($1)
        order by hash_id";
    let ids = [356_094_796_i64, 2_910_794_572, 1_774_764_876, 4_063_319_372, 1_943_544_396];
    let rows = world.sql.query(sql, &[&ids.as_slice()]).await.unwrap();
    let found: Vec<(i64, i64, i16, i64, String)> =
        rows.iter().map(|row| (row.get(0), row.get(1), row.get(2), row.get(3), row.get(4))).collect();
    assert_eq!(
        found,
        [
            (356_094_796, 20_999_000, 1, 40_539, "Praha 4".to_owned()),
            (1_774_764_876, 764_568, 1, 42, "Chrudim".to_owned()),
            (1_943_544_396, 19_980_000, 1, 3_536, "Hlavní město Praha".to_owned()),
            (2_910_794_572, 4_755_000, 3, 1_500, "Jeseník".to_owned()),
            (4_063_319_372, 17_500, 4, 25, "Vyškov".to_owned()),
        ]
    );
    let sql = "
        select listing.street, street_id, quarter_id, house_number, city, city_part, area_m2, currency, plot_area_m2
        from warehouse.listing where hash_id = 2910794572";
    let plot = world.sql.query_one(sql, &[]).await.unwrap();
    assert_eq!(plot.get::<_, Option<&str>>(0), None);
    assert_eq!((plot.get::<_, Option<i32>>(1), plot.get::<_, Option<i32>>(2)), (None, None));
    assert_eq!(plot.get::<_, Option<&str>>(3), Some("77"));
    assert_eq!((plot.get::<_, &str>(4), plot.get::<_, &str>(5)), ("Zlaté Hory", "Ondřejovice"));
    assert_eq!((plot.get::<_, i32>(6), plot.get::<_, i16>(7)), (3170, 1));
    assert_eq!(plot.get::<_, Option<i32>>(8), None);
}
