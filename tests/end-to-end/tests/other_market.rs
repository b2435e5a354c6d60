//! Simulated and real walks never mix: whatever is run beside a warehouse of another market changes nothing in it.

use std::path::Path;
use std::process::Stdio;

use end_to_end::database::OWNER;
use end_to_end::tables::{Content, contents};
use end_to_end::{World, binary, temporary};
use simulator::{Market, Source};
use tokio::process::Command;

/// A warehouse of walks of the real portal: simulated ones, relabelled.
async fn real_warehouse() -> World {
    let mut world = World::start(Source::Market(Market::new(1, 400))).await;
    let mut collector = world.collector().await;
    let mut loader = world.loader().await;
    for event in world.collect(&mut collector, &["flats-sale", "flats-rent"]).await {
        loader.invoke(event).await.unwrap();
    }
    let relabel = "
        begin;
        set local session_replication_role = replica;
        update warehouse.market set name = 'www.sreality.cz';
        update warehouse.walk set market = 'www.sreality.cz', portal = 'https://www.sreality.cz';
        commit";
    world.sql.batch_execute(relabel).await.unwrap();
    world
}

fn cenovka(data: &Path, url: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(binary::built("cenovka"));
    command.arg("--data-dir").arg(data).args(arguments);
    command.env("DATABASE_URL", url).stdin(Stdio::null()).kill_on_drop(true);
    command
}

async fn everything(world: &World) -> Vec<(String, Content)> {
    contents(&world.sql).await.into_iter().collect()
}

#[tokio::test]
async fn simulated_days_beside_a_warehouse_of_real_walks_are_refused_at_once_and_change_no_byte_of_it() {
    let world = real_warehouse().await;
    let (data, url) = (temporary::folder(), world.database.url(OWNER));
    let before = everything(&world).await;
    let applied = "select max(applied_at)::text from warehouse.migration";
    let migrated: String = world.sql.query_one(applied, &[]).await.unwrap().get(0);
    // Seeded before on its own: what lies in the folder's raw zone is not handed over either.
    let own = cenovka(data.path(), "", &["--listings", "300", "seed", "--days", "2"])
        .env_remove("DATABASE_URL")
        .output()
        .await;
    assert!(own.unwrap().status.success());
    for arguments in [
        &["--days", "3", "--listings", "100"][..],
        &["--listings", "300", "seed", "--days", "2"],
        &["--listings", "100", "seed", "--days", "2"],
        &["--listings", "100", "serve"],
        &["--listings", "300", "serve", "--seeded"],
    ] {
        let output = cenovka(data.path(), &url, arguments).output().await.unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        let today = said.contains("nothing to do")
            || String::from_utf8_lossy(&output.stdout).contains("nothing to do");
        assert!(!output.status.success() || today, "{arguments:?}: {said}");
        assert!(today || said.contains("holds the market www.sreality.cz"), "{arguments:?}: {said}");
    }
    assert_eq!(everything(&world).await, before);
    assert_eq!(world.sql.query_one(applied, &[]).await.unwrap().get::<_, String>(0), migrated);
}

#[tokio::test]
async fn a_loader_refuses_a_walk_of_another_market_and_asks_for_a_person() {
    let mut world = real_warehouse().await;
    let before = everything(&world).await;
    let mut collector = world.collector().await;
    let events = world.collect(&mut collector, &["land-sale"]).await;
    let error = world.loader().await.invoke(events[0].clone()).await.unwrap_err();
    assert_eq!(error.class, "stop", "{}", error.message);
    assert!(error.message.contains("holds the market www.sreality.cz"), "{}", error.message);
    assert_eq!(everything(&world).await, before);
}
