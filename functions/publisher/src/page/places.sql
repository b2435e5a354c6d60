-- One row for the country, each region and each district: the latest medians and quartiles and those a month and a year
-- earlier (mart.price_level), what came and went in 30 days (mart.coming_and_going), days on market of what went in 90
-- (mart.stay), listings that were made cheaper in 30 (mart.price_change), the yield (mart.rental_yield), and where the
-- offers lie, as their middle (mart.current_listing). A figure that stands on fewer than $1 listings is left out.
--
-- The parts are materialized, and places are compared as texts ('' is all of them, '?' is abroad): Postgres expects one row
-- of each, and would make them anew for each place.
with latest as materialized (
    select category, deal, max(day) as day
    from mart.price_level
    where place = 'country' and all_sub_categories
        and day > (select max(day) - 400 from mart.walk_health where complete)
    group by category, deal
),
level as materialized (
    select
        category, deal, coalesce(region, '') as region, coalesce(district, '') as district, latest.day - level.day as age,
        listings, lower_quartile, median, upper_quartile
    from mart.price_level as level
    join latest using (category, deal)
    where all_sub_categories and listings >= $1::integer
        and (place = 'country' or region is not null) and (place <> 'district' or district is not null)
        and (
            level.day = latest.day
            or level.day between latest.day - 37 and latest.day - 30
            or level.day between latest.day - 372 and latest.day - 365
        )
),
-- The nearest day of the week before.
earlier as materialized (
    select distinct on (category, deal, region, district, age >= 365)
        category, deal, region, district, age >= 365 as year, median
    from level
    where age > 0
    order by category, deal, region, district, age >= 365, age
),
turnover as materialized (
    select
        category, deal, coalesce(region, '') as region, coalesce(district, '') as district,
        count(distinct hash_id) filter (where event = 'new' and not first_day) as new,
        count(distinct hash_id) filter (where event = 'gone') as gone
    from (
        select
            category, deal, coalesce(region, '?') as region, coalesce(district, '?') as district, hash_id, event, first_day
        from mart.coming_and_going as event
        join latest using (category, deal)
        where event.day > latest.day - 30
    ) as event
    group by grouping sets ((category, deal), (category, deal, region), (category, deal, region, district))
),
stay as materialized (
    select
        category, deal, coalesce(region, '') as region, coalesce(district, '') as district,
        percentile_disc(0.5) within group (order by days_on_market) as days_on_market
    from (
        select category, deal, coalesce(region, '?') as region, coalesce(district, '?') as district, days_on_market
        from mart.stay
        join latest using (category, deal)
        where days_on_market is not null and gone_on > latest.day - 90
    ) as stay
    group by grouping sets ((category, deal), (category, deal, region), (category, deal, region, district))
    having count(*) >= $1::integer
),
cut as materialized (
    select
        category, deal, coalesce(region, '') as region, coalesce(district, '') as district,
        count(distinct hash_id) as cuts, percentile_disc(0.5) within group (order by percent) as cut_percent
    from (
        select category, deal, coalesce(region, '?') as region, coalesce(district, '?') as district, hash_id, percent
        from mart.price_change
        join latest using (category, deal)
        where difference < 0 and changed_at >= (latest.day - 29)::timestamp at time zone 'UTC'
    ) as change
    group by grouping sets ((category, deal), (category, deal, region), (category, deal, region, district))
    having count(distinct hash_id) >= $1::integer
),
yield as materialized (
    select category, 'Prodej' as deal, region, district, gross_yield_percent
    from mart.rental_yield
    where all_sub_categories and fewest >= $1::integer
),
position as materialized (
    select
        category, deal, region, district,
        round(avg(latitude)::numeric, 3) as latitude, round(avg(longitude)::numeric, 3) as longitude
    from mart.current_listing
    where latitude is not null and longitude is not null
    group by category, deal, region, district
    having count(*) >= $1::integer
)
select
    translate(lower(category || '-' || deal), 'áčďéěíňóřšťúůýž ', 'acdeeinorstuuyz-') || '-places',
    jsonb_agg(
        jsonb_strip_nulls(
            jsonb_build_object(
                'region', nullif(region, ''),
                'district', nullif(district, ''),
                'listings', level.listings,
                'lower_quartile', level.lower_quartile,
                'median', level.median,
                'upper_quartile', level.upper_quartile,
                'month_ago', month.median,
                'year_ago', year.median,
                'new', case when turnover.new >= $1::integer then turnover.new end,
                'gone', case when turnover.gone >= $1::integer then turnover.gone end,
                'days_on_market', stay.days_on_market,
                'cuts', cut.cuts,
                'cut_percent', cut.cut_percent,
                'yield_percent', yield.gross_yield_percent,
                'latitude', position.latitude,
                'longitude', position.longitude
            )
        )
        order by region, district
    )::text
from (select * from level where age = 0) as level
left join (select * from earlier where not year) as month using (category, deal, region, district)
left join (select * from earlier where year) as year using (category, deal, region, district)
left join turnover using (category, deal, region, district)
left join stay using (category, deal, region, district)
left join cut using (category, deal, region, district)
left join yield using (category, deal, region, district)
left join position using (category, deal, region, district)
group by category, deal
