//! The merge of one walk's sightings into listings and spells, for walks in any order.
//!
//! A walk changes the history of few listings: those that it sees at another price or after an absence, and those that
//! it should have seen. Their spells are taken apart where the walk contradicts them, and joined again by the
//! definitions in ARCHITECTURE.md; all others are left alone. What comes out depends on the sightings only, not on the
//! order in which they came.

use tokio_postgres::Transaction;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use crate::error::{Doing, Error};
use crate::sighting;
use crate::walk::Walk;

const SEEN: &str = include_str!("../merge/seen.sql");
const UNSEEN: &str = include_str!("../merge/unseen.sql");
const UNSEEN_THEN: &str = include_str!("../merge/unseen_then.sql");
const AFFECTED: &str = include_str!("../merge/affected.sql");
const VERSION: &str = include_str!("../merge/version.sql");
const EXTRA_SIGHTING: &str = include_str!("../merge/extra_sighting.sql");
const PIECE: &str = include_str!("../merge/piece.sql");
const MOVED_SIGHTING: &str = include_str!("../merge/moved_sighting.sql");
const HISTORY: &str = include_str!("../merge/history.sql");

const WRITE_VERSIONS: &str = "
insert into warehouse.listing_version (hash_id, digest, walk_id, line, row_index)
select hash_id, digest, walk_id, line, row_index from version
on conflict (hash_id, digest) do update
set (walk_id, line, row_index) = (excluded.walk_id, excluded.line, excluded.row_index)";

const REMOVE_SPELLS: &str = "
delete from warehouse.spell
using affected
where affected.rebuild
    and spell.hash_id = affected.hash_id
    and not exists (
        select
        from history
        where history.hash_id = spell.hash_id
            and history.first_seen = spell.first_seen
            and history.first_walk = spell.first_walk
    )";

const WRITE_SPELLS: &str = "
insert into warehouse.spell (
    hash_id, first_seen, first_walk, last_seen, last_walk, total_price, missing_since, delisted_at, next_seen
)
select hash_id, first_seen, first_walk, last_seen, last_walk, total_price, missing_since, delisted_at, next_seen
from history
on conflict (hash_id, first_seen, first_walk) do update
set (last_seen, last_walk, total_price, missing_since, delisted_at, next_seen)
    = (excluded.last_seen, excluded.last_walk, excluded.total_price,
       excluded.missing_since, excluded.delisted_at, excluded.next_seen)
where (spell.last_walk, spell.total_price, spell.missing_since, spell.delisted_at, spell.next_seen)
    is distinct from
    (excluded.last_walk, excluded.total_price, excluded.missing_since, excluded.delisted_at, excluded.next_seen)";

/// A late walk may have seen a listing earlier than any before.
const DATE_LISTINGS: &str = "
update warehouse.listing
set first_seen = earliest.first_seen
from (select hash_id, min(first_seen) as first_seen from history group by hash_id) as earliest
where listing.hash_id = earliest.hash_id and listing.first_seen <> earliest.first_seen";

/// Finds the listings that the walk may change; runs before the ledger calls the walk complete.
pub(crate) async fn find_affected(
    transaction: &Transaction<'_>,
    Walk { id, segment, .. }: &Walk,
    complete: bool,
) -> Result<(), Error> {
    analyze_grown(transaction).await?;
    run(transaction, SEEN, &[id, &complete], "find the listings that the walk sees otherwise").await?;
    if complete {
        let parameters: [&(dyn ToSql + Sync); 3] = [id, &segment.category.code(), &segment.deal.code()];
        run(transaction, UNSEEN, &parameters, "find the listings that the walk misses").await?;
        transaction.batch_execute("analyze candidate").await.doing("count the listings so far")?;
        run(transaction, UNSEEN_THEN, &parameters, "find the listings that the walk missed then").await?;
    }
    transaction.batch_execute("analyze candidate").await.doing("count the listings that the walk changes")?;
    run(transaction, AFFECTED, &[id], "read what is known of them").await?;
    transaction.batch_execute("analyze affected").await.doing("count the listings that the walk changes")
}

/// Merges the walk, whose ledger row is finished, into listings and spells.
pub(crate) async fn merge(transaction: &Transaction<'_>, walk: Uuid) -> Result<(), Error> {
    sighting::merge_listings(transaction, walk).await?;
    run(transaction, VERSION, &[&walk], "find what no earlier row said").await?;
    run(transaction, WRITE_VERSIONS, &[], "store where each wording was first seen").await?;
    run(transaction, EXTRA_SIGHTING, &[&walk], "store the sightings that spells do not imply").await?;
    run(transaction, PIECE, &[&walk], "take the spells apart").await?;
    transaction.batch_execute("analyze piece").await.doing("count the pieces of spells")?;
    run(transaction, MOVED_SIGHTING, &[], "sort the sightings of listings that moved").await?;
    run(transaction, HISTORY, &[], "join the pieces to spells").await?;
    transaction.batch_execute("analyze history").await.doing("count the spells")?;
    run(transaction, REMOVE_SPELLS, &[], "remove spells").await?;
    run(transaction, WRITE_SPELLS, &[], "write spells").await?;
    run(transaction, DATE_LISTINGS, &[], "date the listings").await?;
    Ok(())
}

/// Tells the planner of tables that have just grown: without it, the second load of a new warehouse took five minutes.
pub(crate) async fn analyze_grown(transaction: &Transaction<'_>) -> Result<(), Error> {
    run(transaction, "select warehouse.analyze_grown()", &[], "count what the tables hold").await.map(drop)
}

async fn run(
    transaction: &Transaction<'_>,
    sql: &str,
    parameters: &[&(dyn ToSql + Sync)],
    action: &'static str,
) -> Result<u64, Error> {
    transaction.execute(sql, parameters).await.doing(action)
}
