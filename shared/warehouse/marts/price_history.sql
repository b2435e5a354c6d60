create view mart.price_history as
select
    spell.hash_id,
    spell.first_seen,
    coalesce(spell.last_seen, listing.last_sighting) as last_seen,
    spell.missing_since,
    spell.delisted_at,
    spell.total_price,
    warehouse.price_per_m2(spell.total_price, listing.area_m2) as price_per_m2,
    walk.key as object_key,
    spell.first_walk as walk_id,
    version.line,
    version.row_index,
    listing.name,
    listing.category_name as category,
    listing.deal_name as deal,
    listing.sub_category_name as sub_category,
    listing.region_name as region,
    listing.district_name as district,
    listing.city,
    listing.url
from warehouse.spell
join warehouse.named_listing as listing on listing.hash_id = spell.hash_id
left join warehouse.walk on walk.id = spell.first_walk
left join lateral (
    select version.line, version.row_index
    from warehouse.listing_version as version
    where version.hash_id = spell.hash_id and version.walk_id = spell.first_walk
    order by version.line, version.row_index
    limit 1
) as version on true;
comment on view mart.price_history is 'Every stretch of sightings of a listing at one price, not interrupted by a complete walk that missed it. Large: filter by hash_id. Attributes are those of the listing''s newest sighting.';
comment on column mart.price_history.first_seen is 'Start of the first walk that saw it at this price.';
comment on column mart.price_history.last_seen is 'Start of the last walk that saw it so.';
comment on column mart.price_history.missing_since is 'Start of the first complete walk since then that covered it and missed it; null if the next price followed without a break.';
comment on column mart.price_history.delisted_at is 'Start of the third such walk in a row: the listing was gone.';
comment on column mart.price_history.total_price is 'Whole crowns, per month for rents; null on request.';
comment on column mart.price_history.price_per_m2 is 'total_price by the area that the newest sighting gives.';
comment on column mart.price_history.object_key is 'Raw object of walk_id, the first walk that saw it at this price.';
comment on column mart.price_history.line is 'Line of that object, a page, whose row row_index (from 0) said something new of the listing; null where that walk repeated what had been said before.';
comment on column mart.price_history.url is 'The advert''s page on the portal. Of a simulated listing it leads nowhere.';
