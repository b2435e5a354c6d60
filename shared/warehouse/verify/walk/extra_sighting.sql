-- Whether the table has just those of the walk's sightings that spells do not imply.
--
-- $1: the walk.
with expected as (
    select sighting.hash_id, sighting.total_price
    from warehouse.walk
    cross join sighting
    join warehouse.listing using (hash_id)
    where walk.id = $1
        and (
            warehouse.covers(
                walk, listing.category, listing.deal, listing.sub_category, listing.region_id, listing.district_id
            ) is not true
            or exists (
                select from warehouse.reject where reject.walk_id = walk.id and reject.hash_id = listing.hash_id
            )
        )
),
kept as (
    select hash_id, total_price from warehouse.extra_sighting where walk_id = $1
)
select format(
    'listing %s at %s: %s',
    hash_id,
    coalesce(expected.total_price::text, kept.total_price::text, 'no price'),
    case
        when kept.hash_id is null then 'no spell implies this sighting, and it is not in warehouse.extra_sighting'
        when expected.hash_id is null
            then 'it is in warehouse.extra_sighting, but spells imply it or the walk did not see it'
        else format('warehouse.extra_sighting has %s', coalesce(kept.total_price::text, 'no price'))
    end
)
from (select *, true as present from expected) as expected
full join (select *, true as present from kept) as kept using (hash_id)
where expected.present is null
    or kept.present is null
    or kept.total_price is distinct from expected.total_price
