-- The spells that were under way when the walk started, of the listings that it sees or covers, with their open ends
-- filled in. What the checks of one walk compare its sightings with.
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
    -- Whether the spell says that the walk saw the listing: a complete walk saw what it covers.
    coalesce(
        walk.complete
            and warehouse.covers(
                walk, listing.category, listing.deal, listing.sub_category, listing.region_id, listing.district_id
            ),
        false
    ) as implied,
    -- Whether the walk's sighting is the listing's newest.
    spell.next_seen is null
        and (coalesce(spell.last_seen, head.started_at), coalesce(spell.last_walk, head.id))
            = (walk.started_at, walk.id) as newest
from warehouse.walk
cross join candidate
join warehouse.listing using (hash_id)
join warehouse.spell using (hash_id)
-- What an open end stands for.
left join lateral (
    select full_walk.started_at, full_walk.id
    from warehouse.walk as full_walk
    where spell.last_walk is null
        and full_walk.complete
        and warehouse.covers(
            full_walk, listing.category, listing.deal, listing.sub_category, listing.region_id, listing.district_id
        )
    order by full_walk.started_at desc, full_walk.id desc
    limit 1
) as head on true
where walk.id = $1
    and (spell.first_seen, spell.first_walk) <= (walk.started_at, walk.id)
    and (walk.started_at, walk.id)
        <= (coalesce(spell.last_seen, head.started_at), coalesce(spell.last_walk, head.id))
