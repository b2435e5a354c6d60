-- Rows that disappeared: the ledger's sum, and its rejects against those that are kept.
select format(
    '%s: warehouse.walk has %s rows seen, but %s loaded, %s duplicate and %s rejected',
    key, rows_seen, rows_loaded, rows_duplicate, rows_rejected
)
from warehouse.walk
where rows_seen <> rows_loaded + rows_duplicate + rows_rejected
    or least(rows_loaded, rows_duplicate, rows_rejected) < 0
union all
select format(
    '%s: warehouse.walk counts %s rejects, %s of them without an id; warehouse.reject has %s, %s without',
    walk.key,
    walk.rows_rejected,
    walk.rejects_without_id,
    coalesce(kept.rejects, 0),
    coalesce(kept.without_id, 0)
)
from warehouse.walk
left join (
    select walk_id, count(*) as rejects, count(*) filter (where hash_id is null) as without_id
    from warehouse.reject
    group by walk_id
) as kept on kept.walk_id = walk.id
where walk.rows_rejected <> coalesce(kept.rejects, 0) or walk.rejects_without_id <> coalesce(kept.without_id, 0)
union all
select distinct format(
    '%s: warehouse.walk has parser version %s, warehouse.reject %s',
    walk.key,
    walk.parser_version,
    reject.parser_version
)
from warehouse.walk
join warehouse.reject on reject.walk_id = walk.id
where reject.parser_version <> walk.parser_version
