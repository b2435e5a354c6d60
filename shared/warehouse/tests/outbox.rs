//! What the notifier finds in a warehouse that was made anew.

use jiff::Timestamp;
use warehouse::{DeliveryKey, Event, EventKind, EventListing, NewDelivery, ToldBefore};

use crate::database::Database;

#[tokio::test]
async fn what_was_told_before_a_rebuild_is_not_told_again_and_counts_towards_no_limit() {
    let database = Database::start().await;
    let mut warehouse = database.warehouse();
    let spell: Timestamp = "2026-11-25T05:00:00Z".parse().unwrap();
    let told = |hash_id| DeliveryKey {
        watch: "a".to_owned(),
        channel: "phone".to_owned(),
        hash_id,
        spell,
        kind: EventKind::New,
    };
    let before = ToldBefore { told: vec![told(1), told(2)], begun: Vec::new() };
    warehouse.enter_told_before(&before).await.unwrap();
    assert!(warehouse.sent_lately().await.unwrap().is_empty());
    let event = |hash_id| Event {
        id: hash_id,
        kind: EventKind::New,
        hash_id,
        spell,
        happened_at: spell,
        price_before: None,
        price: Some(5_000_000),
        relisted_from: None,
        listing: EventListing::default(),
    };
    let events = [1, 2, 3].map(event);
    let new =
        events.each_ref().map(|event| NewDelivery { watch: "a", channel: "phone", event, due_at: spell });
    assert_eq!(warehouse.enter_deliveries(&new, 3).await.unwrap(), 1);
    assert_eq!(warehouse.due_deliveries(9).await.unwrap(), [told(3)]);
}
