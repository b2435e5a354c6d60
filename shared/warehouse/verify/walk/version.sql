-- Wordings whose first row is not where the table says: not later than any row that carries them, and there at all.
-- Duplicates are rows like any other.
--
-- $1: the walk.
with place as (
    select hash_id, digest, line, row_index from sighting
    union all
    select hash_id, digest, line, row_index from duplicate
)
select format(
    'line %s, row %s: %s',
    place.line,
    place.row_index,
    case
        when version.hash_id is null
            then format('this wording of listing %s is not in warehouse.listing_version', place.hash_id)
        else format(
            'warehouse.listing_version has this wording of listing %s first in a later row (line %s, row %s of %s)',
            place.hash_id, version.line, version.row_index, earliest.key
        )
    end
)
from warehouse.walk
cross join place
left join warehouse.listing_version as version using (hash_id, digest)
left join warehouse.walk as earliest on earliest.id = version.walk_id
where walk.id = $1
    and (
        version.hash_id is null
        or (version.seen_at, version.walk_id, version.line, version.row_index)
            > (walk.started_at, walk.id, place.line, place.row_index)
    )
union all
select format(
    'line %s, row %s: warehouse.listing_version has a wording of listing %s first here, but this row has another',
    version.line, version.row_index, version.hash_id
)
from warehouse.listing_version as version
join warehouse.walk on walk.id = version.walk_id
where version.walk_id = $1
    and (version.seen_at <> walk.started_at or not exists (
        select
        from place
        where (place.hash_id, place.digest, place.line, place.row_index)
            = (version.hash_id, version.digest, version.line, version.row_index)
    ))
