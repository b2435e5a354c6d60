-- Medians by day over the country (an empty name) and in each region: mart.price_level, all kinds.
with level as (
    select
        category, deal, day,
        case place when 'country' then '' else coalesce(region, '?') end as place,
        case when listings >= $1 then median end as median
    from mart.price_level
    where place <> 'district' and all_sub_categories
        and day > (select max(day) - 400 from mart.walk_health where complete)
),
-- Days on which too little was on offer in a region have their place in its series.
every as (
    select category, deal, day, place, null::integer as median
    from (select category, deal, day from level group by category, deal, day) as day
    join (select category, deal, place from level group by category, deal, place) as place using (category, deal)
),
known as (
    select category, deal, day, place, max(median) as median
    from (select * from level union all select * from every) as known
    group by category, deal, day, place
),
series as (
    select
        category, deal, place, jsonb_agg(day order by day) as days, jsonb_agg(median order by day) as medians
    from known
    group by category, deal, place
    having count(median) > 0
)
select category, deal, jsonb_build_object('days', days, 'places', jsonb_object_agg(place, medians))::text
from series
group by category, deal, days
