//! One warehouse, one market.

use crate::adverts::{flats, rows, walk};
use crate::database::{Database, RawWalk, load_raw};

fn of_market(day: i64, market: &str) -> RawWalk {
    let mut walk = walk(day, "flats-sale", &rows(&flats(3)));
    market.clone_into(&mut walk.facts.market);
    walk
}

#[tokio::test]
async fn a_walk_of_another_market_is_refused_before_anything_is_written() {
    let database = Database::start().await;
    let mut warehouse = database.warehouse();
    assert_eq!(warehouse.market().await.unwrap(), None);
    load_raw(&mut warehouse, &of_market(0, "www.sreality.cz"), None).await.unwrap();
    assert_eq!(warehouse.market().await.unwrap().as_deref(), Some("www.sreality.cz"));

    let before = database.tables().await;
    for (day, market) in [(1, "simulated:a"), (2, "simulated:a"), (0, "www.sreality.cz.example")] {
        let error = load_raw(&mut warehouse, &of_market(day, market), None).await.unwrap_err();
        assert!(matches!(error, warehouse::Error::OtherMarket { .. }), "{error}");
        assert!(!error.is_transient() && !error.is_bad_data());
        let said = error.to_string();
        assert!(said.contains("holds the market www.sreality.cz") && said.contains(market), "{said}");
    }
    assert_eq!(database.tables().await, before);
    load_raw(&mut warehouse, &of_market(3, "www.sreality.cz"), None).await.unwrap();
}

#[tokio::test]
async fn the_database_itself_takes_no_second_market() {
    let database = Database::start().await;
    let mut warehouse = database.warehouse();
    load_raw(&mut warehouse, &of_market(0, "simulated:a"), None).await.unwrap();
    for sql in [
        "insert into warehouse.market (name) values ('simulated:b')",
        "update warehouse.walk set market = 'simulated:b'",
    ] {
        let error = database.sql.batch_execute(sql).await.unwrap_err();
        assert!(error.code().is_some_and(|code| code.code().starts_with("23")), "{sql}");
    }
}
