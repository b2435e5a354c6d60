create view warehouse.price_change_by_definition as
select
    change.hash_id, change.changed_at, change.walk_id, listing.category, listing.deal, listing.sub_category, listing.region_id,
    listing.district_id, listing.area_m2, change.old_price, change.new_price
from (
    select
        hash_id,
        lead(first_seen) over later as changed_at,
        lead(first_walk) over later as walk_id,
        total_price as old_price,
        lead(total_price) over later as new_price
    from warehouse.spell
    window later as (partition by hash_id order by first_seen, first_walk)
) as change
join warehouse.listing on listing.hash_id = change.hash_id
where change.new_price <> change.old_price;
comment on view warehouse.price_change_by_definition is 'What warehouse.price_change must hold.';
