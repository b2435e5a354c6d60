-- Sightings that no spell will imply.
--
-- $1: the walk.
insert into warehouse.extra_sighting (walk_id, hash_id, total_price)
select walk.id, sighting.hash_id, sighting.total_price
from warehouse.walk
cross join sighting
join warehouse.listing using (hash_id)
where walk.id = $1
    and (
        walk.complete
        and warehouse.covers(
            walk, listing.category, listing.deal, listing.sub_category, listing.region_id, listing.district_id
        )
    ) is not true
on conflict (hash_id, walk_id) do update
set total_price = excluded.total_price
where extra_sighting.total_price is distinct from excluded.total_price
