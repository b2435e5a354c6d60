-- Few, for most walks are covering and nationwide. Grouped, so that the planner leaves the join with it out where nobody
-- asks.
create view warehouse.seen_apart as
select hash_id, max(seen_at) as seen_at, bool_or(rejected) as rejected
from (
    select extra.hash_id, extra.seen_at, false as rejected
    from warehouse.walk
    left join warehouse.latest_walk on latest_walk.category = walk.category and latest_walk.deal = walk.deal
    join warehouse.extra_sighting as extra on extra.walk_id = walk.id
    -- Between two bounds, so that the planner expects few and does not take the whole for dear.
    where walk.started_at between (select min(nationwide) from warehouse.latest_walk) and 'infinity'
        -- It covers its own; those elsewhere are listings of another category or deal.
        and (walk.started_at > latest_walk.nationwide or walk.rows_elsewhere > 0)
    union all
    select reject.hash_id, null, true
    from warehouse.latest_walk
    join warehouse.walk
        on warehouse.pair(walk.category, walk.deal) = warehouse.pair(latest_walk.category, latest_walk.deal)
        and walk.started_at = latest_walk.nationwide
    join warehouse.reject on reject.walk_id = walk.id
    where reject.hash_id is not null
) as apart
group by hash_id;
comment on view warehouse.seen_apart is 'Listings of which the latest nationwide covering walk of their category and deal may not be the last word: sighted since by walks that do not cover them, or rejected by that very walk.';
