//! Events that watches ask for become deliveries.

use std::collections::HashMap;

use jiff::Timestamp;
use tokio_postgres::types::ToSql;

use crate::connection::Warehouse;
use crate::error::{Context, Error};
use crate::event::{Event, EventKind};

/// So many deliveries are entered by one statement.
const ENTERED_AT_ONCE: usize = 5_000;

const ENTER: &str = "
insert into warehouse.delivery (
    watch, channel, hash_id, spell, kind, event_id, happened_at, price_before, price, relisted_from, due_at
)
select new.*
from unnest(
    $1::text[], $2::text[], $3::bigint[], $4::timestamptz[], $5::text[], $6::bigint[], $7::timestamptz[], $8::bigint[],
    $9::bigint[], $10::bigint[], $11::timestamptz[]
) as new (watch, channel, hash_id, spell, kind, event_id, happened_at, price_before, price, relisted_from, due_at)
-- A spell that a late walk has dated back is the same, and one that was told of later has overtaken this one.
left join lateral (
    select true as is_known
    from warehouse.delivery
    where delivery.watch = new.watch and delivery.channel = new.channel and delivery.hash_id = new.hash_id
        and delivery.kind = new.kind and delivery.spell >= new.spell
    limit 1
) as later on true
where later.is_known is null
on conflict do nothing";

const ADVANCE: &str = "
insert into warehouse.outbox_position (event_id)
values ($1)
on conflict (is_the_only_one) do update set event_id = excluded.event_id";

/// A delivery that is to be entered.
#[derive(Clone, Copy, Debug)]
pub struct NewDelivery<'a> {
    pub watch: &'a str,
    pub channel: &'a str,
    pub event: &'a Event,
    /// Not to be sent before.
    pub due_at: Timestamp,
}

impl Warehouse {
    /// Enters deliveries, and that all events up to one were compared with the watches: both or neither.
    pub async fn enter_deliveries(&mut self, new: &[NewDelivery<'_>], up_to: i64) -> Result<u64, Error> {
        let action = "enter deliveries";
        let transaction = self.checked_client().await?.transaction().await.context(action)?;
        let statement = transaction.prepare(ENTER).await.context(action)?;
        let mut entered = 0;
        for new in not_overtaken(new).chunks(ENTERED_AT_ONCE) {
            let watches: Vec<&str> = new.iter().map(|new| new.watch).collect();
            let channels: Vec<&str> = new.iter().map(|new| new.channel).collect();
            let hash_ids: Vec<i64> = new.iter().map(|new| new.event.hash_id).collect();
            let spells: Vec<Timestamp> = new.iter().map(|new| new.event.spell).collect();
            let kinds: Vec<&str> = new.iter().map(|new| new.event.kind.name()).collect();
            let events: Vec<i64> = new.iter().map(|new| new.event.id).collect();
            let happened_at: Vec<Timestamp> = new.iter().map(|new| new.event.happened_at).collect();
            let prices_before: Vec<Option<i64>> = new.iter().map(|new| new.event.price_before).collect();
            let prices: Vec<Option<i64>> = new.iter().map(|new| new.event.price).collect();
            let relisted_from: Vec<Option<i64>> = new.iter().map(|new| new.event.relisted_from).collect();
            let due_at: Vec<Timestamp> = new.iter().map(|new| new.due_at).collect();
            let columns: [&(dyn ToSql + Sync); 11] = [
                &watches,
                &channels,
                &hash_ids,
                &spells,
                &kinds,
                &events,
                &happened_at,
                &prices_before,
                &prices,
                &relisted_from,
                &due_at,
            ];
            entered += transaction.execute(&statement, &columns).await.context(action)?;
        }
        transaction.execute(ADVANCE, &[&up_to]).await.context(action)?;
        transaction.commit().await.context(action)?;
        Ok(entered)
    }
}

/// Without those that one before them has overtaken: one statement does not see what itself enters.
fn not_overtaken<'a>(new: &[NewDelivery<'a>]) -> Vec<NewDelivery<'a>> {
    let mut latest: HashMap<(&str, &str, i64, EventKind), Timestamp> = HashMap::new();
    let mut kept = Vec::with_capacity(new.len());
    for new in new {
        let Event { hash_id, kind, spell, .. } = *new.event;
        let before = latest.entry((new.watch, new.channel, hash_id, kind)).or_insert(Timestamp::MIN);
        if *before < spell {
            *before = spell;
            kept.push(*new);
        }
    }
    kept
}
