//! The running simulator: control, the log of requests, start and stop.

use std::io::ErrorKind;
use std::process::Command;
use std::time::Duration;

use simulator::{Market, Simulator, Source};

use crate::{any_client, client_builder, get, simulator};

#[tokio::test]
async fn days_can_be_advanced_over_http() {
    let simulator = simulator(1000).await;
    let (_, before) = get(&simulator, "/simulator/state").await;
    assert_eq!(before, serde_json::json!({ "day": 0, "listings": 1000 }));
    let client = any_client();
    let advance =
        |query: &str| client.post(format!("{}/simulator/advance{query}", simulator.base_url())).send();
    assert_eq!(advance("?days=3").await.unwrap().status(), 200);
    assert_eq!(simulator.with_market(Market::day), Some(3));
    for wrong in ["", "?days=-1", "?days=100000"] {
        assert_eq!(advance(wrong).await.unwrap().status(), 422, "{wrong}");
    }
    let mut same = Market::new(7, 1000);
    same.advance_to(3);
    assert!(simulator.with_market(|market| market.history().eq(same.history())).unwrap());
}

#[tokio::test]
async fn other_paths_answer_as_the_portal_does() {
    let simulator = simulator(10).await;
    assert_eq!(get(&simulator, "/api/v1/estates").await.0, 401);
    let (status, answer) = get(&simulator, "/api/cs/v2/estates").await;
    assert_eq!((status, &answer["status_code"]), (404, &404.into()));
    let robots = any_client().get(format!("{}/robots.txt", simulator.base_url())).send().await.unwrap();
    assert!(robots.text().await.unwrap().contains("Allow: /"));
}

#[tokio::test]
async fn requests_are_remembered_with_what_politeness_is_judged_by() {
    let simulator = simulator(500).await;
    let client = client_builder().user_agent("somebody/1.0").build().unwrap();
    let url = format!("{}/api/v1/estates/search?limit=7", simulator.base_url());
    client.get(url).send().await.unwrap();
    get(&simulator, "/simulator/state").await;
    get(&simulator, "/api/v1/estates").await;
    let requests = simulator.requests();
    assert_eq!(requests.len(), 2);
    assert_eq!(requests[0].path_and_query, "/api/v1/estates/search?limit=7");
    assert_eq!((requests[0].method.as_str(), requests[0].status, requests[0].rows), ("GET", 200, 7));
    assert_eq!(requests[0].user_agent.as_deref(), Some("somebody/1.0"));
    assert!(requests[0].arrived_at <= requests[0].answered_at);
    assert_eq!((requests[1].status, requests[1].rows), (401, 0));
}

#[tokio::test]
async fn a_stopped_or_dropped_simulator_answers_no_more() {
    let stopped = simulator(10).await;
    let url = stopped.base_url();
    any_client().get(&url).send().await.unwrap();
    stopped.stop().await;
    assert!(any_client().get(&url).send().await.is_err());

    let dropped = simulator(10).await;
    let url = dropped.base_url();
    drop(dropped);
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(any_client().get(&url).send().await.is_err());
}

#[tokio::test]
async fn a_port_in_use_is_an_error() {
    let first = simulator(10).await;
    let address = first.base_url().trim_start_matches("http://").parse().unwrap();
    let second = Simulator::start(Source::Market(Market::new(1, 10)), address).await;
    assert_eq!(second.unwrap_err().kind(), ErrorKind::AddrInUse);
}

#[tokio::test]
async fn the_binary_names_the_address_that_is_in_use() {
    let first = simulator(10).await;
    let address = first.base_url().trim_start_matches("http://").to_owned();
    let binary = Command::new(env!("CARGO_BIN_EXE_simulator"))
        .args(["--listen", &address, "--listings", "10"])
        .output()
        .unwrap();
    let message = String::from_utf8(binary.stderr).unwrap();
    assert!(!binary.status.success());
    assert!(message.contains(&address) && message.contains("--listen"), "{message}");
}
