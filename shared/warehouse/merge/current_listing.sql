-- Current listings, brought in line with their definition for the touched listings.
with fresh as materialized (
    select fresh.*
    from touched
    cross join lateral (
        select * from warehouse.current_listing_by_definition as defined where defined.hash_id = touched.hash_id
        -- Keeps the planner from reading the whole definition, which it takes for cheaper than it is.
        offset 0
    ) as fresh
),
gone as (
    delete from warehouse.current_listing as known
    using touched
    where known.hash_id = touched.hash_id
        and not exists (select from fresh where fresh.hash_id = known.hash_id)
)
insert into warehouse.current_listing
select fresh.*
from fresh
left join warehouse.current_listing as known using (hash_id)
where row(known.*) is distinct from row(fresh.*)
on conflict (hash_id) do update
set (
    category, deal, sub_category, region_id, district_id, category_name, deal_name, sub_category_name, region_name,
    district_name, total_price, area_m2, plot_area_m2, first_seen, price_since, last_seen, missing_since, latitude,
    longitude, location_precision, name, city, city_part, street, agency, walk_id, line, row_index
) = (
    excluded.category, excluded.deal, excluded.sub_category, excluded.region_id, excluded.district_id,
    excluded.category_name, excluded.deal_name, excluded.sub_category_name, excluded.region_name, excluded.district_name,
    excluded.total_price, excluded.area_m2, excluded.plot_area_m2, excluded.first_seen, excluded.price_since,
    excluded.last_seen,
    excluded.missing_since, excluded.latitude, excluded.longitude, excluded.location_precision, excluded.name, excluded.city,
    excluded.city_part, excluded.street, excluded.agency, excluded.walk_id, excluded.line, excluded.row_index
)
