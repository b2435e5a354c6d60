-- Price changes, brought in line with their definition for the touched listings.
with fresh as materialized (
    select fresh.*
    from touched
    cross join lateral (
        select * from warehouse.price_change_by_definition as defined where defined.hash_id = touched.hash_id
        -- Keeps the planner from reading the whole definition, which it takes for cheaper than it is.
        offset 0
    ) as fresh
),
undone as (
    delete from warehouse.price_change as known
    using touched
    where known.hash_id = touched.hash_id
        and not exists (
            select from fresh
            where (fresh.hash_id, fresh.changed_at, fresh.walk_id) = (known.hash_id, known.changed_at, known.walk_id)
        )
)
insert into warehouse.price_change
select fresh.*
from fresh
left join warehouse.price_change as known using (hash_id, changed_at, walk_id)
where row(known.*) is distinct from row(fresh.*)
on conflict (hash_id, changed_at, walk_id) do update
set (category, deal, sub_category, region, district, area_m2, old_price, new_price, name, city) = (
    excluded.category, excluded.deal, excluded.sub_category, excluded.region, excluded.district, excluded.area_m2,
    excluded.old_price, excluded.new_price, excluded.name, excluded.city
)
