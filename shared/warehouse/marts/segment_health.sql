create view mart.segment_health as
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
    select segment, count(*) as objects from warehouse.quarantine where is_open group by segment
) as quarantined on quarantined.segment = segment.segment
left join (
    select unnest(still_shown_in) as segment, count(*) as drifts from mart.drift group by 1
) as drift on drift.segment = segment.segment;
comment on view mart.segment_health is 'Every segment that was ever walked: how fresh it is, and what went wrong lately.';
comment on column mart.segment_health.freshness_hours is 'Hours since the start of the latest complete walk, as of now.';
comment on column mart.segment_health.quarantined_objects is 'Raw objects of this segment that are set aside and wait for a decision; of objects whose segment is unknown, in a row without one.';
comment on column mart.segment_health.incomplete_in_a_row is 'Walks since the latest complete one that should have been complete: those for adverts of some age only are none.';
comment on column mart.segment_health.drifts is 'Differences from the known shape that the latest complete walk, or a walk after it, shows: mart.drift names them.';
comment on column mart.segment_health.portal is 'Base URL of the portal that the latest walk asked: tells simulated data from real ones.';
