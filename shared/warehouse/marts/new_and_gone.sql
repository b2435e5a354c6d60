create view mart.new_and_gone as
select
    turnover.day,
    category.name as category,
    deal.name as deal,
    region.name as region,
    district.name as district,
    turnover.new,
    turnover.returned,
    turnover.last_seen,
    turnover.gone,
    coalesce(turnover.day = first_day.day, false) as first_day
from warehouse.turnover
left join warehouse.first_day on first_day.category = turnover.category and first_day.deal = turnover.deal
left join warehouse.category on category.code = turnover.category
left join warehouse.deal on deal.code = turnover.deal
left join warehouse.region on region.code = turnover.region_id
left join warehouse.district on district.code = turnover.district_id;
comment on view mart.new_and_gone is 'How many listings came and went, by day and district.';
comment on column mart.new_and_gone.returned is 'Listings that were gone and are seen again since this day.';
comment on column mart.new_and_gone.gone is 'Listings that were missed for the third time in a row on this day.';
comment on column mart.new_and_gone.last_seen is 'The same listings, by the day on which they were seen for the last time. The latest days lack those that are not yet missed three times.';
comment on column mart.new_and_gone.new is 'Listings seen for the first time on this day. On the first day of all that is everything on offer: first_day says so.';
comment on column mart.new_and_gone.first_day is 'Whether it is the first day on which anything of this category and deal was seen.';
