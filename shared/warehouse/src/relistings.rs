//! Relistings of the listings that a load wrote, and of those that may be the old or the new one beside them.

use std::collections::HashMap;

use jiff::Timestamp;
use tokio_postgres::Row;

use crate::error::{Context, Error};
use crate::history::{Advert, Relisting, relisting};
use crate::merge::{Merge, Parameter};

/// So many listings are looked at at once.
const BATCH: usize = 1000;

/// The listings of the same property as these, and the relistings that these are the old one of.
const CANDIDATES: &str = "
select id.hash_id, candidate.same_property, candidate.relisted_as
from unnest($1::bigint[]) as id (hash_id)
cross join lateral warehouse.relisting_candidates_of(id.hash_id) as candidate";

/// What is known of these listings as adverts, and which one they are anew so far.
const ADVERTS: &str = "
select
    id.hash_id, listing.first_seen, warehouse.opening_price_of(id.hash_id), listing.total_price,
    case when listing.missing_since is not null then listing.last_seen end, listing.agency,
    relisting.*
from unnest($1::bigint[]) as id (hash_id)
cross join lateral (select * from warehouse.listing where listing.hash_id = id.hash_id limit 1) as listing
left join lateral (select * from warehouse.relisting where new_hash_id = id.hash_id limit 1) as relisting on true";

const REMOVE: &str = "delete from warehouse.relisting where new_hash_id = $1";

const WRITE: &str = "
insert into warehouse.relisting (
    new_hash_id, old_hash_id, relisted_at, old_last_seen, old_price, new_price, same_agency
)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict (new_hash_id) do update
set (old_hash_id, relisted_at, old_last_seen, old_price, new_price, same_agency) = (
    excluded.old_hash_id, excluded.relisted_at, excluded.old_last_seen, excluded.old_price, excluded.new_price,
    excluded.same_agency
)";

/// By listing, those of the same property.
type Properties = HashMap<i64, Vec<i64>>;

impl Merge<'_> {
    /// Brings the relistings in line: those of the listings that were written, of all others of the same property, and those
    /// that were made from one of these.
    pub(crate) async fn keep_relistings(&mut self) -> Result<(), Error> {
        if !self.found.relistings_possible {
            return Ok(());
        }
        let mut written = std::mem::take(&mut self.found.written);
        written.sort_unstable();
        written.dedup();
        for batch in written.chunks(BATCH) {
            let mut properties = Properties::new();
            let relisted = self.same_property(batch, &mut properties).await?;
            let unknown: Vec<i64> = relisted.into_iter().filter(|id| !properties.contains_key(id)).collect();
            self.same_property(&unknown, &mut properties).await?;
            self.relist(&properties).await?;
        }
        Ok(())
    }

    /// Looks up which listings are of the same property as these; returns the new ones of those that these are the old one of.
    async fn same_property(&mut self, ids: &[i64], properties: &mut Properties) -> Result<Vec<i64>, Error> {
        let statement = self.prepared.statement(&self.transaction, CANDIDATES).await?;
        let rows = self.transaction.query(&statement, &[&ids]).await.context("look for the same property")?;
        let mut relisted = Vec::new();
        for row in rows {
            let hash_id: i64 = row.get(0);
            let same = row.get::<_, Option<Vec<i64>>>(1).unwrap_or_else(|| vec![hash_id]);
            for other in &same {
                if !properties.contains_key(other) {
                    properties.insert(*other, same.clone());
                }
            }
            relisted.extend(row.get::<_, Option<Vec<i64>>>(2).unwrap_or_default());
        }
        Ok(relisted)
    }

    async fn relist(&mut self, properties: &Properties) -> Result<(), Error> {
        let ids: Vec<i64> = properties.keys().copied().collect();
        let statement = self.prepared.statement(&self.transaction, ADVERTS).await?;
        let rows = self.transaction.query(&statement, &[&ids]).await.context("read adverts")?;
        let adverts: HashMap<i64, Advert> = rows.iter().map(|row| (row.get(0), advert(row))).collect();
        let mut removed = Vec::new();
        let mut written = Vec::new();
        for row in &rows {
            let hash_id = row.get(0);
            let known = known(row);
            let Some(advert) = adverts.get(&hash_id) else { continue };
            let same = properties.get(&hash_id).map(Vec::as_slice).unwrap_or_default();
            match relisting(advert, same.iter().filter_map(|id| adverts.get(id))) {
                None if known.is_some() => removed.push(hash_id),
                Some(relisting) if known != Some(relisting) => written.push(relisting),
                _ => {}
            }
        }
        self.each(REMOVE, &removed, |hash_id| [hash_id], "remove relistings").await?;
        self.each(WRITE, &written, parameters, "write relistings").await
    }
}

fn parameters(relisting: &Relisting) -> [Parameter<'_>; 7] {
    let Relisting { new_hash_id, old_hash_id, relisted_at, old_last_seen, .. } = relisting;
    let Relisting { old_price, new_price, same_agency, .. } = relisting;
    [new_hash_id, old_hash_id, relisted_at, old_last_seen, old_price, new_price, same_agency]
}

fn advert(row: &Row) -> Advert {
    Advert {
        hash_id: row.get(0),
        first_seen: row.get(1),
        opening_price: row.get(2),
        total_price: row.get(3),
        missing_after: row.get(4),
        agency: row.get(5),
    }
}

fn known(row: &Row) -> Option<Relisting> {
    Some(Relisting {
        new_hash_id: row.get::<_, Option<i64>>(6)?,
        old_hash_id: row.get(7),
        relisted_at: row.get::<_, Timestamp>(8),
        old_last_seen: row.get(9),
        old_price: row.get(10),
        new_price: row.get(11),
        same_agency: row.get(12),
    })
}
