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
day as (select category, deal, day from level group by category, deal, day),
place as (select category, deal, place from level group by category, deal, place having count(median) > 0),
series as (
    select category, deal, place, jsonb_agg(level.median order by day) as medians
    from day
    join place using (category, deal)
    left join level using (category, deal, day, place)
    group by category, deal, place
)
select category, deal, jsonb_build_object('days', days.days, 'places', jsonb_object_agg(series.place, series.medians))::text
from series
join (select category, deal, jsonb_agg(day order by day) as days from day group by category, deal) as days
    using (category, deal)
group by category, deal, days.days
