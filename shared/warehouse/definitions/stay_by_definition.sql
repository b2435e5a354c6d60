create view warehouse.stay_by_definition as
select
    start.hash_id, start.came_at, listing.category, listing.deal, listing.sub_category, start.returned, listing.region_id,
    listing.district_id,
    case when final.delisted_at is not null then (final.last_seen at time zone 'UTC')::date end as last_seen_on,
    (final.delisted_at at time zone 'UTC')::date as gone_on,
    case
        when final.delisted_at is not null and final.next_seen is null
        then (final.missing_since at time zone 'UTC')::date - (listing.first_seen at time zone 'UTC')::date
    end as days_on_market
from (
    select hash_id, first_seen as came_at, false as returned
    from warehouse.listing
    union all
    select hash_id, next_seen, true
    from warehouse.spell
    where delisted_at is not null and next_seen is not null
) as start
join warehouse.listing on listing.hash_id = start.hash_id
cross join lateral (
    select *
    from warehouse.spell
    where spell.hash_id = start.hash_id
        and spell.first_seen >= start.came_at
        and (spell.delisted_at is not null or spell.next_seen is null)
    order by spell.first_seen, spell.first_walk
    limit 1
) as final;
comment on view warehouse.stay_by_definition is 'What warehouse.stay must hold.';
