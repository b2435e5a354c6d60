//! The loader as a Lambda function.

use std::process::ExitCode;

use loader::Loader;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    runtime::function::run(Loader::from_env(), Loader::handle).await
}
