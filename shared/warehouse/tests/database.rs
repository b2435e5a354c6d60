//! A Postgres of the tests' own, walks loaded into it, and its tables read back.

use std::time::Duration;

use jiff::Timestamp;
use local::postgres::PrivatePostgres;
use serde_json::json;
use sreality::shape::{Change, Drift};
use sreality::walk::Ending;
use tempfile::TempDir;
use tokio_postgres::{Client, NoTls};
use warehouse::{Begun, Chunk, Counts, Differences, Finished, RawObject, RowComparer, Warehouse};

use crate::model::{Ledger, Listing, PriceLevel, Reject, Row, Spell, Tables, Walk, Whereabouts};

/// The tables of facts.
const FACTS: [&str; 7] = ["walk", "listing", "listing_version", "spell", "extra_sighting", "reject", "drift"];

pub(crate) struct Database {
    pub(crate) sql: Client,
    postgres: PrivatePostgres,
    _folder: TempDir,
}

impl Database {
    /// Starts Postgres and brings the schema up to date.
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let postgres = PrivatePostgres::start(&folder.path().join("postgres")).await.unwrap();
        let (sql, connection) = tokio_postgres::connect(&postgres.database_url(), NoTls).await.unwrap();
        tokio::spawn(connection);
        let database = Self { sql, postgres, _folder: folder };
        database.warehouse().migrate().await.unwrap();
        // What a crash could lose is of no interest here.
        let name: String = database.sql.query_one("select current_database()", &[]).await.unwrap().get(0);
        let sql = format!("alter database {name} set synchronous_commit = off");
        database.sql.batch_execute(&sql).await.unwrap();
        database
    }

    /// A connection of its own.
    pub(crate) fn warehouse(&self) -> Warehouse {
        Warehouse::new(&self.postgres.database_url(), None).unwrap()
    }

    /// Removes all facts, and what was told of them.
    pub(crate) async fn clear(&self) {
        let sql = "
            delete from warehouse.event;
            delete from warehouse.price_level;
            delete from warehouse.turnover;
            delete from warehouse.relisting;
            delete from warehouse.price_change;
            delete from warehouse.stay;
            delete from warehouse.row_digest;
            delete from warehouse.drift;
            delete from warehouse.reject;
            delete from warehouse.extra_sighting;
            delete from warehouse.spell;
            delete from warehouse.listing_version;
            delete from warehouse.listing;
            delete from warehouse.walk";
        self.sql.batch_execute(sql).await.unwrap();
    }

    /// Keeps a copy of all facts for [`Database::restore`]; from then on this connection may break every rule.
    pub(crate) async fn save(&self) {
        let copies = FACTS.map(|table| format!("create table saved.{table} as table warehouse.{table}"));
        let sql = format!(
            "drop schema if exists saved cascade; create schema saved; {};
             set session_replication_role = replica",
            copies.join(";")
        );
        self.sql.batch_execute(&sql).await.unwrap();
    }

    /// Brings back the facts that were saved.
    pub(crate) async fn restore(&self) {
        let tables = FACTS.map(|table| format!("'{table}'")).join(", ");
        let sql = format!(
            "do $$
            declare
                name text;
                columns text;
            begin
                for name, columns in
                    select relname, string_agg(quote_ident(attname), ', ')
                    from pg_class
                    join pg_attribute on attrelid = pg_class.oid
                    where relnamespace = 'warehouse'::regnamespace and relname in ({tables})
                        and attnum > 0 and not attisdropped and attgenerated = ''
                    group by relname
                loop
                    execute format('delete from warehouse.%I', name);
                    execute format('insert into warehouse.%1$I (%2$s) select %2$s from saved.%1$I', name, columns);
                end loop;
            end
            $$"
        );
        self.sql.batch_execute(&sql).await.unwrap();
    }

    /// Runs an update or a delete without a condition on a single row; returns the number of rows changed.
    pub(crate) async fn change_one_row(&self, sql: &str) -> u64 {
        let table =
            FACTS.iter().find(|table| sql.contains(&format!("warehouse.{table} ")) || sql.ends_with(*table));
        let table = table.expect("the statement names a table of facts");
        let sql = format!("{sql} where ctid = (select min(ctid) from warehouse.{table})");
        self.sql.execute(&sql, &[]).await.unwrap()
    }

    /// A count.
    pub(crate) async fn count(&self, sql: &str) -> i64 {
        self.sql.query_one(sql, &[]).await.unwrap().get(0)
    }

    /// All tables of facts, as the model has them.
    pub(crate) async fn tables(&self) -> Tables {
        let mut tables = Tables::default();
        let ledger = "
            select id, complete, rows_seen, rows_loaded, rows_duplicate, rows_rejected from warehouse.walk";
        for row in self.sql.query(ledger, &[]).await.unwrap() {
            tables.ledger.push(Ledger {
                walk: row.get(0),
                complete: row.get(1),
                seen: row.get(2),
                loaded: row.get(3),
                duplicate: row.get(4),
                rejected: row.get(5),
            });
        }
        let listings = "
            select hash_id, first_seen, name, category, deal, sub_category, region_id, district_id,
                walk_id, line, row_index
            from warehouse.listing
            left join warehouse.listing_version using (hash_id, digest)";
        for row in self.sql.query(listings, &[]).await.unwrap() {
            tables.listings.push(Listing {
                hash_id: row.get(0),
                first_seen: row.get(1),
                name: row.get(2),
                place: Whereabouts {
                    category: row.get(3),
                    deal: row.get(4),
                    sub_category: row.get(5),
                    region_id: row.get(6),
                    district_id: row.get(7),
                },
                said_first: (row.get(8), row.get(9), row.get(10)),
            });
        }
        let versions = "select hash_id, walk_id, line, row_index from warehouse.listing_version";
        for row in self.sql.query(versions, &[]).await.unwrap() {
            tables.versions.push((row.get(0), (row.get(1), row.get(2), row.get(3))));
        }
        let spells = "
            select hash_id, first_seen, first_walk, last_seen, last_walk, total_price,
                missing_since, delisted_at, next_seen
            from warehouse.spell";
        for row in self.sql.query(spells, &[]).await.unwrap() {
            tables.spells.push(Spell {
                hash_id: row.get(0),
                first: (row.get(1), row.get(2)),
                last: row.get::<_, Option<Timestamp>>(3).zip(row.get(4)),
                total_price: row.get(5),
                missing_since: row.get(6),
                delisted_at: row.get(7),
                next_seen: row.get(8),
            });
        }
        let extra = "select walk_id, hash_id, total_price from warehouse.extra_sighting";
        for row in self.sql.query(extra, &[]).await.unwrap() {
            tables.extra_sightings.push((row.get(0), row.get(1), row.get(2)));
        }
        let rejects = "select walk_id, line, row_index from warehouse.reject";
        for row in self.sql.query(rejects, &[]).await.unwrap() {
            tables.rejects.push((row.get(0), row.get(1), row.get(2)));
        }
        let levels = "
            select day - date '1970-01-01', category, deal, region_id, district_id, cell.*
            from warehouse.price_level
            cross join lateral unnest(sub_categories, listings, lower_quartiles, medians, upper_quartiles) as cell";
        for row in self.sql.query(levels, &[]).await.unwrap() {
            tables.price_levels.push(PriceLevel {
                day: row.get(0),
                cell: (row.get(1), row.get(2), row.get(3), row.get(4), row.get(5)),
                listings: row.get(6),
                quartiles: [row.get(7), row.get(8), row.get(9)],
            });
        }
        let otherwise = self.sql.query(KEPT_OTHERWISE, &[]).await.unwrap();
        tables.kept_otherwise = otherwise.iter().map(|row| row.get(0)).collect();
        tables.sort();
        tables
    }
}

/// What verify says of kept tables that differ from their definitions.
const KEPT_OTHERWISE: &str = include_str!("../verify/tables/kept.sql");

/// A walk as its raw object has it.
pub(crate) struct RawWalk {
    pub(crate) facts: sreality::walk::Walk,
    /// Its rows by page, as the portal sent them.
    pub(crate) pages: Vec<Vec<String>>,
    pub(crate) ending: Ending,
    /// Whether an operator has released it.
    pub(crate) released: bool,
}

impl From<&Walk> for RawWalk {
    fn from(walk: &Walk) -> Self {
        let page = |page: &Vec<_>| page.iter().map(|row| text(row, walk.noise)).collect();
        Self {
            facts: facts(walk),
            pages: walk.pages.iter().map(page).collect(),
            ending: ending(walk),
            released: false,
        }
    }
}

/// Loads a walk; `None` if it was loaded before.
pub(crate) async fn load(warehouse: &mut Warehouse, walk: &Walk) -> Result<Option<Counts>, warehouse::Error> {
    match load_raw(warehouse, &walk.into(), None).await? {
        None => Ok(None),
        Some(Finished::Loaded(counts)) => Ok(Some(counts)),
        Some(Finished::SetAside(finding)) => panic!("a handful of listings cannot testify: {finding:?}"),
    }
}

/// Loads a walk within this time, or finds that it must be set aside; `None` if it was loaded before.
pub(crate) async fn load_raw(
    warehouse: &mut Warehouse,
    walk: &RawWalk,
    time_left: Option<Duration>,
) -> Result<Option<Finished>, warehouse::Error> {
    let Begun::Load(mut load) =
        warehouse.begin(walk.facts.clone(), raw_object(&walk.facts), time_left).await?
    else {
        return Ok(None);
    };
    if walk.released {
        load.trust();
    }
    let mut comparer = load.comparer();
    for chunk in chunks(&mut comparer, walk) {
        load.write(chunk).await?;
    }
    load.finish(comparer, walk.ending.clone()).await.map(Some)
}

/// What differs between these walks and the tables, and among the tables.
pub(crate) async fn differences(warehouse: &mut Warehouse, walks: &[Walk]) -> Vec<Differences> {
    let mut differences = Vec::new();
    for walk in walks {
        let mut comparison = warehouse.compare(facts(walk), raw_object(&facts(walk))).await.unwrap();
        let mut comparer = comparison.comparer();
        for chunk in chunks(&mut comparer, &walk.into()) {
            comparison.write(chunk).await.unwrap();
        }
        differences.extend(comparison.finish(comparer, &ending(walk)).await.unwrap());
    }
    warehouse.compare_tables(|found| differences.push(found)).await.unwrap();
    differences.retain(|found| found.count > 0);
    differences
}

/// What a comparer hands over of a walk's pages.
fn chunks(comparer: &mut RowComparer, walk: &RawWalk) -> Vec<Chunk> {
    let mut chunks = Vec::new();
    for (line, page) in (2..).zip(&walk.pages) {
        chunks.extend(comparer.page(line, page.iter().map(String::as_str)).unwrap());
        // Small, so that a listing's rows may stand in several.
        chunks.extend(comparer.rest());
    }
    chunks
}

fn ending(walk: &Walk) -> Ending {
    Ending {
        finished_at: walk.started_at,
        complete: walk.complete,
        incomplete_because: (!walk.complete).then(|| "the test says so".to_owned()),
        pages: walk.pages.len() as u64,
        requests: 1,
        drift: drift(walk),
        ..Ending::default()
    }
}

/// Every other walk tells of a key that it lacks, and of one that is new.
fn drift(walk: &Walk) -> Vec<Drift> {
    let drift =
        |path: &str, change, found: &str| Drift { path: path.into(), change, found: found.into(), rows: 1 };
    if walk.id.as_u128().is_multiple_of(2) {
        return Vec::new();
    }
    vec![drift("premise", Change::Disappeared, ""), drift("new", Change::Appeared, "null, string")]
}

fn facts(walk: &Walk) -> sreality::walk::Walk {
    sreality::walk::Walk {
        id: walk.id,
        portal: "https://portal.test".to_owned(),
        market: "portal.test".to_owned(),
        segment: walk.segment.clone(),
        since: None,
        software: "test".to_owned(),
        started_at: walk.started_at,
        announced: 1,
        robots_disregarded: false,
    }
}

/// Where the tests' walks lie.
pub(crate) fn raw_object(walk: &sreality::walk::Walk) -> RawObject {
    RawObject { bucket: "raw".to_owned(), key: walk.id.to_string(), bytes: 1 }
}

/// A row as the portal might send it.
pub(crate) fn text(row: &Result<Row, Reject>, noise: u8) -> String {
    let Row { hash_id, total_price, name, place } = match row {
        Ok(row) => row,
        Err(Reject { hash_id: Some(hash_id) }) => {
            return json!({ "hash_id": hash_id, "price_czk": "free" }).to_string();
        }
        Err(Reject { hash_id: None }) => return json!({ "noise": noise }).to_string(),
    };
    let code = |value: Option<i16>| json!({ "value": value });
    json!({
        "noise": noise,
        "hash_id": hash_id,
        "advert_name": name,
        "category_main_cb": code(Some(place.category)),
        "category_type_cb": code(Some(place.deal)),
        "category_sub_cb": code(place.sub_category),
        "price_summary_czk": total_price.unwrap_or(0),
        "price_summary_unit_cb": code(Some(place.deal)),
        "locality": { "region_id": place.region_id.unwrap_or(-1), "district_id": place.district_id.unwrap_or(-1) },
    })
    .to_string()
}
