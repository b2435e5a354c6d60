//! The collector as a Lambda function.

use std::process::ExitCode;

use collector::Collector;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    runtime::function::run(Collector::from_env(), Collector::handle).await
}
