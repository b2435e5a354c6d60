-- What is known so far of the listings that the walk affects: where they were, what an open end of their history stands
-- for, and whether the walk's row is their newest.
--
-- $1: the walk.
create temporary table affected on commit drop as
select
    candidate.*,
    listing.category,
    listing.deal,
    listing.sub_category,
    listing.region_id,
    listing.district_id,
    head.started_at as head_seen,
    head.id as head_walk,
    candidate.seen
        and (
            listing.hash_id is null
            or (walk.started_at, walk.id)
                >= (coalesce(latest.last_seen, head.started_at), coalesce(latest.last_walk, head.id))
        ) as newest
from warehouse.walk
cross join candidate
left join warehouse.listing using (hash_id)
left join warehouse.spell as latest on latest.hash_id = candidate.hash_id and latest.next_seen is null
left join lateral (
    select full_walk.started_at, full_walk.id
    from warehouse.walk as full_walk
    where latest.last_walk is null
        and full_walk.complete
        and warehouse.covers(
            full_walk, listing.category, listing.deal, listing.sub_category, listing.region_id, listing.district_id
        )
    order by full_walk.started_at desc, full_walk.id desc
    limit 1
) as head on true
where walk.id = $1
