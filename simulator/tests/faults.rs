//! Each fault, as the one who asked sees it.

use std::time::{Duration, Instant};

use reqwest::header::{ACCEPT, LOCATION, RETRY_AFTER};
use serde_json::Value;
use simulator::{Effect, Fault, Faults, RetryAfter, Robots, Sent, Simulator};

use crate::{FLATS_SALE, any_client, ask, get, search, simulator};

const PATH: &str = "/api/v1/estates/search?limit=50";

/// A simulator of which every answer has this fault.
async fn always(fault: &str) -> Simulator {
    let simulator = simulator(2000).await;
    simulator.set_faults(fault.parse().unwrap());
    simulator
}

#[tokio::test]
async fn error_statuses_come_in_an_envelope_that_says_the_same() {
    for code in [401, 403, 429, 500, 502, 503, 504, 520] {
        let simulator = always(&code.to_string()).await;
        let (status, answer) = get(&simulator, PATH).await;
        assert_eq!((status, &answer["status_code"]), (code, &code.into()));
        let request = &simulator.requests()[0];
        assert_eq!(request.faults, [Fault::Status { code, retry_after: None }]);
        assert_eq!((request.status, request.rows, request.quiet_until), (code, 0, None));
    }
}

#[tokio::test]
async fn retry_after_is_sent_as_seconds_or_as_a_date_and_noted_as_an_instant() {
    for code in [429, 503] {
        let simulator = always(&format!("{code}(retry-after=7)")).await;
        let response = ask(&simulator, PATH).await.unwrap();
        assert_eq!(
            (response.status().as_u16(), response.headers()[RETRY_AFTER].as_bytes()),
            (code, &b"7"[..])
        );
        let request = &simulator.requests()[0];
        let quiet = request.quiet_until.unwrap() - request.arrived_at;
        assert!((7.0..=8.0).contains(&quiet.as_secs_f64()), "{quiet:?}");

        let simulator = always(&format!("{code}(retry-after-date=30)")).await;
        let before = jiff::Timestamp::now();
        let response = ask(&simulator, PATH).await.unwrap();
        let date = response.headers()[RETRY_AFTER].to_str().unwrap();
        assert!(date.ends_with(" GMT"), "{date}");
        let date = jiff::fmt::rfc2822::parse(date).unwrap().timestamp();
        let request = &simulator.requests()[0];
        let quiet = request.quiet_until.unwrap() - request.arrived_at;
        for seconds in [quiet.as_secs_f64(), date.duration_since(before).as_secs_f64()] {
            assert!((30.0..=35.0).contains(&seconds), "{seconds}");
        }
    }
    let plain = always("429").await;
    assert!(!ask(&plain, PATH).await.unwrap().headers().contains_key(RETRY_AFTER));
}

#[tokio::test]
async fn html_comes_with_status_200_and_is_no_page() {
    let simulator = always("html").await;
    let response = ask(&simulator, PATH).await.unwrap();
    assert_eq!(response.status(), 200);
    assert!(response.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
    assert!(response.text().await.unwrap().contains("stránka nebyla nalezena"));
}

#[tokio::test]
async fn the_envelope_can_say_another_status_than_http() {
    let simulator = always("envelope-status(503)").await;
    let (status, page) = get(&simulator, PATH).await;
    assert_eq!((status, &page["status_code"]), (200, &503.into()));
    assert_eq!(page["results"].as_array().unwrap().len(), 50);
}

#[tokio::test]
async fn a_truncated_body_is_whole_for_http_and_broken_as_json() {
    let simulator = simulator(2000).await;
    let whole = ask(&simulator, PATH).await.unwrap().bytes().await.unwrap();
    simulator.set_faults(Faults::default().with(Fault::Truncated, 1.0));
    let response = ask(&simulator, PATH).await.unwrap();
    assert_eq!(response.content_length(), Some(whole.len() as u64 / 2));
    let half = response.bytes().await.unwrap();
    assert!(whole.starts_with(&half) && serde_json::from_slice::<Value>(&half).is_err());
    assert_eq!(simulator.requests()[1].sent, Sent::Whole);
}

#[tokio::test]
async fn a_cut_body_ends_before_what_its_length_has_promised() {
    let simulator = simulator(2000).await;
    let whole = ask(&simulator, PATH).await.unwrap().bytes().await.unwrap();
    for path in [PATH, "/api/v1/estates/search?limit=0", "/api/v1/estates/search?limit=1000"] {
        simulator.set_faults(Faults::default().with_script([None, Some(Fault::Cut)]));
        let whole_of_path = ask(&simulator, path).await.unwrap().bytes().await.unwrap();
        let mut response = ask(&simulator, path).await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.content_length(), Some(whole_of_path.len() as u64));
        let mut received = Vec::new();
        let broken = loop {
            match response.chunk().await {
                Ok(Some(chunk)) => received.extend_from_slice(&chunk),
                Ok(None) => break false,
                Err(_) => break true,
            }
        };
        assert!(broken, "the connection did not end");
        assert_eq!(received.len(), whole_of_path.len() / 2);
        assert!(whole_of_path.starts_with(&received));
        assert_eq!(simulator.requests().last().unwrap().sent, Sent::Cut);
    }
    // The next answer is whole again.
    assert_eq!(ask(&simulator, PATH).await.unwrap().bytes().await.unwrap(), whole);
}

#[tokio::test]
async fn garbage_is_no_text() {
    let simulator = always("garbage").await;
    let bytes = ask(&simulator, PATH).await.unwrap().bytes().await.unwrap();
    assert!(bytes.len() > 1000 && std::str::from_utf8(&bytes).is_err());
}

#[tokio::test]
async fn a_reset_connection_answers_nothing_and_the_next_one_does() {
    let simulator = simulator(2000).await;
    simulator.set_faults("script=ok, reset, ok".parse().unwrap());
    // One client, so that the reset meets a connection that has answered before.
    let client = any_client();
    let url = format!("{}{PATH}", simulator.base_url());
    let ask = async || client.get(&url).header(ACCEPT, "application/json").send().await?.bytes().await;
    let before = ask().await.unwrap();
    let error = format!("{:?}", ask().await.unwrap_err());
    assert!(error.contains("reset"), "{error}");
    assert_eq!(ask().await.unwrap(), before);
    let requests = simulator.requests();
    assert_eq!((requests[1].sent, requests[1].status, requests[1].rows), (Sent::Reset, 0, 0));
    assert_eq!((requests.len(), requests[2].sent, requests[2].status), (3, Sent::Whole, 200));
}

#[tokio::test]
async fn a_redirect_leads_to_the_login() {
    let simulator = always("redirect").await;
    let response = ask(&simulator, PATH).await.unwrap();
    assert_eq!(response.status(), 302);
    assert!(response.headers()[LOCATION].to_str().unwrap().starts_with("https://login.szn.cz/"));
}

#[tokio::test]
async fn an_answer_can_be_late_or_come_in_drops() {
    let plain = simulator(2000).await;
    let whole = ask(&plain, PATH).await.unwrap().bytes().await.unwrap();

    let simulator = always("slow-first-byte(400ms)").await;
    let started = Instant::now();
    let response = ask(&simulator, PATH).await.unwrap();
    assert!(started.elapsed() >= Duration::from_millis(400));
    assert_eq!(response.bytes().await.unwrap(), whole);

    simulator.set_faults("slow-drip(400ms)".parse().unwrap());
    let started = Instant::now();
    let mut response = ask(&simulator, PATH).await.unwrap();
    let head = started.elapsed();
    let mut received = response.chunk().await.unwrap().unwrap().to_vec();
    let mut chunks = 1;
    while let Some(chunk) = response.chunk().await.unwrap() {
        (chunks, received) = (chunks + 1, [received, chunk.to_vec()].concat());
    }
    let all = started.elapsed();
    assert!(head < all / 2 && all >= Duration::from_millis(380), "{head:?} {all:?}");
    assert!(chunks >= 10, "{chunks}");
    assert_eq!(received, whole);
}

#[tokio::test]
async fn who_goes_before_the_answer_is_noted_too() {
    let simulator = always("slow-first-byte(30s)").await;
    let asked = tokio::time::timeout(Duration::from_millis(300), ask(&simulator, PATH)).await;
    assert!(asked.is_err());
    for _ in 0..100 {
        if !simulator.requests().is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let request = &simulator.requests()[0];
    assert_eq!((request.sent, request.status), (Sent::Abandoned, 0));
    assert_eq!(request.faults, [Fault::SlowFirstByte(Duration::from_secs(30))]);
}

#[tokio::test]
async fn a_smaller_limit_is_served_and_said() {
    let simulator = always("smaller-limit(20)").await;
    let page = search(&simulator, "limit=500&offset=10").await;
    assert_eq!(page["pagination"], serde_json::json!({ "limit": 20, "offset": 10, "total": 2000 }));
    assert_eq!(page["results"].as_array().unwrap().len(), 20);
    assert_eq!(search(&simulator, "limit=5").await["pagination"]["limit"], 5);
}

#[tokio::test]
async fn wrong_totals_are_too_high_or_too_low_and_the_rows_are_right() {
    let simulator = simulator(2000).await;
    let truth = search(&simulator, "limit=10").await;
    simulator.set_faults("wrong-total(0.3)=0.5".parse().unwrap());
    let (mut low, mut high, mut right) = (0, 0, 0);
    for _ in 0..60 {
        let page = search(&simulator, "limit=10").await;
        assert_eq!(page["results"], truth["results"]);
        let total = page["pagination"]["total"].as_u64().unwrap();
        assert!((1399..=2601).contains(&total), "{total}");
        *(if total < 2000 {
            &mut low
        } else if total > 2000 {
            &mut high
        } else {
            &mut right
        }) += 1;
    }
    assert!(low > 5 && high > 5 && right > 15, "{low} {high} {right}");
}

#[tokio::test]
async fn rows_come_in_camel_case_to_those_who_do_not_ask_for_json() {
    let simulator = simulator(500).await;
    let url = format!("{}/api/v1/estates/search?{FLATS_SALE}&limit=3", simulator.base_url());
    let ask = async |accept: Option<&str>| -> Value {
        let mut request = any_client().get(&url);
        if let Some(accept) = accept {
            request = request.header(ACCEPT, accept);
        }
        serde_json::from_slice(&request.send().await.unwrap().bytes().await.unwrap()).unwrap()
    };
    let snake = ask(Some("text/plain, Application/JSON;q=0.9")).await;
    assert!(snake["results"][0]["locality"]["gps_lat"].is_f64());
    for accept in [None, Some("*/*"), Some("text/html")] {
        let camel = ask(accept).await;
        let row = &camel["results"][0];
        assert_eq!(row["hashId"], snake["results"][0]["hash_id"]);
        assert!(
            row["locality"]["gpsLat"].is_f64() && row["advertImagesAll"][0]["advertImageSdnUrl"].is_string()
        );
        assert!(row.get("hash_id").is_none());
        assert_eq!(camel["pagination"], snake["pagination"]);
    }
    assert_eq!(simulator.requests()[1].faults, [Fault::CamelCase]);
    assert_eq!(simulator.requests()[0].accept.as_deref(), Some("text/plain, Application/JSON;q=0.9"));
    simulator.set_faults(Faults::default().with_accept_required(false));
    assert_eq!(ask(None).await, snake);
}

#[tokio::test]
async fn a_user_agent_can_be_required() {
    let simulator = always("user-agent=required").await;
    let url = format!("{}{PATH}", simulator.base_url());
    let anonymous = any_client().get(&url).header(ACCEPT, "application/json").send().await.unwrap();
    assert_eq!(anonymous.status(), 401);
    assert_eq!(get(&simulator, PATH).await.0, 200);
    assert_eq!(simulator.requests()[0].user_agent, None);
    simulator.clear_faults();
    assert_eq!(any_client().get(&url).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn drift_adds_takes_and_changes_keys_in_rows_localities_and_the_envelope() {
    let simulator = simulator(500).await;
    let plain = search(&simulator, "limit=20").await;
    let places = |page: &Value| {
        let row = &page["results"][7];
        [page, row, &row["locality"]].map(|place| place.as_object().unwrap().clone())
    };
    for (fault, more) in
        [(Fault::ExtraKeys(None), 3), (Fault::MissingKeys(None), -1), (Fault::OtherTypes(None), 0)]
    {
        simulator.set_faults(Faults::default().with(fault, 1.0));
        let page = search(&simulator, "limit=20").await;
        for (drifted, plain) in places(&page).iter().zip(places(&plain)) {
            assert_eq!(drifted.len() as i64, plain.len() as i64 + more);
            assert_ne!(*drifted, plain);
        }
        assert_eq!(page["results"][7]["hash_id"], plain["results"][7]["hash_id"]);
    }
    simulator
        .set_faults("missing-keys(row.hash_id); other-types(envelope.pagination.total)".parse().unwrap());
    let page = search(&simulator, "limit=20").await;
    assert!(page["results"].as_array().unwrap().iter().all(|row| row.get("hash_id").is_none()));
    assert_eq!(page["pagination"]["total"], "500");
}

#[tokio::test]
async fn robots_txt_can_say_anything_or_fail_and_meets_no_other_fault() {
    let simulator = always("500").await;
    let robots = async || {
        let response = ask(&simulator, "/robots.txt").await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    };
    assert_eq!(robots().await, (200, "User-agent: *\nAllow: /\n".to_owned()));
    let text = "User-agent: *\nDisallow: /\n".to_owned();
    simulator.set_robots(Robots { status: 200, text: text.clone() });
    assert_eq!(robots().await, (200, text));
    for status in [404, 503] {
        simulator.set_robots(Robots { status, text: String::new() });
        assert_eq!(robots().await, (status, String::new()));
    }
    let requests = simulator.requests();
    assert_eq!(requests.len(), 4);
    assert!(
        requests.iter().all(|request| request.path_and_query == "/robots.txt" && request.faults.is_empty())
    );
}

#[tokio::test]
async fn every_fault_shows_in_the_log_and_only_pages_that_can_be_read_have_rows() {
    for fault in Fault::ALL {
        let simulator = simulator(300).await;
        simulator.advance_to(1);
        let short = match fault {
            Fault::SlowFirstByte(_) => Fault::SlowFirstByte(Duration::from_millis(10)),
            Fault::SlowDrip(_) => Fault::SlowDrip(Duration::from_millis(40)),
            other => other,
        };
        simulator.set_faults(Faults::default().with(short.clone(), 1.0));
        let got = match ask(&simulator, PATH).await {
            Ok(response) => (response.status() == 200).then_some(response.bytes().await.ok()).flatten(),
            Err(_) => None,
        };
        let request = simulator.requests().remove(0);
        assert_eq!(request.faults, std::slice::from_ref(&short));
        let page = got.and_then(|body| serde_json::from_slice::<Value>(&body).ok());
        let readable = page
            .filter(|page| page["status_code"] == 200)
            .map(|page| page["results"].as_array().unwrap().len());
        assert_eq!(readable.is_some(), short.effect() != Effect::NoPage, "{short}");
        assert_eq!(readable.unwrap_or_default(), request.rows, "{short}");
        let waits = matches!(
            short,
            Fault::Status { retry_after: Some(RetryAfter::Seconds(_) | RetryAfter::Date(_)), .. }
        );
        assert_eq!(request.quiet_until.is_some(), waits, "{short}");
    }
}
