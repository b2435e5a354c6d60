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
    where is_open
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
