//! A load that does not come to its end lets the others go on.

use std::time::{Duration, Instant};

use end_to_end::{World, world::BUCKET};
use simulator::{Market, Source};
use tokio_postgres::Client;

use end_to_end::walk_file::walk_file;

/// What holds the lock of loads and waits for a table.
const STUCK: &str = "
    select count(*) from pg_locks
    where locktype = 'relation' and not granted
        and pid in (select pid from pg_locks where locktype = 'advisory' and granted)";

async fn world() -> World {
    World::start(Source::Market(Market::new(7, 0))).await
}

/// Another session, which keeps every load waiting.
async fn obstacle(world: &World) -> Client {
    let sql = world.database.connect(end_to_end::database::OWNER).await;
    sql.batch_execute("begin; lock table warehouse.listing").await.unwrap();
    sql
}

async fn until_stuck(world: &World) {
    while world.count(STUCK).await == 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_killed_loader_lets_go_of_the_lock() {
    let mut world = world().await;
    let (key, file) = walk_file(1, &[], true).await;
    let event = world.put(&key, file).await;
    let _obstacle = obstacle(&world).await;
    let loader = world.loader().await;
    loader.invoke_and_forget(event);
    until_stuck(&world).await;
    let lock = "
        select classid::bigint << 32 | objid::bigint from pg_locks where locktype = 'advisory' and granted";
    let lock = world.count(lock).await;
    loader.kill().await;
    let killed = Instant::now();
    let lock = format!("select pg_advisory_lock({lock})");
    let taken = world.sql.batch_execute(&lock);
    // Postgres looks once a second whether the loader is there. The rest is for a busy machine: without that, the lock would be
    // held for as long as the obstacle stands.
    tokio::time::timeout(Duration::from_secs(60), taken).await.expect("it lets go").unwrap();
    println!("let go after {:?}", killed.elapsed());
}

#[tokio::test]
async fn a_load_ends_itself_before_its_functions_deadline_and_names_its_object() {
    let mut world = world().await;
    let (key, file) = walk_file(1, &[], true).await;
    let event = world.put(&key, file).await;
    let obstacle = obstacle(&world).await;
    let mut loader = world.loader().await;
    let error = loader.invoke_within(Duration::from_secs(4), event.clone()).await.unwrap_err();
    assert_eq!(error.class, "retry");
    assert!(error.message.contains(&format!("s3://{BUCKET}/{key}")), "{}", error.message);
    // The obstacle still stands, but nothing waits for it, and the lock is free.
    let held = "select count(*) from pg_locks where locktype = 'advisory'";
    let freed = async {
        while world.count(held).await > 0 || world.count(STUCK).await > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), freed).await.expect("it lets go");
    obstacle.batch_execute("rollback").await.unwrap();
    let answer = loader.invoke(event).await.unwrap();
    assert_eq!(answer["objects"][0]["outcome"], "loaded");
}
