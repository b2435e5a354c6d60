//! The outbox, as the notifier empties it: events are compared with the watches once, and what a watch is to be told
//! becomes a delivery, which waits until its channel has taken it.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::connection::Warehouse;
use crate::error::{Context, Error};
use crate::event::{Event, EventKind};
use crate::event_row::{FACT, LISTING, LOOK_UP, event};

/// Another notifier waits for nothing: what one has begun it ends.
const LOCK: &str = "select pg_try_advisory_lock(hashtext('cenovka notifier'))";

const UNLOCK: &str = "select pg_advisory_unlock_all()";

const DUE: &str = "
select watch, channel, hash_id, spell, kind
from warehouse.delivery
where state = 'waiting' and message is null and due_at <= now()
order by event_id
limit $1";

const PLAN: &str = "
update warehouse.delivery
set (message, state) = ($6, $7)
where (watch, channel, hash_id, spell, kind) = ($1, $2, $3, $4, $5)";

const SENT_SINCE: &str = "
select watch, channel, count(*), min(sent_at)
from warehouse.delivery
where state = 'sent' and sent_at > now() - interval '1 hour'
group by watch, channel";

const POSTPONE: &str = "
update warehouse.delivery
set due_at = $3
where watch = $1 and channel = $2 and state = 'waiting' and message is null and due_at < $3";

const SENT: &str = "
update warehouse.delivery
set (state, sent_at) = ('sent', now())
where message = $1 and state = 'waiting'";

const WORKS: &str = "delete from warehouse.failing_channel where channel = $1";

const FAILED: &str = "
insert into warehouse.failing_channel (channel, since, tries, failure)
values ($1, now(), 1, $2)
on conflict (channel) do update set (tries, failure) = (failing_channel.tries + 1, excluded.failure)
returning tries, since < now() - interval '1 day' and not reported";

const REPORTED: &str = "update warehouse.failing_channel set reported = true where channel = $1";

const WAIT: &str = "
update warehouse.delivery set due_at = $2 where channel = $1 and state = 'waiting' and due_at < $2";

const GIVE_UP: &str = "
update warehouse.delivery
set state = 'given_up'
where state = 'waiting' and (entered_at < now() - interval '3 days' or not (watch = any ($1) and channel = any ($2)))";

const FORGET: &str = "
delete from warehouse.delivery where state <> 'waiting' and entered_at < now() - interval '30 days'";

const COUNTS: &str = "
select
    count(*),
    count(*) filter (
        where due_at < now() - interval '1 hour'
            or entered_at < now() - interval '1 hour' and channel in (select channel from warehouse.failing_channel)
    )
from warehouse.delivery
where state = 'waiting'";

/// What names one delivery.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DeliveryKey {
    pub watch: String,
    pub channel: String,
    pub hash_id: i64,
    pub spell: Timestamp,
    pub kind: EventKind,
}

/// What one message tells, as it was planned.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedMessage {
    pub id: Uuid,
    pub watch: String,
    pub channel: String,
    /// In the order in which it became known.
    pub events: Vec<Event>,
    /// So many more events are told as a number.
    pub counted: usize,
    /// All that it tells, counted ones included.
    pub deliveries: Vec<DeliveryKey>,
}

/// How many deliveries were sent within the last hour, and when the first of them was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SentLately {
    pub count: usize,
    pub first_at: Option<Timestamp>,
}

/// What waits in the outbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waiting {
    /// Deliveries that were not sent yet.
    pub deliveries: u64,
    /// Of these, due for more than an hour, or held up for so long by a channel that fails.
    pub overdue: u64,
}

impl Warehouse {
    /// Makes this connection the one that empties the outbox, until it is closed; `false` if another one does.
    pub async fn lock_outbox(&mut self) -> Result<bool, Error> {
        let row = self.checked_client().await?.query_one(LOCK, &[]).await.context("lock the outbox")?;
        Ok(row.get(0))
    }

    /// Lets another notifier empty the outbox.
    pub async fn unlock_outbox(&mut self) -> Result<(), Error> {
        let unlocked = self.checked_client().await?.execute(UNLOCK, &[]).await;
        unlocked.context("unlock the outbox").map(drop)
    }

    /// Up to which event the outbox was compared with the watches; `None` in a warehouse that no notifier has seen yet.
    pub async fn outbox_position(&mut self) -> Result<Option<i64>, Error> {
        let rows = self.checked_client().await?.query("select event_id from warehouse.outbox_position", &[]);
        Ok(rows.await.context("read the outbox's position")?.first().map(|row| row.get(0)))
    }

    /// Since when each watch is told what happens.
    pub async fn watches_since(&mut self) -> Result<HashMap<String, Timestamp>, Error> {
        let rows = self.checked_client().await?.query("select name, since from warehouse.watch", &[]).await;
        Ok(rows.context("read the watches")?.iter().map(|row| (row.get(0), row.get(1))).collect())
    }

    /// Enters a watch that is new here.
    pub async fn enter_watch(&mut self, name: &str, since: Timestamp) -> Result<(), Error> {
        let sql = "insert into warehouse.watch (name, since) values ($1, $2) on conflict do nothing";
        let entered = self.checked_client().await?.execute(sql, &[&name, &since]).await;
        entered.context("enter a watch").map(drop)
    }

    /// The events after the outbox's position, in their order.
    pub async fn new_events(&mut self, most: usize) -> Result<Vec<Event>, Error> {
        let sql = format!(
            "select {FACT}, {LISTING}
            from (
                select id as event_id, event.*
                from warehouse.event
                where id > coalesce((select event_id from warehouse.outbox_position), 0)
                order by id
                limit $1
            ) as fact
            {LOOK_UP}
            order by fact.event_id"
        );
        let rows = self.checked_client().await?.query(&sql, &[&limit(most)]).await;
        Ok(rows.context("read the outbox")?.iter().filter_map(|row| event(row, 0)).collect())
    }

    /// The deliveries that are due and belong to no message yet, in the order of their events.
    pub async fn due_deliveries(&mut self, most: usize) -> Result<Vec<DeliveryKey>, Error> {
        let rows = self.checked_client().await?.query(DUE, &[&limit(most)]).await;
        Ok(rows.context("read due deliveries")?.iter().filter_map(delivery_key).collect())
    }

    /// What each watch was told through each channel within the last hour.
    pub async fn sent_lately(&mut self) -> Result<HashMap<(String, String), SentLately>, Error> {
        let rows = self.checked_client().await?.query(SENT_SINCE, &[]).await;
        let sent = |row: &Row| {
            let count = usize::try_from(row.get::<_, i64>(2)).unwrap_or(usize::MAX);
            ((row.get(0), row.get(1)), SentLately { count, first_at: row.get(3) })
        };
        Ok(rows.context("count what was sent")?.iter().map(sent).collect())
    }

    /// Makes a message of deliveries: the first `told` are told one by one, the others as a number.
    pub async fn plan_message(&mut self, deliveries: &[&DeliveryKey], told: usize) -> Result<(), Error> {
        let action = "plan a message";
        let transaction = self.checked_client().await?.transaction().await.context(action)?;
        let statement = transaction.prepare(PLAN).await.context(action)?;
        let message = Uuid::new_v4();
        for (index, key) in deliveries.iter().enumerate() {
            let DeliveryKey { watch, channel, hash_id, spell, kind } = key;
            let state = if index < told { "waiting" } else { "counted" };
            transaction
                .execute(&statement, &[watch, channel, hash_id, spell, &kind.name(), &message, &state])
                .await
                .context(action)?;
        }
        transaction.commit().await.context(action)
    }

    /// Leaves what a watch has waiting for one channel for later.
    pub async fn postpone(&mut self, watch: &str, channel: &str, until: Timestamp) -> Result<(), Error> {
        let postponed = self.checked_client().await?.execute(POSTPONE, &[&watch, &channel, &until]).await;
        postponed.context("postpone deliveries").map(drop)
    }

    /// The planned messages that are due, in the order of their first events. In a warehouse that is being made anew, one
    /// that was begun before waits until all its listings are there.
    pub async fn planned_messages(&mut self, most: usize) -> Result<Vec<PlannedMessage>, Error> {
        let sql = format!(
            "select
                fact.watch, fact.channel, fact.message, fact.state, {FACT}, {LISTING},
                level.median, walk.key, version.line, version.row_index
            from (
                select delivery.*
                from (
                    select message, min(event_id) as first
                    from warehouse.delivery
                    left join lateral (
                        select true as is_there from warehouse.named_listing
                        where named_listing.hash_id = delivery.hash_id
                        limit 1
                    ) as listing on true
                    where state = 'waiting' and message is not null and due_at <= now()
                    group by message
                    having bool_and(listing.is_there is not null)
                    order by first
                    limit $1
                ) as due
                join warehouse.delivery on delivery.message = due.message
            ) as fact
            {LOOK_UP}
            left join lateral (
                select medians[array_position(sub_categories, coalesce(listing.sub_category, 0::smallint))]
                    as median
                from warehouse.price_level as level
                where level.category = listing.category and level.deal = listing.deal
                    and level.region_id = listing.region_id and level.district_id = listing.district_id
                    and level.day > (fact.happened_at at time zone 'UTC')::date - 14
                order by level.day desc
                limit 1
            ) as level on true
            left join warehouse.listing_version as version
                on version.hash_id = fact.hash_id and version.digest = listing.digest
            left join warehouse.walk on walk.id = version.walk_id
            order by fact.event_id"
        );
        let rows = self.checked_client().await?.query(&sql, &[&limit(most)]).await;
        let mut messages: Vec<PlannedMessage> = Vec::new();
        for row in rows.context("read planned messages")? {
            let Some(event) = planned_event(&row) else { continue };
            let id = row.get(2);
            let index = messages.iter().position(|message| message.id == id).unwrap_or_else(|| {
                let (watch, channel) = (row.get(0), row.get(1));
                messages.push(PlannedMessage {
                    id,
                    watch,
                    channel,
                    events: Vec::new(),
                    counted: 0,
                    deliveries: Vec::new(),
                });
                messages.len() - 1
            });
            let Some(message) = messages.get_mut(index) else { continue };
            message.deliveries.push(DeliveryKey {
                watch: row.get(0),
                channel: row.get(1),
                hash_id: event.hash_id,
                spell: event.spell,
                kind: event.kind,
            });
            if row.get::<_, &str>(3) == "counted" {
                message.counted += 1;
            } else {
                message.events.push(event);
            }
        }
        Ok(messages)
    }

    /// Notes that a message was sent, and that its channel works.
    pub async fn note_sent(&mut self, message: &PlannedMessage) -> Result<(), Error> {
        let action = "note what was sent";
        let transaction = self.checked_client().await?.transaction().await.context(action)?;
        transaction.execute(SENT, &[&message.id]).await.context(action)?;
        transaction.execute(WORKS, &[&message.channel]).await.context(action)?;
        transaction.commit().await.context(action)
    }

    /// Notes that a channel has failed, and leaves all that waits for it until `again`, which is told how often in a row
    /// it failed. Returns whether the operator is to be told: once, when it has failed for a day.
    pub async fn note_failure(
        &mut self,
        channel: &str,
        failure: &str,
        again: impl FnOnce(u32) -> Timestamp,
    ) -> Result<bool, Error> {
        let action = "note a channel's failure";
        let transaction = self.checked_client().await?.transaction().await.context(action)?;
        let failed = transaction.query_one(FAILED, &[&channel, &failure]).await.context(action)?;
        let (tries, report): (i32, bool) = (failed.get(0), failed.get(1));
        let again = again(tries.unsigned_abs());
        transaction.execute(WAIT, &[&channel, &again]).await.context(action)?;
        if report {
            transaction.execute(REPORTED, &[&channel]).await.context(action)?;
        }
        transaction.commit().await.context(action)?;
        Ok(report)
    }

    /// Gives up what waits for days, or for a watch or a channel that is no more, and forgets what was dealt with long ago.
    pub async fn tidy_outbox(&mut self, watches: &[&str], channels: &[&str]) -> Result<u64, Error> {
        let action = "tidy the outbox";
        let transaction = self.checked_client().await?.transaction().await.context(action)?;
        let given_up = transaction.execute(GIVE_UP, &[&watches, &channels]).await.context(action)?;
        transaction.execute(FORGET, &[]).await.context(action)?;
        transaction.commit().await.context(action)?;
        Ok(given_up)
    }

    /// What waits to be sent.
    pub async fn waiting_deliveries(&mut self) -> Result<Waiting, Error> {
        let row = self.checked_client().await?.query_one(COUNTS, &[]).await.context("count what waits")?;
        let count = |index| u64::try_from(row.get::<_, i64>(index)).unwrap_or_default();
        Ok(Waiting { deliveries: count(0), overdue: count(1) })
    }
}

fn limit(most: usize) -> i64 {
    i64::try_from(most).unwrap_or(i64::MAX)
}

fn delivery_key(row: &Row) -> Option<DeliveryKey> {
    Some(DeliveryKey {
        watch: row.get(0),
        channel: row.get(1),
        hash_id: row.get(2),
        spell: row.get(3),
        kind: EventKind::of(row.get(4))?,
    })
}

/// An event with what only its message tells.
fn planned_event(row: &Row) -> Option<Event> {
    let mut event = event(row, 4)?;
    event.listing.district_median_per_m2 = row.get(28);
    let key: Option<String> = row.get(29);
    let line: Option<i64> = row.get(30);
    event.listing.lineage = key.zip(line.zip(row.get(31))).map(|(key, (line, index))| (key, line, index));
    Some(event)
}
