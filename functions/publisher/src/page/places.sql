-- One row for the country, each region and each district: the latest medians and quartiles and those a month and a year
-- earlier (mart.price_level), what came and went in 30 days (mart.new_and_gone), days on market of what went in 90
-- (mart.stay), prices that were lowered in 30 (mart.price_change), the yield (mart.rental_yield), and where its offers lie
-- (mart.current_listing). A figure that stands on fewer than $1 listings is left out.
with latest as (
    select category, deal, max(day) as day
    from mart.price_level
    where place = 'country' and all_sub_categories
        and day > (select max(day) - 400 from mart.walk_health where complete)
    group by category, deal
),
-- `key` is empty for the country, and else the region or the region and its district.
level as (
    select
        level.category, level.deal,
        case level.place when 'country' then 3 when 'region' then 1 else 0 end as detail,
        case level.place
            when 'country' then ''
            when 'region' then coalesce(level.region, '?')
            else coalesce(level.region, '?') || '/' || coalesce(level.district, '?')
        end as key,
        level.region, level.district, latest.day - level.day as age,
        level.listings, level.lower_quartile, level.median, level.upper_quartile
    from mart.price_level as level
    join latest using (category, deal)
    where level.all_sub_categories and level.listings >= $1
        and (
            level.day = latest.day
            or level.day between latest.day - 37 and latest.day - 30
            or level.day between latest.day - 372 and latest.day - 365
        )
),
-- The nearest day of the week before.
earlier as (
    select distinct on (category, deal, key, age >= 365) category, deal, key, age >= 365 as year, median
    from level
    where age > 0
    order by category, deal, key, age >= 365, age
),
turnover as (
    select
        category, deal,
        case grouping(region, district)
            when 3 then ''
            when 1 then coalesce(region, '?')
            else coalesce(region, '?') || '/' || coalesce(district, '?')
        end as key,
        sum(new) filter (where not first_day) as new, sum(gone) as gone
    from mart.new_and_gone
    join latest using (category, deal)
    where new_and_gone.day > latest.day - 30
    group by grouping sets ((category, deal), (category, deal, region), (category, deal, region, district))
),
stay as (
    select
        category, deal,
        case grouping(region, district)
            when 3 then ''
            when 1 then coalesce(region, '?')
            else coalesce(region, '?') || '/' || coalesce(district, '?')
        end as key,
        percentile_disc(0.5) within group (order by days_on_market) as days_on_market
    from mart.stay
    join latest using (category, deal)
    where days_on_market is not null and gone_on > latest.day - 90
    group by grouping sets ((category, deal), (category, deal, region), (category, deal, region, district))
    having count(*) >= $1
),
cut as (
    select
        category, deal,
        case grouping(region, district)
            when 3 then ''
            when 1 then coalesce(region, '?')
            else coalesce(region, '?') || '/' || coalesce(district, '?')
        end as key,
        count(*) as cuts, percentile_disc(0.5) within group (order by percent) as cut_percent
    from mart.price_change
    join latest using (category, deal)
    where difference < 0 and changed_at > (latest.day - 30)::timestamp at time zone 'UTC'
    group by grouping sets ((category, deal), (category, deal, region), (category, deal, region, district))
    having count(*) >= $1
),
yield as (
    select
        category, 'Prodej' as deal, coalesce(region, '?') || '/' || coalesce(district, '?') as key,
        gross_yield_percent as yield_percent
    from mart.rental_yield
    where all_sub_categories and fewest >= $1
),
position as (
    select
        category, deal, coalesce(region, '?') || '/' || coalesce(district, '?') as key,
        round(avg(latitude)::numeric, 3) as latitude, round(avg(longitude)::numeric, 3) as longitude
    from mart.current_listing
    where latitude is not null
    group by category, deal, region, district
    having count(*) >= $1
)
select
    category, deal,
    jsonb_agg(
        jsonb_strip_nulls(
            jsonb_build_object(
                'region', level.region,
                'district', level.district,
                'listings', level.listings,
                'lower_quartile', level.lower_quartile,
                'median', level.median,
                'upper_quartile', level.upper_quartile,
                'month_ago', month.median,
                'year_ago', year.median,
                'new', case when turnover.new >= $1 then turnover.new end,
                'gone', case when turnover.gone >= $1 then turnover.gone end,
                'days_on_market', stay.days_on_market,
                'cuts', cut.cuts,
                'cut_percent', cut.cut_percent,
                'yield_percent', yield.yield_percent,
                'latitude', position.latitude,
                'longitude', position.longitude
            )
        )
        order by level.detail desc, level.region, level.district
    )::text
from (select * from level where age = 0) as level
left join (select * from earlier where not year) as month using (category, deal, key)
left join (select * from earlier where year) as year using (category, deal, key)
left join turnover using (category, deal, key)
left join stay using (category, deal, key)
left join cut using (category, deal, key)
left join yield using (category, deal, key)
left join position using (category, deal, key)
group by category, deal
