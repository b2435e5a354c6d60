-- The kept tables are what their definitions say, row by row.
with defined_turnover as (
    select
        stay.category, stay.deal, event.day, coalesce(region_id, 0) as region_id, coalesce(district_id, 0) as district_id,
        sum(event.new)::integer as new, sum(event.returned)::integer as returned,
        sum(event.last_seen)::integer as last_seen, sum(event.gone)::integer as gone
    from warehouse.stay_by_definition as stay
    cross join lateral warehouse.stay_events(came_at, returned, last_seen_on, gone_on) as event
    group by 1, 2, 3, 4, 5
),
differing as (
    select 'current_listing' as name, format('listing %s', hash_id) as place
    from (
        (table warehouse.current_listing except table warehouse.current_listing_by_definition)
        union all
        (table warehouse.current_listing_by_definition except table warehouse.current_listing)
    ) as row
    union
    select 'stay', format('listing %s since %s', hash_id, came_at)
    from (
        (table warehouse.stay except table warehouse.stay_by_definition)
        union all
        (table warehouse.stay_by_definition except table warehouse.stay)
    ) as row
    union
    select 'price_change', format('listing %s at %s', hash_id, changed_at)
    from (
        (table warehouse.price_change except table warehouse.price_change_by_definition)
        union all
        (table warehouse.price_change_by_definition except table warehouse.price_change)
    ) as row
    union
    select 'relisting', format('listing %s', new_hash_id)
    from (
        (table warehouse.relisting except table warehouse.relisting_by_definition)
        union all
        (table warehouse.relisting_by_definition except table warehouse.relisting)
    ) as row
    union
    select 'turnover', format('%s, region %s, district %s, category %s, deal %s', day, region_id, district_id, category, deal)
    from (
        (table warehouse.turnover except table defined_turnover)
        union all
        (table defined_turnover except table warehouse.turnover)
    ) as row
)
select format('%s: warehouse.%s is not what its definition says', place, name) from differing
