//! The way to the password: a secret of Secrets Manager, read by the functions themselves.

use std::time::Duration;

use aws_sdk_secretsmanager::config::retry::RetryConfig;
use aws_sdk_secretsmanager::config::{BehaviorVersion, Credentials, Region};
use credentials::Secret;
use end_to_end::database::OWNER;
use end_to_end::embedded_metrics::Output;
use end_to_end::secrets_manager::ARN;
use end_to_end::{Function, InvokeApi, Loaders, SecretsManager, World, event, world::BUCKET};
use serde_json::{Value, json};
use simulator::{Market, Source};
use warehouse::UrlSource;

use end_to_end::walk_file::stored_walk;

async fn world() -> World {
    World::start(Source::Market(Market::new(7, 500))).await
}

/// The settings of a function that knows its secret's ARN and no URL.
fn settings(world: &World, secrets: &SecretsManager) -> Vec<(String, String)> {
    world.environment_with(&[
        ("DATABASE_URL", ""),
        ("DATABASE_URL_SECRET", ARN),
        ("AWS_ENDPOINT_URL_SECRETS_MANAGER", &secrets.endpoint),
        // All that could ever be logged.
        ("RUST_LOG", "trace"),
    ])
}

fn url(world: &World, password: &str) -> String {
    format!("{}&password={password}", world.database.url("loader"))
}

/// The events of so many new raw objects.
async fn events<const COUNT: usize>(world: &World) -> [Value; COUNT] {
    let mut events = Vec::new();
    for walk in 1..=COUNT as u128 {
        events.push(event::object_created(BUCKET, &stored_walk(world, walk, true).await));
    }
    events.try_into().unwrap()
}

async fn load(loader: &mut Function, event: &Value) -> Value {
    loader.invoke(event.clone()).await.unwrap()["objects"][0]["outcome"].take()
}

#[tokio::test]
async fn a_password_that_is_rotated_is_read_anew_when_postgres_refuses_the_old_one() {
    let world = world().await;
    world.database.set_password("loader", "hunter2").await;
    let secrets = SecretsManager::start(&url(&world, "hunter2")).await;
    let [first, second, third] = events(&world).await;
    let output = Output::default();
    let mut loader = Function::start_logging_to(output.file(), "loader", &settings(&world, &secrets)).await;
    loader.ready().await;
    assert_eq!(secrets.reads(), 1, "it is read while the function starts");
    assert_eq!(load(&mut loader, &first).await, "loaded");

    // Postgres is reconnected to with the URL that is known, without asking.
    world.database.disconnect("loader").await;
    assert_eq!(load(&mut loader, &second).await, "loaded");
    assert_eq!(secrets.reads(), 1);

    world.database.set_password("loader", "hunter3").await;
    world.database.disconnect("loader").await;
    let error = loader.invoke(third.clone()).await.unwrap_err();
    assert_eq!(error.class, "stop");
    assert!(
        error.message.contains("password authentication failed for user \"loader\""),
        "{}",
        error.message
    );
    assert_eq!(secrets.reads(), 2, "the secret still has the old one");

    // As RDS has it, with its parts.
    let url = world.database.url("loader");
    let (_, socket) = url.split_once("host=").unwrap();
    let (socket, _) = socket.split_once('&').unwrap();
    let parts = json!({
        "engine": "postgres", "username": "loader", "password": "hunter3", "host": socket, "dbname": OWNER,
    });
    secrets.rotate(&parts.to_string());
    assert_eq!(load(&mut loader, &third).await, "loaded");
    assert_eq!(secrets.reads(), 3);
    let said = output.lines().iter().map(Value::to_string).collect::<String>();
    assert!(said.contains("the warehouse's URL is read anew") && !said.contains("hunter"), "{said}");
}

#[tokio::test]
async fn a_secret_that_may_not_be_read_stops_the_function_and_one_that_cannot_be_read_now_is_tried_again() {
    let world = world().await;
    let secrets = SecretsManager::start(&world.database.url("loader")).await;
    let [event] = events(&world).await;
    secrets.fail(Some((400, "AccessDeniedException")));
    let output = Output::default();
    let mut loader = Function::start_logging_to(output.file(), "loader", &settings(&world, &secrets)).await;
    let key = event["Records"][0]["s3"]["object"]["key"].as_str().unwrap();
    for (failing, class, reason) in [
        ((400, "AccessDeniedException"), "stop", "must be allowed secretsmanager:GetSecretValue on it"),
        ((400, "ResourceNotFoundException"), "stop", "must be the ARN of a secret with a current value"),
        ((400, "DecryptionFailure"), "stop", "allowed kms:Decrypt"),
        ((400, "ThrottlingException"), "retry", "asked again with the next event"),
        ((500, "InternalServiceError"), "retry", "asked again with the next event"),
    ] {
        secrets.fail(Some(failing));
        let error = loader.invoke(event.clone()).await.unwrap_err();
        assert_eq!(error.class, class, "{}", error.message);
        let expected = format!("s3://{BUCKET}/{key}: could not read the secret {ARN}: {}: ", failing.1);
        assert!(error.message.starts_with(&expected) && error.message.contains(reason), "{}", error.message);
    }
    secrets.fail(None);
    for (secret, reason) in [
        (
            r#"{"username": "loader", "password": "hunter2"}"#,
            "it lacks host, dbname: a secret that RDS manages",
        ),
        ("mysql://u:hunter2@h/d", "the secret of DATABASE_URL_SECRET is not a Postgres URL: "),
    ] {
        secrets.rotate(secret);
        let error = loader.invoke(event.clone()).await.unwrap_err();
        assert_eq!(error.class, "stop", "{}", error.message);
        assert!(error.message.contains(reason), "{}", error.message);
        // It is kept for a while, which must not keep the right one out.
        secrets.rotate(&world.database.url("loader"));
    }
    assert_eq!(load(&mut loader, &event).await, "loaded");
    assert!(!output.lines().iter().any(|line| line.to_string().contains("hunter")));
}

#[tokio::test]
async fn reconciler_and_migrator_read_their_secrets_too() {
    let world = world().await;
    world.database.set_password("loader", "hunter2").await;
    let secrets = SecretsManager::start(&url(&world, "hunter2")).await;
    let [_event] = events(&world).await;
    let settings = settings(&world, &secrets);
    let lambda = InvokeApi::start(Loaders::start(1, &settings).await).await;
    let of_reconciler = [
        ("CENOVKA_LOADER_FUNCTION", end_to_end::invoke_api::LOADER),
        ("AWS_ENDPOINT_URL_LAMBDA", lambda.endpoint.as_str()),
    ];
    let of_reconciler = of_reconciler.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let mut reconciler = Function::start("reconciler", &[settings.as_slice(), &of_reconciler].concat()).await;
    let report = reconciler.invoke(json!({ "older_than_minutes": 0 })).await.unwrap();
    assert_eq!((&report["missing"], &report["loaded"]), (&json!(1), &json!(1)), "{report}");

    secrets.rotate(&world.database.url(OWNER));
    let mut migrator = Function::start("migrator", &settings).await;
    assert_eq!(migrator.invoke(json!({})).await.unwrap()["applied"], json!([]));
    secrets.fail(Some((400, "AccessDeniedException")));
    let error = migrator.invoke(json!({})).await.unwrap_err();
    assert_eq!(error.class, "stop");
    assert!(error.message.starts_with(&format!("could not read the secret {ARN}: ")), "{}", error.message);
}

#[tokio::test]
async fn a_url_is_read_again_when_its_time_is_over_and_kept_if_that_fails() {
    let secrets = SecretsManager::start("host=a").await;
    let client = || {
        let credentials = Credentials::new("test", "test", None, None, "test");
        let config = aws_sdk_secretsmanager::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(runtime::aws::http_client())
            .region(Region::new("eu-central-1"))
            .endpoint_url(&secrets.endpoint)
            .retry_config(RetryConfig::disabled())
            .credentials_provider(credentials);
        aws_sdk_secretsmanager::Client::from_conf(config.build())
    };
    let secret = |kept_for| Secret::from_parts(client(), ARN.to_owned(), kept_for);
    let url = async |secret: &mut Secret| secret.url(false).await.unwrap().reveal().to_owned();
    let (mut kept, mut passing) = (secret(Duration::from_secs(3600)), secret(Duration::ZERO));
    assert_eq!((url(&mut kept).await, url(&mut passing).await), ("host=a".to_owned(), "host=a".to_owned()));
    secrets.rotate("host=b");
    assert_eq!((url(&mut kept).await, url(&mut passing).await), ("host=a".to_owned(), "host=b".to_owned()));
    assert_eq!(kept.url(true).await.unwrap().reveal(), "host=b");
    secrets.fail(Some((500, "InternalServiceError")));
    assert_eq!(url(&mut passing).await, "host=b");
    assert!(passing.url(true).await.unwrap_err().transient);
    secrets.fail(Some((400, "AccessDeniedException")));
    assert!(!passing.url(false).await.unwrap_err().transient);
    assert!(!format!("{kept:?} {passing:?}").contains("host="));
}
