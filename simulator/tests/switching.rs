//! Rates, scripts, and how faults are switched: in Rust, over HTTP, on the command line.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use simulator::{Fault, Faults, Simulator};

use crate::{any_client, ask, get, simulator};

const PATH: &str = "/api/v1/estates/search?limit=0";

/// The statuses that so many requests see; 0 for none.
async fn statuses(simulator: &Simulator, requests: usize) -> Vec<u16> {
    let mut statuses = Vec::new();
    for _ in 0..requests {
        statuses.push(ask(simulator, PATH).await.map_or(0, |response| response.status().as_u16()));
    }
    statuses
}

#[tokio::test]
async fn rates_are_honoured_and_the_same_seed_hits_the_same_requests() {
    let simulator = simulator(100).await;
    let faults: Faults = "429=0.2; reset=0.1; seed=5".parse().unwrap();
    simulator.set_faults(faults.clone());
    let first = statuses(&simulator, 400).await;
    let count = |wanted: u16| first.iter().filter(|status| **status == wanted).count();
    assert!((60..100).contains(&count(429)), "{}", count(429));
    // A tenth of those that 429 leaves.
    assert!((18..46).contains(&count(0)), "{}", count(0));
    assert_eq!(count(200) + count(429) + count(0), 400);

    simulator.set_faults(faults.clone());
    assert_eq!(statuses(&simulator, 60).await, first[..60]);
    simulator.set_faults(faults.with_seed(6));
    assert_ne!(statuses(&simulator, 60).await, first[..60]);
    simulator.clear_faults();
    assert!(simulator.faults().is_empty());
    assert_eq!(statuses(&simulator, 20).await, [200; 20]);
}

#[tokio::test]
async fn a_script_is_followed_step_by_step_and_then_the_rates_apply() {
    let simulator = simulator(100).await;
    simulator.set_faults("script=ok*2, 429(retry-after=2), reset, ok; 503".parse().unwrap());
    assert_eq!(statuses(&simulator, 7).await, [200, 200, 429, 0, 200, 503, 503]);
    // Only the portal's API meets faults, and only what it is asked takes a step.
    simulator.set_faults(Faults::default().with_script([Some(Fault::Reset)]));
    for path in ["/robots.txt", "/simulator/state"] {
        assert_eq!(ask(&simulator, path).await.unwrap().status(), 200);
    }
    assert_eq!(statuses(&simulator, 2).await, [0, 200]);
}

#[tokio::test]
async fn faults_and_robots_are_switched_over_http() {
    let simulator = simulator(100).await;
    let (client, url) = (any_client(), format!("{}/simulator/faults", simulator.base_url()));
    let posted = client.post(&url).body("502; script=403, ok*2\nuser-agent=required").send().await.unwrap();
    assert_eq!(posted.status(), 200);
    assert_eq!(statuses(&simulator, 4).await, [403, 200, 200, 502]);
    let known = "502=1; script=403*1, ok*2; seed=1; user-agent=required; accept=required";
    assert_eq!(get(&simulator, "/simulator/faults").await.1["faults"], known);

    let queried = client.post(format!("{url}?faults=503=1")).send().await.unwrap();
    assert_eq!(queried.status(), 200);
    assert_eq!(statuses(&simulator, 1).await, [503]);

    let refused = client.post(&url).body("500=0.1; teapot=0.5").send().await.unwrap();
    assert_eq!(refused.status(), 422);
    let message = refused.text().await.unwrap();
    assert!(message.contains("no fault `teapot`") && message.contains("slow-first-byte"), "{message}");
    assert_eq!(statuses(&simulator, 1).await, [503], "what is refused changes nothing");

    assert_eq!(client.delete(&url).send().await.unwrap().status(), 200);
    assert_eq!(statuses(&simulator, 1).await, [200]);
    assert_eq!(simulator.faults(), Faults::default());

    let robots = format!("{}/simulator/robots", simulator.base_url());
    client.post(format!("{robots}?status=503")).body("busy").send().await.unwrap();
    assert_eq!(ask(&simulator, "/robots.txt").await.unwrap().status(), 503);
    assert_eq!(client.post(format!("{robots}?status=99")).send().await.unwrap().status(), 422);
    client.delete(&robots).send().await.unwrap();
    assert_eq!(ask(&simulator, "/robots.txt").await.unwrap().status(), 200);
}

#[tokio::test]
async fn the_log_can_be_read_over_http() {
    let simulator = simulator(100).await;
    simulator.set_faults("script=429(retry-after=2), reset, slow-drip(0s), ok".parse().unwrap());
    statuses(&simulator, 4).await;
    let (_, log) = get(&simulator, "/simulator/requests").await;
    let of =
        |key: &str| log.as_array().unwrap().iter().map(|request| request[key].clone()).collect::<Vec<_>>();
    assert_eq!(of("status"), [429, 0, 200, 200]);
    assert_eq!(of("sent"), ["whole", "reset", "whole", "whole"]);
    assert_eq!(of("faults")[0], serde_json::json!(["429(retry-after=2)"]));
    assert_eq!(of("faults")[3], serde_json::json!([]));
    assert!((1_900..=2_000).contains(&log[0]["retry_after_ms"].as_u64().unwrap()), "{log}");
    assert_eq!(log[1]["retry_after_ms"], Value::Null);
    assert_eq!((&log[0]["user_agent"], &log[0]["accept"]), (&"test/1.0".into(), &"application/json".into()));
    let times: Vec<_> = of("arrived_ms").iter().map(|time| time.as_u64().unwrap()).collect();
    assert!(times.is_sorted());
}

/// The binary, until it is dropped.
struct Running(Child, String);

impl Running {
    fn start(arguments: &[&str]) -> Self {
        let mut child = binary(arguments).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self(child, line)
    }

    fn base_url(&self) -> &str {
        self.1.split_whitespace().find(|word| word.starts_with("http://")).unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

fn binary(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_simulator"));
    command.args(["--listen", "127.0.0.1:0", "--listings", "100"]).args(arguments);
    command
}

#[tokio::test]
async fn the_binary_takes_faults_and_a_script() {
    let running = Running::start(&[
        "--fault",
        "503=1",
        "--fault",
        "accept=any",
        "--script",
        "ok, 429",
        "--robots-status",
        "404",
    ]);
    assert!(running.1.contains("503=1; script=ok*1, 429*1;"), "{}", running.1);
    let status = async |path: &str| {
        any_client().get(format!("{}{path}", running.base_url())).send().await.unwrap().status().as_u16()
    };
    let mut seen = Vec::new();
    for path in [PATH, PATH, PATH, "/robots.txt"] {
        seen.push(status(path).await);
    }
    assert_eq!(seen, [200, 429, 503, 404]);
}

#[test]
fn a_market_whose_days_pass_goes_on_from_its_day_after_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("day");
    let state = file.to_str().unwrap();
    let kept = || std::fs::read_to_string(&file).ok().and_then(|day| day.parse::<u32>().ok());
    let running = Running::start(&["--state", state, "--day-every", "20ms"]);
    let patience = Instant::now() + Duration::from_secs(60);
    while kept().is_none_or(|day| day < 3) && Instant::now() < patience {
        #[expect(clippy::disallowed_methods, reason = "no runtime is here")]
        std::thread::sleep(Duration::from_millis(10));
    }
    drop(running);
    let day = kept().unwrap();
    assert!(day >= 3);
    let again = Running::start(&["--state", state]);
    assert!(again.1.contains(&format!("on day {day} ")), "{}", again.1);

    drop(again);
    std::fs::write(&file, "tomorrow").unwrap();
    let Output { status, stderr, .. } = binary(&["--state", state]).output().unwrap();
    let message = String::from_utf8(stderr).unwrap();
    assert!(!status.success() && message.contains(state) && message.contains("--state"), "{message}");
}

#[test]
fn the_binary_refuses_faults_that_it_does_not_know() {
    let refused = |arguments: &[&str]| {
        let Output { status, stderr, .. } = binary(arguments).output().unwrap();
        assert!(!status.success());
        String::from_utf8(stderr).unwrap()
    };
    let message = refused(&["--fault", "teapot=0.1"]);
    assert!(message.contains("no fault `teapot`; known are 401, 403, 429"), "{message}");
    assert!(refused(&["--script", "ok*3, coffee"]).contains("no fault `coffee`"));
    assert!(refused(&["--fault", "reset=7"]).contains("not a number from 0 to 1"));
    assert!(refused(&["--robots", "/nowhere/robots.txt"]).contains("cannot read /nowhere/robots.txt"));
}
