-- What the ledger says of the walk and its object does not: every column, but for when, how long and by which parser it
-- was loaded. A newer parser reads the same as an older one, except what that rejected.
--
-- entry: the ledger's row as the object gives it.
select format(
    'the ledger says %s %s, the object %s',
    said.key,
    coalesce(to_jsonb(walk) ->> said.key, 'null'),
    coalesce(to_jsonb(entry) ->> said.key, 'null')
)
from entry
join warehouse.walk using (id)
cross join lateral jsonb_each(to_jsonb(entry) - array['loaded_at', 'load_seconds', 'parser_version']) as said
where to_jsonb(walk) -> said.key is distinct from said.value
union all
select format(
    'parser %s loaded it, this software has %s: verify with later software',
    walk.parser_version,
    entry.parser_version
)
from entry
join warehouse.walk using (id)
where walk.parser_version > entry.parser_version
union all
select 'the ledger does not have the walk that the object holds'
from entry
where not exists (select from warehouse.walk where walk.id = entry.id)
