//! Who is at fault when a load fails: only an object that is gets set aside.

use end_to_end::{Function, World};
use simulator::{Market, Source};

use end_to_end::walk_file::walk_file;

async fn world() -> (World, Function) {
    let world = World::start(Source::Market(Market::new(7, 0))).await;
    let loader = world.loader().await;
    (world, loader)
}

#[tokio::test]
async fn a_reload_that_cannot_read_its_object_fails_and_sets_nothing_aside() {
    let (mut world, mut loader) = world().await;
    let (key, file) = walk_file(1, &[r#"{"hash_id":"x"}"#], true).await;
    let event = world.put(&key, file.clone()).await;
    assert_eq!(loader.invoke(event.clone()).await.unwrap()["objects"][0]["outcome"], "loaded");
    // An older parser rejected a row of it, so it is to be read again; but it is damaged now.
    world.sql.batch_execute("update warehouse.reject set parser_version = 0").await.unwrap();
    world.put(&key, file[..file.len() / 2].to_vec()).await;
    let error = loader.invoke(event.clone()).await.unwrap_err();
    assert_eq!(error.class, "reject");
    assert!(error.message.contains(&key), "{}", error.message);
    assert_eq!(world.count("select count(*) from warehouse.quarantine").await, 0);
    assert_eq!(world.count("select count(*) from warehouse.walk").await, 1);
    assert_eq!(world.count("select count(*) from warehouse.reject where parser_version = 0").await, 1);

    world.put(&key, file).await;
    assert_eq!(loader.invoke(event).await.unwrap()["objects"][0]["outcome"], "loaded");
    assert_eq!(world.count("select count(*) from warehouse.reject where parser_version = 0").await, 0);
}

#[tokio::test]
async fn a_constraint_that_the_load_itself_breaks_stops_it_and_sets_nothing_aside() {
    let (mut world, mut loader) = world().await;
    let row = r#"{"hash_id":1,"category_main_cb":{"value":1},"category_type_cb":{"value":1},
        "price_summary_czk":4321000,"price_summary_unit_cb":{"value":1}}"#;
    let (key, file) = walk_file(1, &[row], true).await;
    let event = world.put(&key, file).await;
    for (table, condition) in [
        ("spell", "total_price <> 4321000"),
        ("listing", "total_price <> 4321000"),
        ("walk", "rows_seen <> 1"),
        ("turnover", "new = 0"),
    ] {
        let sql = format!("alter table warehouse.{table} add constraint bug check ({condition})");
        world.sql.batch_execute(&sql).await.unwrap();
        let error = loader.invoke(event.clone()).await.unwrap_err();
        assert_eq!(error.class, "stop", "{table}: {}", error.message);
        assert!(error.message.contains(&key) && error.message.contains("\"bug\""), "{}", error.message);
        for table in ["quarantine", "walk", "listing"] {
            assert_eq!(world.count(&format!("select count(*) from warehouse.{table}")).await, 0, "{table}");
        }
        world.sql.batch_execute(&format!("alter table warehouse.{table} drop constraint bug")).await.unwrap();
    }
    assert_eq!(loader.invoke(event).await.unwrap()["objects"][0]["outcome"], "loaded");
}
