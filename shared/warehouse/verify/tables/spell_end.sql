-- How spells end: open exactly if the last sighting is by the latest complete walk that covers the listing; else
-- missing since the first such walk after it and gone since the third, both before the next spell. Without one in
-- between, the next spell is at another price.
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
    select
        neighbour.*,
        head.id is not null as headed,
        missed.starts[1] as first_missed,
        missed.starts[3] as third_missed,
        coalesce(
            last.complete
                and warehouse.covers(
                    last,
                    listing.category, listing.deal, listing.sub_category, listing.region_id, listing.district_id
                ),
            false
        ) as implied
    from neighbour
    join warehouse.listing using (hash_id)
    left join warehouse.walk as last on last.id = neighbour.last_walk
    left join lateral (
        select full_walk.id
        from warehouse.walk as full_walk
        where neighbour.last_walk is null
            and full_walk.complete
            and warehouse.covers(
                full_walk,
                listing.category, listing.deal, listing.sub_category, listing.region_id, listing.district_id
            )
            and (full_walk.started_at, full_walk.id) >= (neighbour.first_seen, neighbour.first_walk)
        order by full_walk.started_at desc, full_walk.id desc
        limit 1
    ) as head on true
    cross join lateral (
        select array_agg(started_at order by started_at) as starts
        from (
            select full_walk.started_at
            from warehouse.walk as full_walk
            where full_walk.complete
                and warehouse.covers(
                    full_walk,
                    listing.category, listing.deal, listing.sub_category, listing.region_id, listing.district_id
                )
                and (full_walk.started_at, full_walk.id) > (neighbour.last_seen, neighbour.last_walk)
                and (
                    neighbour.following_walk is null
                    or (full_walk.started_at, full_walk.id) < (neighbour.following_seen, neighbour.following_walk)
                )
            order by full_walk.started_at, full_walk.id
            limit 3
        ) as full_walk
    ) as missed
)
select format(
    'listing %s, spell from %s: %s',
    hash_id,
    first_seen,
    case
        when last_walk is null and not headed then 'it is open, but no complete walk has covered the listing since'
        when missing_since is distinct from first_missed or delisted_at is distinct from third_missed then format(
            'missing_since is %s and delisted_at %s, by the walks they are %s and %s',
            coalesce(missing_since::text, 'null'),
            coalesce(delisted_at::text, 'null'),
            coalesce(first_missed::text, 'null'),
            coalesce(third_missed::text, 'null')
        )
        when following_walk is null
            then 'last_seen is the latest complete walk that covers the listing, and should be null'
        else 'the next is at the same price, and no complete walk missed the listing between them'
    end
)
from followed
where (last_walk is null and not headed)
    or missing_since is distinct from first_missed
    or delisted_at is distinct from third_missed
    or (following_walk is null and last_walk is not null and first_missed is null and implied)
    or (following_walk is not null and first_missed is null and total_price is not distinct from following_price)
