//! `localstack/run`, with the deployed stack in it.

use std::net::TcpListener;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep};

use crate::binary;
use crate::world::folder;

/// The raw bucket, as the template names it.
pub const BUCKET: &str = "cenovka-raw-000000000000-eu-central-1";

/// The longest that any one thing may take: LocalStack's rules count whole minutes.
const PATIENCE: Duration = Duration::from_secs(120);

/// A running `LocalStack`.
pub struct LocalStack {
    run: Child,
    endpoint: String,
    folder: TempDir,
}

impl LocalStack {
    /// Starts it with these settings on a free port, and waits until the template is deployed.
    pub async fn start(settings: &[(&str, &str)]) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let folder = folder();
        let functions = match std::env::var_os("CENOVKA_FUNCTIONS") {
            Some(functions) => binary::workspace().join(functions),
            None => binary::built("collector").parent().expect("a folder holds it").to_owned(),
        };
        let mut run = Command::new(binary::workspace().join("localstack/run"))
            .args(["--port", &port.to_string(), "--folder"])
            .arg(folder.path().join("run"))
            .env("CENOVKA_FUNCTIONS", functions.canonicalize().unwrap())
            .envs(settings.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut said = BufReader::new(run.stdout.take().unwrap()).lines();
        loop {
            let line = said.next_line().await.unwrap().expect("localstack/run ended; it says why above");
            println!("    {line}");
            if line == "running until Ctrl-C" {
                break;
            }
        }
        Self { run, endpoint: format!("http://127.0.0.1:{port}"), folder }
    }

    /// The process of `localstack/run`.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.run.id().expect("it runs")
    }

    /// Ends `localstack/run` without asking it.
    pub async fn kill(&mut self) {
        self.run.kill().await.unwrap();
    }

    /// What AWS's own command line says to a command and its arguments.
    pub async fn aws(&self, command: &str, arguments: &[&str]) -> Value {
        let output = Command::new(binary::workspace().join("target/localstack/python/bin/aws"))
            .args(command.split(' '))
            .args(arguments)
            // Not AWS_ENDPOINT_URL: version 1 would ask AWS itself for queues.
            .args(["--output", "json", "--endpoint-url", &self.endpoint])
            .env("AWS_DEFAULT_REGION", "eu-central-1")
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .output()
            .await
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "aws {command}: {}", String::from_utf8_lossy(&output.stderr));
        if said.trim().is_empty() { Value::Null } else { serde_json::from_str(&said).unwrap() }
    }

    /// Invokes a function of the stack and waits for its answer.
    pub async fn invoke(&self, function: &str, event: &Value) -> Value {
        let (name, payload) = (format!("cenovka-{function}"), event.to_string());
        let file = self.folder.path().join("answer.json");
        let arguments = ["--function-name", &name, "--payload", &payload, &file.display().to_string()];
        let said = self.aws("lambda invoke", &arguments).await;
        let answer = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        assert_eq!(said["FunctionError"], Value::Null, "{function}: {answer}");
        answer
    }

    /// Walks a segment, and returns the key of its raw object.
    pub async fn collect(&self, segment: &str) -> String {
        let summary = self.invoke("collector", &serde_json::json!({ "segments": [segment] })).await;
        summary["walks"][0]["key"].as_str().unwrap_or_else(|| panic!("{summary}")).to_owned()
    }

    /// Keys of all raw objects.
    pub async fn keys(&self) -> Vec<String> {
        let listed = self.aws("s3api list-objects-v2", &["--bucket", BUCKET]).await;
        let objects = listed["Contents"].as_array().cloned().unwrap_or_default();
        objects.iter().map(|object| object["Key"].as_str().unwrap().to_owned()).collect()
    }

    /// The next record of an invocation that failed for good.
    pub async fn next_failure(&self) -> Value {
        let queue = self.aws("sqs get-queue-url", &["--queue-name", "cenovka-failures"]).await;
        let url = queue["QueueUrl"].as_str().unwrap();
        let began = Instant::now();
        loop {
            let received =
                self.aws("sqs receive-message", &["--queue-url", url, "--wait-time-seconds", "5"]).await;
            if let Some(message) = received["Messages"].get(0) {
                let handle = message["ReceiptHandle"].as_str().unwrap();
                self.aws("sqs delete-message", &["--queue-url", url, "--receipt-handle", handle]).await;
                return serde_json::from_str(message["Body"].as_str().unwrap()).unwrap();
            }
            assert!(began.elapsed() < PATIENCE, "nothing came to the failure queue");
        }
    }
}

/// Waits until something holds.
pub async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !holds().await {
        assert!(began.elapsed() < PATIENCE, "not within {PATIENCE:?}: {what}");
        sleep(Duration::from_millis(200)).await;
    }
}
