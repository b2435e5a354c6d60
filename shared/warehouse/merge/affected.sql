-- The listings whose history or attributes this walk may change. Taking one too many costs time but changes
-- nothing: what is rebuilt from the same sightings comes out the same.
--
-- Runs before the ledger calls the walk complete and before the listings are merged, so that "latest complete
-- walk" and a listing's place mean what they meant when the spells were written.
--
-- $1: the walk, $2: whether it is complete.
create temporary table affected on commit drop as
with walk as (
    select * from warehouse.walk where id = $1
),
seen as (
    select
        sighting.hash_id,
        sighting.total_price,
        -- Unless the walk sees at the same price what it should see, within a spell or at its open end.
        (
            spell.hash_id is not null
            and spell.total_price is not distinct from sighting.total_price
            and (
                (spell.last_walk is null and $2 and covered.by_walk)
                or (spell.last_seen, spell.last_walk) >= (walk.started_at, walk.id)
            )
            and (listing.category, listing.deal, listing.sub_category, listing.region_id, listing.district_id)
                is not distinct from
                (sighting.category, sighting.deal, sighting.sub_category, sighting.region_id, sighting.district_id)
        ) is not true as rebuild,
        listing.digest is distinct from sighting.digest as reworded
    from walk
    cross join sighting
    left join warehouse.listing using (hash_id)
    left join lateral (
        select warehouse.covers(
            walk, listing.category, listing.deal, listing.sub_category, listing.region_id, listing.district_id
        ) as by_walk
    ) as covered on true
    -- The spell that was under way when the walk started, or the last one before.
    left join lateral (
        select *
        from warehouse.spell
        where spell.hash_id = sighting.hash_id
            and (spell.first_seen, spell.first_walk) <= (walk.started_at, walk.id)
        order by spell.first_seen desc, spell.first_walk desc
        limit 1
    ) as spell on true
),
-- What a complete walk covers and does not see: listings on offer so far.
unseen as (
    select spell.hash_id
    from walk
    join warehouse.listing on warehouse.covers(
        walk, listing.category, listing.deal, listing.sub_category, listing.region_id, listing.district_id
    )
    join warehouse.spell using (hash_id)
    where $2 and spell.next_seen is null and spell.delisted_at is null and spell.first_seen <= walk.started_at
),
-- And, if the walk comes late, listings of its time whose spell it interrupts or whose absence it dates anew.
unseen_then as (
    select spell.hash_id
    from walk
    join warehouse.listing on warehouse.covers(
        walk, listing.category, listing.deal, listing.sub_category, listing.region_id, listing.district_id
    )
    join warehouse.spell using (hash_id)
    where $2
        and (
            select exists (
                select
                from warehouse.walk as later, walk
                where later.category = walk.category
                    and later.deal = walk.deal
                    and (later.started_at, later.id) > (walk.started_at, walk.id)
            )
        )
        and spell.first_seen <= walk.started_at
        and (spell.next_seen >= walk.started_at or spell.next_seen is null)
        and (spell.last_seen is null or spell.last_seen >= walk.started_at
            or spell.delisted_at is null or spell.delisted_at >= walk.started_at)
),
candidate as (
    select hash_id, true as seen, total_price, rebuild
    from seen
    where rebuild or reworded
    union all
    select hash_id, false, null, true
    from (select hash_id from unseen union select hash_id from unseen_then) as missed
    where not exists (select from sighting where sighting.hash_id = missed.hash_id)
)
select
    candidate.*,
    listing.category,
    listing.deal,
    listing.sub_category,
    listing.region_id,
    listing.district_id,
    head.started_at as head_seen,
    head.id as head_walk,
    -- Whether the walk's row is the listing's newest.
    candidate.seen
        and (
            listing.hash_id is null
            or (walk.started_at, walk.id)
                >= (coalesce(latest.last_seen, head.started_at), coalesce(latest.last_walk, head.id))
        ) as newest
from walk
cross join candidate
left join warehouse.listing using (hash_id)
left join warehouse.spell as latest on latest.hash_id = candidate.hash_id and latest.next_seen is null
-- What an open end stands for.
left join lateral (
    select full_walk.started_at, full_walk.id
    from warehouse.walk as full_walk
    where latest.last_walk is null
        and full_walk.complete
        and warehouse.covers(
            full_walk, listing.category, listing.deal, listing.sub_category, listing.region_id, listing.district_id
        )
    order by full_walk.started_at desc, full_walk.id desc
    limit 1
) as head on true
