-- The warehouse's tables. Views, functions and comments on marts are not here: `definitions/` and `marts/` have one file
-- each, and every migration makes them anew. Readers use the schema mart.
--
-- A load reads and writes by key and never joins two of these tables, so none has an index for a join. Where the planner
-- chooses how a key is looked up, nothing that it believes about the data may lead it elsewhere: see the notes on
-- `statistics` and `n_distinct` below.

create schema warehouse;
create schema mart;

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
    part_of integer,
    address text,
    primary key (kind, code)
);
comment on table warehouse.code is 'The portal''s code tables, regions and districts: what its numbers mean. Filled by the migrator from the software''s own tables.';
comment on column warehouse.code.part_of is 'Of a district the code of its region.';
comment on column warehouse.code.address is 'What stands for it in the address of an advert''s page: of a deal type the address up to there, of a category or sub-category a word.';

-- A category and a deal type in one number: what a load asks for as a whole.
create function warehouse.pair(category smallint, deal smallint) returns integer
language sql immutable parallel safe
return category::integer * 65536 + deal;
comment on function warehouse.pair is 'Category and deal type as one number.';


-- The ledger.

create table warehouse.market (
    name text primary key,
    is_the_only_one boolean not null default true unique check (is_the_only_one)
);
comment on table warehouse.market is 'What this warehouse holds, as the first walk that was loaded has settled: the host of a real portal, or a simulated market. Walks of any other are refused.';

create table warehouse.walk (
    id uuid primary key,
    bucket text not null,
    key text not null unique,
    object_bytes bigint not null,
    portal text not null,
    market text not null references warehouse.market,
    segment text not null,
    category smallint not null,
    deal smallint not null,
    region_id integer,
    district_ids integer[],
    sub_categories smallint[],
    since text,
    software text not null,
    robots_disregarded boolean not null,
    started_at timestamptz not null,
    finished_at timestamptz not null,
    complete boolean not null,
    incomplete_because text,
    announced bigint not null,
    pages integer not null,
    requests bigint not null,
    retries bigint not null,
    refusals bigint,
    rows_seen bigint not null,
    rows_loaded bigint not null,
    rows_duplicate bigint not null,
    rows_rejected bigint not null,
    rejects_without_id bigint not null,
    rows_elsewhere bigint not null,
    covering boolean not null generated always as (complete and rejects_without_id = 0) stored,
    parser_version smallint not null,
    loaded_at timestamptz not null default now(),
    load_seconds double precision,
    constraint no_row_disappears check (rows_seen = rows_loaded + rows_duplicate + rows_rejected),
    constraint since_never_complete check (since is null or not complete)
);
comment on table warehouse.walk is 'The ledger: one row for each raw object that was loaded, committed together with its rows.';
comment on column warehouse.walk.district_ids is 'The districts of the segment''s filter; null for all. All of Prague is a list like any other.';
comment on column warehouse.walk.since is 'Of which age the adverts are that the walk asked for, as the request said: 24h, 7d or 30d, by the portal''s own reckoning. Null for a walk of all adverts.';
comment on column warehouse.walk.robots_disregarded is 'Whether it was made although the portal''s robots.txt forbids it, because its operator says that they may.';
comment on column warehouse.walk.refusals is 'Answers by which the portal refused a request of the walk (401, 403, 429); null if the raw object does not say.';
comment on column warehouse.walk.rejects_without_id is 'Rejected rows that do not say which listing they are.';
comment on column warehouse.walk.rows_elsewhere is 'Loaded rows whose category or deal type is not the segment''s.';
comment on column warehouse.walk.covering is 'Whether it covers the listings that its filter matches, and so can say that one is gone: it is complete, and every reject says which listing it is.';
comment on column warehouse.walk.load_seconds is 'How long the walk''s load took, from the beginning of its transaction to its last statement.';
-- Whether a walk comes late, and which cover a listing.
create index walk_of_pair on warehouse.walk (warehouse.pair(category, deal), started_at, id);
alter index warehouse.walk_of_pair alter column 1 set statistics 0;
create index walk_covering on warehouse.walk (warehouse.pair(category, deal), started_at, id) where covering;
alter index warehouse.walk_covering alter column 1 set statistics 0;
create index walk_elsewhere on warehouse.walk (started_at, id) where rows_elsewhere > 0;

create table warehouse.reject (
    walk_id uuid not null references warehouse.walk deferrable initially deferred,
    line bigint not null,
    row_index integer not null,
    hash_id bigint,
    pointer text not null,
    reason text not null,
    fragment text not null,
    parser_version smallint not null,
    primary key (walk_id, line, row_index)
);
comment on table warehouse.reject is 'Rows that could not be loaded: where they stand, why, and the row as it was delivered.';
comment on column warehouse.reject.hash_id is 'Which listing it is, as far as that can be read: the walk then does not cover this listing.';
create index reject_of_listing on warehouse.reject (hash_id) where hash_id is not null;
alter table warehouse.reject alter column hash_id set (n_distinct = -0.5);

create table warehouse.drift (
    walk_id uuid not null references warehouse.walk,
    path text not null,
    change text not null,
    found text not null,
    rows bigint not null,
    primary key (walk_id, path, change),
    constraint known_change check (change in ('appeared', 'disappeared', 'changed_type')),
    constraint bounded_text check (length(path) between 1 and 500 and length(found) <= 100)
);
comment on table warehouse.drift is 'How the pages of a walk differ from the shape that its software knows, as the raw object''s closing line tells.';

create table warehouse.quarantine (
    bucket text not null,
    key text primary key,
    object_bytes bigint,
    kind text not null check (kind in ('damaged', 'unknown_format', 'falsified', 'shrunken')),
    reason text not null,
    figures jsonb,
    walk_id uuid,
    segment text,
    started_at timestamptz,
    noted_at timestamptz not null default now(),
    decision_id uuid,
    decision text check (decision in ('release', 'dismiss')),
    decided_at timestamptz,
    decided_by text,
    because text,
    is_open boolean not null generated always as (
        decision is null
        or (decision = 'release' and kind in ('damaged', 'unknown_format') and decided_at <= noted_at)
    ) stored,
    constraint figures_of_judged check ((figures is not null) = (kind in ('falsified', 'shrunken'))),
    constraint whole_decision check (
        num_nulls(decision_id, decision, decided_at, decided_by) in (0, 4) and (because is null or decision is not null)
    )
);
comment on table warehouse.quarantine is 'Raw objects set aside as a whole, with the reason: nothing of them is in any other table, unless they were released. What an operator decided of them is an object beside the raw zone, which this repeats.';
comment on column warehouse.quarantine.kind is 'damaged: the object is no intact walk file; unknown_format: of a later version; falsified: its rows are not true; shrunken: it lacks too much of what is on offer.';
comment on column warehouse.quarantine.object_bytes is 'Size of the object; null if it was not opened.';
comment on column warehouse.quarantine.figures is 'What the decision that a walk is falsified or shrunken rests on, as compared at noted_at.';
comment on column warehouse.quarantine.walk_id is 'As the object''s key says, like segment and started_at; null if it is no raw object''s key.';
comment on column warehouse.quarantine.decision is 'The latest: release (a falsified or shrunken walk is then loaded without being checked, any other object tried again and, if it still cannot be loaded, set aside anew) or dismiss (it is never loaded).';
comment on column warehouse.quarantine.is_open is 'Whether it waits for a decision.';

create table warehouse.unfinished_load (
    key text primary key,
    failures integer not null,
    failed_at timestamptz not null
);
comment on table warehouse.unfinished_load is 'No fact, but the reconciler''s memory: raw objects whose load, when it last handed them over, timed out or failed in another way that may pass, and how often. It tries those last that failed most; a load that ends removes its row.';

create table warehouse.row_digest (
    category smallint not null,
    deal smallint not null,
    part integer not null,
    parser_version smallint not null,
    entries bytea not null,
    primary key (category, deal, part)
);
comment on table warehouse.row_digest is 'A cache, never a fact: digests of the rows that said what listings on offer say now, so that the same row need not be parsed again. Deleting it changes how long loads take and nothing else.';
-- Digests cannot be compressed, and trying takes time.
alter table warehouse.row_digest alter column entries set storage external;


-- Listings and their history.

create table warehouse.listing (
    hash_id bigint primary key,
    first_seen timestamptz not null,
    total_price bigint,
    price_since timestamptz not null,
    last_seen timestamptz,
    missing_since timestamptz,
    delisted_at timestamptz,
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
-- Room for a changed row beside its old one: then no index needs to be told.
) with (fillfactor = 90);
comment on table warehouse.listing is 'Every listing ever seen: what its newest sighting says of it, and how its latest spell stands. An unchanged listing is not written again.';
comment on column warehouse.listing.total_price is 'Of its latest spell, like price_since (the spell''s first sighting), last_seen, missing_since and delisted_at.';
comment on column warehouse.listing.digest is 'Which listing_version it shows now.';
-- What is on offer, by segment: what a load compares its walk with, and what readers ask for. Nothing is known of the
-- pair's distribution, so the planner always expects few and takes the index, whatever was analysed and when.
create index listing_on_offer on warehouse.listing (
    warehouse.pair(category, deal), region_id, district_id
) where delisted_at is null;
alter index warehouse.listing_on_offer alter column 1 set statistics 0;
-- What a walk that comes late may have missed, and what may be advertised anew; for mart.offer, what is gone since a month
-- ago.
create index listing_missing on warehouse.listing (
    warehouse.pair(category, deal), delisted_at
) where missing_since is not null;
alter index warehouse.listing_missing alter column 1 set statistics 0;
-- For readers: what is new. A walk's new listings share one key, at the end of the index.
create index listing_newest on warehouse.listing (first_seen) where delisted_at is null;

create table warehouse.listing_version (
    hash_id bigint not null,
    digest uuid not null,
    seen_at timestamptz not null,
    walk_id uuid not null,
    line bigint not null,
    row_index integer not null,
    latitude double precision,
    longitude double precision,
    primary key (hash_id, digest)
);
comment on table warehouse.listing_version is 'Where each wording of a listing was first seen: digest stands for all attributes and the price of a row, seen_at (the walk''s start), walk_id, line and row_index for the first row that carried just these.';
comment on column warehouse.listing_version.latitude is 'Of this wording, like longitude: a walk that comes late is compared with the positions of its own time.';
alter table warehouse.listing_version alter column hash_id set (n_distinct = -0.5);

create table warehouse.spell (
    hash_id bigint not null,
    first_seen timestamptz not null,
    first_walk uuid not null,
    last_seen timestamptz,
    last_walk uuid,
    total_price bigint,
    missing_since timestamptz,
    delisted_at timestamptz,
    next_seen timestamptz,
    primary key (hash_id, first_seen, first_walk),
    constraint last_sighting check ((last_seen is null) = (last_walk is null)),
    constraint open_while_not_missed check ((last_seen is null) = (missing_since is null and next_seen is null)),
    constraint in_order check (first_seen <= last_seen and last_seen <= missing_since and missing_since <= delisted_at)
-- Room for a spell that ends.
) with (fillfactor = 95);
comment on table warehouse.spell is 'The history: stretches of sightings of one listing at one total price (whole crowns, per month for rents, null on request), not interrupted by a complete walk that covered the listing and did not see it.';
comment on column warehouse.spell.last_seen is 'Start of the last walk that saw it so. Null while nothing has ended it: every walk since that covers the listing saw it at this price. That way a listing that stays costs no write.';
comment on column warehouse.spell.missing_since is 'Start of the first walk that covered the listing and missed it, after this spell and before the next.';
comment on column warehouse.spell.delisted_at is 'Start of the third such walk in a row: the listing is gone.';
comment on column warehouse.spell.next_seen is 'Start of the next spell; null for the latest.';
alter table warehouse.spell alter column hash_id set (n_distinct = -0.5);

create table warehouse.extra_sighting (
    hash_id bigint not null,
    seen_at timestamptz not null,
    walk_id uuid not null,
    total_price bigint,
    primary key (hash_id, seen_at, walk_id)
);
comment on table warehouse.extra_sighting is 'Sightings that the spells do not imply: by walks that do not cover the listing. All others follow from the spells: every walk between the ends of a spell that covers the listing saw it.';
comment on column warehouse.extra_sighting.seen_at is 'The walk''s start.';
alter table warehouse.extra_sighting alter column hash_id set (n_distinct = -0.5);
-- For what the marts say was last seen when, and to compare a raw object with its sightings: those of one walk. Most walks
-- have none; where one does, they lie side by side and their common key is stored once.
create index extra_sighting_of_walk on warehouse.extra_sighting (walk_id);
alter table warehouse.extra_sighting alter column walk_id set (n_distinct = -0.1);


-- Tables that the load keeps for the marts: what is asked every day. Each but price_level is defined by a view of the facts
-- (`definitions/`), and must equal it after every load. A day is a UTC day everywhere.

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
comment on table warehouse.stay is 'One row for each time that a listing came and, perhaps, was gone again. A few missed walks do not end a stay; being delisted does.';
comment on column warehouse.stay.returned is 'Whether the listing had been here and gone before.';
comment on column warehouse.stay.last_seen_on is 'Day of the last sighting; null while it is not gone.';
comment on column warehouse.stay.gone_on is 'Day of the third walk in a row that missed it; null while it is not gone.';
comment on column warehouse.stay.days_on_market is 'From the day of the listing''s very first sighting to the day of the first walk that missed it; null unless it is gone and has not returned.';
-- In the order of its mart's groups, so that nothing is sorted and no row is read.
create index stay_on_market on warehouse.stay (
    category, deal, region_id, district_id, sub_category, days_on_market
) include (gone_on) where days_on_market is not null;
-- Seldom changed and read as a whole: vacuumed early, so that the index suffices.
alter table warehouse.stay set (autovacuum_vacuum_insert_scale_factor = 0.02, autovacuum_vacuum_scale_factor = 0.02);
alter table warehouse.stay alter column hash_id set (n_distinct = -0.9);

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
comment on table warehouse.turnover is 'The stays counted by day and place; 0 for listings without region or district.';

create table warehouse.price_change (
    hash_id bigint not null,
    changed_at timestamptz not null,
    walk_id uuid not null,
    category smallint not null,
    deal smallint not null,
    sub_category smallint,
    region_id integer,
    district_id integer,
    area_m2 integer,
    old_price bigint not null,
    new_price bigint not null,
    primary key (hash_id, changed_at, walk_id)
);
comment on table warehouse.price_change is 'Every change of a listing from one known total price to another.';
create index price_change_time on warehouse.price_change (changed_at);
alter table warehouse.price_change alter column hash_id set (n_distinct = -0.5);

create table warehouse.relisting (
    new_hash_id bigint primary key,
    old_hash_id bigint not null,
    relisted_at timestamptz not null,
    old_last_seen timestamptz not null,
    old_price bigint,
    new_price bigint,
    same_agency boolean
);
comment on table warehouse.relisting is 'Listings that are another one anew: the same property under a new id.';
create index relisting_old on warehouse.relisting (old_hash_id);
alter table warehouse.relisting alter column old_hash_id set (n_distinct = -0.9);


-- What happened to listings, on its way to people. No facts, and not to be rebuilt: what is told once is not told again.

create table warehouse.event (
    id bigint primary key generated always as identity,
    hash_id bigint not null,
    kind text not null check (kind in ('new', 'relisted', 'back', 'cheaper', 'dearer', 'gone')),
    spell timestamptz not null,
    happened_at timestamptz not null,
    price_before bigint,
    price bigint,
    relisted_from bigint
);
comment on table warehouse.event is 'The outbox: what the loads of the last days found out about listings, in the order in which it became known. Rows of walks that are old when they are loaded are not in it, and what is older than a fortnight is removed.';
comment on column warehouse.event.spell is 'Start of the spell that it tells of, the listing''s latest.';
comment on column warehouse.event.happened_at is 'Start of the walk that showed it.';
comment on column warehouse.event.relisted_from is 'Of a relisted listing, the earlier advert of the same property.';
create index event_time on warehouse.event (happened_at);

create table warehouse.outbox_position (
    event_id bigint not null,
    is_the_only_one boolean primary key default true check (is_the_only_one)
);
comment on table warehouse.outbox_position is 'Up to which event the notifier has compared the outbox with the watches.';

create table warehouse.watch (
    name text primary key,
    since timestamptz not null
);
comment on table warehouse.watch is 'Since when each watch is told what happens: what happened before is not told to it.';

create table warehouse.delivery (
    watch text not null,
    channel text not null,
    hash_id bigint not null,
    spell timestamptz not null,
    kind text not null,
    event_id bigint not null,
    happened_at timestamptz not null,
    price_before bigint,
    price bigint,
    relisted_from bigint,
    state text not null default 'waiting' check (state in ('waiting', 'sent', 'counted', 'given_up')),
    message uuid,
    entered_at timestamptz not null default now(),
    due_at timestamptz not null default now(),
    sent_at timestamptz,
    primary key (watch, channel, hash_id, spell, kind),
    constraint sent_at_a_time check ((sent_at is not null) = (state = 'sent'))
);
comment on table warehouse.delivery is 'What each watch tells through each channel: the same never twice, whatever is delivered again. Watches and channels stand here by name, without addresses.';
comment on column warehouse.delivery.event_id is 'Its row in warehouse.event when it was matched: deliveries go out in this order.';
comment on column warehouse.delivery.state is 'waiting; sent; counted (over the watch''s limit: told as a number only); given_up (its channel failed for days, or its watch or channel is gone).';
comment on column warehouse.delivery.message is 'Which message it is part of, decided before it is first sent, so that a second try sends the same.';
comment on column warehouse.delivery.due_at is 'Not to be sent before: the next try after a failure, or the day''s digest.';
create index delivery_waiting on warehouse.delivery (due_at, event_id) where state = 'waiting';
create index delivery_message on warehouse.delivery (message) where message is not null;
create index delivery_sent on warehouse.delivery (sent_at) where state = 'sent';
create index delivery_done on warehouse.delivery (entered_at) where state <> 'waiting';

create table warehouse.failing_channel (
    channel text primary key,
    since timestamptz not null,
    tries integer not null,
    failure text not null,
    reported boolean not null default false
);
comment on table warehouse.failing_channel is 'Channels whose last try failed: since when, how often in a row, and why.';
comment on column warehouse.failing_channel.reported is 'Whether the operator was told, once, that it has failed for a day.';

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
alter index warehouse.listing_property alter column 1 set statistics 0;

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
comment on table warehouse.price_level is 'Prices per m² in whole crowns by day and place, as the last covering walk of that day which takes in the place and the sub-category saw them: a fact, for a day that is over cannot be asked again. A place''s sub-categories stand in one row, side by side in five arrays.';
comment on column warehouse.price_level.day is 'UTC day on which the walk started.';
comment on column warehouse.price_level.region_id is '-1 for all regions together, 0 for listings without one.';
comment on column warehouse.price_level.district_id is '-1 for all districts of the region together, 0 for listings without one.';
comment on column warehouse.price_level.sub_categories is 'In ascending order: -1 for all sub-categories together, 0 for listings without one.';
comment on column warehouse.price_level.listings is 'How many listings with a price and an area.';
comment on column warehouse.price_level.medians is 'A price that some listing has: the lower of the two in the middle.';
-- A load reads one day of a pair, whatever is analysed.
alter table warehouse.price_level
    alter column category set (n_distinct = 5),
    alter column deal set (n_distinct = 4),
    alter column day set (n_distinct = -0.001);
