//! The reconciler as a Lambda function.

use std::process::ExitCode;

use reconciler::Reconciler;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    runtime::function::run(Reconciler::from_env(), Reconciler::handle).await
}
