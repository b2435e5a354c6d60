create view mart.offer as
-- At the price that it has now, or had when it was gone.
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
from warehouse.lately_offered as listing
left join warehouse.offer_day on offer_day.category = listing.category and offer_day.deal = listing.deal
cross join lateral (
    values (0, 'infinity'), (7, offer_day.week_until), (30, offer_day.month_until)
) as past (days_ago, until)
where listing.price_since < past.until and (listing.delisted_at is null or listing.delisted_at >= past.until)
union all
-- At a price that it has not had since.
select
    past.days_ago,
    offer_day.last_day - past.days_ago,
    listing.hash_id,
    listing.category_name,
    listing.deal_name,
    listing.sub_category_name,
    listing.region_name,
    listing.district_name,
    spell.total_price,
    warehouse.price_per_m2(spell.total_price, listing.area_m2),
    listing.area_m2
from warehouse.lately_offered as listing
join warehouse.offer_day on offer_day.category = listing.category and offer_day.deal = listing.deal
cross join lateral (values (7, offer_day.week_until), (30, offer_day.month_until)) as past (days_ago, until)
cross join lateral (
    select total_price
    from warehouse.spell
    where spell.hash_id = listing.hash_id
        and spell.first_seen < past.until
        and least(spell.next_seen, spell.delisted_at) >= past.until
    -- There is one at most, and it is looked up.
    limit 1
) as spell
where listing.first_seen < past.until
    and listing.price_since >= past.until
    -- That follows. Between two bounds, so that the planner expects few.
    and listing.price_since
        between (select min(coalesce(month_until, week_until)) from warehouse.offer_day) and 'infinity';
comment on view mart.offer is 'What was on offer at the latest complete walk, and at the end of the UTC days 7 and 30 days before it: one row for each listing and day, at its price then. A day before the first complete walk of a category and deal has no rows; if at first only a part was walked, only that part counts then.';
comment on column mart.offer.days_ago is '0 (the rows of current_listing), 7 or 30: days before the day of the latest complete walk of that category and deal.';
comment on column mart.offer.day is 'That day.';
comment on column mart.offer.total_price is 'Whole crowns, per month for rents; null on request.';
comment on column mart.offer.price_per_m2 is 'total_price by area_m2, in whole crowns.';
comment on column mart.offer.area_m2 is 'Like all but the price as the newest sighting says.';
