//! The publisher as a Lambda function.

use std::process::ExitCode;

use publisher::Publisher;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    runtime::function::run(Publisher::from_env(), Publisher::handle).await
}
