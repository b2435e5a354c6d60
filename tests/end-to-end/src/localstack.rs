//! `localstack/run`, with the deployed stack in it.

use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use aws_sdk_s3::Client as S3Client;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep};

use crate::temporary::folder;
use crate::{binary, processes};

/// The raw bucket, as the template names it.
pub const BUCKET: &str = "cenovka-raw-000000000000-eu-central-1";

/// The longest that any one thing may take: LocalStack's rules count whole minutes.
const PATIENCE: Duration = Duration::from_secs(120);
/// The longest that LocalStack's start may take, which the first time installs half a gigabyte.
const INSTALLATION: Duration = Duration::from_secs(480);

/// A running `LocalStack`.
pub struct LocalStack {
    run: Child,
    endpoint: String,
    folder: TempDir,
    settings: Vec<(String, String)>,
}

/// `localstack/run` on a free port, with these settings and a folder of its own; and the port.
fn command(folder: &Path, settings: &[(String, String)]) -> (Command, u16) {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut command = Command::new(binary::workspace().join("localstack/run"));
    command.args(["--port", &port.to_string(), "--folder"]).arg(folder.join("run"));
    command.envs(settings.iter().cloned()).stdin(Stdio::null()).kill_on_drop(true);
    (command, port)
}

/// With the functions to deploy.
fn with_functions(settings: &[(&str, &str)]) -> Vec<(String, String)> {
    let functions = match std::env::var_os("CENOVKA_FUNCTIONS") {
        Some(functions) => binary::workspace().join(functions),
        None => binary::built("collector").parent().expect("a folder holds it").to_owned(),
    };
    let functions = functions.canonicalize().unwrap().display().to_string();
    let settings = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    settings.chain([("CENOVKA_FUNCTIONS".to_owned(), functions)]).collect()
}

/// Starts `localstack/run`, presses Ctrl-C once `LocalStack` listens, waits until none of its processes is left, and
/// returns the exit code and what was said.
pub async fn interrupted(settings: &[(&str, &str)]) -> (Option<i32>, String) {
    let folder = folder();
    let (mut command, port) = command(folder.path(), &with_functions(settings));
    let run = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let pid = run.id().expect("it runs");
    let listens = async || TcpStream::connect(("127.0.0.1", port)).await.is_ok();
    within(INSTALLATION, "LocalStack listens", listens).await;
    let family = processes::family(pid);
    assert!(family.len() > 1, "{family:?}");
    let sent = Command::new("kill").args(["-INT", &pid.to_string()]).status().await.unwrap();
    assert!(sent.success());
    let output = run.wait_with_output().await.unwrap();
    let said =
        [output.stdout, output.stderr].map(|said| String::from_utf8_lossy(&said).into_owned()).concat();
    until("no process is left", async || !family.iter().any(|pid| processes::runs(*pid))).await;
    (output.status.code(), said)
}

impl LocalStack {
    /// Starts it with these settings on a free port, and waits until the template is deployed.
    pub async fn start(settings: &[(&str, &str)]) -> Self {
        let (folder, settings) = (folder(), with_functions(settings));
        let (mut command, port) = command(folder.path(), &settings);
        let mut run = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut said = BufReader::new(run.stdout.take().unwrap()).lines();
        loop {
            let line = said.next_line().await.unwrap().expect("localstack/run ended; it says why above");
            println!("    {line}");
            if line == "running until Ctrl-C" {
                break;
            }
        }
        Self { run, endpoint: format!("http://127.0.0.1:{port}"), folder, settings }
    }

    /// Deploys once more, with these settings changed.
    pub async fn deploy(&self, changed: &[(&str, &str)]) {
        let workspace = binary::workspace();
        let status = Command::new(workspace.join("target/localstack/python/bin/python"))
            .arg(workspace.join("localstack/deploy"))
            .envs(self.settings.iter().cloned())
            .envs(changed.iter().copied())
            .env("AWS_ENDPOINT_URL", &self.endpoint)
            .env("CENOVKA_ARCHIVES", self.folder.path().join("run/archives"))
            .stdout(Stdio::null())
            .status();
        assert!(status.await.unwrap().success(), "localstack/deploy says why above");
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
        let said = self.try_aws(command, arguments).await;
        said.unwrap_or_else(|error| panic!("aws {command}: {error}"))
    }

    /// [`LocalStack::aws`], or the error that it says.
    async fn try_aws(&self, command: &str, arguments: &[&str]) -> Result<Value, String> {
        let output = Command::new(binary::workspace().join("target/localstack/python/bin/aws"))
            .args(command.split(' '))
            .args(arguments)
            // Not AWS_ENDPOINT_URL: version 1 would ask AWS itself for queues.
            .args(["--output", "json", "--endpoint-url", &self.endpoint])
            .env("AWS_DEFAULT_REGION", "eu-central-1")
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            // A throttled invocation is not tried again.
            .env("AWS_MAX_ATTEMPTS", "1")
            .output()
            .await
            .unwrap();
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        let said = String::from_utf8_lossy(&output.stdout);
        Ok(if said.trim().is_empty() { Value::Null } else { serde_json::from_str(&said).unwrap() })
    }

    /// A setting of a function as it is deployed.
    pub async fn setting(&self, function: &str, name: &str) -> Value {
        let arguments = ["--function-name", &format!("cenovka-{function}")];
        let configuration = self.aws("lambda get-function-configuration", &arguments).await;
        configuration["Environment"]["Variables"][name].clone()
    }

    /// The schedules of the rules that are enabled.
    pub async fn schedules(&self) -> Vec<String> {
        let listed = self.aws("events list-rules", &[]).await;
        let rules = listed["Rules"].as_array().unwrap().iter().filter(|rule| rule["State"] == "ENABLED");
        rules.map(|rule| rule["ScheduleExpression"].as_str().unwrap().to_owned()).collect()
    }

    /// Sends the collector a request without waiting, and another one while it walks; returns the error of that.
    pub async fn collect_twice_at_once(&self, segments: &[&str]) -> String {
        let event = serde_json::json!({ "segments": segments });
        self.send("collector", &event).await;
        sleep(Duration::from_secs(1)).await;
        // This one has to wait.
        self.send("collector", &event).await;
        let payload = event.to_string();
        let file = self.folder.path().join("none.json").display().to_string();
        let request = ["--function-name", "cenovka-collector", "--payload", &payload];
        let answered = self.try_aws("lambda invoke", &[&request[..], &[&file]].concat()).await;
        answered.expect_err("the collector's concurrency is used up")
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

    /// Creates a function from an archive that `localstack/deploy` did not upload, invokes it and waits for its answer.
    pub async fn invoke_foreign(&self, bootstrap: &str) -> Value {
        let folder = self.folder.path();
        std::fs::write(folder.join("bootstrap"), bootstrap).unwrap();
        let mut zip = Command::new("python3");
        zip.args(["-m", "zipfile", "-c", "foreign.zip", "bootstrap"]).current_dir(folder);
        assert!(zip.status().await.unwrap().success());
        let archive = format!("fileb://{}", folder.join("foreign.zip").display());
        let name = ["--function-name", "foreign"];
        let role = "arn:aws:iam::000000000000:role/foreign";
        let code = ["--runtime", "provided.al2023", "--handler", "bootstrap", "--role", role];
        let created = [&name[..], &code, &["--zip-file", &archive]].concat();
        self.aws("lambda create-function", &created).await;
        self.aws("lambda wait function-active-v2", &name).await;
        let file = folder.join("foreign.json");
        let said = self.aws("lambda invoke", &[&name[..], &[&file.display().to_string()]].concat()).await;
        let answer = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        assert_eq!(said["FunctionError"], "Unhandled", "{answer}");
        answer
    }

    /// Invokes a function of the stack, which need not answer. If its concurrency is used up, Lambda tries again later.
    pub async fn send(&self, function: &str, event: &Value) {
        let (name, payload) = (format!("cenovka-{function}"), event.to_string());
        let file = self.folder.path().join("none.json").display().to_string();
        let arguments =
            ["--function-name", &name, "--payload", &payload, "--invocation-type", "Event", &file];
        self.aws("lambda invoke", &arguments).await;
    }

    /// Its S3.
    #[must_use]
    pub fn s3(&self) -> S3Client {
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(runtime::aws::http_client())
            .region(Region::new("eu-central-1"))
            .endpoint_url(&self.endpoint)
            .credentials_provider(Credentials::new("test", "test", None, None, "test"));
        S3Client::from_conf(runtime::bucket::for_own_endpoint(config).build())
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
pub async fn until(what: &str, holds: impl AsyncFnMut() -> bool) {
    within(PATIENCE, what, holds).await;
}

async fn within(patience: Duration, what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !holds().await {
        assert!(began.elapsed() < patience, "not within {patience:?}: {what}");
        sleep(Duration::from_millis(200)).await;
    }
}
