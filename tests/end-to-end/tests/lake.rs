//! The lake: files that say what the marts say, and a manifest that always names a whole publication.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_sdk_s3::Client as S3Client;
use end_to_end::walked;
use end_to_end::world::BUCKET;
use end_to_end::{Function, World};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use parquet::record::reader::RowIter;
use publisher::{MANIFEST, Manifest, Publisher, Report, Site};
use runtime::Bucket;
use serde_json::{Value, json};
use simulator::{Market, Source};
use warehouse::Warehouse;

/// Each dataset with the mart that it shows.
const DATASETS: [(&str, &str); 6] = [
    ("current_listing", "current_listing"),
    ("price_history", "price_history"),
    ("price_change", "price_change"),
    ("stay", "stay"),
    ("price_level", "price_level"),
    ("walk", "walk_health"),
];

/// A table with a header, each cell as text.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Table {
    pub(crate) columns: Vec<String>,
    pub(crate) rows: Vec<Vec<String>>,
    /// The types of the mart's columns, as Postgres calls them.
    pub(crate) types: Vec<String>,
}

impl Table {
    /// With its rows in an order of their own.
    pub(crate) fn sorted(mut self) -> Self {
        self.rows.sort();
        self
    }

    /// Whether a column's values are told in floating point.
    pub(crate) fn is_double(&self, index: usize) -> bool {
        matches!(self.types[index].as_str(), "double precision" | "numeric" | "interval")
    }
}

/// Rows of a Parquet file.
pub(crate) fn table_of(rows: RowIter<'_>, types: &[String]) -> Table {
    let mut table = Table { types: types.to_vec(), ..Table::default() };
    for row in rows {
        let row = row.unwrap();
        table.columns = row.get_column_iter().map(|(name, _)| name.clone()).collect();
        table.rows.push(row.get_column_iter().map(|(_, field)| text_of(field)).collect());
    }
    table
}

/// A market of so many days, with walks missed and cut short, and what is left to load.
pub(crate) async fn market(days: u32, loaded: usize) -> (World, Function, Vec<Value>) {
    market_of(500, days, loaded).await
}

/// The same, of so many listings.
pub(crate) async fn market_of(listings: usize, days: u32, loaded: usize) -> (World, Function, Vec<Value>) {
    let mut market = Market::new(5, listings);
    let mut world = World::start(Source::Market(market.clone())).await;
    let mut loader = world.loader().await;
    let plan = walked::plan(5, days, &["flats-sale", "flats-rent", "houses-sale"]);
    let (_, mut events) = walked::walk(&mut world, &mut market, plan).await;
    let rest = events.split_off(loaded.min(events.len()));
    load(&mut loader, events).await;
    (world, loader, rest)
}

async fn load(loader: &mut Function, events: Vec<Value>) {
    for event in events {
        let object = loader.invoke(event).await.unwrap()["objects"][0].take();
        assert_eq!(object["outcome"], "loaded", "{object}");
    }
}

/// The publisher's settings: it reads as an analyst, and the lake lies beside the raw zone.
fn environment(world: &World) -> Vec<(String, String)> {
    let database = world.database.url("analyst");
    world.environment_with(&[("DATABASE_URL", &database), ("CENOVKA_LAKE_BUCKET", BUCKET)])
}

/// A publisher in this process, which can be stopped anywhere.
pub(crate) fn publisher(world: &World) -> Publisher {
    publisher_with(world, None)
}

/// The same with a bucket for the page.
fn publisher_with(world: &World, site: Option<Bucket>) -> Publisher {
    let warehouse = Warehouse::new(&world.database.url("analyst"), None).unwrap();
    let site = site.map(|bucket| Site { bucket, listings: false });
    Publisher::new(Bucket::new(world.s3.clone(), BUCKET.to_owned()), site, warehouse)
}

/// The page beside the lake: every slice that its manifest names is there. Its bytes; `None` before the first.
async fn page(world: &World) -> Option<Vec<u8>> {
    let bucket = Bucket::new(world.s3.clone(), BUCKET.to_owned());
    let bytes = bucket.read("data/manifest.json").await.ok()?;
    let manifest: Value = serde_json::from_slice(&bytes).unwrap();
    for (name, key) in manifest["slices"].as_object().unwrap() {
        let slice = bucket.read(key.as_str().unwrap()).await;
        slice.unwrap_or_else(|error| panic!("{name} is named and not there: {error}"));
    }
    Some(bytes)
}

async fn manifest(world: &World) -> Manifest {
    serde_json::from_slice(&world.object(MANIFEST).await).unwrap()
}

async fn keys(s3: &S3Client) -> BTreeSet<String> {
    let listed = s3.list_objects_v2().bucket(BUCKET).prefix("lake/").send().await.unwrap();
    assert_eq!(listed.is_truncated(), Some(false));
    listed.contents().iter().map(|object| object.key().unwrap().to_owned()).collect()
}

/// A dataset as its files say it; `mart` is what it is made of.
async fn published(world: &World, manifest: &Manifest, dataset: &str, mart: &str) -> Table {
    let types = types(world, mart).await.into_iter().map(|(_, data_type)| data_type).collect::<Vec<_>>();
    let mut table = Table { types: types.clone(), ..Table::default() };
    for file in &manifest.datasets[dataset].files {
        let bytes = world.object(&file.key).await;
        assert_eq!(bytes.len() as u64, file.bytes, "{}", file.key);
        let reader = SerializedFileReader::new(bytes::Bytes::from(bytes)).unwrap();
        let part = table_of(reader.get_row_iter(None).unwrap(), &types);
        assert_eq!(part.rows.len() as u64, file.rows, "{}", file.key);
        table.columns = part.columns;
        table.rows.extend(part.rows);
    }
    assert_eq!(table.rows.len() as u64, manifest.datasets[dataset].rows, "{dataset}");
    table.sorted()
}

/// The columns of a mart and their types.
async fn types(world: &World, mart: &str) -> Vec<(String, String)> {
    let columns = "
        select attname::text, format_type(atttypid, null) from pg_attribute
        where attrelid = ('mart.' || $1)::text::regclass and attnum > 0 order by attnum";
    let columns = world.sql.query(columns, &[&mart]).await.unwrap();
    columns.iter().map(|column| (column.get(0), column.get(1))).collect()
}

fn text_of(field: &Field) -> String {
    match field {
        Field::Null => "null".to_owned(),
        Field::Bool(value) => value.to_string(),
        Field::Int(value) | Field::Date(value) => value.to_string(),
        Field::Long(value) | Field::TimestampMicros(value) => value.to_string(),
        Field::Double(value) => format!("{value:?}"),
        Field::Str(value) => format!("\"{value}\""),
        other => panic!("no column of the lake has {other:?}"),
    }
}

/// A mart as Postgres says it, in the same notation. This says once more, and in other words than the publisher's, which type
/// becomes which.
pub(crate) async fn in_postgres(world: &World, mart: &str) -> Table {
    let mut table = Table::default();
    let mut cells = Vec::new();
    for (name, data_type) in types(world, mart).await {
        let column = format!("\"{name}\"");
        cells.push(match data_type.as_str() {
            "text" | "uuid" => format!("'\"' || {column}::text || '\"'"),
            "text[]" => format!("'\"' || array_to_string({column}, ', ') || '\"'"),
            "date" => format!("({column} - date '1970-01-01')::text"),
            "timestamp with time zone" => format!("(extract(epoch from {column}) * 1000000)::bigint::text"),
            "interval" => format!("extract(epoch from {column})::double precision::text"),
            "numeric" => format!("{column}::double precision::text"),
            "boolean" | "integer" | "smallint" | "bigint" | "double precision" => format!("{column}::text"),
            other => panic!("mart.{mart}.{name} is {other}"),
        });
        table.columns.push(if data_type == "interval" { format!("{name}_seconds") } else { name });
        table.types.push(data_type);
    }
    let rows = world.sql.query(&format!("select {} from mart.{mart}", cells.join(", ")), &[]).await.unwrap();
    let cell = |row: &tokio_postgres::Row, index: usize| match row.get::<_, Option<String>>(index) {
        None => "null".to_owned(),
        Some(text) if table.is_double(index) => format!("{:?}", text.parse::<f64>().unwrap()),
        Some(text) => text,
    };
    table.rows = rows.iter().map(|row| (0..cells.len()).map(|index| cell(row, index)).collect()).collect();
    table.sorted()
}

/// All marts, in the lake's words.
async fn marts(world: &World) -> BTreeMap<&'static str, Table> {
    let mut marts = BTreeMap::new();
    for (dataset, mart) in DATASETS {
        marts.insert(dataset, in_postgres(world, mart).await);
    }
    marts
}

/// What a publication says, all of it.
async fn lake(world: &World, manifest: &Manifest) -> BTreeMap<&'static str, Table> {
    let mut lake = BTreeMap::new();
    for (dataset, mart) in DATASETS {
        lake.insert(dataset, published(world, manifest, dataset, mart).await);
    }
    lake
}

#[tokio::test]
async fn every_cell_of_the_lake_equals_the_marts_and_a_second_publication_writes_what_changed() {
    let (world, mut loader, rest) = market(70, 150).await;
    let mut function = Function::start("publisher", &environment(&world)).await;
    let report = function.invoke(json!({})).await.unwrap();
    let first = manifest(&world).await;
    assert_eq!((&report["publication"], &report["unchanged"]), (&json!(first.publication), &json!(false)));
    for (dataset, table) in lake(&world, &first).await {
        let mart = in_postgres(&world, DATASETS.iter().find(|(name, _)| *name == dataset).unwrap().1).await;
        assert!(table.rows.len() > 30, "{dataset} has {} rows", table.rows.len());
        assert_eq!(table, mart, "{dataset}");
    }
    let parts = |manifest: &Manifest, dataset: &str| {
        manifest.datasets[dataset].files.iter().map(|file| file.part.clone()).collect::<Vec<_>>()
    };
    assert_eq!(parts(&first, "current_listing"), ["byty-prodej", "byty-pronajem", "domy-prodej"]);
    assert_eq!(parts(&first, "price_level"), ["2026-01", "2026-02"]);

    // Nothing has changed: nothing is put.
    let before = keys(&world.s3).await;
    let report = function.invoke(json!({})).await.unwrap();
    assert_eq!((&report["unchanged"], &report["files_written"]), (&json!(true), &json!(0)), "{report}");
    assert_eq!((keys(&world.s3).await, manifest(&world).await), (before, first.clone()));

    // A month that is over is not written again.
    load(&mut loader, rest).await;
    let report = function.invoke(json!({})).await.unwrap();
    assert_eq!(report["unchanged"], false);
    let second = manifest(&world).await;
    assert!(second.publication > first.publication);
    let january = |manifest: &Manifest| manifest.datasets["price_level"].files[0].clone();
    assert_eq!((january(&second), report["files_kept"].as_u64() > Some(0)), (january(&first), true));
    assert_eq!(lake(&world, &second).await, marts(&world).await);
    // The first one still reads as it did.
    assert_eq!(
        lake(&world, &first).await["current_listing"].rows.len() as u64,
        first.datasets["current_listing"].rows
    );
}

#[tokio::test]
async fn the_same_marts_make_the_same_bytes() {
    let (world, ..) = market(10, 30).await;
    publisher(&world).publish().await.unwrap();
    let first = manifest(&world).await;
    for key in keys(&world.s3).await {
        world.s3.delete_object().bucket(BUCKET).key(key).send().await.unwrap();
    }
    // Other pages of the tables, and another order of their rows.
    world.sql.batch_execute("vacuum full").await.unwrap();
    publisher(&world).publish().await.unwrap();
    assert_eq!(manifest(&world).await.datasets, first.datasets);
}

#[tokio::test]
async fn killed_after_any_put_the_manifests_name_a_whole_publication_and_the_next_run_ends_it() {
    let (mut world, mut loader, mut rest) = market(12, 9).await;
    while tokio::time::timeout(Duration::from_millis(100), world.next_event()).await.is_ok() {}
    let mut before: Option<(Manifest, BTreeMap<&str, Table>)> = None;
    // The lake is put first, and then the many slices and files of the page.
    for puts in (1..25).chain((25..).step_by(4)) {
        let site = Bucket::new(world.s3.clone(), BUCKET.to_owned());
        let publisher = publisher_with(&world, Some(site));
        let killed = tokio::select! {
            biased;
            () = async { for _ in 0..puts { world.next_event().await; } } => true,
            report = publisher.publish() => { assert!(!report.unwrap().busy); false }
        };
        drop(publisher);
        let marts = marts(&world).await;
        page(&world).await;
        let seen = world.s3.get_object().bucket(BUCKET).key(MANIFEST).send().await.ok();
        match (seen.is_some(), &before) {
            (false, before) => assert!(before.is_none() && killed, "the first publication is not there yet"),
            (true, before) => {
                let now = manifest(&world).await;
                let whole = lake(&world, &now).await;
                match before {
                    Some((last, said)) if *last == now => assert_eq!(&whole, said),
                    _ => assert_eq!(whole, marts),
                }
            }
        }
        while tokio::time::timeout(Duration::from_millis(100), world.next_event()).await.is_ok() {}
        if !killed && before.is_none() {
            assert!(puts > 40, "{puts} puts");
            break;
        }
        // The lock of the one that was killed goes with its connection.
        let report = publish_until_free(&world).await;
        assert_eq!(manifest(&world).await.publication, report.publication);
        assert!(page(&world).await.is_some());
        assert_eq!(lake(&world, &manifest(&world).await).await, marts);
        while tokio::time::timeout(Duration::from_millis(100), world.next_event()).await.is_ok() {}
        before = Some((manifest(&world).await, marts));
        // What changed a little, as long as that takes enough puts, and then everything from the beginning.
        if let Some(event) = rest.pop().filter(|_| killed) {
            load(&mut loader, vec![event]).await;
        } else {
            let page = Bucket::new(world.s3.clone(), BUCKET.to_owned());
            let slices =
                page.list("data/").next().await.unwrap().unwrap().into_iter().map(|object| object.key);
            for key in keys(&world.s3).await.into_iter().chain(slices) {
                world.s3.delete_object().bucket(BUCKET).key(key).send().await.unwrap();
            }
            before = None;
        }
    }
}

/// Publishes once Postgres has noticed that the one before is gone.
async fn publish_until_free(world: &World) -> Report {
    loop {
        let site = Bucket::new(world.s3.clone(), BUCKET.to_owned());
        let report = publisher_with(world, Some(site)).publish().await.unwrap();
        if !report.busy {
            return report;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn beside_loads_every_publication_is_one_moment_of_the_marts() {
    let (world, mut loader, rest) = market(30, 20).await;
    let mut moments = vec![marts(&world).await];
    let mut publications = Vec::new();
    let publisher = publisher(&world);
    for event in rest {
        let (report, ()) = tokio::join!(publisher.publish(), load(&mut loader, vec![event]));
        assert!(!report.unwrap().busy);
        moments.push(marts(&world).await);
        publications.push(manifest(&world).await);
    }
    publications.dedup();
    assert!(publications.len() > 20, "{} publications", publications.len());
    for publication in publications.iter().rev().take(7) {
        let said = lake(&world, publication).await;
        assert!(moments.contains(&said), "{} is a mixture", publication.publication);
    }
}

#[tokio::test]
async fn two_at_once_are_one_after_the_other_and_a_manifest_that_changed_meanwhile_stays() {
    let (world, ..) = market(6, 18).await;
    let (first, second) = (publisher(&world), publisher(&world));
    let (first, second) = tokio::join!(first.publish(), second.publish());
    let busy = [first.unwrap(), second.unwrap()].iter().filter(|report| report.busy).count();
    assert_eq!(busy, 1);

    // What a publisher whose lock was lost with its connection would do.
    let store = Bucket::new(world.s3.clone(), BUCKET.to_owned());
    let etag = store.fetch(MANIFEST).await.unwrap().etag;
    store.put_json(MANIFEST, world.object(MANIFEST).await.repeat(2)).await.unwrap();
    let error = store.replace_json(MANIFEST, Some(&etag), b"{}".to_vec()).await.unwrap_err();
    assert!(matches!(error, runtime::StoreError::Replaced { .. }), "{error}");
    let error = publisher(&world).publish().await.unwrap_err();
    assert!(
        error.to_string().contains("s3://raw/lake/manifest.json is not what the publisher wrote"),
        "{error}"
    );
}

#[tokio::test]
async fn seven_publications_stay_and_what_none_of_them_names_goes_after_a_day() {
    const DAY: Duration = Duration::from_secs(25 * 3600);
    let (world, mut loader, rest) = market(30, 10).await;
    let publisher = publisher(&world);
    let mut publications = Vec::new();
    for event in rest.into_iter().take(10) {
        load(&mut loader, vec![event]).await;
        publisher.publish().await.unwrap();
        publications.push(manifest(&world).await);
    }
    let young = "lake/stay/2026-01/left-by-one-that-was-killed.parquet";
    let put = world.s3.put_object().bucket(BUCKET).key(young).send();
    put.await.unwrap();
    let raw = world.s3.list_objects_v2().bucket(BUCKET).prefix("raw/").send().await.unwrap().contents().len();
    // All are young.
    assert_eq!(publisher.publish().await.unwrap().files_deleted, 0);
    for key in keys(&world.s3).await.iter().filter(|key| *key != young) {
        world.stored_ago(key, DAY);
    }
    let deleted = publisher.publish().await.unwrap().files_deleted;
    assert!(deleted > 10, "{deleted} objects");
    let left = keys(&world.s3).await;
    assert!(left.contains(young) && left.contains(MANIFEST));
    let kept = &publications[publications.len() - 7..];
    for publication in kept {
        assert_eq!(lake(&world, publication).await.len(), DATASETS.len());
    }
    let files = kept.iter().flat_map(|manifest| manifest.datasets.values());
    let files: BTreeSet<_> = files.flat_map(|dataset| &dataset.files).map(|file| file.key.clone()).collect();
    let parquet = left.iter().filter(|key| key.ends_with(".parquet") && *key != young).cloned();
    assert_eq!(parquet.collect::<BTreeSet<_>>(), files);
    let raw_left = world.s3.list_objects_v2().bucket(BUCKET).prefix("raw/").send().await.unwrap();
    assert_eq!(raw_left.contents().len(), raw, "the raw zone beside the lake is nobody's to delete");
}

#[tokio::test]
async fn before_the_first_walk_there_are_files_without_rows() {
    let world = World::start(Source::Market(Market::new(5, 10))).await;
    let report = publisher(&world).publish().await.unwrap();
    assert_eq!((report.rows, report.files_written), (0, 6));
    let manifest = manifest(&world).await;
    assert_eq!(manifest.market, None);
    assert_eq!(lake(&world, &manifest).await.len(), 6);
}
