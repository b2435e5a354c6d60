-- Relistings, brought in line with their definition where a touched listing is, was or may become a part of one.
with changed as materialized (
    select
        listing.hash_id,
        warehouse.property(
            listing.category, listing.deal, listing.sub_category, listing.area_m2, listing.plot_area_m2, listing.latitude,
            listing.longitude
        ) as property
    from touched
    -- One by one here and below: the planner takes reading all listings for cheaper than it is.
    cross join lateral (select * from warehouse.listing where listing.hash_id = touched.hash_id offset 0) as listing
),
again as materialized (
    select hash_id from changed
    union
    select listing.hash_id
    from changed
    join warehouse.listing on changed.property = warehouse.property(
        listing.category, listing.deal, listing.sub_category, listing.area_m2, listing.plot_area_m2, listing.latitude,
        listing.longitude
    )
    union
    select relisting.new_hash_id
    from changed join warehouse.relisting on relisting.old_hash_id = changed.hash_id
),
fresh as materialized (
    select fresh.*
    from again
    cross join lateral (
        select * from warehouse.relisting_by_definition as defined where defined.new_hash_id = again.hash_id offset 0
    ) as fresh
),
undone as (
    delete from warehouse.relisting as known
    using again
    where known.new_hash_id = again.hash_id
        and not exists (select from fresh where fresh.new_hash_id = known.new_hash_id)
)
insert into warehouse.relisting
select fresh.*
from fresh
left join warehouse.relisting as known using (new_hash_id)
where row(known.*) is distinct from row(fresh.*)
on conflict (new_hash_id) do update
set (
    old_hash_id, relisted_at, old_last_seen, old_price, new_price, same_agency, category, deal, sub_category, region,
    district, area_m2, location_precision, name, city
) = (
    excluded.old_hash_id, excluded.relisted_at, excluded.old_last_seen, excluded.old_price, excluded.new_price,
    excluded.same_agency, excluded.category, excluded.deal, excluded.sub_category, excluded.region, excluded.district,
    excluded.area_m2, excluded.location_precision, excluded.name, excluded.city
)
