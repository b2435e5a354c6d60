-- The kept tables are what their definitions say, row by row.
with stay_by_definition as materialized (table warehouse.stay_by_definition),
turnover_by_definition as materialized (table warehouse.turnover_by_definition),
price_change_by_definition as materialized (table warehouse.price_change_by_definition),
relisting_by_definition as materialized (table warehouse.relisting_by_definition)
select format('%s: warehouse.%s is not what its definition says', place, name)
from (
    select 'stay' as name, format('listing %s since %s', hash_id, came_at) as place
    from (
        (table warehouse.stay except table stay_by_definition)
        union all
        (table stay_by_definition except table warehouse.stay)
    ) as row
    union
    select 'turnover', format('%s, region %s, district %s, category %s, deal %s', day, region_id, district_id, category, deal)
    from (
        (table warehouse.turnover except table turnover_by_definition)
        union all
        (table turnover_by_definition except table warehouse.turnover)
    ) as row
    union
    select 'price_change', format('listing %s at %s', hash_id, changed_at)
    from (
        (table warehouse.price_change except table price_change_by_definition)
        union all
        (table price_change_by_definition except table warehouse.price_change)
    ) as row
    union
    select 'relisting', format('listing %s', new_hash_id)
    from (
        (table warehouse.relisting except table relisting_by_definition)
        union all
        (table relisting_by_definition except table warehouse.relisting)
    ) as row
) as differing
