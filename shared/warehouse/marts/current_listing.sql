create view mart.current_listing as
select
    listing.hash_id,
    listing.category_name as category,
    listing.deal_name as deal,
    listing.sub_category_name as sub_category,
    listing.name,
    listing.total_price,
    warehouse.price_per_m2(listing.total_price, listing.area_m2) as price_per_m2,
    listing.area_m2,
    listing.plot_area_m2,
    listing.region_name as region,
    listing.district_name as district,
    listing.city,
    listing.city_part,
    listing.street,
    listing.latitude,
    listing.longitude,
    listing.location_precision,
    listing.agency,
    listing.first_seen,
    listing.last_sighting as last_seen,
    listing.price_since,
    listing.missing_since,
    walk.segment,
    walk.key as object_key,
    version.walk_id,
    version.line,
    version.row_index,
    listing.url
from warehouse.named_listing as listing
left join warehouse.listing_version as version on version.hash_id = listing.hash_id and version.digest = listing.digest
left join warehouse.walk on walk.id = version.walk_id
where listing.delisted_at is null;
comment on view mart.current_listing is 'Listings on offer: seen by the latest complete walk that covers them, or not yet missed three times in a row. object_key, line and row_index lead to the first raw row that carried just these attributes and this price.';
comment on column mart.current_listing.sub_category is 'The disposition of a flat, the kind of a house, a plot or a commercial space.';
comment on column mart.current_listing.total_price is 'Whole crowns, per month for rents; null on request.';
comment on column mart.current_listing.price_per_m2 is 'total_price by area_m2, in whole crowns; ours, not the portal''s.';
comment on column mart.current_listing.area_m2 is 'As the advert''s name says.';
comment on column mart.current_listing.location_precision is 'What the coordinates stand for: gps and address are the property, street, ward and municipality the middle of them.';
comment on column mart.current_listing.first_seen is 'Start of the first walk that saw it.';
comment on column mart.current_listing.last_seen is 'Start of the last walk that saw it.';
comment on column mart.current_listing.price_since is 'Start of the first walk that saw it at this price without a break.';
comment on column mart.current_listing.missing_since is 'Start of the first complete walk that missed it; null for what the latest one saw.';
comment on column mart.current_listing.segment is 'Segment of the walk of that raw row.';
comment on column mart.current_listing.line is 'Line of the raw object, a page; row_index is the row within it, from 0.';
comment on column mart.current_listing.url is 'The advert''s page on the portal. Of a simulated listing it leads nowhere.';
