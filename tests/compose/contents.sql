-- Each table of the warehouse with its number of rows and their checksum. Left out is what tells when something was
-- written and not what, the cache, and the outbox, which tells what became known when: as tests/end-to-end/src/tables.rs
-- has it.
select
    relname,
    query_to_xml(
        format(
            'select count(*), md5(string_agg(line, e''\n'' order by line collate "C"))'
            ' from (select row(%s)::text as line from warehouse.%I) as lines',
            columns, relname
        ),
        false, true, ''
    )
from (
    select relname, string_agg(format('%I', attname), ', ' order by attnum) as columns
    from pg_class
    join pg_attribute on attrelid = pg_class.oid
    where relnamespace = to_regnamespace('warehouse') and relkind = 'r'
        and relname not in ('row_digest', 'event', 'outbox_position', 'watch', 'delivery', 'failing_channel')
        and attnum > 0 and not attisdropped
        and attname not in ('loaded_at', 'load_seconds', 'noted_at', 'applied_at')
    group by relname
) as tables
order by relname;
