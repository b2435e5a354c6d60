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
