//! A function binary as a process of its own, driven as Lambda drives it.

use std::fs::File;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::process::{Child, Command};

use crate::binary;
use crate::runtime_api::RuntimeApi;

/// Longest that any invocation of a test may take.
const TIMEOUT: Duration = Duration::from_secs(1200);

/// A running function.
pub struct Function {
    process: Child,
    api: RuntimeApi,
}

/// The error that a function reported to Lambda.
#[derive(Debug)]
pub struct InvocationError {
    /// `retry`, `reject` or `stop`.
    pub class: String,
    /// The message.
    pub message: String,
}

impl Function {
    /// Starts a function with exactly these environment variables.
    pub async fn start(name: &str, environment: &[(String, String)]) -> Self {
        Self::start_writing_to(Stdio::inherit(), name, environment).await
    }

    /// [`Function::start`] with its logs and metrics in a file. What belongs to an invocation stands there when its answer
    /// comes.
    pub async fn start_logging_to(log: File, name: &str, environment: &[(String, String)]) -> Self {
        Self::start_writing_to(log.into(), name, environment).await
    }

    async fn start_writing_to(output: Stdio, name: &str, environment: &[(String, String)]) -> Self {
        let api = RuntimeApi::start().await;
        let process = Command::new(binary::function(name))
            .env_clear()
            .envs(environment.iter().cloned())
            .env("AWS_LAMBDA_RUNTIME_API", &api.address)
            .env("AWS_LAMBDA_FUNCTION_NAME", name)
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
            .env("AWS_LAMBDA_LOG_GROUP_NAME", "")
            .env("AWS_LAMBDA_LOG_STREAM_NAME", "")
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(Stdio::inherit())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        Self { process, api }
    }

    /// Hands the function an event and waits for its answer.
    ///
    /// # Errors
    /// If the function reports an error.
    ///
    /// # Panics
    /// If the process ends or does not answer.
    pub async fn invoke(&mut self, event: Value) -> Result<Value, InvocationError> {
        self.invoke_within(TIMEOUT, event).await
    }

    /// [`Function::invoke`] with a deadline, which the function is told but not held to.
    pub async fn invoke_within(
        &mut self,
        deadline: Duration,
        event: Value,
    ) -> Result<Value, InvocationError> {
        let answer = self.api.invoke(event, deadline);
        let answer = tokio::select! {
            // A process that was told to end may answer and be gone before either is looked at.
            biased;
            answer = tokio::time::timeout(TIMEOUT, answer) => answer.expect("the function answers in time").unwrap(),
            status = self.process.wait() => panic!("the function ended: {status:?}"),
        };
        answer.map_err(|error| InvocationError {
            class: error["errorType"].as_str().unwrap_or_default().to_owned(),
            message: error["errorMessage"].as_str().unwrap_or_default().to_owned(),
        })
    }

    /// Waits until a new process has started and asks for its first event.
    pub async fn ready(&self) {
        tokio::time::timeout(TIMEOUT, self.api.asked()).await.expect("the function starts");
    }

    /// Hands the function an event and ends the process at once after this time. Its answer, if it came before; `None` if
    /// the process was killed first.
    pub async fn kill_while_invoked(
        mut self,
        event: Value,
        after: Duration,
    ) -> Option<Result<Value, InvocationError>> {
        let answer = tokio::time::timeout(after, self.invoke(event)).await.ok();
        self.kill().await;
        answer
    }

    /// Queues an event without waiting for its answer.
    pub fn invoke_and_forget(&self, event: Value) {
        drop(self.api.invoke(event, TIMEOUT));
    }

    /// Hands the function an event, tells the process to end when it is time, and waits until it has. Returns its
    /// answer and whether it ended well.
    ///
    /// # Errors
    /// If the function reports an error.
    pub async fn terminate_while_invoked(
        mut self,
        event: Value,
        when: impl Future<Output = ()>,
    ) -> (Result<Value, InvocationError>, bool) {
        let process = self.process.id().unwrap();
        let terminate = async {
            when.await;
            send_sigterm(process).await;
        };
        let (answer, ()) = tokio::join!(self.invoke(event), terminate);
        (answer, self.ends_well().await)
    }

    /// Tells the process to end, and waits until it has; whether it ended well.
    pub async fn terminate(mut self) -> bool {
        send_sigterm(self.process.id().unwrap()).await;
        self.ends_well().await
    }

    async fn ends_well(&mut self) -> bool {
        let ended = tokio::time::timeout(TIMEOUT, self.process.wait()).await;
        ended.expect("the process ends").unwrap().success()
    }

    /// Ends the process at once, as a crash would.
    pub async fn kill(mut self) {
        self.process.kill().await.unwrap();
    }

    /// The most memory that the process ever held, in MiB.
    #[must_use]
    pub fn peak_memory_mib(&self) -> f64 {
        let status = format!("/proc/{}/status", self.process.id().expect("the function runs"));
        let status = std::fs::read_to_string(status).unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        peak.trim().trim_end_matches(" kB").parse::<f64>().unwrap() / 1024.0
    }
}

async fn send_sigterm(process: u32) {
    let sent = Command::new("kill").args(["-TERM", &process.to_string()]).status().await.unwrap();
    assert!(sent.success());
}
