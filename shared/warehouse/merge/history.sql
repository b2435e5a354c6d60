-- The pieces joined to spells: neighbours at one price are one, unless a complete walk between them that covered the
-- listing did not see it. (Any such walk between neighbours missed it: had it seen it, it would lie in a piece.)
create temporary table history on commit drop as
with neighbour as (
    select
        piece.*,
        lead(first_seen) over later as next_seen,
        lead(first_walk) over later as next_walk,
        lead(total_price) over later as next_price
    from piece
    window later as (partition by hash_id order by first_seen, first_walk)
),
followed as (
    select
        neighbour.*,
        missed.starts,
        (next_walk is null or missed.starts is not null or total_price is distinct from next_price) as ends,
        last.complete and warehouse.covers(
            last, listing.category, listing.deal, listing.sub_category, listing.region_id, listing.district_id
        ) as implied
    from neighbour
    join warehouse.listing using (hash_id)
    join warehouse.walk as last on last.id = neighbour.last_walk
    -- Three are enough to say that a listing is gone.
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
                    neighbour.next_walk is null
                    or (full_walk.started_at, full_walk.id) < (neighbour.next_seen, neighbour.next_walk)
                )
            order by full_walk.started_at, full_walk.id
            limit 3
        ) as full_walk
    ) as missed
),
numbered as (
    select
        followed.*,
        coalesce(
            count(*) filter (where ends) over (
                partition by hash_id
                order by first_seen, first_walk
                rows between unbounded preceding and 1 preceding
            ),
            0
        ) as spell
    from followed
),
start as (
    select distinct on (hash_id, spell) hash_id, spell, first_seen, first_walk
    from numbered
    order by hash_id, spell, first_seen, first_walk
)
select
    hash_id,
    start.first_seen,
    start.first_walk,
    -- Canonical: open exactly if the last sighting is by the latest complete walk that covers the listing.
    case when open then null else last_seen end as last_seen,
    case when open then null else last_walk end as last_walk,
    total_price,
    starts[1] as missing_since,
    starts[3] as delisted_at,
    next_seen
from (select *, next_walk is null and starts is null and implied is true as open from numbered where ends) as finish
join start using (hash_id, spell)
