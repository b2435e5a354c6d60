-- The listings that the kept tables may have to follow: those whose history or attributes the walk changed, and, if the
-- walk comes late, all that it saw, since it may have been the first to see their present wording.
--
-- $1: the walk.
create temporary table touched on commit drop as
select hash_id from affected
union
select sighting.hash_id
from sighting
where exists (
    select
    from warehouse.walk
    join warehouse.walk as later
        on later.category = walk.category
        and later.deal = walk.deal
        and (later.started_at, later.id) > (walk.started_at, walk.id)
    where walk.id = $1
)
