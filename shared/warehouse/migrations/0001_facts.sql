-- The warehouse's tables of facts. Readers use the schema mart.

create schema warehouse;

create table warehouse.migration (
    version integer primary key,
    name text not null,
    md5 text not null,
    applied_at timestamptz not null default now()
);
comment on table warehouse.migration is 'Schema migrations that were applied.';

create table warehouse.code (
    kind text not null,
    code integer not null,
    name text not null,
    primary key (kind, code)
);
comment on table warehouse.code is 'The portal''s code tables, regions and districts: what its numbers mean. Filled by the migrator from the software''s own tables.';

create table warehouse.walk (
    id uuid primary key,
    bucket text not null,
    key text not null,
    object_bytes bigint not null,
    portal text not null,
    segment text not null,
    -- The segment's filter, so that the database can tell which listings a walk covers.
    category smallint not null,
    deal smallint not null,
    region_id integer,
    district_id integer,
    sub_categories smallint[],
    software text not null,
    started_at timestamptz not null,
    finished_at timestamptz not null,
    complete boolean not null,
    incomplete_because text,
    announced bigint not null,
    pages integer not null,
    requests bigint not null,
    retries bigint not null,
    rows_seen bigint not null,
    rows_loaded bigint not null,
    rows_duplicate bigint not null,
    rows_rejected bigint not null,
    parser_version smallint not null,
    loaded_at timestamptz not null default now(),
    unique (bucket, key),
    constraint no_row_disappears check (rows_seen = rows_loaded + rows_duplicate + rows_rejected)
);
comment on table warehouse.walk is 'The ledger: one row for each raw object that was loaded, committed together with its rows.';
create index walk_complete on warehouse.walk (category, deal, started_at, id) where complete;

create table warehouse.listing (
    hash_id bigint primary key,
    first_seen timestamptz not null,
    digest uuid not null,
    category smallint not null,
    deal smallint not null,
    sub_category smallint,
    name text,
    area_m2 integer,
    plot_area_m2 integer,
    advertised_price_czk double precision,
    price_unit smallint,
    currency smallint,
    discount boolean,
    country_id integer,
    region_id integer,
    district_id integer,
    municipality_id integer,
    quarter_id integer,
    ward_id integer,
    street_id integer,
    city text,
    city_part text,
    street text,
    house_number text,
    street_number text,
    latitude double precision,
    longitude double precision,
    location_precision text,
    city_slug text,
    city_part_slug text,
    street_slug text,
    agency_id integer,
    agency text,
    images smallint not null,
    has_video boolean,
    has_tour boolean,
    atm_m integer,
    bus_public_transport_m integer,
    kindergarten_m integer,
    medic_m integer,
    metro_m integer,
    playground_m integer,
    post_office_m integer,
    restaurant_m integer,
    school_m integer,
    shop_m integer,
    small_shop_m integer,
    train_m integer,
    vet_m integer
);
comment on table warehouse.listing is 'Every listing ever seen, with the attributes of its newest sighting. An unchanged listing is not written again.';
comment on column warehouse.listing.digest is 'Which listing_version it shows now.';
-- Narrow, so that the listings that a walk covers are found without reading the wide rows.
create index listing_place on warehouse.listing (category, deal, sub_category, region_id, district_id, hash_id);

create table warehouse.listing_version (
    hash_id bigint not null references warehouse.listing,
    digest uuid not null,
    walk_id uuid not null references warehouse.walk,
    line bigint not null,
    row_index integer not null,
    primary key (hash_id, digest)
);
comment on table warehouse.listing_version is 'Where each wording of a listing was first seen: digest stands for all attributes and the price of a row, walk_id, line and row_index for the first row that carried just these.';

create table warehouse.spell (
    hash_id bigint not null references warehouse.listing,
    first_seen timestamptz not null,
    first_walk uuid not null references warehouse.walk,
    last_seen timestamptz,
    last_walk uuid references warehouse.walk,
    total_price bigint,
    missing_since timestamptz,
    delisted_at timestamptz,
    next_seen timestamptz,
    primary key (hash_id, first_seen, first_walk),
    constraint last_sighting check ((last_seen is null) = (last_walk is null)),
    constraint in_order check (first_seen <= last_seen and last_seen <= missing_since and missing_since <= delisted_at)
);
comment on table warehouse.spell is 'The history: stretches of sightings of one listing at one total price (whole crowns, per month for rents, null on request), not interrupted by a complete walk that covered the listing and did not see it.';
comment on column warehouse.spell.last_seen is 'Start of the last walk that saw it so. Null means: the latest complete walk that covers the listing; that way a listing that stays costs no write.';
comment on column warehouse.spell.missing_since is 'Start of the first complete walk that covered the listing and missed it, after this spell and before the next.';
comment on column warehouse.spell.delisted_at is 'Start of the third such walk in a row: the listing is gone.';
comment on column warehouse.spell.next_seen is 'Start of the next spell; null for the latest.';
create index spell_on_offer on warehouse.spell (hash_id) where next_seen is null and delisted_at is null;
-- For walks that come late: what has happened since they started.
create index spell_followed on warehouse.spell (greatest(next_seen, delisted_at));

create table warehouse.extra_sighting (
    walk_id uuid not null references warehouse.walk,
    hash_id bigint not null references warehouse.listing,
    total_price bigint,
    primary key (hash_id, walk_id)
);
comment on table warehouse.extra_sighting is 'Sightings that the spells do not imply: by walks that are incomplete, or whose segment does not take in the listing. All others follow from the spells: every complete walk between the ends of a spell that covers the listing saw it.';

create table warehouse.reject (
    walk_id uuid not null references warehouse.walk,
    line bigint not null,
    row_index integer not null,
    pointer text not null,
    reason text not null,
    fragment text not null,
    parser_version smallint not null,
    primary key (walk_id, line, row_index)
);
comment on table warehouse.reject is 'Rows that could not be loaded: where they stand, why, and the row as it was delivered.';

-- Whether a walk's segment takes in a listing. A query for all of Prague (47) includes Praha 1 to 10.
create function warehouse.covers(
    walk warehouse.walk, category smallint, deal smallint, sub_category smallint, region_id integer, district_id integer
) returns boolean
language sql immutable
begin atomic
    select walk.category = category
        and walk.deal = deal
        and (walk.region_id is null or walk.region_id = region_id)
        and (
            walk.district_id is null
            or walk.district_id = district_id
            or (walk.district_id = 47 and district_id between 5001 and 5022)
        )
        and (walk.sub_categories is null or sub_category = any (walk.sub_categories));
end;
comment on function warehouse.covers is 'Whether a walk covers a listing of this category, deal type, sub-category, region and district; null means no.';

-- Analyses the tables that have grown to more than twice the size that their statistics tell of. Autovacuum does it too,
-- but up to a minute late and not before a transaction ends: a load that follows at once would be planned as if the tables
-- were empty, and take minutes. The loader does not own the tables, so this runs as who does.
create function warehouse.analyze_grown() returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    grown regclass;
begin
    for grown in
        select oid
        from pg_class
        where relnamespace = 'warehouse'::regnamespace
            and relkind = 'r'
            and pg_relation_size(oid) > (2 * relpages + 16) * current_setting('block_size')::bigint
    loop
        execute format('analyze %s', grown);
    end loop;
end;
$$;
comment on function warehouse.analyze_grown is 'Analyses the tables of this schema that have more than doubled since they were last analysed.';
