-- The listings on offer that a complete walk covers and does not see.
--
-- $1: the walk, $2: its category, $3: its deal type.
insert into candidate (hash_id, seen, total_price, rebuild)
select spell.hash_id, false, null, true
from warehouse.walk
join warehouse.listing
    on listing.category = $2
    and listing.deal = $3
    and warehouse.covers(
        walk, listing.category, listing.deal, listing.sub_category, listing.region_id, listing.district_id
    )
join warehouse.spell on spell.hash_id = listing.hash_id and spell.next_seen is null and spell.delisted_at is null
where walk.id = $1
    and spell.first_seen <= walk.started_at
    and not exists (select from sighting where sighting.hash_id = listing.hash_id)
