-- How spells end: missing since the first walk that covers the listing after the last sighting, and gone since the third,
-- both before the next spell. Without one in between, the next spell is at another price. A spell that is followed by
-- neither is open and has no last sighting, which a constraint says; that no walk has missed its listing, the walks' rows
-- say.
with neighbour as (
    select
        spell.*,
        lead(first_seen) over later as following_seen,
        lead(first_walk) over later as following_walk,
        lead(total_price) over later as following_price
    from warehouse.spell
    window later as (partition by hash_id order by first_seen, first_walk)
),
followed as (
    select neighbour.*, missed.starts[1] as first_missed, missed.starts[3] as third_missed
    from neighbour
    join warehouse.listing using (hash_id)
    cross join lateral (
        select array_agg(started_at order by started_at) as starts
        from (
            select walk.started_at
            from warehouse.walk
            where warehouse.covers(
                    walk, listing.category, listing.deal, listing.sub_category, listing.region_id, listing.district_id
                )
                and not exists (
                    select from warehouse.reject where reject.walk_id = walk.id and reject.hash_id = neighbour.hash_id
                )
                and (walk.started_at, walk.id) > (neighbour.last_seen, neighbour.last_walk)
                and (
                    neighbour.following_walk is null
                    or (walk.started_at, walk.id) < (neighbour.following_seen, neighbour.following_walk)
                )
            order by walk.started_at, walk.id
            limit 3
        ) as walk
    ) as missed
    where neighbour.last_walk is not null
)
select format(
    'listing %s, spell from %s: %s',
    hash_id,
    first_seen,
    case
        when missing_since is distinct from first_missed or delisted_at is distinct from third_missed then format(
            'missing_since is %s and delisted_at %s, by the walks they are %s and %s',
            coalesce(missing_since::text, 'null'),
            coalesce(delisted_at::text, 'null'),
            coalesce(first_missed::text, 'null'),
            coalesce(third_missed::text, 'null')
        )
        else 'the next is at the same price, and no walk that covers the listing missed it between them'
    end
)
from followed
where missing_since is distinct from first_missed
    or delisted_at is distinct from third_missed
    or (following_walk is not null and first_missed is null and total_price is not distinct from following_price)
