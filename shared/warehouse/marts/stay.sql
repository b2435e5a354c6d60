create view mart.stay as
select
    stay.hash_id,
    category.name as category,
    deal.name as deal,
    sub_category.name as sub_category,
    region.name as region,
    district.name as district,
    stay.came_at,
    stay.returned,
    stay.last_seen_on,
    stay.gone_on,
    stay.days_on_market
from warehouse.stay
left join warehouse.category on category.code = stay.category
left join warehouse.deal on deal.code = stay.deal
left join warehouse.sub_category on sub_category.code = stay.sub_category
left join warehouse.region on region.code = stay.region_id
left join warehouse.district on district.code = stay.district_id;
comment on view mart.stay is 'Every time that a listing came and, perhaps, was gone again. A few missed walks do not end a stay; being missed by three complete walks in a row does.';
comment on column mart.stay.came_at is 'Start of the first walk of the stay that saw it.';
comment on column mart.stay.returned is 'Whether the listing had been here and gone before.';
comment on column mart.stay.last_seen_on is 'UTC day of the last sighting; null while it is not gone.';
comment on column mart.stay.gone_on is 'UTC day of the third complete walk in a row that missed it; null while it is not gone.';
comment on column mart.stay.days_on_market is 'From the day of the listing''s very first sighting to the day of the first walk that missed it; null unless it is gone and has not returned. What was on offer when collecting began counts from then.';
