//! Least privilege: each role tries what it must not do.

use end_to_end::World;
use end_to_end::database::OWNER;
use simulator::{Market, Source};
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;
use warehouse::Warehouse;

async fn world() -> World {
    World::start(Source::Market(Market::new(7, 500))).await
}

async fn refused(client: &Client, statements: &[&str]) {
    for statement in statements {
        let error = client.batch_execute(statement).await.expect_err(statement);
        assert_eq!(error.code().map(SqlState::code), Some("42501"), "{statement}: {error:?}");
    }
}

#[tokio::test]
async fn the_loader_may_do_nothing_but_load() {
    let world = world().await;
    let loader = world.database.connect("loader").await;
    refused(
        &loader,
        &[
            // The schema is the migrator's.
            "create table warehouse.mine ()",
            "create table public.mine ()",
            "create table mart.mine ()",
            "create schema mine",
            "create view warehouse.mine as select 1",
            "create function warehouse.mine() returns integer language sql as 'select 1'",
            "create index on warehouse.walk (segment)",
            "create trigger mine before insert on warehouse.walk for each row execute function suppress_redundant_updates_trigger()",
            "create extension file_fdw",
            "create database mine",
            "alter table warehouse.walk add column mine integer",
            "alter table warehouse.walk drop constraint no_row_disappears",
            "alter table warehouse.walk owner to loader",
            "alter table warehouse.reject disable trigger all",
            "drop table warehouse.reject",
            "drop view mart.current_listing",
            "drop schema mart",
            // A load removes rows one by one, never a table's worth.
            "truncate warehouse.reject",
            // What the migrator filled in.
            "insert into warehouse.migration (version, name, md5) values (99, 'mine', '')",
            "update warehouse.migration set version = 99",
            "delete from warehouse.migration",
            "insert into warehouse.code (kind, code, name) values ('mine', 1, 'mine')",
            "update warehouse.code set name = 'mine'",
            "delete from warehouse.code",
            // Marts are the analyst's.
            "select from mart.current_listing",
            // Nobody becomes more than they are.
            "create role mine",
            "alter role analyst login createrole",
            "drop role analyst",
            "grant cenovka_loader to analyst",
            "set role cenovka_analyst",
            "set session authorization cenovka",
            "select from pg_authid",
            "copy warehouse.walk to program 'true'",
            "copy warehouse.walk to '/tmp/mine'",
            "select pg_read_file('PG_VERSION')",
        ],
    )
    .await;

    // Postgres only warns of a grant that grants nothing.
    loader.batch_execute("grant select on warehouse.walk to analyst").await.unwrap();
    let analyst = world.database.connect("analyst").await;
    refused(&analyst, &["select from warehouse.walk"]).await;
}

#[tokio::test]
async fn the_notifier_may_do_nothing_but_tell() {
    let world = world().await;
    let notifier = world.database.connect("notifier").await;
    for table in ["outbox_position", "watch", "delivery", "failing_channel"] {
        notifier.batch_execute(&format!("delete from warehouse.{table}")).await.unwrap();
    }
    notifier.batch_execute("select from warehouse.event; select from warehouse.named_listing").await.unwrap();
    refused(
        &notifier,
        &[
            // What happened is the loader's.
            "insert into warehouse.event (hash_id, kind, spell, happened_at) values (1, 'new', now(), now())",
            "update warehouse.event set kind = 'gone'",
            "delete from warehouse.event",
            "update warehouse.listing set hash_id = 1",
            "delete from warehouse.walk",
            "select from warehouse.reject",
            "select from warehouse.quarantine",
            "truncate warehouse.delivery",
            "create table warehouse.mine ()",
            "create table public.mine ()",
            "create temporary table mine ()",
            "select from mart.current_listing",
            "set role cenovka_loader",
            "copy warehouse.event to '/tmp/mine'",
        ],
    )
    .await;
    let readable = "
        select string_agg(relname, ' ' order by relname)
        from pg_class
        where relnamespace in ('warehouse'::regnamespace, 'mart'::regnamespace) and relkind in ('r', 'p', 'v', 'm')
            and has_table_privilege(oid, 'select')";
    let readable: String = notifier.query_one(readable, &[]).await.unwrap().get(0);
    assert_eq!(
        readable,
        "delivery event failing_channel listing_version migration named_listing outbox_position price_level walk watch"
    );
    // Nobody else reads or changes what is told.
    for other in ["loader", "analyst"] {
        let other = world.database.connect(other).await;
        for table in ["outbox_position", "watch", "delivery", "failing_channel"] {
            let statements =
                [format!("select from warehouse.{table}"), format!("delete from warehouse.{table}")];
            refused(&other, &statements.each_ref().map(String::as_str)).await;
        }
    }
}

#[tokio::test]
async fn the_analyst_may_do_nothing_but_read_marts() {
    let world = world().await;
    let tables = "
        select relnamespace::regnamespace || '.' || relname
        from pg_class
        where relnamespace = 'warehouse'::regnamespace and relkind in ('r', 'p', 'v', 'm')";
    let tables = world.sql.query(tables, &[]).await.unwrap();
    assert!(tables.len() > 4);
    let analyst = world.database.connect("analyst").await;
    for table in tables.iter().map(|row| row.get::<_, &str>(0)) {
        refused(
            &analyst,
            &[
                &format!("select from {table}"),
                &format!("insert into {table} default values"),
                &format!("delete from {table}"),
                &format!("truncate {table}"),
                &format!("copy {table} to stdout"),
            ],
        )
        .await;
    }
    refused(
        &analyst,
        &[
            "update warehouse.walk set complete = true",
            // Without the schema there is no way to the function, although marts call it for the analyst.
            "select warehouse.covers(null, null)",
            "create table public.mine ()",
            "create table mart.mine ()",
            "create temporary table mine ()",
            "create view mart.mine as select 1",
            "create schema mine",
            "create function mart.mine() returns integer language sql as 'select 1'",
            "drop view mart.current_listing",
            "create role mine",
            "grant cenovka_analyst to loader",
            "set role cenovka_loader",
            "select from pg_authid",
            "copy mart.current_listing to program 'true'",
            "select pg_read_file('PG_VERSION')",
        ],
    )
    .await;
}

/// Whatever relations later migrations add.
#[tokio::test]
async fn no_role_has_a_privilege_that_it_does_not_need() {
    let world = world().await;
    let held = "
        select role, schema, coalesce(string_agg(distinct privilege, ' ' order by privilege), '')
        from unnest(array['loader', 'analyst', 'stranger']) as role
        cross join unnest(array['warehouse', 'mart']) as schema
        join pg_class on relnamespace = schema::regnamespace and relkind in ('r', 'p', 'v', 'm', 'S')
        left join unnest(array['select', 'insert', 'update', 'delete', 'truncate', 'references', 'trigger'])
            as privilege on relkind <> 'S' and has_table_privilege(role, pg_class.oid, privilege)
        where relname not in ('migration', 'code')
        group by role, schema
        order by role, schema";
    world.sql.batch_execute("create role stranger login").await.unwrap();
    let rows = world.sql.query(held, &[]).await.unwrap();
    let rows: Vec<(&str, &str, &str)> = rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect();
    assert_eq!(
        rows,
        [
            ("analyst", "mart", "select"),
            ("analyst", "warehouse", ""),
            ("loader", "mart", ""),
            ("loader", "warehouse", "delete insert select update"),
            ("stranger", "mart", ""),
            ("stranger", "warehouse", ""),
        ]
    );

    let stranger = world.database.connect("stranger").await;
    let attempts =
        ["select from mart.current_listing", "select from warehouse.walk", "create temporary table mine ()"];
    refused(&stranger, &attempts).await;
}

#[tokio::test]
async fn a_grant_that_crept_in_is_taken_back_by_the_next_migration() {
    let world = world().await;
    let crept = "
        grant usage, create on schema warehouse to cenovka_analyst;
        grant all on all tables in schema warehouse to cenovka_analyst, public;
        grant update (name) on warehouse.code to cenovka_loader;
        grant temporary on database cenovka to public;
        grant create on schema public to public";
    world.sql.batch_execute(crept).await.unwrap();
    let (analyst, loader) = (world.database.connect("analyst").await, world.database.connect("loader").await);
    analyst.batch_execute("select from warehouse.walk").await.unwrap();
    Warehouse::new(&world.database.url(OWNER), None).unwrap().migrate().await.unwrap();
    let attempts =
        ["select from warehouse.walk", "create temporary table mine ()", "create table public.mine ()"];
    refused(&analyst, &attempts).await;
    refused(&loader, &["truncate warehouse.walk", "update warehouse.code set name = 'mine'"]).await;
}

#[tokio::test]
async fn loads_and_marts_need_no_more_than_their_roles() {
    let mut world = world().await;
    let (mut collector, mut loader) = (world.collector().await, world.loader().await);
    for day in 0..5 {
        world.simulator.advance_to(day);
        for event in world.collect(&mut collector, &["flats-sale", "flats-rent"]).await {
            let response = loader.invoke(event).await.unwrap();
            assert_eq!(response["objects"][0]["outcome"], "loaded");
        }
    }
    let marts = "
        select 'mart.' || relname from pg_class where relnamespace = 'mart'::regnamespace and relkind in ('v', 'm')";
    let marts = world.sql.query(marts, &[]).await.unwrap();
    assert!(marts.len() >= 3);
    let analyst = world.database.connect("analyst").await;
    for mart in marts.iter().map(|row| row.get::<_, &str>(0)) {
        let rows = analyst.query(&format!("select * from {mart} limit 1"), &[]).await;
        rows.unwrap_or_else(|error| panic!("{mart}: {error:?}"));
    }
    let listings = analyst.query_one("select count(*) from mart.current_listing", &[]).await.unwrap();
    assert!(listings.get::<_, i64>(0) > 0);
}
