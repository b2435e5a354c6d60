//! What happened to listings, as their history tells it and not the outbox, which forgets.

use jiff::Timestamp;

use crate::connection::Warehouse;
use crate::error::{Context, Error};
use crate::event::Event;
use crate::event_row::{FACT, LISTING, LOOK_UP, event};

impl Warehouse {
    /// What happened since, the newest first; none of it has a place in the outbox.
    pub async fn past_events(&mut self, since: Timestamp) -> Result<Vec<Event>, Error> {
        let sql = format!(
            "select {FACT}, {LISTING}
            from (
                select 0::bigint as event_id, past.*
                from warehouse.event_by_definition as past
                where happened_at >= $1
            ) as fact
            {LOOK_UP}
            order by fact.happened_at desc, fact.hash_id, fact.kind"
        );
        let rows = self.checked_client().await?.query(&sql, &[&since]).await;
        Ok(rows.context("read what happened")?.iter().filter_map(|row| event(row, 0)).collect())
    }
}
