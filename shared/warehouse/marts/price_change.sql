create view mart.price_change as
select
    change.hash_id,
    category.name as category,
    deal.name as deal,
    sub_category.name as sub_category,
    listing.name,
    region.name as region,
    district.name as district,
    listing.city,
    change.area_m2,
    (change.changed_at at time zone 'UTC')::date as day,
    change.changed_at,
    change.old_price,
    change.new_price,
    change.new_price - change.old_price as difference,
    round(1000.0::double precision * (change.new_price - change.old_price) / nullif(change.old_price, 0)) / 10
        as percent,
    warehouse.advert_url(
        deal.address, category.address, sub_category.address,
        listing.city_slug, listing.city_part_slug, listing.street_slug, change.hash_id
    ) as url
from warehouse.price_change as change
left join warehouse.listing on listing.hash_id = change.hash_id
left join warehouse.category on category.code = change.category
left join warehouse.deal on deal.code = change.deal
left join warehouse.sub_category on sub_category.code = change.sub_category
left join warehouse.region on region.code = change.region_id
left join warehouse.district on district.code = change.district_id;
comment on view mart.price_change is 'Every change of a listing from one known total price to another, also across an absence.';
comment on column mart.price_change.changed_at is 'Start of the first walk that saw the new price. Filter by this one: it is indexed, day is not.';
comment on column mart.price_change.day is 'UTC day of changed_at.';
comment on column mart.price_change.difference is 'Whole crowns; negative for a price that was lowered.';
comment on column mart.price_change.url is 'The advert''s page on the portal. Of a simulated listing it leads nowhere.';
