-- Rejects that are not those of the object, by their places, and then by what is kept of them.
--
-- $1: the walk.
with kept as (
    select * from warehouse.reject where walk_id = $1
)
select format(
    'line %s, row %s: %s',
    line,
    row_index,
    case
        when kept.walk_id is null
            then format('it cannot be understood (%s), and is not in warehouse.reject', rejected.reason)
        when rejected.reason is null then 'it is in warehouse.reject, but the object has no such reject'
        else 'listing, pointer, reason or fragment in warehouse.reject are not those of the row'
    end
)
from rejected
full join kept using (line, row_index)
where (kept.hash_id, kept.pointer, kept.reason, kept.fragment)
    is distinct from (rejected.hash_id, rejected.pointer, rejected.reason, rejected.fragment)
