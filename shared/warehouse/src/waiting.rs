//! What waits in the outbox, for an operator to read: nothing is changed.

use jiff::Timestamp;
use tokio_postgres::Row;

use crate::connection::Warehouse;
use crate::error::{Context, Error};

const WAITING: &str = "
select delivery.watch, delivery.channel, count(*), min(delivery.due_at), failing.failure
from warehouse.delivery
left join warehouse.failing_channel as failing on failing.channel = delivery.channel
where delivery.state = 'waiting'
group by delivery.watch, delivery.channel, failing.failure
order by delivery.watch, delivery.channel";

const TO_COMPARE: &str = "
select count(*)
from warehouse.event
where id > coalesce((select event_id from warehouse.outbox_position), 0)";

/// What waits for one watch and channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingFor {
    pub watch: String,
    pub channel: String,
    pub deliveries: u64,
    /// When the first of them is due.
    pub due_at: Timestamp,
    /// Why the channel failed when it was last tried, if it did.
    pub failure: Option<String>,
}

impl Warehouse {
    /// What waits to be sent, by watch and channel.
    pub async fn waiting_by_channel(&mut self) -> Result<Vec<WaitingFor>, Error> {
        let rows = self.checked_client().await?.query(WAITING, &[]).await.context("read what waits")?;
        let waiting = |row: &Row| WaitingFor {
            watch: row.get(0),
            channel: row.get(1),
            deliveries: u64::try_from(row.get::<_, i64>(2)).unwrap_or_default(),
            due_at: row.get(3),
            failure: row.get(4),
        };
        Ok(rows.iter().map(waiting).collect())
    }

    /// How many events were not compared with the watches yet.
    pub async fn events_to_compare(&mut self) -> Result<u64, Error> {
        let row = self.checked_client().await?.query_one(TO_COMPARE, &[]).await;
        Ok(u64::try_from(row.context("count new events")?.get::<_, i64>(0)).unwrap_or_default())
    }
}
