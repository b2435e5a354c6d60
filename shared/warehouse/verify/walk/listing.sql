-- Listings that do not show what their newest sighting says, or that are younger than a sighting.
--
-- $1: the walk.
with newest as materialized (
    select
        sighting.line,
        sighting.row_index,
        sighting.hash_id,
        to_jsonb(listing) as shown,
        to_jsonb(sighting) - 'line' - 'row_index' - 'total_price' as said
    from under_way
    join sighting using (hash_id)
    join warehouse.listing using (hash_id)
    where under_way.newest
)
select format(
    'line %s, row %s: it is the newest sighting of listing %s, but warehouse.listing has another %s',
    line,
    row_index,
    hash_id,
    (select string_agg(key, ', ' order by key) from jsonb_each(said) where shown -> key is distinct from value)
)
from newest
where not shown @> said
union all
select format(
    'line %s, row %s: listing %s was seen here, but warehouse.listing has it first seen later, at %s',
    sighting.line, sighting.row_index, sighting.hash_id, listing.first_seen
)
from warehouse.walk
cross join sighting
join warehouse.listing using (hash_id)
where walk.id = $1 and listing.first_seen > walk.started_at
