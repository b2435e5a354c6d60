-- Drift that is not that of the object, by its path and change, and then by what was found in how many rows.
--
-- $1: the walk.
with kept as (
    select * from warehouse.drift where walk_id = $1
)
select format(
    '%s %s: %s',
    path,
    change,
    case
        when kept.walk_id is null then 'it is not in warehouse.drift'
        when drifted.walk_id is null then 'it is in warehouse.drift, but the object does not tell of it'
        else format(
            'warehouse.drift has "%s" in %s rows, the object "%s" in %s',
            kept.found, kept.rows, drifted.found, drifted.rows
        )
    end
)
from drifted
full join kept using (path, change)
where (kept.found, kept.rows) is distinct from (drifted.found, drifted.rows)
