-- How long what went in the last 90 days had been on offer (days_on_market in mart.stay), over the country (an empty name) and
-- in each region: a count for each step of `from`, in days. A count of fewer than $1 is null, unless it is 0.
with step (number, first, next) as (
    values (0, 0, 7), (1, 7, 14), (2, 14, 30), (3, 30, 60), (4, 60, 90), (5, 90, 180), (6, 180, null)
),
latest as (select max(day) as day from mart.walk_health where complete),
cell as (
    select category, deal, coalesce(region, '') as place, number, count(*) as listings
    from (
        select stay.category, stay.deal, coalesce(stay.region, '?') as region, step.number
        from mart.stay
        join latest on stay.gone_on > latest.day - 90
        join step on stay.days_on_market >= step.first and (step.next is null or stay.days_on_market < step.next)
    ) as stepped
    group by grouping sets ((category, deal, number), (category, deal, region, number))
),
place as (
    select category, deal, place from cell where place <> '?' group by category, deal, place having max(listings) >= $1::integer
),
counts as (
    select
        category, deal, place,
        jsonb_agg(
            case when cell.listings >= $1::integer then cell.listings when cell.listings is null then 0 end order by number
        ) as counts
    from place
    cross join step
    left join cell using (category, deal, place, number)
    group by category, deal, place
)
select
    translate(lower(category || '-' || deal), 'áčďéěíňóřšťúůýž ', 'acdeeinorstuuyz-') || '-stays',
    jsonb_build_object(
        'from', (select jsonb_agg(first order by number) from step), 'places', jsonb_object_agg(place, counts)
    )::text
from counts
group by category, deal
