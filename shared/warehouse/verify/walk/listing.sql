-- Listings that do not show what their newest sighting says, or that are younger than a sighting.
--
-- $1: the walk.
select format(
    'line %s, row %s: it is the newest sighting of listing %s, but warehouse.listing has another %s',
    sighting.line,
    sighting.row_index,
    sighting.hash_id,
    string_agg(said.key, ', ' order by said.key)
)
from under_way
join sighting using (hash_id)
join warehouse.listing using (hash_id)
cross join lateral jsonb_each(to_jsonb(sighting) - 'line' - 'row_index' - 'total_price') as said
where under_way.newest and to_jsonb(listing) -> said.key is distinct from said.value
group by sighting.line, sighting.row_index, sighting.hash_id
union all
select format(
    'line %s, row %s: listing %s was seen here, but warehouse.listing has it first seen later, at %s',
    sighting.line, sighting.row_index, sighting.hash_id, listing.first_seen
)
from warehouse.walk
cross join sighting
join warehouse.listing using (hash_id)
where walk.id = $1 and listing.first_seen > walk.started_at
