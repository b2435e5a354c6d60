//! The migrator as a custom resource: whatever happens, the stack gets an answer.

use std::time::Duration;

use axum::http::StatusCode;
use end_to_end::database::OWNER;
use end_to_end::{Database, Function, Stack};
use serde_json::json;

async fn migrator(database_url: String) -> Function {
    Function::start("migrator", &[("DATABASE_URL".to_owned(), database_url)]).await
}

async fn exists(database: &Database, relation: &str) -> bool {
    let sql = database.connect(OWNER).await;
    sql.query_one("select to_regclass($1) is not null", &[&relation]).await.unwrap().get(0)
}

#[tokio::test]
async fn a_stack_is_created_updated_and_deleted_and_the_warehouse_outlives_it() {
    let (database, stack) = (Database::start().await, Stack::start(&[]).await);
    let mut migrator = migrator(database.url(OWNER)).await;
    for file in ["migrator-create.json", "migrator-update.json", "migrator-delete.json"] {
        migrator.invoke(stack.request(file)).await.unwrap();
    }
    let request = stack.request("migrator-create.json");
    let version = warehouse::SCHEMA_VERSION.to_string();
    let answers = stack.answers();
    assert_eq!(answers.len(), 3);
    assert_eq!(
        answers[0],
        json!({
            "Status": "SUCCESS",
            "PhysicalResourceId": "cenovka-warehouse",
            "StackId": request["StackId"],
            "RequestId": request["RequestId"],
            "LogicalResourceId": "Schema",
            "Data": {"applied": "tables", "schema_version": version},
        })
    );
    assert_eq!(answers[1]["Data"], json!({"applied": "", "schema_version": version}));
    assert_ne!(answers[1]["RequestId"], answers[0]["RequestId"]);
    assert_eq!(answers[2]["Status"], "SUCCESS");
    assert!(answers.iter().all(|answer| answer["PhysicalResourceId"] == "cenovka-warehouse"), "{answers:?}");
    assert!(exists(&database, "warehouse.walk").await);
}

#[test]
fn the_template_names_the_digest_of_all_that_the_migrator_does() {
    let template = std::fs::read_to_string(end_to_end::binary::workspace().join("template.yaml")).unwrap();
    let digest = format!("      Digest: '{}'\n", warehouse::schema_digest());
    assert!(template.contains(&digest), "template.yaml must have under Schema:\n{digest}");
}

#[tokio::test]
async fn a_migrator_that_cannot_start_answers_all_the_same() {
    for (setting, value, reason) in [
        ("DATABASE_URL", "mysql://root:hunter2@localhost/x", "DATABASE_URL is not a Postgres URL"),
        ("DATABASE_URL", "", "DATABASE_URL is missing"),
        ("PGSSLROOTCERT", "/opt/no-such-bundle.pem", "PGSSLROOTCERT is wrong"),
    ] {
        let stack = Stack::start(&[]).await;
        let url = ("DATABASE_URL".to_owned(), "postgres://u:hunter2@db.example.org/x".to_owned());
        let settings = [url, (setting.to_owned(), value.to_owned())];
        let mut migrator = Function::start("migrator", &settings).await;
        migrator.invoke(stack.request("migrator-create.json")).await.unwrap();
        migrator.invoke(stack.request("migrator-delete.json")).await.unwrap();
        let answers = stack.answers();
        assert_eq!((&answers[0]["Status"], &answers[1]["Status"]), (&"FAILED".into(), &"SUCCESS".into()));
        let said = answers[0]["Reason"].as_str().unwrap();
        assert!(said.contains("cannot start") && said.contains(reason), "{said}");
        assert!(!said.contains("hunter2"), "{said}");
        let error = migrator.invoke(json!({})).await.unwrap_err();
        assert!(error.class == "stop" && error.message.contains(reason), "{}", error.message);
    }
}

#[tokio::test]
async fn a_failed_migration_is_answered_and_leaves_nothing() {
    let (database, stack) = (Database::start().await, Stack::start(&[]).await);
    let sql = database.connect(OWNER).await;
    sql.batch_execute("create schema mart").await.unwrap();
    let mut migrator = migrator(database.url(OWNER)).await;
    migrator.invoke(stack.request("migrator-create.json")).await.unwrap();

    let answer = stack.answer();
    assert_eq!(answer["Status"], "FAILED");
    let reason = answer["Reason"].as_str().unwrap();
    assert!(reason.contains("could not apply migration 1 (tables)"), "{reason}");
    assert!(reason.contains("already exists"), "{reason}");
    assert!(!exists(&database, "warehouse.migration").await);
    let roles = "select count(*) from pg_roles where rolname like 'cenovka!_%' escape '!'";
    assert_eq!(sql.query_one(roles, &[]).await.unwrap().get::<_, i64>(0), 0);

    // What is asked for next, once the creation has failed.
    migrator.invoke(stack.request("migrator-delete.json")).await.unwrap();
    assert_eq!(stack.answers()[1]["Status"], "SUCCESS");
}

#[tokio::test]
async fn an_unreachable_postgres_is_answered_without_the_password() {
    let stack = Stack::start(&[]).await;
    let mut migrator = migrator("postgres://u:hunter2@127.0.0.1:1/x".to_owned()).await;
    migrator.invoke(stack.request("migrator-create.json")).await.unwrap();
    let answer = stack.answer();
    assert_eq!(answer["Status"], "FAILED");
    let reason = answer["Reason"].as_str().unwrap();
    assert!(reason.contains("could not connect to Postgres at 127.0.0.1:1") && !reason.contains("hunter2"));
}

#[tokio::test]
async fn a_migration_that_hangs_is_answered_before_the_deadline() {
    let (database, stack) = (Database::start().await, Stack::start(&[]).await);
    let sql = database.connect(OWNER).await;
    // The migrators' own lock, as another migrator would hold it.
    sql.batch_execute("select pg_advisory_lock(x'0063656e6f766b61'::bigint)").await.unwrap();
    let mut migrator = migrator(database.url(OWNER)).await;
    let request = stack.request("migrator-create.json");
    migrator.invoke_within(Duration::from_secs(4), request).await.unwrap();
    let answer = stack.answer();
    assert_eq!(answer["Status"], "FAILED");
    assert!(answer["Reason"].as_str().unwrap().contains("deadline"), "{answer}");
}

#[tokio::test]
async fn an_unknown_request_type_is_answered() {
    let stack = Stack::start(&[]).await;
    let mut migrator = migrator("postgres://127.0.0.1:1/x".to_owned()).await;
    let mut request = stack.request("migrator-create.json");
    request["RequestType"] = "Recreate".into();
    migrator.invoke(request).await.unwrap();
    let answer = stack.answer();
    assert_eq!(answer["Status"], "FAILED");
    assert!(answer["Reason"].as_str().unwrap().contains("unknown request type `Recreate`"), "{answer}");
}

#[tokio::test]
async fn an_answer_that_is_not_taken_is_sent_again() {
    let stack = Stack::start(&[StatusCode::INTERNAL_SERVER_ERROR, StatusCode::SERVICE_UNAVAILABLE]).await;
    let mut migrator = migrator("postgres://127.0.0.1:1/x".to_owned()).await;
    migrator.invoke(stack.request("migrator-delete.json")).await.unwrap();
    let answers = stack.answers();
    assert_eq!(answers.len(), 3);
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
}

#[tokio::test]
async fn an_answer_that_cannot_be_given_is_an_error_without_the_credential() {
    let stack = Stack::start(&[StatusCode::FORBIDDEN; 4]).await;
    let mut migrator = migrator("postgres://127.0.0.1:1/x".to_owned()).await;
    let mut request = stack.request("migrator-delete.json");
    let error = migrator.invoke(request.clone()).await.unwrap_err();
    assert_eq!(error.class, "retry");
    assert!(error.message.contains("127.0.0.1 answered status 403"), "{}", error.message);

    request["ResponseURL"] = "http://127.0.0.1:1/x?X-Amz-Signature=hunter2".into();
    let error = migrator.invoke(request.clone()).await.unwrap_err();
    assert_eq!(error.class, "retry");
    assert!(error.message.contains("no answer from 127.0.0.1"), "{}", error.message);
    assert!(!error.message.contains("hunter2"), "{}", error.message);

    request["ResponseURL"] = "hunter2".into();
    let error = migrator.invoke(request).await.unwrap_err();
    assert_eq!(error.class, "reject");
    assert!(
        error.message.contains("is not a URL") && !error.message.contains("hunter2"),
        "{}",
        error.message
    );
}
