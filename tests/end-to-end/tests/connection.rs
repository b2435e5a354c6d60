//! The way to Postgres: who is believed, what is encrypted, and what a restart does.

use std::path::Path;

use causes::with_causes;
use end_to_end::network_postgres::Authority;
use end_to_end::{Function, NetworkPostgres, World, event, world::BUCKET};
use simulator::{Market, Source};
use warehouse::{Error, Warehouse};

use end_to_end::walk_file::stored_walk;

/// A name that is foreign to this machine.
const NAME: &str = "warehouse.example.com";

async fn is_encrypted(warehouse: &mut Warehouse) -> bool {
    let client = warehouse.client().await.unwrap();
    let sql = "select ssl from pg_stat_ssl where pid = pg_backend_pid()";
    client.query_one(sql, &[]).await.unwrap().get(0)
}

/// Why a connection does not come about, checked to name the host and nothing secret.
async fn refusal(url: &str, name: &str, bundle: Option<&Path>) -> Error {
    let error = Warehouse::new(url, bundle).unwrap().client().await.map(drop).unwrap_err();
    let message = with_causes(&error);
    assert!(message.contains(name), "{message}");
    assert!(!format!("{message} {error:?}").contains("hunter2"), "{message}");
    assert!(!error.is_transient(), "{message}");
    error
}

#[tokio::test]
async fn a_server_over_a_network_is_believed_by_its_authority_and_its_name() {
    let (authority, stranger, impostor) =
        (Authority::new("ours"), Authority::new("stranger"), Authority::new("ours"));
    let (bundle, strange_bundle, false_bundle) = (authority.bundle(), stranger.bundle(), impostor.bundle());
    let mut postgres = NetworkPostgres::start(Some(&authority.certificate(NAME))).await;
    let url = postgres.url(NAME);

    for url in [&url, &format!("{url} sslmode=prefer"), &format!("{url} sslmode=require")] {
        assert!(is_encrypted(&mut Warehouse::new(url, Some(&bundle)).unwrap()).await, "{url}");
    }

    for (what, url, name, bundle, reason) in [
        ("another authority", &url, NAME, Some(strange_bundle.as_path()), "UnknownIssuer"),
        ("another authority of the same name", &url, NAME, Some(false_bundle.as_path()), "BadSignature"),
        ("the system's authorities", &url, NAME, None, "UnknownIssuer"),
        (
            "another name",
            &postgres.url("other.example.com"),
            "other.example.com",
            Some(bundle.as_path()),
            "not valid for name",
        ),
    ] {
        let error = refusal(url, name, bundle).await;
        assert!(matches!(error, Error::Untrusted { .. }), "{what}: {error:?}");
        assert!(with_causes(&error).contains(reason), "{what}: {}", with_causes(&error));
    }

    postgres.restart(Some(&authority.expired_certificate(NAME))).await;
    let error = refusal(&url, NAME, Some(&bundle)).await;
    assert!(matches!(error, Error::Untrusted { .. }) && with_causes(&error).contains("expired"), "{error}");

    postgres.restart(None).await;
    let error = refusal(&url, NAME, Some(&bundle)).await;
    assert!(matches!(error, Error::Connect { .. }), "{error:?}");
    let message = with_causes(&error);
    assert!(message.contains("server does not support TLS"), "{message}");
}

#[tokio::test]
async fn on_this_machine_nothing_is_encrypted_unless_the_url_says_so() {
    let authority = Authority::new("ours");
    // As Debian sets Postgres up: it offers TLS with a certificate that nobody can verify.
    let postgres = NetworkPostgres::start(Some(&authority.certificate("localhost"))).await;
    let url = postgres.url("localhost");
    assert!(!is_encrypted(&mut Warehouse::new(&url, None).unwrap()).await);
    let encrypted = format!("{url} sslmode=require");
    assert!(is_encrypted(&mut Warehouse::new(&encrypted, Some(&authority.bundle())).unwrap()).await);
    let error = refusal(&encrypted, "localhost", None).await;
    assert!(matches!(error, Error::Untrusted { .. }), "{error:?}");
}

#[tokio::test]
async fn what_postgres_refuses_is_said_once_and_the_session_is_named_and_has_limits() {
    let postgres = NetworkPostgres::start(None).await;
    let url = postgres.url("localhost").replace("dbname=cenovka", "dbname=nowhere");
    let error = refusal(&url, "localhost", None).await;
    let message = with_causes(&error);
    assert_eq!(message.matches("database \"nowhere\" does not exist").count(), 1, "{message}");

    let mut warehouse = Warehouse::new(&postgres.url("localhost"), None).unwrap();
    let client = warehouse.client().await.unwrap();
    for (setting, expected) in [
        ("application_name", concat!("cenovka/", env!("CARGO_PKG_VERSION"))),
        ("statement_timeout", "5min"),
        ("lock_timeout", "2min"),
        ("idle_in_transaction_session_timeout", "2min"),
    ] {
        let row = client.query_one("select current_setting($1)", &[&setting]).await.unwrap();
        assert_eq!(row.get::<_, &str>(0), expected, "{setting}");
    }
}

#[tokio::test]
async fn a_loader_goes_on_after_postgres_restarted_and_stops_when_it_is_another() {
    let world = World::start(Source::Market(Market::new(7, 500))).await;
    let authority = Authority::new("ours");
    let certificate = authority.certificate(NAME);
    let mut postgres = NetworkPostgres::start(Some(&certificate)).await;
    let (url, bundle) = (postgres.url(NAME), authority.bundle());
    Warehouse::new(&url, Some(&bundle)).unwrap().migrate().await.unwrap();
    let environment =
        world.environment_with(&[("DATABASE_URL", &url), ("PGSSLROOTCERT", bundle.to_str().unwrap())]);
    let mut loader = Function::start("loader", &environment).await;
    let mut events = Vec::new();
    for walk in 1..=3 {
        events.push(event::object_created(BUCKET, &stored_walk(&world, walk, true).await));
    }

    assert_eq!(loader.invoke(events[0].clone()).await.unwrap()["objects"][0]["outcome"], "loaded");
    postgres.restart(Some(&certificate)).await;
    assert_eq!(loader.invoke(events[1].clone()).await.unwrap()["objects"][0]["outcome"], "loaded");

    postgres.stop().await;
    let error = loader.invoke(events[2].clone()).await.unwrap_err();
    assert!(error.message.contains(&format!("could not connect to Postgres at {NAME}")), "{}", error.message);
    assert_eq!(error.class, "retry");

    postgres.start_again(Some(&Authority::new("ours").certificate(NAME))).await;
    let error = loader.invoke(events[2].clone()).await.unwrap_err();
    assert!(error.message.contains("does not verify") && error.message.contains(NAME), "{}", error.message);
    assert!(!error.message.contains("hunter2"));
    assert_eq!(error.class, "stop");

    postgres.restart(Some(&certificate)).await;
    assert_eq!(loader.invoke(events[2].clone()).await.unwrap()["objects"][0]["outcome"], "loaded");
}

#[tokio::test]
async fn a_connection_that_breaks_in_the_middle_of_a_load_is_worth_another_try() {
    let mut world = World::start(Source::Market(Market::new(7, 500))).await;
    let (mut collector, mut loader) = (world.collector().await, world.loader().await);
    let event = world.collect(&mut collector, &["flats-rent"]).await.remove(0);
    // Holds the load up while it merges, and cuts it there.
    world.sql.batch_execute("begin; lock table warehouse.listing in access exclusive mode").await.unwrap();
    let cut = async {
        let sql = "
            select count(pg_terminate_backend(pid))
            from pg_stat_activity
            where application_name like 'cenovka/%' and wait_event_type = 'Lock'";
        while world.count(sql).await == 0 {
            // A transaction sees who is there only once, unless told to look again.
            world.sql.batch_execute("select pg_stat_clear_snapshot()").await.unwrap();
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    let (answer, ()) = tokio::join!(loader.invoke(event.clone()), cut);
    let error = answer.unwrap_err();
    assert_eq!(error.class, "retry", "{}", error.message);
    assert!(error.message.contains("terminating connection"), "{}", error.message);
    world.sql.batch_execute("rollback").await.unwrap();
    assert_eq!(world.count("select count(*) from warehouse.walk").await, 0);
    assert_eq!(loader.invoke(event).await.unwrap()["objects"][0]["outcome"], "loaded");
}
