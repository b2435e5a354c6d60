-- The price level of a walk's day, in the cells that the walk takes in. A cell is a place and a sub-category, where -1
-- stands for all of them and 0 for none given. A walk takes in a cell when it covers every listing of it, and
-- warehouse.covers says so: -1 and 0 are no codes, so only a segment that is not narrowed takes in the cell of all.
--
-- Of the complete walks of one day that take in a cell the last one counts, whichever is loaded first. An incomplete walk
-- finds nothing here and writes nothing.
--
-- One statement, so that what is left, what goes and what is written are parts of one picture.
--
-- $1: the walk.
with this as materialized (
    select walk, (walk.started_at at time zone 'UTC')::date as day
    from warehouse.walk
    where walk.id = $1 and walk.complete
),
later as materialized (
    select later as walk
    from this
    join warehouse.walk as later
        on later.complete
        and later.category = (this.walk).category
        and later.deal = (this.walk).deal
        and later.started_at >= (this.walk).started_at
        and later.started_at < (this.day + 1)::timestamp at time zone 'UTC'
        and (later.started_at, later.id) > ((this.walk).started_at, (this.walk).id)
),
sighted as materialized (
    select
        coalesce(sighting.region_id, 0) as region_id,
        coalesce(sighting.district_id, 0) as district_id,
        coalesce(sighting.sub_category, 0::smallint) as sub_category,
        least(warehouse.price_per_m2(sighting.total_price, sighting.area_m2), 2147483647)::integer as price_per_m2
    from this
    join sighting on warehouse.covers(
        this.walk, sighting.category, sighting.deal, sighting.sub_category, sighting.region_id, sighting.district_id
    )
    where sighting.total_price > 0 and sighting.area_m2 > 0
),
seen as (
    select
        coalesce(region_id, -1) as region_id,
        coalesce(district_id, -1) as district_id,
        coalesce(sub_category, -1::smallint) as sub_category,
        count(*)::integer as listings,
        percentile_disc(array[0.25, 0.5, 0.75]) within group (order by price_per_m2) as quartiles
    from sighted
    group by grouping sets (
        (region_id, district_id, sub_category), (region_id, district_id), (region_id, sub_category), (region_id),
        (sub_category), ()
    )
    having count(*) > 0
),
known as (
    select level.region_id, level.district_id, cell.*
    from this
    join warehouse.price_level as level
        on level.category = (this.walk).category and level.deal = (this.walk).deal and level.day = this.day
    cross join lateral unnest(
        level.sub_categories, level.listings, level.lower_quartiles, level.medians, level.upper_quartiles
    ) as cell (sub_category, listings, lower_quartile, median, upper_quartile)
),
cell as (
    select seen.region_id, seen.district_id, seen.sub_category, seen.listings,
        seen.quartiles[1] as lower_quartile, seen.quartiles[2] as median, seen.quartiles[3] as upper_quartile
    from seen
    join this on warehouse.covers(
        this.walk, (this.walk).category, (this.walk).deal, seen.sub_category, seen.region_id, seen.district_id
    )
    where not exists (
        select from later
        where warehouse.covers(
            later.walk, (this.walk).category, (this.walk).deal, seen.sub_category, seen.region_id, seen.district_id
        )
    )
    union all
    select known.*
    from known
    join this on not warehouse.covers(
            this.walk, (this.walk).category, (this.walk).deal, known.sub_category, known.region_id, known.district_id
        )
        or exists (
            select from later
            where warehouse.covers(
                later.walk, (this.walk).category, (this.walk).deal, known.sub_category, known.region_id, known.district_id
            )
        )
),
level as materialized (
    select
        (this.walk).category, (this.walk).deal, this.day, cell.region_id, cell.district_id,
        array_agg(cell.sub_category order by cell.sub_category) as sub_categories,
        array_agg(cell.listings order by cell.sub_category) as listings,
        array_agg(cell.lower_quartile order by cell.sub_category) as lower_quartiles,
        array_agg(cell.median order by cell.sub_category) as medians,
        array_agg(cell.upper_quartile order by cell.sub_category) as upper_quartiles
    from cell
    cross join this
    group by 1, 2, 3, 4, 5
),
emptied as (
    delete from warehouse.price_level as old
    using this
    where old.category = (this.walk).category
        and old.deal = (this.walk).deal
        and old.day = this.day
        and not exists (
            select from level where level.region_id = old.region_id and level.district_id = old.district_id
        )
)
insert into warehouse.price_level (
    category, deal, day, region_id, district_id, sub_categories, listings, lower_quartiles, medians, upper_quartiles
)
select level.*
from level
where not exists (
    select from warehouse.price_level as old
    where (old.category, old.deal, old.day, old.region_id, old.district_id)
            = (level.category, level.deal, level.day, level.region_id, level.district_id)
        and (old.sub_categories, old.listings, old.lower_quartiles, old.medians, old.upper_quartiles)
            = (level.sub_categories, level.listings, level.lower_quartiles, level.medians, level.upper_quartiles)
)
order by level.region_id, level.district_id
on conflict (category, deal, day, region_id, district_id) do update
set (sub_categories, listings, lower_quartiles, medians, upper_quartiles) = (
    excluded.sub_categories, excluded.listings, excluded.lower_quartiles, excluded.medians, excluded.upper_quartiles
)
