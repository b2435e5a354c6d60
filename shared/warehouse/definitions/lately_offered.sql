create view warehouse.lately_offered as
select * from warehouse.named_listing where delisted_at is null
union all
select *
from warehouse.named_listing
-- Between two bounds, so that the planner expects few and takes the index listing_missing.
where missing_since is not null
    and delisted_at between (select min(coalesce(month_until, week_until)) from warehouse.offer_day) and 'infinity';
comment on view warehouse.lately_offered is 'Listings that are on offer, and those that are gone since the earliest day that mart.offer shows.';
