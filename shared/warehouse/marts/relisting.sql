create view mart.relisting as
select
    relisting.new_hash_id,
    relisting.old_hash_id,
    named_pair.category_name as category,
    named_pair.deal_name as deal,
    sub_category.name as sub_category,
    listing.name,
    region.name as region,
    district.name as district,
    listing.city,
    listing.area_m2,
    listing.location_precision,
    relisting.same_agency,
    relisting.old_last_seen,
    relisting.relisted_at,
    (relisting.relisted_at at time zone 'UTC')::date as day,
    relisting.old_price,
    relisting.new_price,
    round(1000.0::double precision * (relisting.new_price - relisting.old_price) / nullif(relisting.old_price, 0)) / 10
        as percent,
    warehouse.advert_url(
        named_pair.deal_address, named_pair.category_address, sub_category.address,
        listing.city_slug, listing.city_part_slug, listing.street_slug, relisting.new_hash_id
    ) as url
from warehouse.relisting
-- Joined one by one: by way of named_listing all listings would get their names first.
left join warehouse.listing on listing.hash_id = relisting.new_hash_id
left join warehouse.named_pair on named_pair.pair = warehouse.pair(listing.category, listing.deal)
left join warehouse.sub_category on sub_category.code = listing.sub_category
left join warehouse.region on region.code = listing.region_id
left join warehouse.district on district.code = listing.district_id;
comment on view mart.relisting is 'Properties that were taken off and advertised anew under another id. The rule: the same category, deal, sub-category, area and plot, the same coordinates to four decimals (about ten metres); first seen after the old listing''s last sighting and at most 30 days (720 hours) after it; the old one missed by a complete walk and not back since; asked at first for 80 to 120 % of the old one''s last price, or one of the two unknown. Of several old ones the last seen counts, so each new listing has at most one.';
comment on column mart.relisting.location_precision is 'Where it is street, ward or municipality, the coordinates are the middle of it, and two alike properties there cannot be told apart.';
comment on column mart.relisting.same_agency is 'Null where one of the two has none.';
comment on column mart.relisting.relisted_at is 'Start of the first walk that saw the new listing.';
comment on column mart.relisting.url is 'The new advert''s page on the portal. Of a simulated listing it leads nowhere.';
