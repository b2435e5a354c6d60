-- The figures by which a falsified walk is told: its sightings beside what was known of the same listings.
-- $1 the walk, $2 half the width of prices rounded to thousands, $3 how far prices of one factor stray from it.
with seen as materialized (
    select
        sighting.category,
        sighting.deal,
        sighting.total_price as price,
        known.total_price as known_price,
        sighting.latitude - listing.latitude as north,
        sighting.longitude - listing.longitude as east
    from warehouse.walk
    cross join sighting
    left join warehouse.listing using (hash_id)
    -- The price at the walk's time; for a walk before all others, the first one.
    left join lateral (
        select spell.total_price
        from warehouse.spell
        where spell.hash_id = listing.hash_id
        order by
            (spell.first_seen, spell.first_walk) > (walk.started_at, walk.id),
            abs(extract(epoch from walk.started_at - spell.first_seen)),
            spell.first_walk
        limit 1
    ) as known on true
    where walk.id = $1
),
compared as materialized (
    select
        deal,
        price,
        known_price,
        price::double precision / known_price as ratio,
        -- How far the price may lie from the factor's: it may have been rounded to thousands.
        case when price % 1000 = 0 then $2::double precision else 0 end + price * $3::double precision as slack
    from seen
    where price > 0 and known_price > 0
),
-- Every price says within which bounds a factor lies that would lead to it. The factor in the bounds of most listings
-- is the walk's, if it has one; unlike the median it is not moved by what changed honestly.
bound as (
    select (price - slack) / known_price as factor, 1 as step from compared
    union all
    select (price + slack) / known_price, -1 from compared
),
followed as (
    select
        factor as least,
        lead(factor) over sweep as most,
        sum(step) over (sweep rows unbounded preceding) as listings
    from bound
    window sweep as (order by factor, step desc)
),
common as (
    select (least + most) / 2 as factor
    from followed
    order by listings desc, least
    limit 1
),
price_figure as (
    select
        count(*) as compared,
        avg((price = known_price)::integer)::double precision as unchanged,
        percentile_cont(array[0.05, 0.5, 0.95]) within group (order by ratio) as ratio,
        count(*) filter (where known_price % 1000 <> 0) as uneven_before,
        avg((price % 1000 = 0)::integer) filter (where known_price % 1000 <> 0)::double precision as even_now,
        count(*) filter (where deal = 1 and price > 200000 and known_price > 200000) as sales,
        avg((known_price % 10000 = 0)::integer)
            filter (where deal = 1 and price > 200000 and known_price > 200000)::double precision as sales_round_before,
        avg((price % 10000 = 0)::integer)
            filter (where deal = 1 and price > 200000 and known_price > 200000)::double precision as sales_round_now
    from compared
),
factor_figure as (
    select
        common.factor,
        -- Listings dear enough that the factor moves them further than rounding could.
        count(*) filter (where abs(common.factor - 1) * known_price > 2 * $2) as telling,
        avg((abs(price - common.factor * known_price) <= slack)::integer)
            filter (where abs(common.factor - 1) * known_price > 2 * $2)::double precision as following
    from common
    cross join compared
    group by common.factor
),
place_figure as (
    select
        count(*) filter (where category = 1 and deal = 1 and price > 200000) as flats_for_sale,
        avg((price % 10000 = 0)::integer)
            filter (where category = 1 and deal = 1 and price > 200000)::double precision as flats_round,
        count(*) filter (where north is not null and east is not null) as places,
        avg((north <> 0 or east <> 0)::integer)::double precision as moved,
        percentile_cont(0.5) within group (order by north) as north,
        percentile_cont(0.5) within group (order by east) as east
    from seen
),
figures as (
    select
        compared,
        unchanged,
        ratio[2] as median_ratio,
        ratio[1] as ratio_p5,
        ratio[3] as ratio_p95,
        factor_figure.factor,
        coalesce(factor_figure.telling, 0) as telling,
        factor_figure.following,
        uneven_before,
        even_now,
        sales,
        sales_round_before,
        sales_round_now,
        flats_for_sale,
        flats_round,
        places,
        moved,
        north,
        east
    from price_figure
    cross join place_figure
    left join factor_figure on true
)
select figures.*, to_jsonb(figures)::text as json from figures
