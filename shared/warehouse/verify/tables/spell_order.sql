-- The spells of a listing follow each other without overlap, each but the latest knows when the next begins, and only
-- the latest can be open.
with neighbour as (
    select
        spell.*,
        lead(first_seen) over later as following_seen,
        lead(first_walk) over later as following_walk
    from warehouse.spell
    window later as (partition by hash_id order by first_seen, first_walk)
)
select format(
    'listing %s, spell from %s: %s',
    hash_id,
    first_seen,
    case
        when (last_seen, last_walk) < (first_seen, first_walk) then format('it ends before it begins, at %s', last_seen)
        when last_walk is null and following_walk is not null
            then format('it is open, but the next begins at %s', following_seen)
        when (last_seen, last_walk) >= (following_seen, following_walk)
            then format('it overlaps the next: it ends at %s, that begins at %s', last_seen, following_seen)
        else format(
            'next_seen is %s, but %s',
            coalesce(next_seen::text, 'null'),
            coalesce('the next begins at ' || following_seen, 'there is none')
        )
    end
)
from neighbour
where (last_seen, last_walk) < (first_seen, first_walk)
    or (last_walk is null and following_walk is not null)
    or (last_seen, last_walk) >= (following_seen, following_walk)
    or next_seen is distinct from following_seen
