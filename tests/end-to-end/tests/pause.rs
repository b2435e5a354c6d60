//! A pause that the portal asks for is kept beyond the process that was asked.

use end_to_end::World;
use end_to_end::world::BUCKET;
use serde_json::{Value, json};
use simulator::{Faults, Market, Source};

async fn world() -> World {
    World::start(Source::Market(Market::new(1, 300))).await
}

#[tokio::test]
async fn a_new_process_asks_nothing_before_the_pause_is_over_and_says_until_when() {
    let world = world().await;
    let request = json!({ "segments": ["flats-sale"] });
    world.simulator.set_faults("429(retry-after=86400)".parse().unwrap());
    let error = world.collector().await.invoke(request.clone()).await.unwrap_err();
    assert!(error.message.contains("it asks for a pause until"), "{}", error.message);
    let asked = world.simulator.requests().len();

    world.simulator.set_faults(Faults::default());
    let again = world.collector().await.invoke(request.clone()).await.unwrap_err();
    let said = error.message.strip_prefix("could not walk flats-sale to its end: ").unwrap();
    assert_eq!((again.class.as_str(), again.message.as_str()), ("stop", said));
    assert_eq!(world.simulator.requests().len(), asked, "not even robots.txt");

    // Of another portal, or over.
    let kept: Value = serde_json::from_slice(&world.object("pause.json").await).unwrap();
    let (mut other, mut over) = (kept.clone(), kept);
    other["portal"] = "https://portal.example.org/".into();
    over["refused"]["until"] = "2026-01-01T00:00:00Z".into();
    for pause in [other, over] {
        world
            .s3
            .put_object()
            .bucket(BUCKET)
            .key("pause.json")
            .body(pause.to_string().into_bytes().into())
            .send()
            .await
            .unwrap();
        let answer = world.collector().await.invoke(request.clone()).await.unwrap();
        assert_eq!(answer["walks"][0]["complete"], true, "{answer}");
    }
}

#[tokio::test]
async fn what_is_no_pause_is_named_and_nothing_is_asked() {
    let world = world().await;
    world.s3.put_object().bucket(BUCKET).key("pause.json").body(b"{}".to_vec().into()).send().await.unwrap();
    let error = world.collector().await.invoke(json!({ "segments": ["flats-sale"] })).await.unwrap_err();
    assert_eq!(error.class, "stop");
    assert!(error.message.contains("pause.json in the raw bucket is no pause"), "{}", error.message);
    assert!(world.simulator.requests().is_empty());
}
