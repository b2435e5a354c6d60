//! The project's own client meets the faults: what is called transient is what it survives.

use simulator::{Effect, Fault, Faults, RequestLog, Simulator};
use sreality::query::SearchQuery;
use sreality_client::{Client, ClientSettings};
use tokio::task::JoinSet;

use crate::simulator;

/// Whether the client gets its page although the first answer has this fault.
async fn survives(simulator: &Simulator, fault: Fault) -> bool {
    simulator.set_faults(Faults::default().with_script([Some(fault)]));
    let base_url = simulator.base_url().parse().unwrap();
    let settings = ClientSettings { requests_per_second: 1000.0, ..ClientSettings::new(base_url) };
    let client = Client::new(settings).unwrap();
    client.begin_run().await.unwrap();
    let query = SearchQuery { limit: 10, ..SearchQuery::first_page("flats-sale".parse().unwrap()) };
    match client.search(&query).await {
        Ok(answer) => answer.rows.len() == 10,
        Err(_) => false,
    }
}

#[tokio::test]
async fn transient_faults_are_survived_politely_and_the_others_that_bring_no_page_are_not() {
    let mut asking = JoinSet::new();
    for fault in Fault::ALL.into_iter().filter(|fault| fault.effect() != Effect::OtherPage) {
        asking.spawn(async move {
            let simulator = simulator(500).await;
            assert_eq!(survives(&simulator, fault.clone()).await, fault.is_transient(), "{fault}");
            let robots_txt = |request: &RequestLog| request.path_and_query == "/robots.txt";
            let mut requests = simulator.requests();
            requests.retain(|request| !robots_txt(request));
            let expected = if fault.effect() == Effect::NoPage && fault.is_transient() { 2 } else { 1 };
            assert_eq!(requests.len(), expected, "{fault}");
            if let (Some(quiet_until), Some(next)) = (requests[0].quiet_until, requests.get(1)) {
                assert!(next.arrived_at >= quiet_until, "{fault}");
            }
        });
    }
    while let Some(asked) = asking.join_next().await {
        asked.unwrap();
    }
}
