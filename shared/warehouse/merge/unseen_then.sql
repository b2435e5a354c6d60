-- For a complete walk that comes late: the listings of its time, on offer no more or again, that it covers and does not
-- see, whose spell it interrupts or whose absence it dates anew.
--
-- $1: the walk, $2: its category, $3: its deal type.
insert into candidate (hash_id, seen, total_price, rebuild)
select distinct spell.hash_id, false, null::bigint, true
from warehouse.walk
join warehouse.listing
    on listing.category = $2
    and listing.deal = $3
    and warehouse.covers(
        walk, listing.category, listing.deal, listing.sub_category, listing.region_id, listing.district_id
    )
join warehouse.spell using (hash_id)
where walk.id = $1
    and spell.first_seen <= walk.started_at
    and (spell.next_seen >= walk.started_at or (spell.next_seen is null and spell.delisted_at is not null))
    and (
        spell.last_seen is null
        or spell.last_seen >= walk.started_at
        or spell.delisted_at is null
        or spell.delisted_at >= walk.started_at
    )
    and not exists (select from sighting where sighting.hash_id = listing.hash_id)
    and not exists (select from candidate where candidate.hash_id = listing.hash_id)
