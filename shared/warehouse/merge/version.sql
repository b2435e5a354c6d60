-- The wordings that no earlier row carried. Duplicates count too: they are rows like any other.
--
-- $1: the walk.
create temporary table version on commit drop as
select distinct on (place.hash_id, place.digest) place.hash_id, place.digest, walk.id as walk_id, place.line, place.row_index
from warehouse.walk
cross join (
    select hash_id, digest, line, row_index from sighting
    union all
    select hash_id, digest, line, row_index from duplicate
) as place
left join warehouse.listing_version as known using (hash_id, digest)
left join warehouse.walk as earlier on earlier.id = known.walk_id
where walk.id = $1
    and (
        known.hash_id is null
        or (walk.started_at, walk.id, place.line, place.row_index)
            < (earlier.started_at, earlier.id, known.line, known.row_index)
    )
order by place.hash_id, place.digest, place.line, place.row_index
