-- How many listings were made cheaper and dearer (mart.price_change) in each week, by its Monday, over the country (an empty
-- name) and in each region, and the median cut. A figure that stands on fewer than $1 listings is null, unless it is 0. A week
-- that is not over is left out.
with latest as (select max(day) as day from mart.walk_health where complete),
change as (
    select
        category, deal, coalesce(region, '?') as region, date_trunc('week', changed_at at time zone 'UTC')::date as week,
        hash_id, difference, percent
    from mart.price_change
    join latest
        on changed_at > (latest.day - 400)::timestamp at time zone 'UTC'
        and changed_at < date_trunc('week', (latest.day + 1)::timestamp) at time zone 'UTC'
),
cell as (
    select
        category, deal, coalesce(region, '') as place, week,
        count(distinct hash_id) filter (where difference < 0) as lowered,
        count(distinct hash_id) filter (where difference > 0) as raised,
        percentile_disc(0.5) within group (order by percent) filter (where difference < 0) as cut
    from change
    group by grouping sets ((category, deal, week), (category, deal, region, week))
),
place as (
    select category, deal, place
    from cell
    where place <> '?'
    group by category, deal, place
    having max(greatest(lowered, raised)) >= $1::integer
),
span as (select category, deal, min(week) as first, max(week) as last from cell group by category, deal),
week as (
    select category, deal, week::date as week
    from span
    cross join generate_series(first::timestamp, last::timestamp, interval '1 week') as week
),
series as (
    select
        category, deal, place,
        jsonb_agg(
            case when lowered >= $1::integer then lowered when coalesce(lowered, 0) = 0 then 0 end order by week
        ) as lowered,
        jsonb_agg(case when raised >= $1::integer then raised when coalesce(raised, 0) = 0 then 0 end order by week) as raised,
        jsonb_agg(case when lowered >= $1::integer then cut end order by week) as cut_percent
    from place
    join week using (category, deal)
    left join cell using (category, deal, place, week)
    group by category, deal, place
)
select
    translate(lower(category || '-' || deal), 'áčďéěíňóřšťúůýž ', 'acdeeinorstuuyz-') || '-changes',
    jsonb_build_object(
        'weeks', weeks.weeks,
        'places', jsonb_object_agg(
            place, jsonb_build_object('lowered', lowered, 'raised', raised, 'cut_percent', cut_percent)
        )
    )::text
from series
join (select category, deal, jsonb_agg(week order by week) as weeks from week group by category, deal) as weeks
    using (category, deal)
group by category, deal, weeks.weeks
