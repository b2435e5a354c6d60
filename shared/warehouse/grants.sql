-- What each role may do: all of it, run at the end of every migration and by its owner, who is no superuser.
-- Nothing is kept of earlier grants, so what is not granted here is not granted.
--
-- cenovka_loader, cenovka_analyst and cenovka_notifier are group roles. Settings of a group role do not reach its members: what limits
-- an analyst's queries (statement_timeout) is set on the login role.

revoke all on schema warehouse, mart from public, cenovka_loader, cenovka_analyst, cenovka_notifier;
revoke all on all tables in schema warehouse, mart from public, cenovka_loader, cenovka_analyst, cenovka_notifier;
revoke all on all functions in schema warehouse, mart from public, cenovka_loader, cenovka_analyst, cenovka_notifier;

-- The loader writes rows, in whatever tables there are; neither the schema's own history nor the software's code tables.
grant usage on schema warehouse to cenovka_loader;
grant select, insert, update, delete on all tables in schema warehouse to cenovka_loader;
revoke insert, update, delete on warehouse.migration, warehouse.code from cenovka_loader;
-- Nor by way of a view: Postgres writes through simple ones, and there with their owner's rights.
do $$
declare
    view regclass;
begin
    for view in select oid from pg_class where relnamespace = 'warehouse'::regnamespace and relkind = 'v' loop
        execute format('revoke insert, update, delete on %s from cenovka_loader', view);
    end loop;
end
$$;
grant execute on all functions in schema warehouse to cenovka_loader;

-- It puts events into the outbox, and what becomes of them is not its business.
revoke all on warehouse.outbox_position, warehouse.watch, warehouse.delivery, warehouse.failing_channel
    from cenovka_loader;

-- The notifier reads the outbox and what its messages say of listings, and writes what was sent.
grant usage on schema warehouse to cenovka_notifier;
grant select on warehouse.migration, warehouse.event, warehouse.named_listing, warehouse.listing_version, warehouse.walk,
    warehouse.price_level to cenovka_notifier;
grant select, insert, update, delete
    on warehouse.outbox_position, warehouse.watch, warehouse.delivery, warehouse.failing_channel to cenovka_notifier;
grant execute on all functions in schema warehouse to cenovka_notifier;

-- The analyst reads marts. A view reads its tables with its owner's rights, but calls functions with those of who
-- asks; without usage of the schema, functions cannot be called but by way of a view.
grant usage on schema mart to cenovka_analyst;
grant select on all tables in schema mart to cenovka_analyst;
grant execute on all functions in schema mart to cenovka_analyst;
grant execute on all functions in schema warehouse to cenovka_analyst;

-- What everybody may do in a new database: temporary tables, large objects, and before Postgres 15 tables in the schema
-- public. Only an owner can take that back, for large objects that is a superuser. The loader keeps its sightings in temporary tables.
do $$
begin
    if (select pg_has_role(datdba, 'usage') from pg_database where datname = current_database()) then
        execute format('revoke temporary on database %I from public, cenovka_analyst, cenovka_notifier', current_database());
        execute format('grant temporary on database %I to cenovka_loader', current_database());
    end if;
    if exists (select from pg_namespace where nspname = 'public' and pg_has_role(nspowner, 'usage')) then
        revoke create on schema public from public, cenovka_loader, cenovka_analyst, cenovka_notifier;
    end if;
    -- Large objects: a place to write to that belongs to no schema.
    if (select pg_has_role(proowner, 'usage') from pg_proc where oid = 'lo_create(oid)'::regprocedure) then
        revoke execute on function lo_creat(integer), lo_create(oid), lo_from_bytea(oid, bytea) from public;
    end if;
end
$$;
