-- A condition on happened_at reaches each part: that is why spells are compared one by one and not by a window.
create view warehouse.event_by_definition as
select
    spell.hash_id,
    case when relisting.new_hash_id is null then 'new' else 'relisted' end as kind,
    spell.first_seen as spell,
    spell.first_seen as happened_at,
    relisting.old_price as price_before,
    spell.total_price as price,
    relisting.old_hash_id as relisted_from
from warehouse.spell
join warehouse.listing on listing.hash_id = spell.hash_id
left join warehouse.relisting on relisting.new_hash_id = spell.hash_id
where not exists (
        select
        from warehouse.spell as before
        where before.hash_id = spell.hash_id
            and (before.first_seen, before.first_walk) < (spell.first_seen, spell.first_walk)
    )
    -- Any fewer walks may have overlooked it.
    and (
        select count(*)
        from (
            select
            from warehouse.walk
            where warehouse.covers(
                    walk, listing.category, listing.deal, listing.sub_category, listing.region_id, listing.district_id
                )
                and (walk.started_at, walk.id) < (spell.first_seen, spell.first_walk)
                and not exists (
                    select from warehouse.reject where reject.walk_id = walk.id and reject.hash_id = spell.hash_id
                )
            limit 3
        ) as walk_before
    ) = 3
union all
select
    spell.hash_id,
    case
        when before.delisted_at is not null then 'back'
        when spell.total_price < before.total_price then 'cheaper'
        else 'dearer'
    end,
    spell.first_seen,
    spell.first_seen,
    before.total_price,
    spell.total_price,
    null
from warehouse.spell
join warehouse.listing on listing.hash_id = spell.hash_id
cross join lateral (
    select earlier.total_price, earlier.delisted_at
    from warehouse.spell as earlier
    where earlier.hash_id = spell.hash_id
        and (earlier.first_seen, earlier.first_walk) < (spell.first_seen, spell.first_walk)
    order by earlier.first_seen desc, earlier.first_walk desc
    limit 1
) as before
where before.delisted_at is not null
    -- Prices in another currency move with the rate of exchange.
    or spell.total_price <> before.total_price and (listing.currency is null or listing.currency = 1)
union all
select hash_id, 'gone', first_seen, delisted_at, null, total_price, null
from warehouse.spell
where delisted_at is not null;
comment on view warehouse.event_by_definition is 'What happened to listings, as their history tells it: what loads put into warehouse.event if walks come in their order and listings stay where they are.';
