//! Who waits for whom, for how long, and which schema a load finds when its turn has come.

use std::time::Duration;

use causes::with_causes;
use warehouse::{Begun, Error, Finished, Warehouse};

use crate::adverts::{flats, rows, walk};
use crate::database::{Database, RawWalk, load_raw, raw_object};

/// So long a load may take here that is to fail.
const SHORT: Option<Duration> = Some(Duration::from_millis(500));
/// How long a test waits for what must happen at once: less than the two minutes after which Postgres itself lets go.
const PATIENCE: Duration = Duration::from_secs(60);

fn sale(day: i64) -> RawWalk {
    walk(day, "flats-sale", &rows(&flats(3)))
}

/// Waits until some session waits for an advisory lock.
async fn until_somebody_waits(database: &Database) {
    let waiting = "select count(*) from pg_locks where locktype = 'advisory' and not granted";
    until(database, waiting, 1).await;
}

async fn until(database: &Database, count: &str, expected: i64) {
    let waiting = async {
        while database.count(count).await != expected {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.expect(count);
}

async fn load(warehouse: &mut Warehouse, day: i64) {
    let loaded = load_raw(warehouse, &sale(day), None).await.unwrap();
    assert!(matches!(loaded, Some(Finished::Loaded(_))), "{loaded:?}");
}

/// The load of a day fails for want of time, and the next one, on the same connection or another, does not.
async fn fails_for_want_of_time(warehouse: &mut Warehouse, day: i64) {
    let error = load_raw(warehouse, &sale(day), SHORT).await.unwrap_err();
    let message = with_causes(&error);
    assert!(error.is_transient() && message.contains("timeout"), "{message}");
}

#[tokio::test]
async fn a_load_waits_for_another_one_no_longer_than_it_has_time() {
    let database = Database::start().await;
    let (mut one, mut other) = (database.warehouse(), database.warehouse());
    let Begun::Load(under_way) = one.begin(sale(0).facts, raw_object(&sale(0).facts), None).await.unwrap()
    else {
        panic!()
    };
    fails_for_want_of_time(&mut other, 1).await;
    drop(under_way);
    load(&mut other, 1).await;
}

#[tokio::test]
async fn a_load_waits_for_a_table_no_longer_than_it_has_time() {
    let database = Database::start().await;
    let mut warehouse = database.warehouse();
    database.sql.batch_execute("begin; lock table warehouse.listing").await.unwrap();
    fails_for_want_of_time(&mut warehouse, 0).await;
    database.sql.batch_execute("rollback").await.unwrap();
    load(&mut warehouse, 0).await;
}

#[tokio::test]
async fn no_statement_of_a_load_takes_longer_than_the_load_has_time() {
    let database = Database::start().await;
    let mut warehouse = database.warehouse();
    let slow = "
        create function public.sleep() returns trigger language plpgsql
        as $$ begin perform pg_sleep(20); return new; end $$;
        create trigger slow before insert on warehouse.walk for each row execute function public.sleep()";
    database.sql.batch_execute(slow).await.unwrap();
    fails_for_want_of_time(&mut warehouse, 0).await;
    database.sql.batch_execute("drop trigger slow on warehouse.walk").await.unwrap();
    load(&mut warehouse, 0).await;
}

/// Counts who holds the lock of loads.
const HOLDERS: &str = "select count(*) from pg_locks where locktype = 'advisory' and granted";

/// Leaves a load in the middle: it holds the lock and waits for a table that `database` has locked.
async fn leave_a_load(database: &Database, warehouse: &mut Warehouse) {
    database.sql.batch_execute("begin; lock table warehouse.listing").await.unwrap();
    let walk = sale(0);
    let loading = load_raw(warehouse, &walk, None);
    assert!(tokio::time::timeout(Duration::from_millis(500), loading).await.is_err());
    assert_eq!(database.count(HOLDERS).await, 1);
}

#[tokio::test]
async fn a_dropped_connection_ends_its_statement_and_gives_the_lock_back() {
    let database = Database::start().await;
    let mut warehouse = database.warehouse();
    leave_a_load(&database, &mut warehouse).await;
    warehouse.disconnect();
    until(&database, HOLDERS, 0).await;
    database.sql.batch_execute("rollback").await.unwrap();
    load(&mut warehouse, 0).await;
}

#[tokio::test]
async fn so_does_that_of_a_dropped_warehouse() {
    let database = Database::start().await;
    let mut warehouse = database.warehouse();
    leave_a_load(&database, &mut warehouse).await;
    drop(warehouse);
    until(&database, HOLDERS, 0).await;
}

#[tokio::test]
async fn a_migrator_waits_for_the_load_under_way() {
    let database = Database::start().await;
    let mut warehouse = database.warehouse();
    let walk = sale(0);
    let Begun::Load(mut under_way) =
        warehouse.begin(walk.facts.clone(), raw_object(&walk.facts), None).await.unwrap()
    else {
        panic!()
    };
    let mut migrator = database.warehouse();
    let migrating = tokio::spawn(async move { migrator.migrate().await });
    until_somebody_waits(&database).await;
    let comparer = under_way.comparer();
    assert!(!migrating.is_finished());
    under_way.finish(comparer, walk.ending).await.unwrap();
    assert!(migrating.await.unwrap().unwrap().is_empty());
}

#[tokio::test]
async fn a_load_waits_for_the_migrator_at_work() {
    let database = Database::start().await;
    // Somebody reads a mart, which the migrator is to make anew.
    database.sql.batch_execute("begin; select from mart.offer").await.unwrap();
    let mut migrator = database.warehouse();
    let migrating = tokio::spawn(async move { migrator.migrate().await });
    // It holds its own lock and that of loads.
    let at_work = "
        select count(*) from pg_locks
        where locktype = 'relation' and not granted and pid in (
            select pid from pg_locks where locktype = 'advisory' and granted group by pid having count(*) = 2
        )";
    until(&database, at_work, 1).await;
    let mut warehouse = database.warehouse();
    let loading = tokio::spawn(async move { load(&mut warehouse, 0).await });
    until_somebody_waits(&database).await;
    assert!(!migrating.is_finished() && !loading.is_finished());
    database.sql.batch_execute("rollback").await.unwrap();
    migrating.await.unwrap().unwrap();
    loading.await.unwrap();
}

#[tokio::test]
async fn a_warm_connection_refuses_a_schema_that_became_newer_since_its_last_load() {
    let database = Database::start().await;
    let mut warehouse = database.warehouse();
    load(&mut warehouse, 0).await;
    let session = async |warehouse: &mut Warehouse| -> i32 {
        let client = warehouse.client().await.unwrap();
        client.query_one("select pg_backend_pid()", &[]).await.unwrap().get(0)
    };
    let before = session(&mut warehouse).await;
    let newer = "insert into warehouse.migration (version, name, md5) values (99, 'later', '')";
    database.sql.batch_execute(newer).await.unwrap();
    let error = load_raw(&mut warehouse, &sale(1), None).await.unwrap_err();
    assert!(matches!(error, Error::Schema { found: 99, .. }) && !error.is_transient(), "{error}");
    assert_eq!(session(&mut warehouse).await, before);
    assert_eq!(database.count("select count(*) from warehouse.walk").await, 1);
    database.sql.batch_execute("delete from warehouse.migration where version = 99").await.unwrap();
    load(&mut warehouse, 1).await;
}
