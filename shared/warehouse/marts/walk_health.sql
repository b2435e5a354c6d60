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
    software,
    since,
    (select count(*) from warehouse.drift where drift.walk_id = walk.id) as drifts,
    robots_disregarded,
    refusals,
    load_seconds,
    portal
from warehouse.walk;
comment on view mart.walk_health is 'Every walk in the ledger, and how it went.';
comment on column mart.walk_health.announced is 'How many listings the portal said there are.';
comment on column mart.walk_health.rows_seen is 'Rows in the raw object; each was loaded, a duplicate or rejected.';
comment on column mart.walk_health.rows_duplicate is 'Rows that repeat a listing of the same walk: pages shift while they are read.';
comment on column mart.walk_health.completeness is 'Different listings loaded by listings announced; above 1 where some came while the walk went on.';
comment on column mart.walk_health.load_lag is 'From the end of the walk to its load; long after the warehouse was made anew from the raw zone, and no fault then.';
comment on column mart.walk_health.since is 'Of which age the adverts are that the walk asked for; null for all. Such a walk is never complete, and that is no fault.';
comment on column mart.walk_health.drifts is 'Differences from the known shape that its pages show: mart.drift names them.';
comment on column mart.walk_health.robots_disregarded is 'Whether it was made although the portal''s robots.txt forbids it, because its operator says that they may.';
comment on column mart.walk_health.refusals is 'Answers by which the portal refused a request (401, 403, 429); null if the raw object does not say.';
comment on column mart.walk_health.load_seconds is 'How long the load took.';
comment on column mart.walk_health.portal is 'Base URL of the portal that was asked: tells simulated data from real ones.';
