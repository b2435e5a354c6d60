-- Users and databases of Postgres, as docs/operating.md, "Roles", describes them. Run as superuser at each start, so that what
-- is added here comes into an older Postgres, too.
\set cenovka_password `cat /run/passwords/cenovka`
\set loader_password `cat /run/passwords/loader`
\set notifier_password `cat /run/passwords/notifier`
\set publisher_password `cat /run/passwords/publisher`
\set analyst_password `cat /run/passwords/analyst`
\set superset_password `cat /run/passwords/superset`

-- The owner is no superuser and cannot create roles, so it finds the group roles here.
select format('create role %I', role)
from unnest(array['cenovka_loader', 'cenovka_notifier', 'cenovka_analyst', 'cenovka', 'loader', 'notifier', 'publisher', 'analyst', 'superset']) role
where to_regrole(role) is null
\gexec
alter role cenovka login password :'cenovka_password';
alter role loader login password :'loader_password';
alter role notifier login password :'notifier_password';
alter role publisher login password :'publisher_password';
alter role analyst login password :'analyst_password';
alter role superset login password :'superset_password';
-- What is granted already is said again in silence.
set client_min_messages = warning;
grant cenovka_loader to loader;
grant cenovka_notifier to notifier;
-- The publisher reads what analysts read, with limits of its own: a publication is one long look at everything.
grant cenovka_analyst to publisher, analyst;
reset client_min_messages;
alter role analyst set statement_timeout = '1min';
-- So that no query fills the disk; each of its processes may write so much. Only a superuser can lift this.
alter role analyst set temp_file_limit = '1GB';
-- Anybody can undo this in their session: what keeps analysts from writing is that they have no right to.
alter role analyst set default_transaction_read_only = on;

-- What is simulated and what is real are never in one warehouse; `superset` has Superset's own data.
select format('create database %I owner %I', database, owner)
from (values ('cenovka', 'cenovka'), ('live', 'cenovka'), ('superset', 'superset')) needed (database, owner)
where not exists (select from pg_database where datname = database)
\gexec

-- Superset is kept to its own database, and everybody else out of that.
revoke connect on database postgres, template1, cenovka, live, superset from public;
grant connect on database cenovka, live to cenovka_loader, cenovka_notifier, cenovka_analyst;

-- No superuser over the network.
alter role postgres password null;

-- Large objects belong to no schema, and else everybody who logs in could make them.
\connect cenovka
revoke execute on function lo_creat(integer), lo_create(oid), lo_from_bytea(oid, bytea) from public;
\connect live
revoke execute on function lo_creat(integer), lo_create(oid), lo_from_bytea(oid, bytea) from public;
