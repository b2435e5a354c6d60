-- A year of a market of 105 000 listings, written into the warehouse's tables day by day as loads would write it, so
-- that the tables lie on disk as a year of loads leaves them. The same on every run: all chance comes from hashes.

create function bench.dice(id bigint, salt bigint) returns double precision
language sql immutable parallel safe
return (hashint8extended(id, salt) & 9007199254740991)::double precision / 9007199254740992.0;

-- Of 105 000 listings: the portal simulator's sizes, share without a price (simulator/src/market/composition.rs).
create table bench.segment (
    id smallint primary key, name text, category smallint, deal smallint, listings integer, on_request double precision
);
insert into bench.segment values
    (1, 'flats-sale', 1, 1, 20000, 0.06), (2, 'flats-rent', 1, 2, 10000, 0.007),
    (3, 'flats-auction', 1, 3, 250, 0.02), (4, 'flats-share', 1, 4, 450, 0.05),
    (5, 'houses-sale', 2, 1, 21850, 0.07), (6, 'houses-rent', 2, 2, 800, 0.08),
    (7, 'houses-auction', 2, 3, 300, 0.02), (8, 'houses-share', 2, 4, 750, 0.05),
    (9, 'land-sale', 3, 1, 20900, 0.12), (10, 'land-rent', 3, 2, 350, 0.2),
    (11, 'land-auction', 3, 3, 400, 0.02), (12, 'land-share', 3, 4, 6300, 0.07),
    (13, 'commercial-sale', 4, 1, 5000, 0.2), (14, 'commercial-rent', 4, 2, 14650, 0.3),
    (15, 'commercial-auction', 4, 3, 100, 0.02), (16, 'commercial-share', 4, 4, 150, 0.05),
    (17, 'other-sale', 5, 1, 1450, 0.05), (18, 'other-rent', 5, 2, 1200, 0.03),
    (19, 'other-auction', 5, 3, 40, 0.02), (20, 'other-share', 5, 4, 60, 0.05);

-- Weights as running sums, for width_bucket.
create table bench.urn as
select
    segment.id as segment,
    districts.ids as districts,
    districts.sums as district_sums,
    kinds.ids as kinds,
    kinds.sums as kind_sums
from bench.segment
cross join lateral (
    select array_agg(id order by id) as ids, array_agg(sum::double precision order by id) as sums
    from (
        select id, sum(case when segment.category in (2, 3) then rural else urban end) over (order by id) as sum
        from bench.district
    ) as running
) as districts
cross join lateral (
    select array_agg(sub_category order by sub_category) as ids,
        array_agg(sum::double precision order by sub_category) as sums
    from (
        select sub_category,
            sum(case when segment.deal = 2 then rent_weight else sale_weight end) over (order by sub_category) as sum
        from bench.kind
        where kind.category = segment.category
    ) as running
) as kinds;

-- What is on offer, and what is off and may come back.
create unlogged table bench.offer (
    hash_id bigint primary key,
    -- What belongs to the property and not to the advert: a relisting shares it.
    property bigint not null,
    segment smallint not null,
    category smallint not null,
    deal smallint not null,
    sub_category smallint not null,
    -- The true district, and what of it the portal knows.
    place integer not null,
    region_id integer,
    district_id integer,
    area_m2 integer not null,
    price bigint,
    visible boolean not null,
    misses smallint not null default 0,
    wording smallint not null default 0,
    came_on integer not null,
    left_on integer,
    back_on integer,
    relist_on integer,
    changed_on integer
);
-- Whose spells this day's walks touch: few, and analyzed, so that they are looked up by index.
create unlogged table bench.moved (hash_id bigint, kind text, segment smallint, price bigint);
-- The truth about relistings, to judge the mart by.
create table bench.relisting (new_hash_id bigint primary key, old_hash_id bigint not null, day integer not null);
-- The complete walks of the day, and the complete ones before them.
create unlogged table bench.today (
    segment smallint primary key, id uuid, started_at timestamptz, previous_id uuid, previous_at timestamptz
);

create function bench.rounded(price double precision) returns bigint
language sql immutable parallel safe
return case
    when price > 1000000 then round(price / 10000) * 10000
    when price > 30000 then round(price / 1000) * 1000
    when price > 2000 then round(price / 100) * 100
    else greatest(round(price), 2)
end::bigint;

-- As many new offers of a segment; ids are scattered over 32 bits as the portal's are.
create procedure bench.offer_new(of_segment smallint, first bigint, number integer, day integer)
language sql
begin atomic
    insert into bench.offer (
        hash_id, property, segment, category, deal, sub_category, place, region_id, district_id, area_m2, price, visible, came_on
    )
    select
        drawn.n * 2654435761 & 4294967295, drawn.n, of_segment, segment.category, segment.deal, kind.sub_category, district.id,
        case when bench.dice(drawn.n, 3) >= 0.001 then district.region_id end,
        -- 0.3 % have no district, 6 % of Prague's are only known to be in Prague (47).
        case
            when bench.dice(drawn.n, 3) < 0.003 then null
            when district.region_id = 10 and bench.dice(drawn.n, 3) < 0.063 then 47
            else district.id
        end,
        drawn.area,
        case
            when bench.dice(drawn.n, 4) >= segment.on_request then bench.rounded(
                drawn.area * (0.65 + 0.7 * (bench.dice(drawn.n, 5) + bench.dice(drawn.n, 6)) / 2)
                * case when segment.deal in (3, 4) then 0.6 else 1 end
                * case when segment.deal = 2
                    then coalesce(kind.rent_factor * (135 + district.flat_price * 0.0019), kind.rent_rate)
                    else coalesce(kind.sale_factor * district.flat_price, kind.sale_rate)
                end
            )
        end,
        true, day
    from bench.segment
    join bench.urn on urn.segment = segment.id
    cross join generate_series(first, first + number - 1) as n
    join bench.kind on kind.sub_category = urn.kinds[
        1 + width_bucket(bench.dice(n, 1) * urn.kind_sums[cardinality(urn.kind_sums)], urn.kind_sums)
    ]
    join bench.district on district.id = urn.districts[
        1 + width_bucket(bench.dice(n, 2) * urn.district_sums[cardinality(urn.district_sums)], urn.district_sums)
    ]
    cross join lateral (
        select n, (kind.least_area + (kind.most_area - kind.least_area) * pow(
            (bench.dice(n, 8) + bench.dice(n, 9)) / 2, case segment.category when 1 then 1 when 2 then 2 else 3 end
        ))::integer as area
    ) as drawn
    where segment.id = of_segment;
end;

create function bench.digest(hash_id bigint, price bigint, wording smallint) returns uuid
language sql immutable parallel safe
return md5(hash_id::text || '/' || coalesce(price::text, '-') || '/' || wording)::uuid;

-- The listings that came on this day, as their first row showed them.
create procedure bench.list_new(day integer)
language sql
begin atomic
    insert into warehouse.listing (
        hash_id, first_seen, total_price, price_since, digest, category, deal, sub_category, name, area_m2, plot_area_m2, advertised_price_czk, price_unit,
        currency, discount, country_id, region_id, district_id, municipality_id, quarter_id, ward_id, street_id, city, city_part,
        street, house_number, street_number, latitude, longitude, location_precision, city_slug, city_part_slug, street_slug,
        agency_id, agency, images, has_video, has_tour, atm_m, bus_public_transport_m, kindergarten_m, medic_m, metro_m,
        playground_m, post_office_m, restaurant_m, school_m, shop_m, small_shop_m, train_m, vet_m
    )
    select
        offer.hash_id, today.started_at, offer.price, today.started_at,
        bench.digest(offer.hash_id, offer.price, offer.wording), offer.category, offer.deal, offer.sub_category,
        (array['Prodej ', 'Pronájem ', 'Dražba ', 'Prodej podílu 1/2 '])[offer.deal] || kind.title || ' ' || offer.area_m2 || ' m²'
            || case when offer.category = 2 then ', pozemek ' || plot.m2 || ' m²' else '' end,
        offer.area_m2, case when offer.category = 2 then plot.m2 end, coalesce(offer.price, 0), case offer.deal when 2 then 2 else 1 end,
        1, false, 112, offer.region_id, offer.district_id,
        offer.place * 60 + case when district.city is null then place.number else 0 end,
        null, case when place.precision > 0 then offer.place % 1000 * 150 + place.number end,
        case when place.precision > 1 then 90000 + (bench.dice(offer.property, 23) * 40000)::integer end,
        coalesce(district.city, place.name), case when place.precision > 0 then place.name end,
        case when place.precision > 1 then place.street end,
        case when place.precision > 2 then (1 + bench.dice(offer.property, 24) * 2400)::integer::text end, null,
        -- A third shows the middle of its place only, and shares it with others.
        round((district.latitude + 0.02 * place.number + point.north)::numeric, 6)::double precision,
        round((district.longitude + 0.02 * place.number + point.east)::numeric, 6)::double precision,
        case when point.north <> 0 then 'gps' else (array['municipality', 'ward', 'street', 'address'])[place.precision + 1] end,
        lower(replace(coalesce(district.city, place.name), ' ', '-')),
        case when place.precision > 0 then lower(replace(place.name, ' ', '-')) end,
        case when place.precision > 1 then lower(replace(place.street, ' ', '-')) end,
        agency.id, 'vymyslena-realitka-' || agency.id,
        1 + (bench.dice(offer.hash_id, 31) * 25)::integer, bench.dice(offer.hash_id, 32) < 0.08, bench.dice(offer.hash_id, 33) < 0.05,
        poi.m, poi.m / 4, poi.m * 3, poi.m * 2, null, poi.m / 2, poi.m, poi.m / 3, poi.m, poi.m / 2, poi.m / 4, poi.m * 4, poi.m * 3
    from bench.offer
    join bench.today using (segment)
    join bench.kind using (sub_category)
    join bench.district on district.id = offer.place
    cross join lateral (
        select
            (bench.dice(offer.property, 21) * (cardinality(district.places) - 1))::integer as number,
            district.places[1 + (bench.dice(offer.property, 21) * (cardinality(district.places) - 1))::integer] as name,
            case when offer.district_id is null or offer.district_id = 47 then 0
                else width_bucket(bench.dice(offer.property, 22), array[0.24, 0.73, 0.81]) end as precision,
            (array['Nádražní', 'Zahradní', 'Školní', 'Lipová', 'Polní', 'Luční', 'Lesní', 'Krátká'])[
                1 + (bench.dice(offer.property, 25) * 7)::integer] as street
    ) as place
    cross join lateral (
        select
            case when bench.dice(offer.property, 26) < 0.32 then 0 else 0.024 * (bench.dice(offer.property, 27) - 0.5) end as north,
            case when bench.dice(offer.property, 26) < 0.32 then 0 else 0.024 * (bench.dice(offer.property, 28) - 0.5) end as east
    ) as point
    cross join lateral (select 60 + (bench.dice(offer.property, 29) * 2000)::integer as m2) as plot
    -- Distances follow a day after the advert, but for the first day's stock.
    cross join lateral (select case when day = 0 then 50 + (bench.dice(offer.property, 30) * 900)::integer end as m) as poi
    cross join lateral (
        select case when bench.dice(offer.hash_id, 34) >= 0.08 then 100 + (bench.dice(offer.hash_id, 34) * 999)::integer end as id
    ) as agency
    where offer.came_on = day
    order by offer.segment, bench.dice(offer.hash_id, day);

    insert into warehouse.spell (hash_id, first_seen, first_walk, total_price)
    select offer.hash_id, today.started_at, today.id, offer.price
    from bench.offer join bench.today using (segment)
    where offer.came_on = day
    order by offer.segment, bench.dice(offer.hash_id, day);
end;

create procedure bench.note_versions(of_day integer)
language sql
begin atomic
    insert into warehouse.listing_version (hash_id, digest, seen_at, walk_id, line, row_index, latitude, longitude)
    select offer.hash_id, bench.digest(offer.hash_id, offer.price, offer.wording), today.started_at, today.id,
        2 + (bench.dice(offer.hash_id, of_day) * 50)::integer, (bench.dice(offer.hash_id, of_day) * 349)::integer,
        listing.latitude, listing.longitude
    from bench.offer join bench.today using (segment)
    join warehouse.listing using (hash_id)
    where offer.changed_on = of_day or offer.came_on = of_day
    on conflict do nothing;
end;

-- As the load keeps it, for all walks of a day at once.
create procedure bench.keep_price_level(of_day date)
language sql
begin atomic
    insert into warehouse.price_level
    select category, deal, of_day, region_id, district_id, array_agg(sub_category order by sub_category),
        array_agg(listings order by sub_category), array_agg(levels[1] order by sub_category),
        array_agg(levels[2] order by sub_category), array_agg(levels[3] order by sub_category)
    from (
        select category, deal, coalesce(region_id, -1) as region_id, coalesce(district_id, -1) as district_id,
            coalesce(sub_category, -1::smallint) as sub_category, count(*)::integer as listings,
            percentile_disc(array[0.25, 0.5, 0.75]) within group (order by price_per_m2) as levels
        from (
            select offer.category, offer.deal, coalesce(offer.region_id, 0) as region_id,
                coalesce(offer.district_id, 0) as district_id, offer.sub_category,
                round(offer.price::numeric / offer.area_m2)::integer as price_per_m2
            from bench.offer join bench.today using (segment)
            where offer.visible and offer.price > 0 and offer.area_m2 > 0
        ) as sighted
        group by category, deal, grouping sets (
            (region_id, district_id, sub_category), (region_id, district_id), (region_id, sub_category), (region_id),
            (sub_category), ()
        )
    ) as cell
    group by category, deal, region_id, district_id
    order by category, deal, region_id, district_id;
end;

-- By whom an open spell was seen last before today: the complete walk before, or an incomplete one since.
create function bench.last_sighting(of_listing bigint, previous_at timestamptz, previous_id uuid)
returns table (seen_at timestamptz, walk_id uuid)
language sql stable
begin atomic
    select seen_at, walk_id
    from (
        values (previous_at, previous_id)
        union all
        select extra.seen_at, extra.walk_id from warehouse.extra_sighting as extra where extra.hash_id = of_listing
    ) as sighting (seen_at, walk_id)
    order by seen_at desc, walk_id desc
    limit 1;
end;

-- One day: the market moves, and its walks are loaded.
create procedure bench.live(start date, day integer)
language plpgsql
as $$
declare
    of_segment record;
    number integer;
begin
    -- The ledger. One walk in a hundred is incomplete; its segment's market stands still that day.
    insert into warehouse.walk (
        id, bucket, key, object_bytes, portal, market, segment, category, deal, software, robots_disregarded, started_at, finished_at,
        complete, incomplete_because, announced, pages, requests, retries, rows_seen, rows_loaded, rows_duplicate, rows_rejected,
        rejects_without_id, rows_elsewhere, parser_version, loaded_at
    )
    select walk.id, 'raw',
        format('raw/sreality/%s/%s/%s-%s.jsonl.zst', segment.name, to_char(walk.at at time zone 'UTC', 'yyyy/mm/dd'),
            to_char(walk.at at time zone 'UTC', 'yyyymmdd"t"hh24miss.us"z"'), walk.id),
        20000 + walk.rows * 160, 'http://127.0.0.1', 'simulated:bench', segment.name, segment.category, segment.deal, 'cenovka/0.1.0', false,
        walk.at, walk.at + make_interval(secs => 3 + walk.rows / 350.0), walk.complete,
        case when not walk.complete then 'the function''s deadline was near' end,
        walk.listings, walk.rows / 350 + 1, walk.rows / 350 + 2 + walk.retries, walk.retries,
        walk.rows + walk.duplicate + walk.rejected, walk.rows, walk.duplicate, walk.rejected, 0, 0, 1,
        walk.at + make_interval(secs => 5 + walk.rows / 350.0 + walk.rows / 10000.0)
    from bench.segment
    left join (
        select segment, count(*) filter (where visible)::integer as listings from bench.offer group by segment
    ) as stock on stock.segment = segment.id
    cross join lateral (
        select
            md5(segment.name || day)::uuid as id,
            start::timestamp at time zone 'UTC'
                + make_interval(days => day, hours => 5, mins => 3 * segment.id, secs => bench.dice(segment.id, day) * 60) as at,
            day = 0 or bench.dice(segment.id, 1000 + day) >= 0.01 as complete,
            case when day = 0 then segment.listings else stock.listings end as listings,
            (case when day = 0 then segment.listings else stock.listings end
                * case when day = 0 or bench.dice(segment.id, 1000 + day) >= 0.01 then 1 else 0.7 end)::integer as rows,
            (bench.dice(segment.id, 2000 + day) * coalesce(stock.listings, 0) * 0.008)::integer as duplicate,
            (bench.dice(segment.id, 3000 + day) * 1.02)::integer as rejected,
            (bench.dice(segment.id, 4000 + day) * 1.3)::integer as retries
    ) as walk;

    insert into warehouse.reject (walk_id, line, row_index, hash_id, pointer, reason, fragment, parser_version)
    select id, 3, n, 1, '/price', 'not a number', '{"hash_id": 1}', 1
    from warehouse.walk cross join lateral generate_series(1, rows_rejected) as n
    where started_at >= (start + day)::timestamp at time zone 'UTC' and rows_rejected > 0;

    truncate bench.today;
    insert into bench.today
    select segment.id, walk.id, walk.started_at, previous.id, previous.started_at
    from bench.segment
    join warehouse.walk on walk.segment = segment.name and walk.complete
        and walk.started_at >= (start + day)::timestamp at time zone 'UTC'
    left join lateral (
        select id, started_at
        from warehouse.walk as before
        where before.category = segment.category and before.deal = segment.deal and before.complete
            and before.started_at < walk.started_at
        order by before.started_at desc
        limit 1
    ) as previous on true;
    analyze bench.today;

    insert into warehouse.extra_sighting (hash_id, seen_at, walk_id, total_price)
    select offer.hash_id, walk.started_at, walk.id, offer.price
    from warehouse.walk
    join bench.segment on segment.name = walk.segment
    join bench.offer on offer.segment = segment.id and offer.visible and bench.dice(offer.hash_id, day) < 0.7
    where not walk.complete and walk.started_at >= (start + day)::timestamp at time zone 'UTC';

    -- The market moves. 1.2 % leave: 6 % of them return as another listing, 5 % as themselves; a further 0.05 % are only
    -- not shown for a day or two.
    update bench.offer
    set visible = false,
        left_on = day,
        misses = 0,
        relist_on = case when fate < 0.06 and chance < 0.012 then day + (later * 6)::integer end,
        back_on = case
            when chance >= 0.012 then day + 1 + (later * 1)::integer
            when fate between 0.06 and 0.085 then day + 1 + (later * 1)::integer
            when fate between 0.085 and 0.11 then day + 1 + (later * 19)::integer
        end
    from (
        select hash_id, bench.dice(hash_id, day) as chance, bench.dice(hash_id, 10000 + day) as fate,
            bench.dice(hash_id, 20000 + day) as later
        from bench.offer join bench.today using (segment)
        where visible and came_on < day and bench.dice(hash_id, day) < 0.0125
    ) as leaving
    where offer.hash_id = leaving.hash_id;

    update bench.offer
    set price = bench.rounded(price * (0.86 + 0.18 * bench.dice(hash_id, 30000 + day))),
        wording = wording + 1,
        changed_on = day
    from bench.today
    where today.segment = offer.segment and visible and came_on < day and price is not null
        and bench.dice(hash_id, 40000 + day) < 0.009
        and bench.rounded(price * (0.86 + 0.18 * bench.dice(hash_id, 30000 + day))) <> price;

    -- Some change in other ways, and all get their distances a day after they came.
    update bench.offer
    set wording = wording + 1, changed_on = day
    from bench.today
    where today.segment = offer.segment and visible and changed_on is distinct from day
        and (came_on = day - 1 and day > 1 or came_on < day and bench.dice(hash_id, 50000 + day) < 0.003);

    update bench.offer
    set visible = true
    from bench.today
    where today.segment = offer.segment and not visible and back_on <= day;

    with due as (
        delete from bench.offer using bench.today
        where today.segment = offer.segment and not visible and relist_on <= day and misses >= 3
        returning offer.*
    ),
    -- The first misses of what is relisted at once are still to come: it stays, its successor is made beside it.
    early as (
        update bench.offer set relist_on = null
        from bench.today
        where today.segment = offer.segment and not visible and relist_on <= day and misses < 3
        returning offer.*
    ),
    relisted as (
        select old.*, (old.property + 500000000 + day * 1000000) * 2654435761 & 4294967295 as new_hash_id
        from (select * from due union all select * from early) as old
    ),
    noted as (
        insert into bench.relisting select new_hash_id, hash_id, day from relisted on conflict do nothing
        returning new_hash_id
    )
    insert into bench.offer (
        hash_id, property, segment, category, deal, sub_category, place, region_id, district_id, area_m2, price, visible, came_on
    )
    select new_hash_id, property, segment, category, deal, sub_category, place, region_id, district_id, area_m2,
        case when bench.dice(new_hash_id, 1) < 0.5 then price
            else bench.rounded(price * (0.86 + 0.18 * bench.dice(new_hash_id, 2))) end,
        true, day
    from relisted join noted using (new_hash_id)
    on conflict do nothing;

    for of_segment in
        select segment.id, segment.listings - count(offer.hash_id)::integer as wanted
        from bench.segment join bench.today on today.segment = segment.id
        left join bench.offer on offer.segment = segment.id and offer.visible
        group by segment.id, segment.listings
        order by segment.id
    loop
        number := greatest(of_segment.wanted, 0);
        call bench.offer_new(of_segment.id, nextval('bench.number') , number, day);
        if number > 0 then
            perform setval('bench.number', currval('bench.number') + number);
        end if;
    end loop;

    -- What the loads write.
    call bench.list_new(day);

    update warehouse.listing
    set digest = bench.digest(offer.hash_id, offer.price, offer.wording),
        advertised_price_czk = coalesce(offer.price, 0),
        discount = true,
        atm_m = 50 + (bench.dice(offer.property, 30) * 900)::integer,
        train_m = 200 + (bench.dice(offer.property, 30) * 3600)::integer
    from bench.offer
    where offer.changed_on = day and listing.hash_id = offer.hash_id;
    call bench.note_versions(day);

    update bench.offer set misses = misses + 1
    from bench.today
    where today.segment = offer.segment and not visible;

    truncate bench.moved;
    insert into bench.moved
    select offer.hash_id, moved.kind, offer.segment, offer.price
    from bench.offer
    join bench.today using (segment)
    cross join lateral (
        select 'missing' as kind where offer.left_on = day and not offer.visible
        union all
        select 'gone' where offer.misses = 3 and not offer.visible
        union all
        -- Another price, or back again; a wording may have changed without a price.
        select 'spell' where offer.visible and offer.came_on < day and (offer.changed_on = day or offer.left_on is not null)
    ) as moved;
    analyze bench.moved;

    update warehouse.spell
    set last_seen = last.seen_at, last_walk = last.walk_id, missing_since = today.started_at
    from bench.moved join bench.today using (segment)
    cross join lateral bench.last_sighting(moved.hash_id, today.previous_at, today.previous_id) as last
    where moved.kind = 'missing' and spell.hash_id = moved.hash_id and spell.next_seen is null;

    update warehouse.spell
    set delisted_at = today.started_at
    from bench.moved join bench.today using (segment)
    where moved.kind = 'gone' and spell.hash_id = moved.hash_id and spell.next_seen is null;

    insert into warehouse.spell (hash_id, first_seen, first_walk, total_price)
    select moved.hash_id, today.started_at, today.id, moved.price
    from bench.moved
    join bench.today using (segment)
    join warehouse.spell on spell.hash_id = moved.hash_id and spell.next_seen is null
    where moved.kind = 'spell' and (spell.last_seen is not null or spell.total_price is distinct from moved.price);
    update warehouse.spell
    set last_seen = coalesce(spell.last_seen, last.seen_at),
        last_walk = coalesce(spell.last_walk, last.walk_id),
        next_seen = today.started_at
    from bench.moved
    join bench.today using (segment)
    cross join lateral bench.last_sighting(moved.hash_id, today.previous_at, today.previous_id) as last
    join warehouse.spell as next on next.hash_id = moved.hash_id and next.first_walk = today.id
    where moved.kind = 'spell'
        and spell.hash_id = next.hash_id and spell.next_seen is null and spell.first_seen < next.first_seen;

    update warehouse.listing
    set (total_price, price_since, last_seen, missing_since, delisted_at)
        = (state.total_price, state.price_since, state.last_seen, state.missing_since, state.delisted_at)
    from (select distinct hash_id from bench.moved) as moved
    -- Fenced, so that the definition is not read as a whole.
    cross join lateral (
        select * from warehouse.listing_state_by_definition as state where state.hash_id = moved.hash_id offset 0
    ) as state
    where listing.hash_id = moved.hash_id
        and (listing.total_price, listing.price_since, listing.last_seen, listing.missing_since, listing.delisted_at)
            is distinct from
            (state.total_price, state.price_since, state.last_seen, state.missing_since, state.delisted_at);

    update bench.offer set left_on = null, back_on = null, misses = 0 where visible and left_on is not null;
    delete from bench.offer where not visible and back_on is null and relist_on is null and misses >= 3;

    call bench.keep_price_level(start + day);
end;
$$;

create sequence bench.number;
