-- The marts: what analysts and the dashboard read. A day is a UTC day everywhere.

create schema mart;

-- When each pair of category and deal was last walked completely: nationwide, and in part.
create view warehouse.latest_walk as
select
    category,
    deal,
    max(started_at) filter (where nationwide) as nationwide,
    max(started_at) filter (where not nationwide) as narrowed
from (
    select category, deal, started_at,
        region_id is null and district_id is null and sub_categories is null as nationwide
    from warehouse.walk
    where complete
) as walk
group by category, deal;
comment on view warehouse.latest_walk is 'Start of the latest complete walk of each category and deal, nationwide and narrowed.';

-- A function and not a part of the views: it is only called where there are narrowed walks, and a planner that does not
-- know this expects it to be dear. It reads as its owner, as views do: readers may not read the ledger.
create function warehouse.latest_cover(
    category smallint, deal smallint, sub_category smallint, region_id integer, district_id integer
) returns timestamptz
language sql stable parallel safe security definer cost 1
begin atomic
    select walk.started_at
    from warehouse.walk
    where walk.complete
        and walk.category = latest_cover.category
        and walk.deal = latest_cover.deal
        and warehouse.covers(
            walk, latest_cover.category, latest_cover.deal, latest_cover.sub_category, latest_cover.region_id,
            latest_cover.district_id
        )
    order by walk.started_at desc, walk.id desc
    limit 1;
end;
comment on function warehouse.latest_cover is 'Start of the latest complete walk that covers such a listing: what a null last_seen stands for.';

create view mart.listing_state as
select
    listing.hash_id,
    spell.total_price,
    listing.first_seen,
    case
        when spell.last_seen is not null then spell.last_seen
        when latest_walk.narrowed > latest_walk.nationwide or latest_walk.nationwide is null then warehouse.latest_cover(
            listing.category, listing.deal, listing.sub_category, listing.region_id, listing.district_id
        )
        else latest_walk.nationwide
    end as last_seen,
    spell.missing_since,
    spell.delisted_at
from warehouse.listing
join warehouse.spell on spell.hash_id = listing.hash_id and spell.next_seen is null
left join warehouse.latest_walk on latest_walk.category = listing.category and latest_walk.deal = listing.deal;
comment on view mart.listing_state is 'Every listing ever seen, with its latest price and times. Large: for what is on offer take current_listing.';
comment on column mart.listing_state.total_price is 'Whole crowns, per month for rents; null on request.';
comment on column mart.listing_state.first_seen is 'Start of the first walk that saw it.';
comment on column mart.listing_state.last_seen is 'Start of the last walk that saw it.';
comment on column mart.listing_state.missing_since is 'Start of the first complete walk since then that covered it and missed it.';
comment on column mart.listing_state.delisted_at is 'Start of the third such walk in a row: the listing is gone.';

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
    case
        when listing.last_seen is not null then listing.last_seen
        when latest_walk.narrowed > latest_walk.nationwide or latest_walk.nationwide is null then warehouse.latest_cover(
            listing.category, listing.deal, listing.sub_category, listing.region_id, listing.district_id
        )
        else latest_walk.nationwide
    end as last_seen,
    listing.price_since,
    listing.missing_since,
    walk.segment,
    walk.key as object_key,
    listing.walk_id,
    listing.line,
    listing.row_index
from warehouse.current_listing as listing
left join warehouse.latest_walk on latest_walk.category = listing.category and latest_walk.deal = listing.deal
left join warehouse.walk on walk.id = listing.walk_id;
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

create view mart.price_change as
select
    change.hash_id,
    change.category,
    change.deal,
    change.sub_category,
    change.name,
    change.region,
    change.district,
    change.city,
    change.area_m2,
    (change.changed_at at time zone 'UTC')::date as day,
    change.changed_at,
    change.old_price,
    change.new_price,
    change.new_price - change.old_price as difference,
    round(1000.0::double precision * (change.new_price - change.old_price) / nullif(change.old_price, 0)) / 10 as percent
from warehouse.price_change as change;
comment on view mart.price_change is 'Every change of a listing from one known total price to another, also across an absence.';
comment on column mart.price_change.changed_at is 'Start of the first walk that saw the new price. Filter by this one: it is indexed, day is not.';
comment on column mart.price_change.day is 'UTC day of changed_at.';
comment on column mart.price_change.difference is 'Whole crowns; negative for a price that was lowered.';

create view mart.price_per_m2_overall as
select
    cell.day,
    cell.category,
    cell.deal,
    cell.place,
    cell.sub_category = -1 as all_sub_categories,
    cell.region,
    cell.district,
    sub_category.name as sub_category,
    cell.listings,
    cell.lower_quartile,
    cell.median,
    cell.upper_quartile
from (
    -- Taken apart in the select list and not by a lateral join, which takes three times as long.
    select
        level.day,
        category.name as category,
        deal.name as deal,
        case when level.region_id = -1 then 'country' when level.district_id = -1 then 'region' else 'district' end as place,
        region.name as region,
        district.name as district,
        unnest(level.sub_categories) as sub_category,
        unnest(level.listings) as listings,
        unnest(level.lower_quartiles) as lower_quartile,
        unnest(level.medians) as median,
        unnest(level.upper_quartiles) as upper_quartile
    from warehouse.price_level as level
    left join warehouse.code as category on category.kind = 'category_main' and category.code = level.category
    left join warehouse.code as deal on deal.kind = 'category_type' and deal.code = level.deal
    left join warehouse.code as region on region.kind = 'region' and region.code = level.region_id
    left join warehouse.code as district on district.kind = 'district' and district.code = level.district_id
) as cell
left join warehouse.code as sub_category on sub_category.kind = 'category_sub' and sub_category.code = cell.sub_category
where cell.place <> 'district' or cell.sub_category = -1;
comment on view mart.price_per_m2_overall is 'Price per m² by day, taken together: by district over all sub-categories, and by region and country over all districts, each by sub-category and over all of them. Filter by place and all_sub_categories: a row is part of others. Days on which only a part was walked have only what that part takes in.';
comment on column mart.price_per_m2_overall.place is 'country, region or district: what the row is about.';
comment on column mart.price_per_m2_overall.all_sub_categories is 'Whether all sub-categories are taken together; sub_category is null then.';
comment on column mart.price_per_m2_overall.listings is 'How many listings with a price and an area.';

create view mart.price_per_m2 as
select
    cell.day,
    cell.category,
    cell.deal,
    cell.region,
    cell.district,
    sub_category.name as sub_category,
    cell.listings,
    cell.lower_quartile,
    cell.median,
    cell.upper_quartile
from (
    select
        level.day,
        category.name as category,
        deal.name as deal,
        region.name as region,
        district.name as district,
        unnest(level.sub_categories) as sub_category,
        unnest(level.listings) as listings,
        unnest(level.lower_quartiles) as lower_quartile,
        unnest(level.medians) as median,
        unnest(level.upper_quartiles) as upper_quartile
    from warehouse.price_level as level
    left join warehouse.code as category on category.kind = 'category_main' and category.code = level.category
    left join warehouse.code as deal on deal.kind = 'category_type' and deal.code = level.deal
    left join warehouse.code as region on region.kind = 'region' and region.code = level.region_id
    left join warehouse.code as district on district.kind = 'district' and district.code = level.district_id
    where level.district_id <> -1
) as cell
left join warehouse.code as sub_category on sub_category.kind = 'category_sub' and sub_category.code = cell.sub_category
where cell.sub_category <> -1;
comment on view mart.price_per_m2 is 'Price per m² by day, region, district and disposition (sub-category), in whole crowns, as the last complete walk of the UTC day saw it. Large: filter by category and deal. Medians of larger parts are in price_per_m2_overall, for they do not follow from these.';
comment on column mart.price_per_m2.listings is 'How many listings with a price and an area.';
comment on column mart.price_per_m2.lower_quartile is 'A quarter of the listings costs this or less.';
comment on column mart.price_per_m2.median is 'Half of the listings cost this or less: a price that some listing has.';
comment on column mart.price_per_m2.upper_quartile is 'Three quarters of the listings cost this or less.';

create view mart.rental_yield as
with latest as (
    select category, deal, max(day) as day
    from (values (1::smallint, 1::smallint), (1, 2), (2, 1), (2, 2)) as pair (category, deal)
    cross join lateral (
        select level.day
        from warehouse.price_level as level
        where level.category = pair.category and level.deal = pair.deal
        order by level.day desc
        limit 1
    ) as known
    group by category, deal
),
-- What was walked in the last week; of each cell the latest day.
level as (
    select distinct on (level.category, level.deal, level.region_id, level.district_id, cell.sub_category)
        level.category, level.deal, level.region_id, level.district_id, level.day, cell.*
    from latest
    join warehouse.price_level as level
        on level.category = latest.category and level.deal = latest.deal
        and level.day between latest.day - 6 and latest.day
    cross join lateral unnest(level.sub_categories, level.listings, level.medians) as cell (sub_category, listings, median)
    where level.district_id > 0
    order by level.category, level.deal, level.region_id, level.district_id, cell.sub_category, level.day desc
)
select
    category.name as category,
    region.name as region,
    district.name as district,
    sub_category.name as sub_category,
    sale.sub_category = -1 as all_sub_categories,
    sale.listings as for_sale,
    rent.listings as for_rent,
    least(sale.listings, rent.listings) as fewest,
    sale.median as sale_price_per_m2,
    rent.median as rent_per_m2,
    round(100.0 * 12 * rent.median / nullif(sale.median, 0), 2) as gross_yield_percent,
    least(sale.day, rent.day) as day
from level as sale
join level as rent using (category, region_id, district_id, sub_category)
left join warehouse.code as category on category.kind = 'category_main' and category.code = sale.category
left join warehouse.code as sub_category on sub_category.kind = 'category_sub' and sub_category.code = sale.sub_category
left join warehouse.code as region on region.kind = 'region' and region.code = sale.region_id
left join warehouse.code as district on district.kind = 'district' and district.code = sale.district_id
where sale.deal = 1 and rent.deal = 2;
comment on view mart.rental_yield is 'Gross rental yield of flats and houses by district and disposition: twelve median monthly rents per m² by the median sale price per m², as the latest complete walks saw them. Before costs, taxes and vacancy, and of what is asked, not paid.';
comment on column mart.rental_yield.all_sub_categories is 'Whether all dispositions of the district are taken together; sub_category is null then.';
comment on column mart.rental_yield.fewest is 'The smaller of for_sale and for_rent: a yield of a handful says little, so filter by it.';
comment on column mart.rental_yield.day is 'Day of the older of the two medians: of each place the latest day of the last week on which it was walked.';

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
    turnover.gone
from warehouse.turnover
left join warehouse.code as category on category.kind = 'category_main' and category.code = turnover.category
left join warehouse.code as deal on deal.kind = 'category_type' and deal.code = turnover.deal
left join warehouse.code as region on region.kind = 'region' and region.code = turnover.region_id
left join warehouse.code as district on district.kind = 'district' and district.code = turnover.district_id;
comment on view mart.new_and_gone is 'How many listings came and went, by day and district.';
comment on column mart.new_and_gone.new is 'Listings seen for the first time on this day. On the first day of all that is everything on offer.';
comment on column mart.new_and_gone.returned is 'Listings that were gone and are seen again since this day.';
comment on column mart.new_and_gone.gone is 'Listings that were missed for the third time in a row on this day.';
comment on column mart.new_and_gone.last_seen is 'The same listings, by the day on which they were seen for the last time. The latest days lack those that are not yet missed three times.';

create view mart.time_on_market as
select
    category.name as category,
    deal.name as deal,
    region.name as region,
    district.name as district,
    sub_category.name as sub_category,
    stay.listings,
    stay.days[1] as lower_quartile_days,
    stay.days[2] as median_days,
    stay.days[3] as upper_quartile_days
from (
    select category, deal, region_id, district_id, sub_category, count(*) as listings,
        percentile_disc(array[0.25, 0.5, 0.75]) within group (order by days_on_market) as days
    from warehouse.stay
    where days_on_market is not null
        and gone_on > (select (max(started_at) at time zone 'UTC' - interval '1 year')::date from warehouse.walk where complete)
    group by category, deal, region_id, district_id, sub_category
) as stay
left join warehouse.code as category on category.kind = 'category_main' and category.code = stay.category
left join warehouse.code as deal on deal.kind = 'category_type' and deal.code = stay.deal
left join warehouse.code as sub_category on sub_category.kind = 'category_sub' and sub_category.code = stay.sub_category
left join warehouse.code as region on region.kind = 'region' and region.code = stay.region_id
left join warehouse.code as district on district.kind = 'district' and district.code = stay.district_id;
comment on view mart.time_on_market is 'For how many days listings were on offer, of those that were gone in the twelve months before the latest complete walk and have not returned. From the first sighting to the first walk that missed it; what was on offer when collecting began counts from then. Price and success are unknown: gone is not sold.';
comment on column mart.time_on_market.listings is 'How many listings.';

create view mart.listing_age as
select
    category.name as category,
    deal.name as deal,
    region.name as region,
    district.name as district,
    sub_category.name as sub_category,
    listing.listings,
    listing.days[1] as lower_quartile_days,
    listing.days[2] as median_days,
    listing.days[3] as upper_quartile_days
from (
    select category, deal, region_id, district_id, sub_category, count(*) as listings,
        percentile_disc(array[0.25, 0.5, 0.75]) within group (
            order by today.day - (first_seen at time zone 'UTC')::date
        ) as days
    from warehouse.current_listing
    cross join (select (max(started_at) at time zone 'UTC')::date as day from warehouse.walk where complete) as today
    group by category, deal, region_id, district_id, sub_category
) as listing
left join warehouse.code as category on category.kind = 'category_main' and category.code = listing.category
left join warehouse.code as deal on deal.kind = 'category_type' and deal.code = listing.deal
left join warehouse.code as sub_category on sub_category.kind = 'category_sub' and sub_category.code = listing.sub_category
left join warehouse.code as region on region.kind = 'region' and region.code = listing.region_id
left join warehouse.code as district on district.kind = 'district' and district.code = listing.district_id;
comment on view mart.listing_age is 'For how many days the listings now on offer have been so, from their first sighting to the day of the latest complete walk.';

create view mart.relisting as
select
    relisting.new_hash_id,
    relisting.old_hash_id,
    relisting.category,
    relisting.deal,
    relisting.sub_category,
    relisting.name,
    relisting.region,
    relisting.district,
    relisting.city,
    relisting.area_m2,
    relisting.location_precision,
    relisting.same_agency,
    relisting.old_last_seen,
    relisting.relisted_at,
    (relisting.relisted_at at time zone 'UTC')::date as day,
    relisting.old_price,
    relisting.new_price,
    round(1000.0::double precision * (relisting.new_price - relisting.old_price) / nullif(relisting.old_price, 0)) / 10 as percent
from warehouse.relisting;
comment on view mart.relisting is 'Properties that were taken off and advertised anew under another id. The rule: the same category, deal, sub-category, area and plot, the same coordinates to four decimals (about ten metres); first seen after the old listing''s last sighting and at most 30 days (720 hours) after it; the old one missed by a complete walk and not back since; asked at first for 80 to 120 % of the old one''s last price, or one of the two unknown. Of several old ones the last seen counts, so each new listing has at most one.';
comment on column mart.relisting.location_precision is 'Where it is street, ward or municipality, the coordinates are the middle of it, and two alike properties there cannot be told apart.';
comment on column mart.relisting.same_agency is 'Null where one of the two has none.';
comment on column mart.relisting.relisted_at is 'Start of the first walk that saw the new listing.';

-- The pipeline's own health.

create view mart.walk_health as
select
    id as walk_id,
    segment,
    (started_at at time zone 'UTC')::date as day,
    started_at,
    finished_at - started_at as duration,
    complete,
    incomplete_because,
    announced,
    rows_seen,
    rows_loaded,
    rows_duplicate,
    rows_rejected,
    round(rows_loaded::numeric / nullif(announced, 0), 4) as completeness,
    requests,
    retries,
    object_bytes,
    loaded_at - finished_at as load_lag,
    key as object_key,
    software
from warehouse.walk;
comment on view mart.walk_health is 'Every walk in the ledger, and how it went.';
comment on column mart.walk_health.announced is 'How many listings the portal said there are.';
comment on column mart.walk_health.rows_seen is 'Rows in the raw object; each was loaded, a duplicate or rejected.';
comment on column mart.walk_health.rows_duplicate is 'Rows that repeat a listing of the same walk: pages shift while they are read.';
comment on column mart.walk_health.completeness is 'Different listings loaded by listings announced; above 1 where some came while the walk went on.';
comment on column mart.walk_health.load_lag is 'From the end of the walk to its load; long after the warehouse was made anew from the raw zone, and no fault then.';

create view mart.segment_health as
select
    coalesce(segment.segment, quarantined.segment) as segment,
    segment.last_walk_at,
    segment.last_complete_at,
    round((extract(epoch from now() - segment.last_complete_at) / 3600)::numeric, 1) as freshness_hours,
    segment.incomplete_in_a_row,
    segment.walks_7_days,
    segment.rejects_7_days,
    coalesce(quarantined.objects, 0) as quarantined_objects
from (
    select
        walk.segment,
        max(walk.started_at) as last_walk_at,
        max(latest.started_at) as last_complete_at,
        count(*) filter (where (walk.started_at > latest.started_at) is not false) as incomplete_in_a_row,
        count(*) filter (where walk.started_at > now() - interval '7 days') as walks_7_days,
        coalesce(sum(walk.rows_rejected) filter (where walk.started_at > now() - interval '7 days'), 0)::bigint
            as rejects_7_days
    from warehouse.walk
    left join (
        select segment, max(started_at) as started_at from warehouse.walk where complete group by segment
    ) as latest on latest.segment = walk.segment
    group by walk.segment
) as segment
full join (
    select segment, count(*) as objects from warehouse.quarantine where released_at is null group by segment
) as quarantined on quarantined.segment = segment.segment;
comment on view mart.segment_health is 'Every segment that was ever walked: how fresh it is, and what went wrong lately.';
comment on column mart.segment_health.freshness_hours is 'Hours since the start of the latest complete walk, as of now.';
comment on column mart.segment_health.incomplete_in_a_row is 'Walks since the latest complete one.';
comment on column mart.segment_health.quarantined_objects is 'Raw objects of this segment that are set aside and not released; of objects whose segment is unknown, in a row without one.';
