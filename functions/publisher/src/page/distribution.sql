-- How many listings on offer (mart.current_listing) have which price per m², over the country (an empty name) and in each
-- region: `counts` in steps of `step` crowns from `from` on. The lowest and the highest hundredth are left out but for those
-- in the first and the last step, which are round so that no single price shows. A count of fewer than $1 is null, unless it
-- is 0.
with listing as (
    -- Abroad there are no regions.
    select category, deal, coalesce(region, '?') as region, price_per_m2
    from mart.current_listing
    where price_per_m2 is not null
),
bound as (
    select
        category, deal,
        percentile_disc(0.01) within group (order by price_per_m2) as lowest,
        percentile_disc(0.99) within group (order by price_per_m2) as highest
    from listing
    group by category, deal
    having count(*) >= $1::integer
),
width as (
    select *, greatest(1, (highest - lowest) / 25.0) as least, 10 ^ floor(log(greatest(1, (highest - lowest) / 25.0))) as ten
    from bound
),
step as (
    select
        category, deal, lowest, highest,
        (ten * case when least <= ten then 1 when least <= 2 * ten then 2 when least <= 5 * ten then 5 else 10 end)::bigint
            as step
    from width
),
scale as (select category, deal, step, lowest / step * step as first, highest / step - lowest / step as last from step),
cell as (
    select category, deal, coalesce(region, '') as place, number, count(*) as listings
    from (
        select category, deal, region, (price_per_m2 - first) / step as number
        from listing
        join scale using (category, deal)
        where price_per_m2 between first and first + (last + 1) * step - 1
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
    join scale using (category, deal)
    cross join generate_series(0, scale.last) as number
    left join cell using (category, deal, place, number)
    group by category, deal, place
)
select
    translate(lower(category || '-' || deal), 'áčďéěíňóřšťúůýž ', 'acdeeinorstuuyz-') || '-distribution',
    jsonb_build_object('from', scale.first, 'step', scale.step, 'places', jsonb_object_agg(counts.place, counts.counts))::text
from counts
join scale using (category, deal)
group by category, deal, scale.first, scale.step
