-- Walks that asked for adverts of some age only, and how the pages of every walk differ from the known shape.

alter table warehouse.walk
    add column since text,
    add column robots_disregarded boolean,
    add constraint since_never_complete check (since is null or not complete);
-- In steps: since its minor releases of autumn 2026 (17.12, for one) Postgres refuses to add a column with a default to
-- a table whose row type an SQL function takes, as warehouse.covers does.
alter table warehouse.walk alter column robots_disregarded set default false;
update warehouse.walk set robots_disregarded = false;
alter table warehouse.walk alter column robots_disregarded set not null;
comment on column warehouse.walk.since is 'Of which age the adverts are that the walk asked for, as the request said: 24h, 7d or 30d, by the portal''s own reckoning. Null for a walk of all adverts.';
comment on column warehouse.walk.robots_disregarded is 'Whether it was made although the portal''s robots.txt forbids it, because its operator says that they may.';

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

create view mart.drift as
select
    drift.path,
    drift.change,
    types.found,
    drift.still_shown,
    coalesce(drift.still_shown_in, '{}') as still_shown_in,
    drift.segments,
    drift.walks,
    drift.first_shown,
    drift.first_walk_id,
    drift.last_shown,
    drift.last_walk_id,
    drift.rows,
    drift.of_rows
from (
    select
        path,
        change,
        string_agg(distinct found, ', ') as found,
        bool_or(still_shown) as still_shown,
        array_agg(distinct segment order by segment) filter (where still_shown) as still_shown_in,
        array_agg(distinct segment order by segment) as segments,
        count(*) as walks,
        min(started_at) as first_shown,
        (array_agg(walk_id order by started_at, walk_id))[1] as first_walk_id,
        max(started_at) as last_shown,
        (array_agg(walk_id order by started_at desc, walk_id desc))[1] as last_walk_id,
        (array_agg(rows order by started_at desc, walk_id desc))[1] as rows,
        (array_agg(of_rows order by started_at desc, walk_id desc))[1] as of_rows
    from (
        select
            drift.*,
            walk.segment,
            walk.started_at,
            case when drift.path like '/%' and drift.path <> '/results[]' then walk.pages else walk.rows_seen end as of_rows,
            -- No complete walk of the segment has been without it since.
            (walk.started_at < latest.started_at) is not true as still_shown
        from warehouse.drift
        join warehouse.walk on walk.id = drift.walk_id
        left join (
            select segment, max(started_at) as started_at from warehouse.walk where complete group by segment
        ) as latest on latest.segment = walk.segment
    ) as shown
    group by path, change
) as drift
cross join lateral (
    select string_agg(distinct type, ', ' order by type) as found
    from unnest(string_to_array(drift.found, ', ')) as type
    where type <> ''
) as types;
comment on view mart.drift is 'How the portal''s pages differ from the shape that the collecting software knows: the first sign of a change of the portal. A difference ends when a complete walk of the segment is without it, because the portal changed back or later software knows it.';
comment on column mart.drift.path is 'Where in a row, such as locality.gps_lat; advert_images_all[].alt is in every item of a list. The envelope''s keys start with /, and /results[] is a row itself. Odd keys are quoted; * stands for more new keys than a walk tells apart.';
comment on column mart.drift.change is 'appeared: a key that is not known; disappeared: a key that every row has had is missing; changed_type: a value of a type that was never seen there.';
comment on column mart.drift.found is 'The JSON types that were found there, in any walk; of those that changed only the new ones. Null for what disappeared. unreadable: no JSON value.';
comment on column mart.drift.still_shown is 'Whether any segment''s latest complete walk, or a walk after it, shows it.';
comment on column mart.drift.still_shown_in is 'Those segments.';
comment on column mart.drift.segments is 'All segments whose walks ever showed it.';
comment on column mart.drift.walks is 'How many walks showed it.';
comment on column mart.drift.first_shown is 'Start of the first walk that showed it.';
comment on column mart.drift.last_shown is 'Start of the last walk that showed it.';
comment on column mart.drift.rows is 'In how many rows of that walk; of the envelope''s keys in how many pages.';
comment on column mart.drift.of_rows is 'Rows that the walk has, or pages.';

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
    robots_disregarded
from warehouse.walk;
comment on column mart.walk_health.since is 'Of which age the adverts are that the walk asked for; null for all. Such a walk is never complete, and that is no fault.';
comment on column mart.walk_health.drifts is 'Differences from the known shape that its pages show: mart.drift names them.';
comment on column mart.walk_health.robots_disregarded is 'Whether it was made although the portal''s robots.txt forbids it, because its operator says that they may.';

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
    coalesce(drift.drifts, 0) as drifts
from (
    select
        walk.segment,
        max(walk.started_at) as last_walk_at,
        max(latest.started_at) as last_complete_at,
        count(*) filter (where walk.since is null and (walk.started_at > latest.started_at) is not false)
            as incomplete_in_a_row,
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
) as quarantined on quarantined.segment = segment.segment
left join (
    select unnest(still_shown_in) as segment, count(*) as drifts from mart.drift group by 1
) as drift on drift.segment = segment.segment;
comment on column mart.segment_health.incomplete_in_a_row is 'Walks since the latest complete one that should have been complete: those for adverts of some age only are none.';
comment on column mart.segment_health.drifts is 'Differences from the known shape that the latest complete walk, or a walk after it, shows: mart.drift names them.';
