-- Which sightings spells imply depends on where the listing is: after it moved, they are sorted anew.
-- Its pieces are single sightings.
with moved as (
    select hash_id
    from affected
    join warehouse.listing using (hash_id)
    where (affected.category, affected.deal, affected.sub_category, affected.region_id, affected.district_id)
        is distinct from
        (listing.category, listing.deal, listing.sub_category, listing.region_id, listing.district_id)
        and affected.category is not null
),
extra as (
    select piece.hash_id, walk.id as walk_id, piece.total_price
    from moved
    join warehouse.listing using (hash_id)
    join piece using (hash_id)
    join warehouse.walk on walk.id = piece.first_walk
    where (
        walk.complete
        and warehouse.covers(
            walk, listing.category, listing.deal, listing.sub_category, listing.region_id, listing.district_id
        )
    ) is not true
),
implied as (
    delete from warehouse.extra_sighting
    using moved
    where extra_sighting.hash_id = moved.hash_id
        and not exists (
            select
            from extra
            where extra.hash_id = extra_sighting.hash_id and extra.walk_id = extra_sighting.walk_id
        )
)
insert into warehouse.extra_sighting (walk_id, hash_id, total_price)
select walk_id, hash_id, total_price from extra
on conflict do nothing
