//! Loads that came to no end, as the reconciler has seen it: what keeps failing must not keep the others waiting.

use std::collections::HashMap;

use crate::connection::Warehouse;
use crate::error::{Context, Error};

const READ: &str = "select key, failures from warehouse.unfinished_load";

const NOTE: &str = "
insert into warehouse.unfinished_load (key, failures, failed_at)
values ($1, 1, now())
on conflict (key) do update
set (failures, failed_at) = (unfinished_load.failures + 1, excluded.failed_at)";

/// Those that were loaded without the reconciler's help are forgotten at the same time.
const FORGET: &str = "
delete from warehouse.unfinished_load as unfinished
where key = $1 or exists (select from warehouse.walk where walk.key = unfinished.key)";

impl Warehouse {
    /// How often the loads of objects came to no end; those that never did are left out.
    pub async fn unfinished_loads(&mut self) -> Result<HashMap<String, i32>, Error> {
        let rows = self.checked_client().await?.query(READ, &[]).await;
        Ok(rows.context("read the unfinished loads")?.iter().map(|row| (row.get(0), row.get(1))).collect())
    }

    /// Notes that the load of an object came to no end, once more or for the first time.
    pub async fn note_unfinished_load(&mut self, key: &str) -> Result<(), Error> {
        let noted = self.checked_client().await?.execute(NOTE, &[&key]).await;
        noted.context("note an unfinished load").map(drop)
    }

    /// Forgets the failures of an object whose load has ended.
    pub async fn forget_unfinished_load(&mut self, key: &str) -> Result<(), Error> {
        let forgotten = self.checked_client().await?.execute(FORGET, &[&key]).await;
        forgotten.context("forget an unfinished load").map(drop)
    }
}
