-- Stays of the touched listings, brought in line with their definition, and turnover by what that changes.
with fresh as materialized (
    select fresh.*
    from touched
    cross join lateral (
        select * from warehouse.stay_by_definition as defined where defined.hash_id = touched.hash_id
        -- Keeps the planner from reading the whole definition, which it takes for cheaper than it is.
        offset 0
    ) as fresh
),
known as materialized (
    select known.*
    from touched
    cross join lateral (select * from warehouse.stay where stay.hash_id = touched.hash_id offset 0) as known
),
changed as materialized (
    select known, fresh
    from known full join fresh using (hash_id, came_at)
    where row(known.*) is distinct from row(fresh.*)
),
removed as (
    delete from warehouse.stay
    using changed
    where (changed.fresh).hash_id is null
        and stay.hash_id = (changed.known).hash_id
        and stay.came_at = (changed.known).came_at
),
written as (
    insert into warehouse.stay
    select (fresh).* from changed where (fresh).hash_id is not null
    on conflict (hash_id, came_at) do update
    set (category, deal, sub_category, returned, region_id, district_id, last_seen_on, gone_on, days_on_market) = (
        excluded.category, excluded.deal, excluded.sub_category, excluded.returned, excluded.region_id, excluded.district_id,
        excluded.last_seen_on, excluded.gone_on, excluded.days_on_market
    )
),
difference as (
    select
        stay.category, stay.deal, event.day,
        coalesce(stay.region_id, 0) as region_id, coalesce(stay.district_id, 0) as district_id,
        sum(sign * event.new)::integer as new,
        sum(sign * event.returned)::integer as returned,
        sum(sign * event.last_seen)::integer as last_seen,
        sum(sign * event.gone)::integer as gone
    from (
        select (known).*, -1 as sign from changed where (known).hash_id is not null
        union all
        select (fresh).*, 1 from changed where (fresh).hash_id is not null
    ) as stay
    cross join lateral (
        select * from warehouse.stay_events(stay.came_at, stay.returned, stay.last_seen_on, stay.gone_on)
    ) as event
    group by 1, 2, 3, 4, 5
)
insert into warehouse.turnover (category, deal, day, region_id, district_id, new, returned, last_seen, gone)
select * from difference where new <> 0 or returned <> 0 or last_seen <> 0 or gone <> 0
on conflict (category, deal, day, region_id, district_id) do update
set (new, returned, last_seen, gone) = (
    turnover.new + excluded.new,
    turnover.returned + excluded.returned,
    turnover.last_seen + excluded.last_seen,
    turnover.gone + excluded.gone
)
