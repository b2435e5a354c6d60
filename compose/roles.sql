-- Users and databases of a new Postgres, as README.md, "Roles", describes them. Run once, as superuser.
\set cenovka_password `cat /run/passwords/cenovka`
\set loader_password `cat /run/passwords/loader`
\set analyst_password `cat /run/passwords/analyst`

-- The owner is no superuser and cannot create roles, so it finds the group roles here.
create role cenovka_loader;
create role cenovka_analyst;
create role cenovka login password :'cenovka_password';
create role loader login password :'loader_password' in role cenovka_loader;
create role analyst login password :'analyst_password' in role cenovka_analyst;
alter role analyst set statement_timeout = '1min';

-- What is simulated and what is real are never in one warehouse.
create database cenovka owner cenovka;
create database live owner cenovka;

-- No superuser over the network.
alter role postgres password null;
