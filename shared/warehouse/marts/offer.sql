create view mart.offer as
-- What is on offer, and since when at this price.
select
    past.days_ago,
    offer_day.last_day - past.days_ago as day,
    listing.hash_id,
    listing.category_name as category,
    listing.deal_name as deal,
    listing.sub_category_name as sub_category,
    listing.region_name as region,
    listing.district_name as district,
    listing.total_price,
    warehouse.price_per_m2(listing.total_price, listing.area_m2) as price_per_m2,
    listing.area_m2
from warehouse.named_listing as listing
left join warehouse.offer_day on offer_day.category = listing.category and offer_day.deal = listing.deal
cross join lateral (
    values (0, 'infinity'), (7, offer_day.week_until), (30, offer_day.month_until)
) as past (days_ago, until)
where listing.delisted_at is null and listing.price_since < past.until
union all
-- What has ended in the last month: gone, or at another price.
select
    past.days_ago,
    offer_day.last_day - past.days_ago,
    spell.hash_id,
    listing.category_name,
    listing.deal_name,
    listing.sub_category_name,
    listing.region_name,
    listing.district_name,
    spell.total_price,
    warehouse.price_per_m2(spell.total_price, listing.area_m2),
    listing.area_m2
from (
    -- Between two bounds, so that the planner expects few and takes the index spell_ended.
    select hash_id, first_seen, least(next_seen, delisted_at) as until, total_price
    from warehouse.spell
    where (next_seen is not null or delisted_at is not null)
        and greatest(next_seen, delisted_at)
            between (select min(coalesce(month_until, week_until)) from warehouse.offer_day) and 'infinity'
    -- Keeps the planner from another order of joins, which it takes for cheaper than it is.
    offset 0
) as spell
join warehouse.named_listing as listing on listing.hash_id = spell.hash_id
join warehouse.offer_day on offer_day.category = listing.category and offer_day.deal = listing.deal
cross join lateral (values (7, offer_day.week_until), (30, offer_day.month_until)) as past (days_ago, until)
where spell.first_seen < past.until and spell.until >= past.until;
comment on view mart.offer is 'What was on offer at the latest complete walk, and at the end of the UTC days 7 and 30 days before it: one row for each listing and day, at its price then. A day before the first complete walk of a category and deal has no rows; if at first only a part was walked, only that part counts then.';
comment on column mart.offer.days_ago is '0 (the rows of current_listing), 7 or 30: days before the day of the latest complete walk of that category and deal.';
comment on column mart.offer.day is 'That day.';
comment on column mart.offer.total_price is 'Whole crowns, per month for rents; null on request.';
comment on column mart.offer.price_per_m2 is 'total_price by area_m2, in whole crowns.';
comment on column mart.offer.area_m2 is 'Like all but the price as the newest sighting says.';
