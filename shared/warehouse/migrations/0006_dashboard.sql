-- What the dashboard asks for besides: stays one by one, what was on offer a week and a month ago, the way to an
-- advert's public page, and the judgement of someone on call.

alter table warehouse.code add column part_of integer;
comment on column warehouse.code.part_of is 'Of a district the code of its region.';

alter table warehouse.walk
    add column refusals bigint,
    add column load_seconds double precision;
comment on column warehouse.walk.refusals is 'Answers by which the portal refused a request of the walk (401, 403, 429); null if the raw object does not say.';
comment on column warehouse.walk.load_seconds is 'How long the walk''s load took, from the beginning of its transaction to its last statement; null for loads before this was measured.';

create function warehouse.advert_url(category text, deal text, hash_id bigint) returns text
language sql immutable parallel safe
begin atomic
    -- The portal wants a deal, a category and a sub-category that it knows, and redirects from there by the id alone.
    select 'https://www.sreality.cz/detail/'
        || case deal
            when 'Prodej' then 'prodej'
            when 'Pronájem' then 'pronajem'
            when 'Dražby' then 'drazba'
            when 'Podíly' then 'podil'
        end
        || case category
            when 'Byty' then '/byt/1+kk/x/'
            when 'Domy' then '/dum/rodinny/x/'
            when 'Pozemky' then '/pozemek/bydleni/x/'
            when 'Komerční' then '/komercni/kancelare/x/'
            when 'Ostatní' then '/ostatni/garaz/x/'
        end
        || hash_id::text;
end;
comment on function warehouse.advert_url is 'An address from which the portal redirects to the advert''s page. Made of names of the code tables and of the id, never of scraped text; null where one of them is unknown.';


-- Market.

create view mart.district as
select region.name as region, district.name as district
from warehouse.code as district
join warehouse.code as region on region.kind = 'region' and region.code = district.part_of
where district.kind = 'district';
comment on view mart.district is 'All regions and districts that the portal knows, whether anything is on offer there or not.';

create view mart.price_level as
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
        case
            when level.region_id = -1 then 'country'
            when level.district_id = -1 then 'region'
            else 'district'
        end as place,
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
left join warehouse.code as sub_category on sub_category.kind = 'category_sub' and sub_category.code = cell.sub_category;
comment on view mart.price_level is 'Price per m² by day and place, in whole crowns, as the last complete walk of the UTC day saw it: by country, region and district, each by sub-category and over all of them. Filter by place and all_sub_categories, for a row is part of others, and by category and deal: it is large.';
comment on column mart.price_level.place is 'country, region or district: what the row is about.';
comment on column mart.price_level.all_sub_categories is 'Whether all sub-categories are taken together; sub_category is null then, as it is for listings without one.';
comment on column mart.price_level.listings is 'How many listings with a price and an area.';
comment on column mart.price_level.lower_quartile is 'A quarter of the listings costs this or less.';
comment on column mart.price_level.median is 'Half of the listings cost this or less: a price that some listing has.';
comment on column mart.price_level.upper_quartile is 'Three quarters of the listings cost this or less.';

create or replace view mart.price_per_m2_overall as
select
    day, category, deal, place, all_sub_categories, region, district, sub_category, listings, lower_quartile, median,
    upper_quartile
from mart.price_level
where place <> 'district' or all_sub_categories;

create or replace view mart.price_per_m2 as
select day, category, deal, region, district, sub_category, listings, lower_quartile, median, upper_quartile
from mart.price_level
where place = 'district' and not all_sub_categories;

-- The columns that were there before stay as they are.
create or replace view mart.current_listing as
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
    listing.row_index,
    warehouse.advert_url(listing.category_name, listing.deal_name, listing.hash_id) as url
from warehouse.current_listing as listing
left join warehouse.latest_walk on latest_walk.category = listing.category and latest_walk.deal = listing.deal
left join warehouse.walk on walk.id = listing.walk_id;
comment on column mart.current_listing.url is 'The advert''s page on the portal. Of a simulated listing it leads nowhere.';

create or replace view mart.price_change as
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
    round(1000.0::double precision * (change.new_price - change.old_price) / nullif(change.old_price, 0)) / 10
        as percent,
    warehouse.advert_url(change.category, change.deal, change.hash_id) as url
from warehouse.price_change as change;
comment on column mart.price_change.url is 'The advert''s page on the portal. Of a simulated listing it leads nowhere.';

create or replace view mart.relisting as
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
    round(1000.0::double precision * (relisting.new_price - relisting.old_price) / nullif(relisting.old_price, 0)) / 10
        as percent,
    warehouse.advert_url(relisting.category, relisting.deal, relisting.new_hash_id) as url
from warehouse.relisting;
comment on column mart.relisting.url is 'The new advert''s page on the portal. Of a simulated listing it leads nowhere.';

create view mart.price_history as
select
    spell.hash_id,
    spell.first_seen,
    case
        when spell.last_seen is not null then spell.last_seen
        when latest_walk.narrowed > latest_walk.nationwide or latest_walk.nationwide is null then warehouse.latest_cover(
            listing.category, listing.deal, listing.sub_category, listing.region_id, listing.district_id
        )
        else latest_walk.nationwide
    end as last_seen,
    spell.missing_since,
    spell.delisted_at,
    spell.total_price,
    warehouse.price_per_m2(spell.total_price, listing.area_m2) as price_per_m2,
    walk.key as object_key,
    spell.first_walk as walk_id,
    version.line,
    version.row_index,
    listing.name,
    category.name as category,
    deal.name as deal,
    sub_category.name as sub_category,
    region.name as region,
    district.name as district,
    listing.city,
    warehouse.advert_url(category.name, deal.name, spell.hash_id) as url
from warehouse.spell
join warehouse.listing on listing.hash_id = spell.hash_id
join warehouse.walk on walk.id = spell.first_walk
left join lateral (
    select version.line, version.row_index
    from warehouse.listing_version as version
    where version.hash_id = spell.hash_id and version.walk_id = spell.first_walk
    order by version.line, version.row_index
    limit 1
) as version on true
left join warehouse.latest_walk on latest_walk.category = listing.category and latest_walk.deal = listing.deal
left join warehouse.code as category on category.kind = 'category_main' and category.code = listing.category
left join warehouse.code as deal on deal.kind = 'category_type' and deal.code = listing.deal
left join warehouse.code as sub_category on sub_category.kind = 'category_sub' and sub_category.code = listing.sub_category
left join warehouse.code as region on region.kind = 'region' and region.code = listing.region_id
left join warehouse.code as district on district.kind = 'district' and district.code = listing.district_id;
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
left join warehouse.code as category on category.kind = 'category_main' and category.code = stay.category
left join warehouse.code as deal on deal.kind = 'category_type' and deal.code = stay.deal
left join warehouse.code as sub_category on sub_category.kind = 'category_sub' and sub_category.code = stay.sub_category
left join warehouse.code as region on region.kind = 'region' and region.code = stay.region_id
left join warehouse.code as district on district.kind = 'district' and district.code = stay.district_id;
comment on view mart.stay is 'Every time that a listing came and, perhaps, was gone again. A few missed walks do not end a stay; being missed by three complete walks in a row does.';
comment on column mart.stay.came_at is 'Start of the first walk of the stay that saw it.';
comment on column mart.stay.returned is 'Whether the listing had been here and gone before.';
comment on column mart.stay.last_seen_on is 'UTC day of the last sighting; null while it is not gone.';
comment on column mart.stay.gone_on is 'UTC day of the third complete walk in a row that missed it; null while it is not gone.';
comment on column mart.stay.days_on_market is 'From the day of the listing''s very first sighting to the day of the first walk that missed it; null unless it is gone and has not returned. What was on offer when collecting began counts from then.';

-- By the index of turnover's key, one look-up for each pair; grouped, so that the planner sees one row for each and
-- leaves the join out where nobody asks for first_day.
create view warehouse.first_day as
select category.code::smallint as category, deal.code::smallint as deal, min(first.day) as day
from warehouse.code as category
cross join warehouse.code as deal
cross join lateral (
    select turnover.day
    from warehouse.turnover
    where turnover.category = category.code::smallint and turnover.deal = deal.code::smallint
    order by turnover.day
    limit 1
) as first
where category.kind = 'category_main' and deal.kind = 'category_type'
group by 1, 2;
comment on view warehouse.first_day is 'The UTC day on which anything of a category and deal was seen for the first time.';

create view mart.coming_and_going as
select
    event.day,
    event.event,
    event.hash_id,
    category.name as category,
    deal.name as deal,
    sub_category.name as sub_category,
    region.name as region,
    district.name as district,
    coalesce(event.day = first_day.day, false) as first_day
from (
    select
        (came_at at time zone 'UTC')::date as day, case when returned then 'returned' else 'new' end as event,
        hash_id, category, deal, sub_category, region_id, district_id
    from warehouse.stay
    union all
    select gone_on, 'gone', hash_id, category, deal, sub_category, region_id, district_id
    from warehouse.stay
    where gone_on is not null
) as event
left join warehouse.first_day on first_day.category = event.category and first_day.deal = event.deal
left join warehouse.code as category on category.kind = 'category_main' and category.code = event.category
left join warehouse.code as deal on deal.kind = 'category_type' and deal.code = event.deal
left join warehouse.code as sub_category on sub_category.kind = 'category_sub' and sub_category.code = event.sub_category
left join warehouse.code as region on region.kind = 'region' and region.code = event.region_id
left join warehouse.code as district on district.kind = 'district' and district.code = event.district_id;
comment on view mart.coming_and_going is 'Every time that a listing came, returned or was gone: new_and_gone one by one, with the sub-category. Filter by day.';
comment on column mart.coming_and_going.day is 'UTC day.';
comment on column mart.coming_and_going.event is 'new: seen for the first time; returned: seen again after it was gone; gone: missed by the third complete walk in a row.';
comment on column mart.coming_and_going.first_day is 'Whether it is the first day on which anything of this category and deal was seen: new is everything on offer then.';

create or replace view mart.new_and_gone as
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
left join warehouse.code as category on category.kind = 'category_main' and category.code = turnover.category
left join warehouse.code as deal on deal.kind = 'category_type' and deal.code = turnover.deal
left join warehouse.code as region on region.kind = 'region' and region.code = turnover.region_id
left join warehouse.code as district on district.kind = 'district' and district.code = turnover.district_id;
comment on column mart.new_and_gone.new is 'Listings seen for the first time on this day. On the first day of all that is everything on offer: first_day says so.';
comment on column mart.new_and_gone.first_day is 'Whether it is the first day on which anything of this category and deal was seen.';

-- What was on offer now, a week and a month ago.

create view warehouse.offer_day as
select
    walked.category,
    walked.deal,
    category.name as category_name,
    deal.name as deal_name,
    walked.last_day,
    case
        when walked.last_day - 7 >= walked.first_day then (walked.last_day - 6)::timestamp at time zone 'UTC'
    end as week_until,
    case
        when walked.last_day - 30 >= walked.first_day then (walked.last_day - 29)::timestamp at time zone 'UTC'
    end as month_until
from (
    select
        category,
        deal,
        (min(started_at) at time zone 'UTC')::date as first_day,
        (max(started_at) at time zone 'UTC')::date as last_day
    from warehouse.walk
    where complete
    group by category, deal
) as walked
left join warehouse.code as category on category.kind = 'category_main' and category.code = walked.category
left join warehouse.code as deal on deal.kind = 'category_type' and deal.code = walked.deal;
comment on view warehouse.offer_day is 'For each category and deal the UTC day of the latest complete walk, and when the days ended that were 7 and 30 days before it: null if nothing had been walked completely by then.';

-- What mart.offer needs of listings that are gone or at another price: 64 000 of them in a month, twice as fast as from
-- their wide rows.
create index listing_offer on warehouse.listing (hash_id)
    include (category, deal, sub_category, region_id, district_id, area_m2);

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
from warehouse.current_listing as listing
left join warehouse.offer_day on offer_day.category = listing.category and offer_day.deal = listing.deal
cross join lateral (
    values (0, 'infinity'), (7, offer_day.week_until), (30, offer_day.month_until)
) as past (days_ago, until)
where listing.price_since < past.until
union all
select
    past.days_ago, offer_day.last_day - past.days_ago, spell.hash_id, offer_day.category_name, offer_day.deal_name,
    sub_category.name, region.name, district.name, spell.total_price,
    warehouse.price_per_m2(spell.total_price, spell.area_m2), spell.area_m2
from (
    -- What has ended in the last month: gone, or at another price. Between two bounds, so that the planner expects few
    -- and takes the index spell_followed.
    select
        spell.hash_id, spell.first_seen, least(spell.next_seen, spell.delisted_at) as until, spell.total_price,
        listing.category, listing.deal, listing.sub_category, listing.region_id, listing.district_id, listing.area_m2
    from warehouse.spell
    join warehouse.listing on listing.hash_id = spell.hash_id
    where greatest(spell.next_seen, spell.delisted_at)
        between (select min(coalesce(month_until, week_until)) from warehouse.offer_day) and 'infinity'
    -- Keeps the planner from another order of joins, which it takes for cheaper than it is.
    offset 0
) as spell
join warehouse.offer_day on offer_day.category = spell.category and offer_day.deal = spell.deal
cross join lateral (values (7, offer_day.week_until), (30, offer_day.month_until)) as past (days_ago, until)
left join warehouse.code as sub_category on sub_category.kind = 'category_sub' and sub_category.code = spell.sub_category
left join warehouse.code as region on region.kind = 'region' and region.code = spell.region_id
left join warehouse.code as district on district.kind = 'district' and district.code = spell.district_id
where spell.first_seen < past.until and spell.until >= past.until;
comment on view mart.offer is 'What was on offer at the latest complete walk, and at the end of the UTC days 7 and 30 days before it: one row for each listing and day, at its price then. A day before the first complete walk of a category and deal has no rows; if at first only a part was walked, only that part counts then.';
comment on column mart.offer.days_ago is '0 (the rows of current_listing), 7 or 30: days before the day of the latest complete walk of that category and deal.';
comment on column mart.offer.day is 'That day.';
comment on column mart.offer.total_price is 'Whole crowns, per month for rents; null on request.';
comment on column mart.offer.price_per_m2 is 'total_price by area_m2, in whole crowns.';
comment on column mart.offer.area_m2 is 'Like all but the price as the newest sighting says.';


-- The pipeline.

create or replace view mart.walk_health as
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
    software,
    since,
    (select count(*) from warehouse.drift where drift.walk_id = walk.id) as drifts,
    robots_disregarded,
    refusals,
    load_seconds,
    portal
from warehouse.walk;
comment on column mart.walk_health.refusals is 'Answers by which the portal refused a request (401, 403, 429); null if the raw object does not say.';
comment on column mart.walk_health.load_seconds is 'How long the load took; null for loads before this was measured.';
comment on column mart.walk_health.portal is 'Base URL of the portal that was asked: tells simulated data from real ones.';

create or replace view mart.segment_health as
select
    coalesce(segment.segment, quarantined.segment) as segment,
    segment.last_walk_at,
    segment.last_complete_at,
    round((extract(epoch from now() - segment.last_complete_at) / 3600)::numeric, 1) as freshness_hours,
    segment.incomplete_in_a_row,
    segment.walks_7_days,
    segment.rejects_7_days,
    coalesce(quarantined.objects, 0) as quarantined_objects,
    coalesce(drift.drifts, 0) as drifts,
    segment.portal
from (
    select
        walk.segment,
        max(walk.started_at) as last_walk_at,
        max(latest.started_at) as last_complete_at,
        count(*) filter (where walk.since is null and (walk.started_at > latest.started_at) is not false)
            as incomplete_in_a_row,
        count(*) filter (where walk.started_at > now() - interval '7 days') as walks_7_days,
        coalesce(sum(walk.rows_rejected) filter (where walk.started_at > now() - interval '7 days'), 0)::bigint
            as rejects_7_days,
        (array_agg(walk.portal order by walk.started_at desc, walk.id desc))[1] as portal
    from warehouse.walk
    left join (
        select segment, max(started_at) as started_at from warehouse.walk where complete group by segment
    ) as latest on latest.segment = walk.segment
    group by walk.segment
) as segment
full join (
    select segment, count(*) as objects from warehouse.quarantine where released_at is null group by segment
) as quarantined on quarantined.segment = segment.segment
left join (
    select unnest(still_shown_in) as segment, count(*) as drifts from mart.drift group by 1
) as drift on drift.segment = segment.segment;
comment on column mart.segment_health.portal is 'Base URL of the portal that the latest walk asked: tells simulated data from real ones.';

create view mart.quarantine as
select
    segment,
    key as object_key,
    kind,
    reason,
    noted_at as set_aside_at,
    released_at,
    object_bytes,
    walk_id,
    started_at
from warehouse.quarantine;
comment on view mart.quarantine is 'Raw objects that were set aside as a whole: nothing of them is in any other mart but the counts of them.';
comment on column mart.quarantine.kind is 'damaged: the object is no intact walk file; unknown_format: of a later version; falsified: its rows are not true.';
comment on column mart.quarantine.released_at is 'When an operator released it, to be loaded after all.';
comment on column mart.quarantine.object_bytes is 'Size of the object; null if it was not opened.';
comment on column mart.quarantine.walk_id is 'As the object''s key says, like segment and started_at; null if it is no raw object''s key.';

create view mart.pipeline_check as
-- The words of looked_at repeat two of them.
with threshold as (
    select
        interval '6 hours' as never_overdue_before,
        2 as gaps,
        interval '30 days' as usual_gap_of,
        interval '1 day' as gap_of_a_new_segment,
        3 as incomplete_in_a_row,
        interval '24 hours' as refusals_of,
        0.01 as rejected_share,
        60 as load_seconds
),
health as (
    select * from mart.segment_health where last_walk_at is not null
),
latest as (
    select distinct on (segment) * from warehouse.walk order by segment, started_at desc, id desc
),
-- How long after one complete walk the next one followed, by the median.
gap as (
    select segment, percentile_disc(0.5) within group (order by gap) as usual
    from (
        select
            walk.segment,
            walk.started_at - lag(walk.started_at) over (partition by walk.segment order by walk.started_at) as gap
        from warehouse.walk
        join health using (segment)
        cross join threshold
        where walk.complete and walk.started_at >= health.last_complete_at - threshold.usual_gap_of
    ) as walk
    group by segment
),
-- What each check looks at, and in which words it tells of it: there is nothing, all is well, something is not.
looked_at (position, "check", things, if_none, if_well, if_not) as (
    select 1, 'freshness', (select count(*) from health),
        'no walk was loaded yet', 'all %2$s segments were walked completely in time', '%1$s of %2$s segments are overdue'
    union all
    select 2, 'completeness', (select count(*) from health),
        'no walk was loaded yet', 'the latest walk of each of %2$s segments was complete',
        'the latest walk of %1$s of %2$s segments was incomplete'
    union all
    select 3, 'refusals', (
            select count(*) from warehouse.walk, threshold where walk.started_at > now() - threshold.refusals_of
        ),
        'no walk of the last 24 hours was loaded', 'the portal refused nothing in the %2$s walks of the last 24 hours',
        'the portal refused requests of %1$s of %2$s walks of the last 24 hours'
    union all
    select 4, 'rejects', (select count(*) from latest),
        'no walk was loaded yet', 'every row of the latest walk of each of %2$s segments was understood',
        'rows were rejected in the latest walk of %1$s of %2$s segments'
    union all
    select 5, 'quarantine', 1, '', 'no raw object is in quarantine', '%1$s raw object(s) in quarantine'
    union all
    select 6, 'drift', 1, '',
        'the portal''s pages have the shape that is known',
        'the portal''s pages differ in %1$s place(s) from the shape that is known'
    union all
    select 7, 'load time', (select count(load_seconds) from latest),
        'no load was timed yet', 'the latest load of each of %2$s segments took 60 s or less',
        'the latest load of %1$s of %2$s segments took more than 60 s'
),
-- The worst first.
fault ("check", state, weight, what) as (
    select 'freshness', 'bad', coalesce(extract(epoch from late.age), 'infinity'),
        format('%s (%s)', segment, coalesce(round(extract(epoch from late.age) / 3600) || ' h', 'never'))
    from health
    left join gap using (segment)
    cross join threshold
    cross join lateral (select now() - health.last_complete_at as age) as late
    where late.age is null
        or late.age > greatest(
            threshold.gaps * coalesce(gap.usual, threshold.gap_of_a_new_segment), threshold.never_overdue_before
        )
    union all
    select 'completeness',
        case when health.incomplete_in_a_row >= threshold.incomplete_in_a_row then 'bad' else 'look' end,
        health.incomplete_in_a_row, format('%s (%s in a row)', segment, health.incomplete_in_a_row)
    from health
    cross join threshold
    where health.incomplete_in_a_row > 0
    union all
    select 'refusals', case when walk.incomplete_because like 'the portal refuses%' then 'bad' else 'look' end,
        walk.refusals, format('%s (%s of %s requests)', walk.segment, walk.refusals, walk.requests)
    from warehouse.walk
    cross join threshold
    where walk.started_at > now() - threshold.refusals_of
        and (walk.refusals > 0 or walk.incomplete_because like 'the portal refuses%')
    union all
    select 'rejects', case when rows_rejected > rows_seen * threshold.rejected_share then 'bad' else 'look' end,
        rows_rejected::numeric / rows_seen, format('%s (%s of %s rows)', segment, rows_rejected, rows_seen)
    from latest
    cross join threshold
    where rows_rejected > 0
    union all
    select 'quarantine', 'bad', extract(epoch from noted_at), format('%s (%s)', coalesce(segment, key), kind)
    from warehouse.quarantine
    where released_at is null
    union all
    select 'drift', 'look', extract(epoch from last_shown), format('%s (%s)', path, replace(change, '_', ' '))
    from mart.drift
    where still_shown
    union all
    select 'load time', 'look', latest.load_seconds, format('%s (%s s)', segment, round(latest.load_seconds))
    from latest
    cross join threshold
    where latest.load_seconds > threshold.load_seconds
)
select
    looked_at.position,
    looked_at."check",
    case
        when faults.bad or (looked_at."check" = 'freshness' and looked_at.things = 0) then 'bad'
        when faults.number > 0 then 'look'
        else 'ok'
    end as state,
    case
        when looked_at.things = 0 then looked_at.if_none
        when faults.number = 0 then format(looked_at.if_well, 0, looked_at.things)
        else format(looked_at.if_not, faults.number, looked_at.things) || ': ' || faults.worst
    end as finding
from looked_at
cross join lateral (
    select
        count(*) as number,
        coalesce(bool_or(fault.state = 'bad'), false) as bad,
        array_to_string((array_agg(fault.what order by fault.state, fault.weight desc, fault.what))[:5], ', ')
            || case when count(*) > 5 then ', …' else '' end as worst
    from fault
    where fault."check" = looked_at."check"
) as faults;
comment on view mart.pipeline_check is 'Whether today''s data can be trusted, one row for each check, as someone on call would judge it; order by position. Thresholds stand at the top of the view''s text.';
comment on column mart.pipeline_check.state is 'ok; look: no harm yet, someone should look at it; bad: data are old or missing.';
comment on column mart.pipeline_check.finding is 'What was found, the five worst cases by name.';
