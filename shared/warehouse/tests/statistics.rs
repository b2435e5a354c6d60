//! Invariant 12: a load's work follows from its rows and from what changed, never from the planner's statistics or from the
//! length of the history. Work is counted in rows; times are nobody's business here.

use serde_json::Value;
use warehouse::{Finished, Warehouse};

use crate::adverts::{Advert, flats, rows, walk};
use crate::database::{Database, RawWalk, load_raw};

/// Listings of each segment.
const LISTINGS: i64 = 1_200;
/// Segments beside each other: whoever reads a table as a whole reads all of them.
const SEGMENTS: [(&str, i16, i16); 5] = [
    ("flats-sale", 1, 1),
    ("flats-rent", 1, 2),
    ("houses-sale", 2, 1),
    ("houses-rent", 2, 2),
    ("land-sale", 3, 1),
];
/// Rows by which the same load may differ for other reasons: a plan that is made anew looks at the ends of indexes.
const CONSTANT: i64 = 48;

/// What the tables' statistics were made of.
#[derive(Clone, Copy, Debug)]
enum Analysed {
    Never,
    /// While there was one listing.
    AlmostEmpty,
    /// While there were many, all of which are gone since.
    OtherContents,
}

/// Rows that loads have read and written since the cluster began.
#[derive(Clone, Copy, Debug)]
struct Work {
    /// Of tables.
    read: i64,
    /// Entries of indexes.
    index_read: i64,
    inserted: i64,
    updated: i64,
    deleted: i64,
}

impl Work {
    fn counts(self) -> [(&'static str, i64); 5] {
        let Self { read, index_read, inserted, updated, deleted } = self;
        [
            ("read", read),
            ("read of indexes", index_read),
            ("inserted", inserted),
            ("updated", updated),
            ("deleted", deleted),
        ]
    }

    fn since(self, earlier: Self) -> Self {
        Self {
            read: self.read - earlier.read,
            index_read: self.index_read - earlier.index_read,
            inserted: self.inserted - earlier.inserted,
            updated: self.updated - earlier.updated,
            deleted: self.deleted - earlier.deleted,
        }
    }
}

/// A warehouse whose work is counted.
struct Counted {
    database: Database,
    warehouse: Warehouse,
}

impl Counted {
    /// `None` with a Postgres before 15, which tells what it has counted when it pleases.
    async fn start() -> Option<Self> {
        let database = Database::start().await;
        if database.count("select current_setting('server_version_num')::bigint").await < 150_000 {
            println!("this Postgres cannot be asked for what it has counted");
            return None;
        }
        for sql in ["alter system set autovacuum = off", "select pg_reload_conf()"] {
            database.sql.batch_execute(sql).await.unwrap();
        }
        Some(Self { warehouse: database.warehouse(), database })
    }

    /// Loads a walk and returns what that took.
    async fn load(&mut self, walk: &RawWalk) -> Work {
        let before = self.work().await;
        let loaded = load_raw(&mut self.warehouse, walk, None).await.unwrap();
        assert!(matches!(loaded, Some(Finished::Loaded(_))), "{loaded:?}");
        self.work().await.since(before)
    }

    async fn work(&mut self) -> Work {
        // What a session has counted is told at its leisure otherwise.
        let session = self.warehouse.client().await.unwrap();
        session.batch_execute("select pg_stat_force_next_flush()").await.unwrap();
        let tables = "
            select
                sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::bigint,
                (select sum(idx_tup_read)::bigint from pg_stat_user_indexes where schemaname = 'warehouse'),
                sum(n_tup_ins)::bigint, sum(n_tup_upd)::bigint, sum(n_tup_del)::bigint
            from pg_stat_user_tables
            where schemaname = 'warehouse'";
        let row = self.database.sql.query_one(tables, &[]).await.unwrap();
        Work {
            read: row.get(0),
            index_read: row.get(1),
            inserted: row.get(2),
            updated: row.get(3),
            deleted: row.get(4),
        }
    }

    /// How many parts of the digests of rows were read, and how many written.
    async fn parts_of_digests(&mut self) -> (i64, i64) {
        self.work().await;
        let read = "
            select coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0), n_tup_ins
            from pg_stat_user_tables
            where relname = 'row_digest'";
        let row = self.database.sql.query_one(read, &[]).await.unwrap();
        (row.get(0), row.get(1))
    }

    async fn analyse(&self) {
        self.database.sql.batch_execute("analyze").await.unwrap();
    }
}

/// A segment's adverts. No two of all segments are the same property.
fn adverts(segment: usize) -> Vec<Advert> {
    let (_, category, deal) = SEGMENTS[segment];
    let mut adverts = flats(LISTINGS);
    for advert in &mut adverts {
        advert.hash_id += segment as i64 * 100_000;
        (advert.category, advert.deal) = (category, deal);
        // A large district, and so many small ones that the tables kept by district are no handful of rows.
        let district = i32::try_from(advert.hash_id % 311).unwrap();
        (advert.region_id, advert.district_id) = (10, if district % 7 == 3 { 5003 } else { 6000 + district });
    }
    adverts
}

/// Four days of all segments, in which prices move and some listings are gone, and many of one in which nothing is offered:
/// a table of a few pages may well be read as a whole, so the ledger must not be one.
async fn fill(counted: &mut Counted) {
    for day in 0..250 {
        counted.load(&walk(day, "commercial-rent", &[])).await;
    }
    for day in 1..=4 {
        for (index, (segment, ..)) in SEGMENTS.iter().enumerate() {
            let mut adverts = adverts(index);
            adverts.retain(|advert| advert.hash_id % 40 != 1 || day == 1);
            cheaper(&mut adverts, 10, day);
            counted.load(&walk(2 * day, segment, &rows(&adverts))).await;
        }
    }
}

/// Lowers the price of one in so many.
fn cheaper(adverts: &mut [Advert], one_in: i64, offset: i64) {
    for advert in adverts.iter_mut().filter(|advert| (advert.hash_id + offset) % one_in == 0) {
        advert.price -= 50_000;
    }
}

/// What loads of all kinds take, one after the other, in a warehouse whose statistics are these.
async fn work_of_loads(analysed: Analysed) -> Vec<(&'static str, usize, Work)> {
    let Some(mut counted) = Counted::start().await else { return Vec::new() };
    let one = walk(0, "flats-sale", &rows(&adverts(0)[1..2]));
    counted.load(&one).await;
    match analysed {
        Analysed::Never => {}
        Analysed::AlmostEmpty => counted.analyse().await,
        Analysed::OtherContents => {
            fill(&mut counted).await;
            counted.analyse().await;
            counted.database.clear().await;
            // Dead rows are read, too, and are not what is asked for here.
            counted.database.sql.batch_execute("vacuum").await.unwrap();
            counted.load(&one).await;
        }
    }
    fill(&mut counted).await;

    let mut known = adverts(0);
    known.retain(|advert| advert.hash_id % 40 != 1);
    cheaper(&mut known, 10, 4);
    let mut more = known.clone();
    let new = |advert: &Advert| Advert { hash_id: advert.hash_id + 50_000, ..*advert };
    more.extend(known.iter().take(100).map(new));
    let mut reworded = more.clone();
    reworded.iter_mut().for_each(|advert| advert.unknown = 1);
    let mut repriced = reworded.clone();
    cheaper(&mut repriced, 20, 0);
    let mut moved = repriced.clone();
    moved.iter_mut().step_by(9).for_each(|advert| advert.district_id = 5009);
    let fewer = &moved[..moved.len() - 60];
    let mut late = known.clone();
    cheaper(&mut late, 30, 7);

    let sale = |day, adverts: &[Advert]| walk(day, "flats-sale", &rows(adverts));
    let loads: [(&'static str, RawWalk); 13] = [
        ("new", sale(20, &more)),
        ("unchanged", sale(21, &more)),
        ("reworded where nobody looks", sale(22, &reworded)),
        ("repriced", sale(23, &repriced)),
        ("moved", sale(24, &moved)),
        ("sixty gone", sale(25, fewer)),
        ("incomplete", sale(26, &moved[..600]).incomplete()),
        ("all back", sale(27, &moved)),
        ("unchanged again", sale(28, &moved)),
        ("late", sale(5, &late)),
        ("late and of another day", sale(9, &late)),
        ("unchanged of one district", walk(29, "flats-sale/praha-3", &rows(&in_district(&moved, &[5003])))),
        (
            "unchanged of several districts",
            walk(30, "flats-sale/hlavni-mesto-praha", &rows(&in_district(&moved, &[5003, 5009]))),
        ),
    ];
    let mut work = Vec::new();
    for (what, walk) in loads {
        let rows = walk.pages.iter().map(Vec::len).sum();
        work.push((what, rows, counted.load(&walk).await));
    }
    work
}

fn in_district(adverts: &[Advert], districts: &[i32]) -> Vec<Advert> {
    adverts.iter().filter(|advert| districts.contains(&advert.district_id)).copied().collect()
}

#[tokio::test]
async fn a_load_reads_and_writes_the_same_whatever_was_analysed_and_when() {
    let never = work_of_loads(Analysed::Never).await;
    for (what, rows, work) in &never {
        println!("{what}, {rows} rows: {:?}", work.counts());
    }
    for (what, rows, work) in never.iter().filter(|(what, ..)| what.starts_with("unchanged")) {
        assert!(work.read <= 3 * *rows as i64, "{what}: {rows} rows, {work:?}");
        // Its row of the ledger gets its time, and the day its price level.
        assert!((work.updated, work.deleted) == (1, 0), "{what}: {work:?}");
    }
    let mut differences = Vec::new();
    for analysed in [Analysed::AlmostEmpty, Analysed::OtherContents] {
        let other = work_of_loads(analysed).await;
        for ((what, rows, one), (_, _, other)) in never.iter().zip(&other) {
            for ((kind, one), (_, other)) in one.counts().into_iter().zip(other.counts()) {
                // Entries of dead rows are among those of indexes; how many of them are left is chance.
                let share = if kind == "read of indexes" { 5 } else { 20 };
                let allowed = one.max(other) / share + CONSTANT;
                if (one - other).abs() > allowed {
                    differences.push(format!("{what}, {rows} rows: {kind} {one}, with {analysed:?} {other}"));
                }
            }
        }
    }
    assert!(differences.is_empty(), "{differences:#?}");
}

/// A year of walks before it must not be read for each listing anew.
#[tokio::test]
async fn listings_that_all_move_after_a_year_of_walks_take_no_more_work_than_after_a_month() {
    let mut work = Vec::new();
    for days in [30, 365] {
        let Some(mut counted) = Counted::start().await else { return };
        let mut adverts = flats(2_000);
        let same: Vec<Value> = rows(&adverts);
        for day in 0..days {
            counted.load(&walk(day, "flats-sale", &same)).await;
        }
        adverts.iter_mut().for_each(|advert| (advert.region_id, advert.district_id) = (14, 72));
        let walk = walk(days, "flats-sale", &rows(&adverts));
        work.push(counted.load(&walk).await);
        let moved = "select count(*) from mart.current_listing where district = 'Brno-město'";
        assert_eq!(counted.database.count(moved).await, 2_000);
    }
    println!("{work:?}");
    assert!(work.iter().all(|work| work.read < 2_000 * 12), "{work:?}");
    assert!(work[1].read - work[0].read <= 365 + CONSTANT, "{work:?}");
    assert_eq!(work[1].counts()[2..], work[0].counts()[2..]);
}

/// What a narrow walk costs must not grow with its category.
#[tokio::test]
async fn a_narrow_walk_over_few_listings_neither_reads_nor_rewrites_the_digests_of_its_category() {
    let Some(mut counted) = Counted::start().await else { return };
    let mut adverts = flats(5_000);
    adverts.iter_mut().take(50).for_each(|advert| advert.district_id = 5002);
    counted.load(&walk(1, "flats-sale", &rows(&adverts))).await;
    let digests = "select count(*) * 1000 + sum(length(entries)) from warehouse.row_digest";
    assert_eq!(counted.database.count(digests).await, 2 * 1000 + 5_000 * 40);
    cheaper(&mut adverts, 10, 0);
    for (day, segment, district, parts) in
        [(2, "flats-sale/praha-2", 5002, 0), (3, "flats-sale/praha-1", 5001, 2)]
    {
        let before = counted.parts_of_digests().await;
        counted.load(&walk(day, segment, &rows(&in_district(&adverts, &[district])))).await;
        let after = counted.parts_of_digests().await;
        assert_eq!((after.0 > before.0, after.1 - before.1), (parts > 0, parts), "{segment}");
    }
}
