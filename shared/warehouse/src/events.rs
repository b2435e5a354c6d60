//! What a load found out about listings, put into the outbox in its own transaction.

use std::collections::HashMap;

use uuid::Uuid;

use crate::copy::CopyRows;
use crate::error::{Context, Error};
use crate::event::EventKind;
use crate::history::{Coverage, Happening};
use crate::known::Reading;
use crate::merge::Merge;
use crate::newcomer::Newcomer;

/// Nothing older is kept for the notifier.
const FORGET: &str = "delete from warehouse.event where happened_at < now() - interval '14 days'";

const EVENT: &str = "warehouse.event (hash_id, kind, spell, happened_at, price_before, price, relisted_from)";

/// The walks that rejected a row of these listings.
const REJECTED_BY: &str = "
select id.hash_id, reject.walk_id
from unnest($1::bigint[]) as id (hash_id)
cross join lateral (
    select walk_id from warehouse.reject where reject.hash_id = id.hash_id limit 100
) as reject";

/// Which of these listings are another one anew: the new one, the old one and its price.
const RELISTED: &str = "
select id.hash_id, relisting.old_hash_id, relisting.old_price
from unnest($1::bigint[]) as id (hash_id)
cross join lateral (select * from warehouse.relisting where new_hash_id = id.hash_id limit 1) as relisting";

impl Merge<'_> {
    /// Writes what happened, as far as it is news.
    pub(crate) async fn write_events(&mut self) -> Result<(), Error> {
        let mut happenings = self.new_listings().await?;
        happenings.append(&mut self.found.happenings);
        happenings.retain(|(_, happening)| happening.happened_at >= self.news_since);
        if happenings.is_empty() {
            return Ok(());
        }
        let relisted = self.relisted(&happenings).await?;
        let mut copies = CopyRows::default();
        for (hash_id, happening) in &happenings {
            let Happening { spell, happened_at, price, .. } = *happening;
            let earlier = relisted.get(hash_id).filter(|_| happening.kind == EventKind::New);
            let (kind, price_before) = match earlier {
                Some((_, price)) => (EventKind::Relisted, *price),
                None => (happening.kind, happening.price_before),
            };
            copies.row(7);
            copies.add(*hash_id);
            copies.add(kind.name());
            copies.add(spell);
            copies.add(happened_at);
            copies.add(price_before);
            copies.add(price);
            copies.add(earlier.map(|(old, _)| *old));
        }
        copies.send(&self.transaction, self.prepared, EVENT, "copy events").await?;
        self.transaction.execute(FORGET, &[]).await.context("forget old events")?;
        Ok(())
    }

    /// Those of the newcomers that enough walks must have met, had they been here.
    async fn new_listings(&mut self) -> Result<Vec<(i64, Happening)>, Error> {
        let newcomers = std::mem::take(&mut self.found.newcomers);
        let Some(first) = newcomers.first() else { return Ok(Vec::new()) };
        let mut reading = Reading { transaction: &self.transaction, prepared: self.prepared };
        self.walks.read(&mut reading, &first.place).await?;
        let ids: Vec<i64> = newcomers.iter().map(|newcomer| newcomer.hash_id).collect();
        let statement = self.prepared.statement(&self.transaction, REJECTED_BY).await?;
        let rows = self.transaction.query(&statement, &[&ids]).await.context("read rejects of newcomers")?;
        let mut rejects: HashMap<i64, Vec<Uuid>> = HashMap::new();
        for row in rows {
            rejects.entry(row.get(0)).or_default().push(row.get(1));
        }
        let is_new = |newcomer: &&Newcomer| {
            let rejected_by = rejects.get(&newcomer.hash_id).map(Vec::as_slice).unwrap_or_default();
            let walks = self.walks.of(&newcomer.place);
            let coverage = Coverage { walks, place: &newcomer.place, rejected_by };
            coverage.was_looked_at_before(self.moment)
        };
        let new = |newcomer: &Newcomer| (newcomer.hash_id, Happening::new(self.moment.at, newcomer.price));
        Ok(newcomers.iter().filter(is_new).map(new).collect())
    }

    async fn relisted(
        &mut self,
        happenings: &[(i64, Happening)],
    ) -> Result<HashMap<i64, (i64, Option<i64>)>, Error> {
        let new = happenings.iter().filter(|(_, happening)| happening.kind == EventKind::New);
        let ids: Vec<i64> = new.map(|(hash_id, _)| *hash_id).collect();
        if ids.is_empty() || !self.found.relistings_possible {
            return Ok(HashMap::new());
        }
        let statement = self.prepared.statement(&self.transaction, RELISTED).await?;
        let rows = self.transaction.query(&statement, &[&ids]).await.context("look for relistings")?;
        Ok(rows.iter().map(|row| (row.get(0), (row.get(1), row.get(2)))).collect())
    }
}
