//! Questions to the ledger.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use sreality::row::PARSER_VERSION;
use tokio_postgres::Row;

use crate::connection::Warehouse;
use crate::error::{Context, Error};
use crate::quarantine::QuarantineKind;

/// What the ledger has of a raw object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// Nothing.
    Missing,
    /// It was loaded.
    Loaded,
    /// It was loaded, but an older parser rejected rows of it that this one may understand.
    Outdated,
    /// Nothing: it is in quarantine and was not released, or it was dismissed.
    SetAside { kind: QuarantineKind, reason: String },
    /// Nothing, but it was in quarantine: an operator has released it.
    Released(QuarantineKind),
}

/// The entries of these keys in the ledger and in the quarantine beside it. A key says which walk it is of; where its object
/// lies follows, so that a raw zone can be moved.
const ENTRIES: &str = "
with moved as (update warehouse.walk set bucket = $1 where key = any ($2) and bucket <> $1)
select
    key,
    case
        when exists (select from warehouse.reject where walk_id = walk.id and parser_version < $3) then 'outdated'
        else 'loaded'
    end,
    null,
    null
from warehouse.walk
where key = any ($2)
union all
select key, case when is_open or decision = 'dismiss' then 'set aside' else 'released' end, kind, reason
from warehouse.quarantine
where key = any ($2) and not exists (select from warehouse.walk where walk.key = quarantine.key)";

const LATEST_COMPLETE: &str = "
select segment, max(finished_at)
from warehouse.walk
where segment = any ($1) and complete
group by segment";

impl Warehouse {
    /// When the latest walk in the ledger started; `None` if there is none.
    pub async fn latest_start(&mut self) -> Result<Option<Timestamp>, Error> {
        let client = self.checked_client().await?;
        let row = client
            .query_one("select max(started_at) from warehouse.walk", &[])
            .await
            .context("read the ledger")?;
        Ok(row.get(0))
    }

    /// When the latest complete walk of each of these segments ended. Those that never had one are left out.
    pub async fn latest_complete(
        &mut self,
        segments: &[String],
    ) -> Result<HashMap<String, Timestamp>, Error> {
        let client = self.checked_client().await?;
        let rows = client.query(LATEST_COMPLETE, &[&segments]).await.context("read the ledger")?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
    }

    /// What the ledger has of a raw object.
    pub async fn entry(&mut self, bucket: &str, key: &str) -> Result<Entry, Error> {
        let found = self.entries(bucket, &[key]).await?;
        Ok(found.into_iter().next().map_or(Entry::Missing, |(_, entry)| entry))
    }

    /// Those of these keys that should be given to the loader: the ledger lacks them and they are not in quarantine, or
    /// they are outdated.
    pub async fn not_loaded(&mut self, bucket: &str, keys: &[&str]) -> Result<HashSet<String>, Error> {
        let mut missing: HashSet<String> = keys.iter().map(|key| (*key).to_owned()).collect();
        for (key, entry) in self.entries(bucket, keys).await? {
            if matches!(entry, Entry::Loaded | Entry::SetAside { .. }) {
                missing.remove(&key);
            }
        }
        Ok(missing)
    }

    /// This is the first statement of every load, so it finds out whether the connection has survived the time since
    /// the last one: between invocations a function is frozen, and does not notice that Postgres was restarted.
    async fn entries(&mut self, bucket: &str, keys: &[&str]) -> Result<Vec<(String, Entry)>, Error> {
        match self.ask(bucket, keys).await {
            Err(error) if error.is_lost_connection() => {
                self.disconnect();
                self.ask(bucket, keys).await
            }
            answer => answer,
        }
    }

    async fn ask(&mut self, bucket: &str, keys: &[&str]) -> Result<Vec<(String, Entry)>, Error> {
        let client = self.checked_client().await?;
        let rows =
            client.query(ENTRIES, &[&bucket, &keys, &PARSER_VERSION]).await.context("read the ledger")?;
        Ok(rows.iter().map(|row| (row.get(0), entry(row))).collect())
    }
}

fn entry(row: &Row) -> Entry {
    let kind = || QuarantineKind::of(row.get(2));
    match row.get(1) {
        "outdated" => Entry::Outdated,
        "set aside" => Entry::SetAside { kind: kind(), reason: row.get(3) },
        "released" => Entry::Released(kind()),
        _ => Entry::Loaded,
    }
}
