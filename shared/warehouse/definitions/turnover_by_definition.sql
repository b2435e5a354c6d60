create view warehouse.turnover_by_definition as
select
    stay.category,
    stay.deal,
    event.day,
    coalesce(stay.region_id, 0) as region_id,
    coalesce(stay.district_id, 0) as district_id,
    sum(event.new)::integer as new,
    sum(event.returned)::integer as returned,
    sum(event.last_seen)::integer as last_seen,
    sum(event.gone)::integer as gone
from warehouse.stay_by_definition as stay
cross join lateral (
    values
        ((stay.came_at at time zone 'UTC')::date, (not stay.returned)::integer, stay.returned::integer, 0, 0),
        (stay.last_seen_on, 0, 0, 1, 0),
        (stay.gone_on, 0, 0, 0, 1)
) as event (day, new, returned, last_seen, gone)
where event.day is not null
group by 1, 2, 3, 4, 5;
comment on view warehouse.turnover_by_definition is 'What warehouse.turnover must hold.';
