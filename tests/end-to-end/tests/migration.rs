//! Migrations: applied once, by whoever comes first, only forwards, and without a superuser.

use std::process::Stdio;

use end_to_end::database::{OWNER, connect};
use end_to_end::{Database, Function, binary};
use serde_json::json;
use warehouse::{Error, SCHEMA_VERSION, Warehouse};

const APPLIED: [&str; 1] = ["tables"];

async fn migrate(url: &str) -> Result<Vec<&'static str>, Error> {
    Warehouse::new(url, None).unwrap().migrate().await
}

async fn migrator(url: &str) -> Function {
    Function::start("migrator", &[("DATABASE_URL".to_owned(), url.to_owned())]).await
}

#[tokio::test]
async fn an_empty_event_migrates_what_is_not_up_to_date() {
    let database = Database::start().await;
    let mut migrator = migrator(&database.url(OWNER)).await;
    for applied in [&APPLIED[..], &[]] {
        let response = migrator.invoke(json!({})).await.unwrap();
        assert_eq!(response, json!({"applied": applied, "schema_version": SCHEMA_VERSION}));
    }
}

#[tokio::test]
async fn two_migrators_at_once_both_succeed_and_apply_once() {
    let database = Database::start().await;
    let url = database.url(OWNER);
    let (mut one, mut two) = (migrator(&url).await, migrator(&url).await);
    let (one, two) = tokio::join!(one.invoke(json!({})), two.invoke(json!({})));
    let mut applied = [one.unwrap()["applied"].clone(), two.unwrap()["applied"].clone()];
    applied.sort_by_key(|names| names.as_array().unwrap().len());
    assert_eq!(applied, [json!([]), json!(APPLIED)]);
    let sql = database.connect(OWNER).await;
    let migrations = sql.query("select name from warehouse.migration order by version", &[]).await.unwrap();
    assert_eq!(migrations.iter().map(|row| row.get(0)).collect::<Vec<&str>>(), APPLIED);
}

#[tokio::test]
async fn databases_of_one_cluster_can_be_migrated_at_once() {
    let database = Database::start().await;
    let sql = database.connect(OWNER).await;
    let names = ["one", "two", "three", "four"];
    for name in names {
        sql.batch_execute(&format!("create database {name}")).await.unwrap();
    }
    let urls = names.map(|name| database.url_of(name, OWNER));
    let [one, two, three, four] = &urls;
    let (one, two, three, four) = tokio::join!(migrate(one), migrate(two), migrate(three), migrate(four));
    for applied in [one, two, three, four] {
        assert_eq!(applied.unwrap(), APPLIED);
    }
}

#[tokio::test]
async fn a_schema_newer_than_the_software_is_neither_migrated_nor_loaded_into() {
    let database = Database::start().await;
    let url = database.url(OWNER);
    migrate(&url).await.unwrap();
    let sql = database.connect(OWNER).await;
    let newer = "insert into warehouse.migration (version, name, md5) values (99, 'later', '')";
    sql.batch_execute(newer).await.unwrap();

    let error = migrate(&url).await.unwrap_err();
    assert!(matches!(error, Error::Schema { found: 99, expected: SCHEMA_VERSION, .. }), "{error}");
    let error = migrator(&url).await.invoke(json!({})).await.unwrap_err();
    assert_eq!(error.class, "stop");
    assert!(error.message.contains("update the software"), "{}", error.message);
    let error = Warehouse::new(&url, None).unwrap().entry("raw", "x").await.unwrap_err();
    assert!(matches!(error, Error::Schema { found: 99, .. }), "{error}");
}

#[tokio::test]
async fn an_applied_migration_whose_text_changed_is_refused_by_name() {
    let database = Database::start().await;
    let url = database.url(OWNER);
    migrate(&url).await.unwrap();
    let sql = database.connect(OWNER).await;
    sql.batch_execute("update warehouse.migration set md5 = md5('another') where version = 1").await.unwrap();
    let error = migrate(&url).await.unwrap_err();
    assert!(matches!(error, Error::ChangedMigration { version: 1, name: "tables" }), "{error}");
}

#[tokio::test]
async fn the_migrator_needs_no_superuser() {
    let database = Database::start().await;
    let sql = database.connect(OWNER).await;
    // As RDS makes its master user.
    sql.batch_execute("create role master login createrole createdb").await.unwrap();
    sql.batch_execute("create database w owner master").await.unwrap();
    let url = database.url_of("w", "master");
    let mut migrator = migrator(&url).await;
    for _ in 0..2 {
        migrator.invoke(json!({})).await.unwrap();
    }

    let master = connect(&url).await;
    let users = "
        create role loader login;
        create role analyst login;
        grant cenovka_loader to loader;
        grant cenovka_analyst to analyst";
    master.batch_execute(users).await.unwrap();
    let loader = connect(&database.url_of("w", "loader")).await;
    loader.batch_execute("create temporary table t as select * from warehouse.walk").await.unwrap();
    let analyst = connect(&database.url_of("w", "analyst")).await;
    analyst.batch_execute("select * from mart.current_listing").await.unwrap();
    let error = analyst.batch_execute("create temporary table t ()").await.unwrap_err();
    assert_eq!(error.code().unwrap().code(), "42501");
}

#[tokio::test]
async fn who_may_not_create_roles_is_told_what_an_administrator_must_run() {
    let database = Database::start().await;
    let sql = database.connect(OWNER).await;
    sql.batch_execute("create role plain login").await.unwrap();
    sql.batch_execute("create database w owner plain").await.unwrap();
    let mut migrator = migrator(&database.url_of("w", "plain")).await;
    let error = migrator.invoke(json!({})).await.unwrap_err();
    assert_eq!(error.class, "stop");
    let statements: Vec<&str> = error.message.split('`').skip(1).step_by(2).collect();
    assert_eq!(
        statements,
        ["loader", "analyst", "notifier"].map(|role| format!("create role cenovka_{role} nologin")),
        "{}",
        error.message
    );

    sql.batch_execute(&statements.join(";")).await.unwrap();
    let response = migrator.invoke(json!({})).await.unwrap();
    assert_eq!(response["applied"], json!(APPLIED));
}

#[tokio::test]
async fn the_operators_command_migrates() {
    let database = Database::start().await;
    for expected in [format!("applied: {}\n", APPLIED.join(", ")), "the schema is up to date\n".to_owned()] {
        let mut command = tokio::process::Command::new(binary::built("cenovka"));
        command.arg("migrate").env("DATABASE_URL", database.url(OWNER)).stdin(Stdio::null());
        let output = command.output().await.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
    }
}
