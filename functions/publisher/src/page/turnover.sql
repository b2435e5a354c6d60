-- What came and went by day (mart.new_and_gone), over the country (an empty name) and in each region. A count of fewer than $1
-- is null, unless it is 0; what was there on the first day did not come then.
with by_region as (
    select
        category, deal, day, coalesce(region, '?') as region,
        coalesce(sum(new) filter (where not first_day), 0) as new, sum(gone) as gone
    from mart.new_and_gone
    where day > (select max(day) - 400 from mart.walk_health where complete)
    group by category, deal, day, region
),
-- Days on which nothing happened count, too.
quiet as (
    select category, deal, day, region, 0 as new, 0 as gone
    from (select category, deal, day from by_region group by category, deal, day) as day
    join (select category, deal, region from by_region group by category, deal, region) as place using (category, deal)
),
counted as (
    select
        category, deal, day, case when grouping(region) = 1 then '' else region end as place,
        sum(new) as new, sum(gone) as gone
    from (select * from by_region union all select * from quiet) as known
    group by grouping sets ((category, deal, day), (category, deal, day, region))
),
series as (
    select
        category, deal, place,
        jsonb_agg(day order by day) as days,
        jsonb_agg(case when new = 0 or new >= $1 then new end order by day) as new,
        jsonb_agg(case when gone = 0 or gone >= $1 then gone end order by day) as gone
    from counted
    group by category, deal, place
    having sum(new) + sum(gone) >= $1
)
select
    category, deal,
    jsonb_build_object(
        'days', days, 'places', jsonb_object_agg(place, jsonb_build_object('new', new, 'gone', gone))
    )::text
from series
group by category, deal, days
