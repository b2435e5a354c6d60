//! What was told, or begun to be told, before this warehouse was made: entered, so that nothing is told twice.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::connection::Warehouse;
use crate::error::{Context, Error};
use crate::outbox::{DeliveryKey, PlannedMessage};

/// When exactly it was told does not matter: not within the last hour, which would count towards the watch's limit.
const TOLD: &str = "
insert into warehouse.delivery (watch, channel, hash_id, spell, kind, event_id, happened_at, state, sent_at)
select watch, channel, hash_id, spell, kind, 0, spell, 'sent', least(spell, now() - interval '2 hours')
from unnest($1::text[], $2::text[], $3::bigint[], $4::timestamptz[], $5::text[])
    as told (watch, channel, hash_id, spell, kind)
on conflict do nothing";

/// They keep their message, and their order in it.
const BEGUN: &str = "
insert into warehouse.delivery (
    watch, channel, hash_id, spell, kind, event_id, happened_at, price_before, price, relisted_from, state, message
)
select watch, channel, hash_id, spell, kind, row_number() over (), happened_at, price_before, price, relisted_from, state, $11
from unnest(
    $1::text[], $2::text[], $3::bigint[], $4::timestamptz[], $5::text[], $6::timestamptz[], $7::bigint[], $8::bigint[],
    $9::bigint[], $10::text[]
) as begun (watch, channel, hash_id, spell, kind, happened_at, price_before, price, relisted_from, state)
on conflict do nothing";

/// What was told before, and what may have been.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ToldBefore {
    pub told: Vec<DeliveryKey>,
    /// Messages that were begun. Nobody knows whether their channels took them, so they are sent again as they were.
    pub begun: Vec<(Uuid, Vec<BegunDelivery>)>,
}

/// One delivery of a message that is about to be sent: all that it takes to plan the same message in another warehouse.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BegunDelivery {
    #[serde(flatten)]
    pub key: DeliveryKey,
    /// `None` if it is told as a number only.
    pub fact: Option<BegunFact>,
}

/// What a delivery tells; the rest is its listing's.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct BegunFact {
    pub happened_at: Timestamp,
    pub price_before: Option<i64>,
    pub price: Option<i64>,
    pub relisted_from: Option<i64>,
}

impl PlannedMessage {
    /// All that it takes to plan it again.
    #[must_use]
    pub fn begun(&self) -> Vec<BegunDelivery> {
        let fact = |key: &DeliveryKey| {
            let is_told = |event: &&crate::event::Event| {
                (event.hash_id, event.spell, event.kind) == (key.hash_id, key.spell, key.kind)
            };
            self.events.iter().find(is_told).map(|event| BegunFact {
                happened_at: event.happened_at,
                price_before: event.price_before,
                price: event.price,
                relisted_from: event.relisted_from,
            })
        };
        self.deliveries.iter().map(|key| BegunDelivery { key: key.clone(), fact: fact(key) }).collect()
    }
}

impl Warehouse {
    /// Enters what was told before this warehouse was made, so that it is not told again, and what may have been told, so
    /// that it is told again in the same messages.
    pub async fn enter_told_before(&mut self, before: &ToldBefore) -> Result<(), Error> {
        let action = "enter what was told";
        let transaction = self.checked_client().await?.transaction().await.context(action)?;
        let [watches, channels, kinds] = texts(before.told.iter());
        let (ids, spells) = numbers(before.told.iter());
        transaction.execute(TOLD, &[&watches, &channels, &ids, &spells, &kinds]).await.context(action)?;
        for (message, deliveries) in &before.begun {
            let keys = || deliveries.iter().map(|delivery| &delivery.key);
            let facts = || deliveries.iter().map(|delivery| delivery.fact);
            let [watches, channels, kinds] = texts(keys());
            let (ids, spells) = numbers(keys());
            let happened_at: Vec<Timestamp> = facts()
                .zip(&spells)
                .map(|(fact, spell)| fact.map_or(*spell, |fact| fact.happened_at))
                .collect();
            let prices_before: Vec<Option<i64>> = facts().map(|fact| fact?.price_before).collect();
            let prices: Vec<Option<i64>> = facts().map(|fact| fact?.price).collect();
            let relisted_from: Vec<Option<i64>> = facts().map(|fact| fact?.relisted_from).collect();
            let states: Vec<&str> =
                facts().map(|fact| if fact.is_some() { "waiting" } else { "counted" }).collect();
            transaction
                .execute(
                    BEGUN,
                    &[
                        &watches,
                        &channels,
                        &ids,
                        &spells,
                        &kinds,
                        &happened_at,
                        &prices_before,
                        &prices,
                        &relisted_from,
                        &states,
                        message,
                    ],
                )
                .await
                .context(action)?;
        }
        transaction.commit().await.context(action)
    }
}

/// Watches, channels and kinds.
fn texts<'k>(keys: impl Iterator<Item = &'k DeliveryKey> + Clone) -> [Vec<&'k str>; 3] {
    [
        keys.clone().map(|key| key.watch.as_str()).collect(),
        keys.clone().map(|key| key.channel.as_str()).collect(),
        keys.map(|key| key.kind.name()).collect(),
    ]
}

fn numbers<'k>(keys: impl Iterator<Item = &'k DeliveryKey>) -> (Vec<i64>, Vec<Timestamp>) {
    keys.map(|key| (key.hash_id, key.spell)).unzip()
}
