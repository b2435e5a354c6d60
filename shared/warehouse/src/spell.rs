//! The merge of one walk's sightings into the history of spells, for walks that arrive in order.
//!
//! A spell's `last_seen` is null as long as the latest complete walk that covers its listing saw it: then a
//! walk that sees it again has nothing to write.

use tokio_postgres::Transaction;
use uuid::Uuid;

use crate::error::{Doing, Error};

/// What stands in the way of a merge in order: a later walk that may cover the same listings.
const LATER_WALK: &str = "
select later.key
from warehouse.walk
join warehouse.walk as later on later.category = walk.category and later.deal = walk.deal
where walk.id = $1
    and (later.started_at, later.id) > (walk.started_at, walk.id)
    and (later.region_id = walk.region_id) is not false
    and ((later.district_id = walk.district_id) is not false or 47 in (later.district_id, walk.district_id))
order by later.started_at
limit 1";

/// The state before this walk of every listing that it saw, and of every listing that it should have seen:
/// the latest spell with its `last_seen` spelt out, and whether a sighting now would go on with it.
///
/// `head` is the latest complete walk of each segment; the latest of those that cover a listing is what a
/// null `last_seen` stands for. That depends on the listing's attributes, so this runs before they are
/// merged.
const PREVIOUS: &str = "
create temporary table previous on commit drop as
with head as materialized (
    select distinct on (walk.segment) walk, walk.category, walk.deal, walk.started_at
    from warehouse.walk
    where walk.complete and walk.id <> $1
    order by walk.segment, walk.started_at desc
),
candidate as (
    select listing, spell.hash_id, spell.first_seen, spell.last_seen, spell.total_price,
        spell.total_price is not distinct from sighting.total_price as same_price
    from sighting
    join warehouse.listing using (hash_id)
    cross join lateral (
        select *
        from warehouse.spell
        where spell.hash_id = listing.hash_id
        order by spell.first_seen desc
        limit 1
    ) as spell
    union all
    select listing, spell.hash_id, spell.first_seen, spell.last_seen, spell.total_price, false
    from warehouse.walk
    join warehouse.listing on warehouse.covers(walk, listing)
    join warehouse.spell on spell.hash_id = listing.hash_id and spell.last_seen is null
    where walk.id = $1
        and walk.complete
        and not exists (select from sighting where sighting.hash_id = listing.hash_id)
)
select
    candidate.hash_id,
    candidate.first_seen,
    coalesce(candidate.last_seen, covering.started_at) as last_seen,
    candidate.same_price
        and (candidate.last_seen is null or covering.started_at is null or candidate.last_seen >= covering.started_at)
        as goes_on
from candidate
left join lateral (
    select max(head.started_at) as started_at
    from head
    where head.category = (candidate.listing).category
        and head.deal = (candidate.listing).deal
        and warehouse.covers(head.walk, candidate.listing)
) as covering on true";

/// Spells that go on are open again, or reach to this walk if it cannot say that a listing is gone; the
/// others end where they were last seen.
const END_OR_EXTEND: &str = "
update warehouse.spell
set last_seen = ending.last_seen
from (
    select
        previous.hash_id,
        previous.first_seen,
        case
            when not previous.goes_on then previous.last_seen
            when walk.complete and warehouse.covers(walk, listing) then null
            else walk.started_at
        end as last_seen
    from previous
    join warehouse.listing using (hash_id)
    join warehouse.walk on walk.id = $1
) as ending
where spell.hash_id = ending.hash_id
    and spell.first_seen = ending.first_seen
    and spell.last_seen is distinct from ending.last_seen";

/// Listings that are new, came back, or changed their price start a spell.
const START: &str = "
insert into warehouse.spell (hash_id, first_seen, first_walk, last_seen, total_price)
select
    sighting.hash_id,
    walk.started_at,
    walk.id,
    case when walk.complete and warehouse.covers(walk, listing) then null else walk.started_at end,
    sighting.total_price
from sighting
join warehouse.listing using (hash_id)
join warehouse.walk on walk.id = $1
left join previous using (hash_id)
where previous.goes_on is not true";

/// Refuses a walk that does not arrive in order.
pub(crate) async fn check_order(transaction: &Transaction<'_>, walk: Uuid) -> Result<(), Error> {
    match transaction.query_opt(LATER_WALK, &[&walk]).await.doing("look for later walks")? {
        Some(row) => Err(Error::OutOfOrder { walk, later: row.get(0) }),
        None => Ok(()),
    }
}

/// Notes the state of every listing that this walk may change; runs before the listings are merged.
pub(crate) async fn note_previous(transaction: &Transaction<'_>, walk: Uuid) -> Result<(), Error> {
    transaction.execute(PREVIOUS, &[&walk]).await.doing("read the spells so far")?;
    transaction.batch_execute("analyze previous (hash_id)").await.doing("count the spells so far")
}

/// Ends, extends and starts spells; runs after the listings are merged. Returns how many were written.
pub(crate) async fn merge(transaction: &Transaction<'_>, walk: Uuid) -> Result<u64, Error> {
    let ended = transaction.execute(END_OR_EXTEND, &[&walk]).await.doing("end and extend spells")?;
    let started = transaction.execute(START, &[&walk]).await.doing("start spells")?;
    Ok(ended + started)
}
