-- Medians by day over the country (an empty name) and in each region: mart.price_level, all kinds. Null on a day without a
-- walk there, and where there are fewer than $1 listings.
with level as materialized (
    select category, deal, day, coalesce(region, '') as place, case when listings >= $1::integer then median end as median
    from mart.price_level
    where (place = 'country' or place = 'region' and region is not null) and all_sub_categories
        and day > (select max(day) - 400 from mart.walk_health where complete)
),
day as materialized (select distinct category, deal, day from level),
place as materialized (select distinct category, deal, place from level),
-- Every day of every place, also those that it lacks.
cell as materialized (
    select category, deal, place, day, max(median) as median
    from (
        select category, deal, place, day, median from level
        union all
        select category, deal, place, day, null from place join day using (category, deal)
    ) as cell
    group by category, deal, place, day
),
series as materialized (
    select category, deal, place, jsonb_agg(median order by day) as medians
    from cell
    group by category, deal, place
    having count(median) > 0
),
days as materialized (select category, deal, jsonb_agg(day order by day) as days from day group by category, deal)
select
    translate(lower(category || '-' || deal), 'áčďéěíňóřšťúůýž ', 'acdeeinorstuuyz-') || '-series',
    jsonb_build_object('days', days, 'places', jsonb_object_agg(place, medians))::text
from series
join days using (category, deal)
group by category, deal, days
