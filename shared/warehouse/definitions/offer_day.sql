create view warehouse.offer_day as
select
    category,
    deal,
    last_day,
    case when last_day - 7 >= first_day then (last_day - 6)::timestamp at time zone 'UTC' end as week_until,
    case when last_day - 30 >= first_day then (last_day - 29)::timestamp at time zone 'UTC' end as month_until
from (
    select
        category,
        deal,
        (min(started_at) at time zone 'UTC')::date as first_day,
        (max(started_at) at time zone 'UTC')::date as last_day
    from warehouse.walk
    where complete
    group by category, deal
) as walked;
comment on view warehouse.offer_day is 'For each category and deal the UTC day of the latest complete walk, and when the days ended that were 7 and 30 days before it: null if nothing had been walked completely by then.';
