//! How events arrive: more than once, at once, in bundles, and for things that are none of the loader's
//! business.

use end_to_end::{World, event, world::BUCKET};
use serde_json::json;
use simulator::{Market, Source};

async fn world() -> World {
    World::start(Source::Market(Market::new(7, 2000))).await
}

#[tokio::test]
async fn the_same_event_twice_is_already_loaded() {
    let mut world = world().await;
    let (mut collector, mut loader) = (world.collector().await, world.loader().await);
    let event = world.collect(&mut collector, &["flats-rent"]).await.remove(0);
    let first = loader.invoke(event.clone()).await.unwrap();
    let second = loader.invoke(event).await.unwrap();
    assert_eq!(first["objects"][0]["outcome"], "loaded");
    assert_eq!(second["objects"][0]["outcome"], "already_loaded");
    assert_eq!(world.count("select count(*) from warehouse.walk").await, 1);
}

#[tokio::test]
async fn the_same_event_at_once_is_loaded_by_one_loader() {
    let mut world = world().await;
    let mut collector = world.collector().await;
    let mut loaders = [world.loader().await, world.loader().await, world.loader().await];
    let event = world.collect(&mut collector, &["houses-sale"]).await.remove(0);
    let [one, two, three] = &mut loaders;
    let (one, two, three) =
        tokio::join!(one.invoke(event.clone()), two.invoke(event.clone()), three.invoke(event.clone()));
    let mut outcomes: Vec<String> = [one, two, three]
        .map(|answer| answer.unwrap()["objects"][0]["outcome"].as_str().unwrap().to_owned())
        .to_vec();
    outcomes.sort();
    assert_eq!(outcomes, ["already_loaded", "already_loaded", "loaded"]);
    assert_eq!(world.count("select count(*) from warehouse.walk").await, 1);
}

#[tokio::test]
async fn one_event_can_bring_several_objects_in_any_order() {
    let mut world = world().await;
    let (mut collector, mut loader) = (world.collector().await, world.loader().await);
    let mut events = world.collect(&mut collector, &["flats-sale", "land-share"]).await;
    events.extend(world.collect(&mut collector, &["flats-sale"]).await);
    let records: Vec<_> = events.iter().rev().map(|event| event["Records"][0].clone()).collect();
    let response = loader.invoke(json!({ "Records": records })).await.unwrap();
    let outcomes = response["objects"].as_array().unwrap();
    assert!(outcomes.iter().all(|object| object["outcome"] == "loaded"), "{response}");
    assert_eq!(world.count("select count(*) from warehouse.walk").await, 3);
}

#[tokio::test]
async fn what_is_none_of_the_loaders_business_is_ignored() {
    let world = world().await;
    let mut loader = world.loader().await;
    for file in ["loader-test-event.json", "loader-not-ours.json"] {
        let response = loader.invoke(event::file(file)).await.unwrap();
        assert_eq!(response["objects"], json!([]), "{file}");
    }
    let elsewhere = loader.invoke(event::object_created("another-bucket", "raw/sreality/x")).await.unwrap();
    assert_eq!(elsewhere["objects"], json!([]));
    assert_eq!(world.count("select count(*) from warehouse.walk").await, 0);
}

#[tokio::test]
async fn an_event_that_is_no_notification_is_rejected_instead_of_succeeding_with_nothing() {
    let world = world().await;
    let mut loader = world.loader().await;
    let notification = event::file("loader-object-created.json");
    let of_eventbridge = json!({ "source": "aws.s3", "detail-type": "Object Created", "detail": {} });
    for event in [json!({}), json!({ "requestPayload": notification }), of_eventbridge] {
        let error = loader.invoke(event).await.unwrap_err();
        assert_eq!((error.class.as_str(), error.message.contains("it has no records")), ("reject", true));
    }
}

#[tokio::test]
async fn a_failing_record_does_not_take_the_others_along() {
    let mut world = world().await;
    let (mut collector, mut loader) = (world.collector().await, world.loader().await);
    let good = world.collect(&mut collector, &["flats-rent"]).await.remove(0);
    let missing = event::object_created(
        BUCKET,
        &good["Records"][0]["s3"]["object"]["key"].as_str().unwrap().replace("flats", "houses"),
    );
    let records = json!([missing["Records"][0], good["Records"][0]]);
    let error = loader.invoke(json!({ "Records": records })).await.unwrap_err();
    assert!(error.message.contains("does not exist"), "{}", error.message);
    assert_eq!(error.class, "reject");
    assert_eq!(world.count("select count(*) from warehouse.walk").await, 1);
}

#[tokio::test]
async fn a_connection_that_was_cut_between_two_events_is_opened_again() {
    let mut world = world().await;
    let (mut collector, mut loader) = (world.collector().await, world.loader().await);
    let events = world.collect(&mut collector, &["flats-rent", "land-share", "other-sale"]).await;
    for event in events {
        loader.invoke(event).await.unwrap();
        let cut = "
            select count(pg_terminate_backend(pid))
            from pg_stat_activity
            where application_name like 'cenovka/%' and pid <> pg_backend_pid()";
        assert_eq!(world.count(cut).await, 1);
    }
    assert_eq!(world.count("select count(*) from warehouse.walk").await, 3);
}

#[tokio::test]
async fn a_loader_killed_in_the_middle_leaves_nothing_and_the_next_one_loads() {
    let mut world = World::start(Source::Market(Market::new(7, 30_000))).await;
    let mut collector = world.collector().await;
    let event = world.collect(&mut collector, &["houses-sale"]).await.remove(0);
    for milliseconds in [20, 80, 200] {
        let loader = world.loader().await;
        loader.invoke_and_forget(event.clone());
        tokio::time::sleep(std::time::Duration::from_millis(milliseconds)).await;
        loader.kill().await;
        let (walks, listings) = (
            world.count("select count(*) from warehouse.walk").await,
            world.count("select count(*) from warehouse.listing").await,
        );
        assert_eq!(walks == 0, listings == 0, "after {milliseconds} ms: {walks} walks, {listings} listings");
    }
    let mut loader = world.loader().await;
    loader.invoke(event).await.unwrap();
    let offers = world.simulator.with_market(|market| {
        let houses = |offer: &simulator::Offer| {
            offer.category == sreality::category::Category::Houses
                && offer.deal == sreality::category::Deal::Sale
        };
        market.offers().filter(houses).count()
    });
    assert_eq!(
        world.count("select count(*) from warehouse.listing").await,
        i64::try_from(offers.unwrap()).unwrap()
    );
}
