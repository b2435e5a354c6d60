-- Listings that a complete walk covers and does not see, although they were on offer before and after: those whose spell
-- was followed by another, or by their delisting, since the walk started. There are none unless the walk comes late.
--
-- $1: the walk, $2: its category, $3: its deal type.
insert into candidate (hash_id, seen, total_price, rebuild)
select distinct spell.hash_id, false, null::bigint, true
from warehouse.walk
join warehouse.spell
    on greatest(spell.next_seen, spell.delisted_at) >= walk.started_at
    and spell.first_seen <= walk.started_at
join warehouse.listing
    on listing.hash_id = spell.hash_id
    and listing.category = $2
    and listing.deal = $3
    and warehouse.covers(
        walk, listing.category, listing.deal, listing.sub_category, listing.region_id, listing.district_id
    )
where walk.id = $1
    and not exists (select from sighting where sighting.hash_id = listing.hash_id)
    and not exists (select from candidate where candidate.hash_id = listing.hash_id)
