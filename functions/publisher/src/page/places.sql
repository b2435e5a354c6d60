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
),
-- Put below each other and grouped, not joined: nobody knows in advance how many there are of each.
figure as (
    select
        category, deal, key, region, district, listings, lower_quartile, median, upper_quartile,
        null::integer as month_ago, null::integer as year_ago, null::bigint as new, null::bigint as gone,
        null::integer as days_on_market, null::bigint as cuts, null::double precision as cut_percent,
        null::numeric as yield_percent, null::numeric as latitude, null::numeric as longitude
    from level
    where age = 0
    union all
    select
        category, deal, key, null, null, null, null, null, null,
        case when not year then median end, case when year then median end,
        null, null, null, null, null, null, null, null
    from earlier
    union all
    select
        category, deal, key, null, null, null, null, null, null, null, null,
        case when new >= $1 then new end, case when gone >= $1 then gone end,
        null, null, null, null, null, null
    from turnover
    union all
    select
        category, deal, key, null, null, null, null, null, null, null, null, null, null,
        days_on_market, null, null, null, null, null
    from stay
    union all
    select
        category, deal, key, null, null, null, null, null, null, null, null, null, null, null,
        cuts, cut_percent, null, null, null
    from cut
    union all
    select
        category, deal, key, null, null, null, null, null, null, null, null, null, null, null, null, null,
        yield_percent, null, null
    from yield
    union all
    select
        category, deal, key, null, null, null, null, null, null, null, null, null, null, null, null, null, null,
        latitude, longitude
    from position
),
place as (
    select
        category, deal, key, max(region) as region, max(district) as district, max(listings) as listings,
        max(lower_quartile) as lower_quartile, max(median) as median, max(upper_quartile) as upper_quartile,
        max(month_ago) as month_ago, max(year_ago) as year_ago, max(new) as new, max(gone) as gone,
        max(days_on_market) as days_on_market, max(cuts) as cuts, max(cut_percent) as cut_percent,
        max(yield_percent) as yield_percent, max(latitude) as latitude, max(longitude) as longitude
    from figure
    group by category, deal, key
    having count(listings) > 0
)
select
    category, deal,
    jsonb_agg(jsonb_strip_nulls(to_jsonb(place) - 'category' - 'deal' - 'key') order by key)::text
from place
group by category, deal
