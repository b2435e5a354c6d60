-- One row for the country, each region and each district: the latest medians and quartiles and those a month and a year
-- earlier (mart.price_level), what came and went in 30 days (mart.new_and_gone), days on market of what went in 90
-- (mart.stay), prices that were lowered in 30 (mart.price_change), the yield (mart.rental_yield), and where its offers lie
-- (mart.current_listing). A figure that stands on fewer than $1 listings is null.
with latest as (
    select category, deal, max(day) as day
    from mart.price_level
    where place = 'country' and all_sub_categories
        and day > (select max(day) - 400 from mart.walk_health where complete)
    group by category, deal
),
level as (
    select
        level.category, level.deal, level.place, level.region, level.district, latest.day - level.day as age,
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
    select distinct on (category, deal, place, region, district, age >= 365)
        category, deal, place, region, district, age >= 365 as year, median
    from level
    where age > 0
    order by category, deal, place, region, district, age >= 365, age
),
turnover as (
    select
        category, deal, region, district, grouping(region, district) as detail,
        sum(new) filter (where not first_day) as new, sum(gone) as gone
    from mart.new_and_gone
    join latest using (category, deal)
    where new_and_gone.day > latest.day - 30
    group by grouping sets ((category, deal), (category, deal, region), (category, deal, region, district))
),
stay as (
    select
        category, deal, region, district, grouping(region, district) as detail,
        percentile_disc(0.5) within group (order by days_on_market) as days_on_market
    from mart.stay
    join latest using (category, deal)
    where days_on_market is not null and gone_on > latest.day - 90
    group by grouping sets ((category, deal), (category, deal, region), (category, deal, region, district))
    having count(*) >= $1
),
cut as (
    select
        category, deal, region, district, grouping(region, district) as detail,
        count(*) as cuts, percentile_disc(0.5) within group (order by percent) as cut_percent
    from mart.price_change
    join latest using (category, deal)
    where difference < 0 and changed_at > (latest.day - 30)::timestamp at time zone 'UTC'
    group by grouping sets ((category, deal), (category, deal, region), (category, deal, region, district))
    having count(*) >= $1
),
position as (
    select
        category, deal, region, district,
        round(avg(latitude)::numeric, 3) as latitude, round(avg(longitude)::numeric, 3) as longitude
    from mart.current_listing
    where latitude is not null
    group by category, deal, region, district
    having count(*) >= $1
),
place as (
    select *, case place when 'country' then 3 when 'region' then 1 else 0 end as detail from level where age = 0
)
select
    place.category, place.deal,
    jsonb_agg(
        jsonb_strip_nulls(
            jsonb_build_object(
                'region', place.region,
                'district', place.district,
                'listings', place.listings,
                'lower_quartile', place.lower_quartile,
                'median', place.median,
                'upper_quartile', place.upper_quartile,
                'month_ago', month.median,
                'year_ago', year.median,
                'new', case when turnover.new >= $1 then turnover.new end,
                'gone', case when turnover.gone >= $1 then turnover.gone end,
                'days_on_market', stay.days_on_market,
                'cuts', cut.cuts,
                'cut_percent', cut.cut_percent,
                'yield_percent', yield.gross_yield_percent,
                'latitude', position.latitude,
                'longitude', position.longitude
            )
        )
        order by place.detail desc, place.region, place.district
    )::text
from place
left join earlier as month
    on (month.category, month.deal, month.place) = (place.category, place.deal, place.place)
    and (month.region, month.district) is not distinct from (place.region, place.district) and not month.year
left join earlier as year
    on (year.category, year.deal, year.place) = (place.category, place.deal, place.place)
    and (year.region, year.district) is not distinct from (place.region, place.district) and year.year
left join turnover
    on (turnover.category, turnover.deal, turnover.detail) = (place.category, place.deal, place.detail)
    and (turnover.region, turnover.district) is not distinct from (place.region, place.district)
left join stay
    on (stay.category, stay.deal, stay.detail) = (place.category, place.deal, place.detail)
    and (stay.region, stay.district) is not distinct from (place.region, place.district)
left join cut
    on (cut.category, cut.deal, cut.detail) = (place.category, place.deal, place.detail)
    and (cut.region, cut.district) is not distinct from (place.region, place.district)
left join mart.rental_yield as yield
    on yield.category = place.category and place.deal = 'Prodej' and place.detail = 0
    and yield.region = place.region and yield.district = place.district
    and yield.all_sub_categories and yield.fewest >= $1
left join position
    on (position.category, position.deal) = (place.category, place.deal) and place.detail = 0
    and position.region = place.region and position.district = place.district
group by place.category, place.deal
