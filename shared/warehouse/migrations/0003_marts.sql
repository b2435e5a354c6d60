-- What analysts and the dashboard read.

create schema mart;

create view mart.current_listing as
select
    listing.hash_id,
    category.name as category,
    deal.name as deal,
    sub_category.name as sub_category,
    listing.name,
    spell.total_price,
    round(spell.total_price::numeric / nullif(listing.area_m2, 0))::bigint as price_per_m2,
    listing.area_m2,
    listing.plot_area_m2,
    region.name as region,
    district.name as district,
    listing.city,
    listing.city_part,
    listing.street,
    listing.latitude,
    listing.longitude,
    listing.agency,
    listing.first_seen,
    spell.last_seen,
    spell.missing_since,
    walk.segment,
    walk.key as object_key,
    version.walk_id,
    version.line,
    version.row_index
from warehouse.listing
join warehouse.spell on spell.hash_id = listing.hash_id and spell.next_seen is null
join warehouse.listing_version as version on version.hash_id = listing.hash_id and version.digest = listing.digest
join warehouse.walk on walk.id = version.walk_id
left join warehouse.code as category on category.kind = 'category_main' and category.code = listing.category
left join warehouse.code as deal on deal.kind = 'category_type' and deal.code = listing.deal
left join warehouse.code as sub_category on sub_category.kind = 'category_sub' and sub_category.code = listing.sub_category
left join warehouse.code as region on region.kind = 'region' and region.code = listing.region_id
left join warehouse.code as district on district.kind = 'district' and district.code = listing.district_id
where spell.delisted_at is null;
comment on view mart.current_listing is 'Listings on offer: seen by the latest complete walk that covers them, or not yet missed three times in a row. object_key, line and row_index lead to the raw row.';

create view mart.price_change as
select
    change.hash_id,
    change.changed_at,
    change.old_price,
    change.new_price,
    change.new_price - change.old_price as difference,
    round(100.0 * (change.new_price - change.old_price) / change.old_price, 1) as percent,
    listing.name,
    listing.city,
    district.name as district
from (
    select
        hash_id,
        first_seen as changed_at,
        total_price as new_price,
        lag(total_price) over (partition by hash_id order by first_seen) as old_price
    from warehouse.spell
) as change
join warehouse.listing using (hash_id)
left join warehouse.code as district on district.kind = 'district' and district.code = listing.district_id
where change.old_price <> change.new_price;
comment on view mart.price_change is 'Every change from one known total price to another, with its size in crowns and per cent.';
