-- What came and went by day (mart.new_and_gone), over the country (an empty name) and in each region. A count of fewer than $1
-- is null, unless it is 0; what was there on the first day did not come then.
with turnover as (
    select
        category, deal, day, coalesce(region, '') as place,
        sum(new) filter (where not first_day) as new, sum(gone) as gone
    from (
        select category, deal, day, coalesce(region, '?') as region, new, gone, first_day
        from mart.new_and_gone
        where day > (select max(day) - 400 from mart.walk_health where complete)
    ) as by_district
    group by grouping sets ((category, deal, day), (category, deal, day, region))
),
day as (select category, deal, day from turnover group by category, deal, day),
place as (
    select category, deal, place from turnover where place <> '?' group by category, deal, place having sum(new) + sum(gone) >= $1
),
series as (
    select
        category, deal, place,
        jsonb_agg(case when turnover.new >= $1 then turnover.new when coalesce(turnover.new, 0) = 0 then 0 end order by day)
            as new,
        jsonb_agg(case when turnover.gone >= $1 then turnover.gone when coalesce(turnover.gone, 0) = 0 then 0 end order by day)
            as gone
    from day
    join place using (category, deal)
    left join turnover using (category, deal, day, place)
    group by category, deal, place
)
select
    translate(lower(category || '-' || deal), 'áčďéěíňóřšťúůýž ', 'acdeeinorstuuyz-') || '-turnover',
    jsonb_build_object(
        'days', days.days, 'places', jsonb_object_agg(series.place, jsonb_build_object('new', new, 'gone', gone))
    )::text
from series
join (select category, deal, jsonb_agg(day order by day) as days from day group by category, deal) as days
    using (category, deal)
group by category, deal, days.days
