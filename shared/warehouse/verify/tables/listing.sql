-- Every listing has a spell, was first seen when its first spell began, and shows a wording whose row is known.
select format(
    'listing %s: %s',
    listing.hash_id,
    case
        when earliest.first_seen is null then 'it is in warehouse.listing, but has no spell in warehouse.spell'
        when earliest.first_seen <> listing.first_seen then format(
            'warehouse.listing has it first seen at %s, its first spell begins at %s',
            listing.first_seen,
            earliest.first_seen
        )
        else 'the wording that warehouse.listing shows is not in warehouse.listing_version'
    end
)
from warehouse.listing
left join (
    select hash_id, min(first_seen) as first_seen from warehouse.spell group by hash_id
) as earliest using (hash_id)
left join warehouse.listing_version as version using (hash_id, digest)
where earliest.first_seen is distinct from listing.first_seen or version.hash_id is null
