-- How many listings on offer (mart.current_listing) have which price per m², over the country (an empty name) and in each
-- region: `counts` in steps of `step` crowns from `from` on, which leaves out the lowest and the highest hundredth. A count
-- of fewer than $1 is null, unless it is 0.
with listing as (
    select category, deal, coalesce(region, '?') as region, price_per_m2
    from mart.current_listing
    where price_per_m2 is not null
),
bound as (
    select
        category, deal,
        percentile_disc(0.01) within group (order by price_per_m2) as lowest,
        greatest(
            1,
            ceil(
                (percentile_disc(0.99) within group (order by price_per_m2)
                    - percentile_disc(0.01) within group (order by price_per_m2) + 1) / 30.0
            )
        )::bigint as step
    from listing
    group by category, deal
    having count(*) >= $1
),
cell as (
    select
        category, deal, coalesce(region, '') as place, step_number, count(*) as listings
    from (
        select category, deal, region, (price_per_m2 - lowest) / step as step_number
        from listing
        join bound using (category, deal)
        where price_per_m2 >= lowest and price_per_m2 < lowest + 30 * step
    ) as stepped
    group by grouping sets ((category, deal, step_number), (category, deal, region, step_number))
),
place as (
    select
        place.category, place.deal, place.place,
        jsonb_agg(
            case when cell.listings >= $1 then cell.listings when cell.listings is null then 0 end
            order by number.number
        ) as counts
    from (select category, deal, place from cell group by category, deal, place having sum(listings) >= $1) as place
    cross join generate_series(0, 29) as number (number)
    left join cell
        on (cell.category, cell.deal, cell.place, cell.step_number)
            = (place.category, place.deal, place.place, number.number)
    group by place.category, place.deal, place.place
)
select
    category, deal,
    jsonb_build_object('from', bound.lowest, 'step', bound.step, 'places', jsonb_object_agg(place.place, place.counts))::text
from place
join bound using (category, deal)
group by category, deal, bound.lowest, bound.step
