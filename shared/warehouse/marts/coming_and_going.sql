create view mart.coming_and_going as
select
    event.day,
    event.event,
    stay.hash_id,
    category.name as category,
    deal.name as deal,
    sub_category.name as sub_category,
    region.name as region,
    district.name as district,
    coalesce(event.day = first_day.day, false) as first_day
from warehouse.stay
cross join lateral (
    values
        ((stay.came_at at time zone 'UTC')::date, case when stay.returned then 'returned' else 'new' end),
        (stay.gone_on, 'gone')
) as event (day, event)
left join warehouse.first_day on first_day.category = stay.category and first_day.deal = stay.deal
left join warehouse.category on category.code = stay.category
left join warehouse.deal on deal.code = stay.deal
left join warehouse.sub_category on sub_category.code = stay.sub_category
left join warehouse.region on region.code = stay.region_id
left join warehouse.district on district.code = stay.district_id
where event.day is not null;
comment on view mart.coming_and_going is 'Every time that a listing came, returned or was gone: new_and_gone one by one, with the sub-category. Filter by day.';
comment on column mart.coming_and_going.day is 'UTC day.';
comment on column mart.coming_and_going.event is 'new: seen for the first time; returned: seen again after it was gone; gone: missed by the third complete walk in a row.';
comment on column mart.coming_and_going.first_day is 'Whether it is the first day on which anything of this category and deal was seen: new is everything on offer then.';
