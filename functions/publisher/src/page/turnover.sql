-- What came and went by day (mart.new_and_gone), over the country (an empty name) and in each region. A count of fewer than $1
-- is null, unless it is 0; what was there on the first day did not come then.
with turnover as materialized (
    select
        category, deal, day, coalesce(region, '') as place,
        coalesce(sum(new) filter (where not first_day), 0) as new, sum(gone) as gone
    from (
        -- Abroad there are no regions.
        select category, deal, day, coalesce(region, '?') as region, new, gone, first_day
        from mart.new_and_gone
        where day > (select max(day) - 400 from mart.walk_health where complete)
    ) as by_district
    group by grouping sets ((category, deal, day), (category, deal, day, region))
),
day as materialized (select distinct category, deal, day from turnover),
place as materialized (
    select category, deal, place
    from turnover
    where place <> '?'
    group by category, deal, place
    having max(greatest(new, gone)) >= $1::integer
),
-- Every day of every place, also those on which nothing happened there.
cell as materialized (
    select category, deal, place, day, sum(new) as new, sum(gone) as gone
    from (
        select category, deal, place, day, new, gone from turnover
        union all
        select category, deal, place, day, 0, 0 from place join day using (category, deal)
    ) as cell
    group by category, deal, place, day
),
series as materialized (
    select
        category, deal, place,
        jsonb_agg(case when new >= $1::integer or new = 0 then new end order by day) as new,
        jsonb_agg(case when gone >= $1::integer or gone = 0 then gone end order by day) as gone
    from cell
    group by category, deal, place
    having max(greatest(new, gone)) >= $1::integer and place <> '?'
),
days as materialized (select category, deal, jsonb_agg(day order by day) as days from day group by category, deal)
select
    translate(lower(category || '-' || deal), 'áčďéěíňóřšťúůýž ', 'acdeeinorstuuyz-') || '-turnover',
    jsonb_build_object('days', days, 'places', jsonb_object_agg(place, jsonb_build_object('new', new, 'gone', gone)))::text
from series
join days using (category, deal)
group by category, deal, days
