-- Tables that the load keeps for the marts.
--
-- The tables of facts grow with every year; what is asked every day is kept apart, and each kept table but price_level is
-- defined by a view of the facts (`…_by_definition`) that the load brings it in line with, for the listings that a walk
-- changes. So a kept table can be compared with its definition at any time, and made anew from it. Names are kept with
-- what is read in large numbers: five joins to warehouse.code would take longer than all the rest.
--
-- A day is a UTC day everywhere.

create function warehouse.price_per_m2(total_price bigint, area_m2 integer) returns bigint
language sql immutable parallel safe
begin atomic
    -- Rounded without numeric, which would take a third of the time of reading all current listings.
    select case
        when total_price > 0 and area_m2 > 0
        then total_price / area_m2 + (2 * (total_price % area_m2) >= area_m2)::integer
    end;
end;
comment on function warehouse.price_per_m2 is 'Whole crowns per m² (and month, for rents); null where the price or the area is unknown.';

create table warehouse.price_level (
    category smallint not null,
    deal smallint not null,
    day date not null,
    region_id integer not null,
    district_id integer not null,
    sub_categories smallint[] not null,
    listings integer[] not null,
    lower_quartiles integer[] not null,
    medians integer[] not null,
    upper_quartiles integer[] not null,
    -- The day stands before the place: a walk then writes to one stretch of the index and not to a hundred leaves of it.
    primary key (category, deal, day, region_id, district_id),
    constraint one_level_each check (
        cardinality(sub_categories) > 0
        and cardinality(sub_categories) = cardinality(listings)
        and cardinality(listings) = cardinality(lower_quartiles)
        and cardinality(lower_quartiles) = cardinality(medians)
        and cardinality(medians) = cardinality(upper_quartiles)
    )
);
comment on table warehouse.price_level is 'Prices per m² in whole crowns by day and place, as the last complete walk of that day which takes in the place and the sub-category saw them. A place''s sub-categories stand in one row, side by side in five arrays. Marts: price_per_m2, price_per_m2_overall.';
comment on column warehouse.price_level.day is 'UTC day on which the walk started.';
comment on column warehouse.price_level.region_id is '-1 for all regions together, 0 for listings without one.';
comment on column warehouse.price_level.district_id is '-1 for all districts of the region together, 0 for listings without one.';
comment on column warehouse.price_level.sub_categories is 'In ascending order: -1 for all sub-categories together, 0 for listings without one.';
comment on column warehouse.price_level.listings is 'How many listings with a price and an area.';
comment on column warehouse.price_level.medians is 'A price that some listing has: the lower of the two in the middle.';


-- Current listings.

create table warehouse.current_listing (
    hash_id bigint primary key,
    category smallint not null,
    deal smallint not null,
    sub_category smallint,
    region_id integer,
    district_id integer,
    category_name text,
    deal_name text,
    sub_category_name text,
    region_name text,
    district_name text,
    total_price bigint,
    area_m2 integer,
    plot_area_m2 integer,
    first_seen timestamptz not null,
    price_since timestamptz not null,
    last_seen timestamptz,
    missing_since timestamptz,
    latitude double precision,
    longitude double precision,
    location_precision text,
    name text,
    city text,
    city_part text,
    street text,
    agency text,
    walk_id uuid,
    line bigint,
    row_index integer
);
comment on table warehouse.current_listing is 'Kept by the load: the listings on offer, a fifth of all after a year, with what mart.current_listing shows.';

create index current_listing_age on warehouse.current_listing (
    category, deal, region_id, district_id, sub_category, first_seen
);
create index current_listing_newest on warehouse.current_listing (first_seen);

create view warehouse.current_listing_by_definition as
select
    listing.hash_id, listing.category, listing.deal, listing.sub_category, listing.region_id, listing.district_id,
    category.name as category_name, deal.name as deal_name, sub_category.name as sub_category_name,
    region.name as region_name, district.name as district_name, spell.total_price, listing.area_m2,
    listing.plot_area_m2, listing.first_seen, spell.first_seen as price_since,
    spell.last_seen, spell.missing_since, listing.latitude, listing.longitude, listing.location_precision, listing.name,
    listing.city, listing.city_part, listing.street, listing.agency, version.walk_id, version.line, version.row_index
from warehouse.spell
join warehouse.listing on listing.hash_id = spell.hash_id
left join warehouse.listing_version as version on version.hash_id = listing.hash_id and version.digest = listing.digest
left join warehouse.code as category on category.kind = 'category_main' and category.code = listing.category
left join warehouse.code as deal on deal.kind = 'category_type' and deal.code = listing.deal
left join warehouse.code as sub_category on sub_category.kind = 'category_sub' and sub_category.code = listing.sub_category
left join warehouse.code as region on region.kind = 'region' and region.code = listing.region_id
left join warehouse.code as district on district.kind = 'district' and district.code = listing.district_id
where spell.next_seen is null and spell.delisted_at is null;
comment on view warehouse.current_listing_by_definition is 'What warehouse.current_listing must hold.';

-- Stays: time on market, and how many come and go.

create table warehouse.stay (
    hash_id bigint not null,
    came_at timestamptz not null,
    category smallint not null,
    deal smallint not null,
    sub_category smallint,
    returned boolean not null,
    region_id integer,
    district_id integer,
    last_seen_on date,
    gone_on date,
    days_on_market integer,
    primary key (hash_id, came_at)
);
comment on table warehouse.stay is 'Kept by the load: one row for each time that a listing came and, perhaps, was gone again. A few missed walks do not end a stay; being delisted does.';
comment on column warehouse.stay.returned is 'Whether the listing had been here and gone before.';
comment on column warehouse.stay.last_seen_on is 'Day of the last sighting; null while it is not gone.';
comment on column warehouse.stay.gone_on is 'Day of the third complete walk in a row that missed it; null while it is not gone.';
comment on column warehouse.stay.days_on_market is 'From the day of the listing''s very first sighting to the day of the first walk that missed it; null unless it is gone and has not returned.';
-- In the order of its mart's groups, so that nothing is sorted and no row is read.
create index stay_on_market on warehouse.stay (
    category, deal, region_id, district_id, sub_category, days_on_market
) include (gone_on) where days_on_market is not null;
-- Seldom changed and read as a whole: vacuumed early, so that the index suffices.
alter table warehouse.stay set (autovacuum_vacuum_insert_scale_factor = 0.02, autovacuum_vacuum_scale_factor = 0.02);

create view warehouse.stay_by_definition as
select
    start.hash_id, start.came_at, listing.category, listing.deal, listing.sub_category, start.returned, listing.region_id,
    listing.district_id,
    case when final.delisted_at is not null then (final.last_seen at time zone 'UTC')::date end as last_seen_on,
    (final.delisted_at at time zone 'UTC')::date as gone_on,
    case
        when final.delisted_at is not null and final.next_seen is null
        then (final.missing_since at time zone 'UTC')::date - (listing.first_seen at time zone 'UTC')::date
    end as days_on_market
from (
    select hash_id, first_seen as came_at, false as returned
    from warehouse.listing
    union all
    select hash_id, next_seen, true
    from warehouse.spell
    where delisted_at is not null and next_seen is not null
) as start
join warehouse.listing on listing.hash_id = start.hash_id
cross join lateral (
    select *
    from warehouse.spell
    where spell.hash_id = start.hash_id
        and spell.first_seen >= start.came_at
        and (spell.delisted_at is not null or spell.next_seen is null)
    order by spell.first_seen, spell.first_walk
    limit 1
) as final;
comment on view warehouse.stay_by_definition is 'What warehouse.stay must hold; warehouse.turnover counts its warehouse.stay_events.';

create table warehouse.turnover (
    category smallint not null,
    deal smallint not null,
    day date not null,
    region_id integer not null,
    district_id integer not null,
    new integer not null,
    returned integer not null,
    last_seen integer not null,
    gone integer not null,
    primary key (category, deal, day, region_id, district_id)
);
comment on table warehouse.turnover is 'Kept by the load: the stays counted by day and place; 0 for listings without region or district.';
create index turnover_empty on warehouse.turnover (day) where new = 0 and returned = 0 and last_seen = 0 and gone = 0;

create function warehouse.stay_events(came_at timestamptz, came_back boolean, last_seen_on date, gone_on date)
returns table (day date, new integer, returned integer, last_seen integer, gone integer)
language sql immutable
begin atomic
    select (came_at at time zone 'UTC')::date, (not came_back)::integer, came_back::integer, 0, 0
    union all
    select last_seen_on, 0, 0, 1, 0 where last_seen_on is not null
    union all
    select gone_on, 0, 0, 0, 1 where gone_on is not null;
end;
comment on function warehouse.stay_events is 'What one stay adds to warehouse.turnover.';

-- Price changes.

create table warehouse.price_change (
    hash_id bigint not null,
    changed_at timestamptz not null,
    walk_id uuid not null,
    category text,
    deal text,
    sub_category text,
    region text,
    district text,
    area_m2 integer,
    old_price bigint not null,
    new_price bigint not null,
    name text,
    city text,
    primary key (hash_id, changed_at, walk_id)
);
comment on table warehouse.price_change is 'Kept by the load: what mart.price_change shows.';
create index price_change_time on warehouse.price_change (changed_at);

create view warehouse.price_change_by_definition as
select
    old.hash_id, new.first_seen as changed_at, new.first_walk as walk_id, category.name as category, deal.name as deal,
    sub_category.name as sub_category, region.name as region, district.name as district, listing.area_m2, old.total_price as old_price, new.total_price as new_price,
    listing.name, listing.city
from warehouse.spell as old
cross join lateral (
    select *
    from warehouse.spell as next
    where next.hash_id = old.hash_id and (next.first_seen, next.first_walk) > (old.first_seen, old.first_walk)
    order by next.first_seen, next.first_walk
    limit 1
) as new
join warehouse.listing on listing.hash_id = old.hash_id
left join warehouse.code as category on category.kind = 'category_main' and category.code = listing.category
left join warehouse.code as deal on deal.kind = 'category_type' and deal.code = listing.deal
left join warehouse.code as sub_category on sub_category.kind = 'category_sub' and sub_category.code = listing.sub_category
left join warehouse.code as region on region.kind = 'region' and region.code = listing.region_id
left join warehouse.code as district on district.kind = 'district' and district.code = listing.district_id
where old.next_seen is not null and new.total_price <> old.total_price;
comment on view warehouse.price_change_by_definition is 'What warehouse.price_change must hold.';

-- Relistings.

create function warehouse.property(
    category smallint, deal smallint, sub_category smallint, area_m2 integer, plot_area_m2 integer,
    latitude double precision, longitude double precision
) returns bigint
language sql immutable parallel safe
begin atomic
    select case
        when area_m2 > 0 and latitude is not null and longitude is not null
        then hash_record_extended(
            row(
                category, deal, sub_category, area_m2, plot_area_m2,
                round(latitude * 10000)::integer, round(longitude * 10000)::integer
            ),
            0
        )
    end;
end;
comment on function warehouse.property is 'Equal for listings of the same kind, area, plot and place (to four decimals of a degree, about ten metres); null where area or place is unknown.';
create index listing_property on warehouse.listing (
    warehouse.property(category, deal, sub_category, area_m2, plot_area_m2, latitude, longitude)
);

create table warehouse.relisting (
    new_hash_id bigint primary key,
    old_hash_id bigint not null,
    relisted_at timestamptz not null,
    old_last_seen timestamptz not null,
    old_price bigint,
    new_price bigint,
    same_agency boolean,
    category text,
    deal text,
    sub_category text,
    region text,
    district text,
    area_m2 integer not null,
    location_precision text,
    name text,
    city text
);
comment on table warehouse.relisting is 'Kept by the load: what mart.relisting shows.';
create index relisting_old on warehouse.relisting (old_hash_id);

create view warehouse.relisting_by_definition as
select
    new.hash_id as new_hash_id, old.hash_id as old_hash_id, new.first_seen as relisted_at, old.last_seen as old_last_seen,
    old.total_price as old_price, opening.total_price as new_price, old.agency = new.agency as same_agency, category.name as category,
    deal.name as deal, sub_category.name as sub_category, region.name as region, district.name as district, new.area_m2, new.location_precision, new.name, new.city
from warehouse.listing as new
cross join lateral (
    select spell.total_price
    from warehouse.spell
    where spell.hash_id = new.hash_id
    order by spell.first_seen, spell.first_walk
    limit 1
) as opening
cross join lateral (
    select candidate.hash_id, candidate.agency, spell.last_seen, spell.total_price
    from warehouse.listing as candidate
    -- With a limit, so that spells are looked up one by one even where the planner has no statistics yet.
    cross join lateral (
        select spell.last_seen, spell.total_price, spell.missing_since
        from warehouse.spell
        where spell.hash_id = candidate.hash_id and spell.next_seen is null
        limit 1
    ) as spell
    where warehouse.property(
            candidate.category, candidate.deal, candidate.sub_category, candidate.area_m2, candidate.plot_area_m2,
            candidate.latitude, candidate.longitude
        ) = warehouse.property(
            new.category, new.deal, new.sub_category, new.area_m2, new.plot_area_m2, new.latitude, new.longitude
        )
        and candidate.hash_id <> new.hash_id
        and spell.missing_since is not null
        and new.first_seen > spell.last_seen
        and new.first_seen <= spell.last_seen + interval '720 hours'
        and (opening.total_price between spell.total_price * 0.8 and spell.total_price * 1.2) is not false
    order by spell.last_seen desc, candidate.hash_id
    limit 1
) as old
left join warehouse.code as category on category.kind = 'category_main' and category.code = new.category
left join warehouse.code as deal on deal.kind = 'category_type' and deal.code = new.deal
left join warehouse.code as sub_category on sub_category.kind = 'category_sub' and sub_category.code = new.sub_category
left join warehouse.code as region on region.kind = 'region' and region.code = new.region_id
left join warehouse.code as district on district.kind = 'district' and district.code = new.district_id;
comment on view warehouse.relisting_by_definition is 'What warehouse.relisting must hold.';
