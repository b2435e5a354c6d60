-- The listings that the walk sees otherwise than a spell says: at another price, after an absence, elsewhere, or worded
-- anew. One too many costs time but changes nothing: what is rebuilt from the same sightings comes out the same.
--
-- Runs before the ledger calls the walk complete and before the listings are merged, so that "latest complete walk"
-- and a listing's place mean what they meant when the spells were written.
--
-- $1: the walk, $2: whether it is complete.
create temporary table candidate on commit drop as
with compared as (
    select
        sighting.hash_id,
        sighting.total_price,
        -- Whether the walk sees at the same price what it should see, within a spell or at its open end.
        (
            spell.total_price is not distinct from sighting.total_price
            and (
                (spell.last_walk is null and $2 and covered.by_walk)
                or (spell.last_seen, spell.last_walk) >= (walk.started_at, walk.id)
            )
            and (listing.category, listing.deal, listing.sub_category, listing.region_id, listing.district_id)
                is not distinct from
                (sighting.category, sighting.deal, sighting.sub_category, sighting.region_id, sighting.district_id)
        ) is true and spell.hash_id is not null as as_expected,
        listing.digest is not distinct from sighting.digest as worded_as_before
    from warehouse.walk
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
    where walk.id = $1
)
select hash_id, true as seen, total_price, not as_expected as rebuild
from compared
where not (as_expected and worded_as_before)
