//! What the notifier finds in a warehouse that was made anew, and what a mart shows of what it did.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;
use warehouse::{
    BegunDelivery, BegunFact, DeliveryKey, Event, EventKind, EventListing, NewDelivery, PlannedMessage,
    ToldBefore,
};

use crate::adverts::{flats, rows, walk};
use crate::database::{Database, load_raw};

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
    let before = ToldBefore { told: vec![told(1), told(2)], begun: Vec::new() };
    warehouse.enter_told_before(&before).await.unwrap();
    assert!(warehouse.sent_lately().await.unwrap().is_empty());
    let event = |hash_id| event(hash_id, spell);
    let events = [1, 2, 3].map(event);
    let new =
        events.each_ref().map(|event| NewDelivery { watch: "a", channel: "phone", event, due_at: spell });
    assert_eq!(warehouse.enter_deliveries(&new, 3).await.unwrap(), 1);
    assert_eq!(warehouse.due_deliveries(9).await.unwrap(), [told(3)]);
}

#[tokio::test]
async fn of_the_same_batch_a_later_spell_overtakes_an_earlier_one_and_none_is_entered_twice() {
    let database = Database::start().await;
    let mut warehouse = database.warehouse();
    let event = |id, hours: i64| Event {
        id,
        kind: EventKind::Cheaper,
        hash_id: 1,
        spell: Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hours),
        happened_at: Timestamp::UNIX_EPOCH,
        price_before: Some(2),
        price: Some(1),
        relisted_from: None,
        listing: EventListing::default(),
    };
    let events = [event(1, 2), event(2, 1), event(3, 2), event(4, 3)];
    let due_at = Timestamp::UNIX_EPOCH;
    let new = events.each_ref().map(|event| NewDelivery { watch: "a", channel: "phone", event, due_at });
    assert_eq!(warehouse.enter_deliveries(&new, 4).await.unwrap(), 2);
    let entered =
        database.sql.query("select event_id from warehouse.delivery order by spell", &[]).await.unwrap();
    assert_eq!(entered.iter().map(|row| row.get(0)).collect::<Vec<i64>>(), [1, 4]);
    assert_eq!(warehouse.enter_deliveries(&new, 4).await.unwrap(), 0);
}

/// A message that was on its way when the warehouse was lost is planned again as it was, once its listings are there.
#[tokio::test]
async fn a_message_that_was_begun_is_planned_again_as_it_was() {
    let database = Database::start().await;
    let mut warehouse = database.warehouse();
    let spell: Timestamp = "2026-11-25T05:00:00Z".parse().unwrap();
    let begun = |hash_id, price: Option<i64>| BegunDelivery {
        key: DeliveryKey {
            watch: "a".to_owned(),
            channel: "phone".to_owned(),
            hash_id,
            spell,
            kind: EventKind::Cheaper,
        },
        fact: price.map(|price| BegunFact {
            happened_at: spell,
            price_before: Some(9_000_000),
            price: Some(price),
            relisted_from: None,
        }),
    };
    let deliveries = vec![begun(2, Some(5_000_000)), begun(1, Some(6_000_000)), begun(3, None)];
    let message = Uuid::from_u128(7);
    let before = ToldBefore { told: Vec::new(), begun: vec![(message, deliveries.clone())] };
    for _ in 0..2 {
        warehouse.enter_told_before(&before).await.unwrap();
    }
    assert_eq!(warehouse.planned_messages(9).await.unwrap(), [], "no listing is there yet");
    load_raw(&mut warehouse, &walk(1, "flats-sale", &rows(&flats(3))), None).await.unwrap();
    let planned = warehouse.planned_messages(9).await.unwrap();
    assert_eq!((planned.len(), planned[0].id, planned[0].counted), (1, message, 1));
    assert_eq!(planned[0].begun(), deliveries);
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
