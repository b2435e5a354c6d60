-- The spells that were under way when the walk started, of the listings that it sees or covers. What the checks of one
-- walk compare its sightings with.
--
-- $1: the walk.
create temporary table under_way on commit drop as
with candidate as (
    select hash_id from sighting
    union
    select listing.hash_id
    from warehouse.walk
    join warehouse.listing on warehouse.covers(
        walk, listing.category, listing.deal, listing.sub_category, listing.region_id, listing.district_id
    )
    where walk.id = $1
)
select
    spell.hash_id,
    spell.total_price,
    -- Whether the spell says that the walk saw the listing: a walk saw what it covers.
    warehouse.covers(
        walk, listing.category, listing.deal, listing.sub_category, listing.region_id, listing.district_id
    ) is true
        and not exists (
            select from warehouse.reject where reject.walk_id = walk.id and reject.hash_id = listing.hash_id
        ) as implied,
    -- Whether the walk's sighting is the listing's newest.
    spell.next_seen is null
        and case
            when spell.last_walk is not null
            then (walk.started_at, walk.id) = (spell.last_seen, spell.last_walk)
            else ((head.started_at, head.id) > (walk.started_at, walk.id)) is not true
                and ((extra.seen_at, extra.walk_id) > (walk.started_at, walk.id)) is not true
        end as newest
from warehouse.walk
cross join candidate
join warehouse.listing using (hash_id)
join warehouse.spell using (hash_id)
-- What an open spell implies last.
left join lateral (
    select later.started_at, later.id
    from warehouse.walk as later
    where spell.last_walk is null
        and warehouse.covers(
            later, listing.category, listing.deal, listing.sub_category, listing.region_id, listing.district_id
        )
        and not exists (
            select from warehouse.reject where reject.walk_id = later.id and reject.hash_id = listing.hash_id
        )
    order by later.started_at desc, later.id desc
    limit 1
) as head on true
left join lateral (
    select extra.seen_at, extra.walk_id
    from warehouse.extra_sighting as extra
    where spell.last_walk is null and extra.hash_id = listing.hash_id
    order by extra.seen_at desc, extra.walk_id desc
    limit 1
) as extra on true
where walk.id = $1
    and (spell.first_seen, spell.first_walk) <= (walk.started_at, walk.id)
    and ((walk.started_at, walk.id) > (spell.last_seen, spell.last_walk)) is not true
