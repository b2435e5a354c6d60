//! What the notifier finds in a warehouse that was made anew, and what a mart shows of what it did.

use jiff::Timestamp;
use warehouse::{DeliveryKey, Event, EventKind, EventListing, NewDelivery, PlannedMessage};

use crate::database::Database;

fn event(hash_id: i64, spell: Timestamp) -> Event {
    Event {
        id: hash_id,
        kind: EventKind::New,
        hash_id,
        spell,
        happened_at: spell,
        price_before: None,
        price: Some(5_000_000),
        relisted_from: None,
        listing: EventListing::default(),
    }
}

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
    warehouse.enter_told(&[told(1), told(2)]).await.unwrap();
    assert!(warehouse.sent_lately().await.unwrap().is_empty());
    let event = |hash_id| event(hash_id, spell);
    let events = [1, 2, 3].map(event);
    let new =
        events.each_ref().map(|event| NewDelivery { watch: "a", channel: "phone", event, due_at: spell });
    assert_eq!(warehouse.enter_deliveries(&new, 3).await.unwrap(), 1);
    assert_eq!(warehouse.due_deliveries(9).await.unwrap(), [told(3)]);
}

#[tokio::test]
async fn a_mart_counts_what_was_told_and_what_waits_and_what_failed_and_names_nobody() {
    let database = Database::start().await;
    let mut warehouse = database.warehouse();
    let spell: Timestamp = "2026-11-25T05:00:00Z".parse().unwrap();
    let events = [1, 2, 3].map(|hash_id| event(hash_id, spell));
    let channels = ["phone", "jana", "petr", "gone"];
    let new: Vec<NewDelivery<'_>> = channels
        .iter()
        .flat_map(|channel| {
            events.iter().map(|event| NewDelivery { watch: "a", channel, event, due_at: spell })
        })
        .collect();
    assert_eq!(warehouse.enter_deliveries(&new, 3).await.unwrap(), 12);
    // One message a channel: two events one by one, and one more as a number.
    let due = warehouse.due_deliveries(99).await.unwrap();
    for channel in channels {
        let of_channel: Vec<&DeliveryKey> = due.iter().filter(|key| key.channel == channel).collect();
        warehouse.plan_message(&of_channel, 2).await.unwrap();
    }
    let counts =
        "select day::text || ' ' || kind || ' ' || state || ' ' || deliveries from mart.delivery order by 1";
    let counts = async || {
        let rows = database.sql.query(counts, &[]).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect::<Vec<String>>()
    };
    assert_eq!(counts().await, ["2026-11-25 new waiting 12"]);

    let id = "select distinct message from warehouse.delivery where channel = 'phone'";
    let id = database.sql.query_one(id, &[]).await.unwrap().get(0);
    let (watch, channel) = ("a".to_owned(), "phone".to_owned());
    let sent = PlannedMessage { id, watch, channel, events: Vec::new(), counted: 1, deliveries: Vec::new() };
    warehouse.note_sent(&sent).await.unwrap();
    warehouse.note_failure("jana", "no answer", |_| spell).await.unwrap();
    warehouse.tidy_outbox(&["a"], &["phone", "jana", "petr"]).await.unwrap();
    let expected = ["failing 3", "given_up 3", "told 3", "waiting 3"];
    assert_eq!(counts().await, expected.map(|state| format!("2026-11-25 new {state}")));

    let columns =
        "select string_agg(column_name, ' ' order by ordinal_position) from information_schema.columns
        where (table_schema, table_name) = ('mart', 'delivery')";
    let columns: String = database.sql.query_one(columns, &[]).await.unwrap().get(0);
    assert_eq!(columns, "day kind state deliveries");
}
