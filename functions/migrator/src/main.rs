//! The migrator as a Lambda function.

use std::convert::Infallible;
use std::process::ExitCode;

use migrator::Migrator;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    runtime::function::run(async { Ok::<_, Infallible>(Migrator::from_env()) }, Migrator::handle).await
}
