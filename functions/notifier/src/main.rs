//! The notifier as a Lambda function.

use std::process::ExitCode;

use notifier::Notifier;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    runtime::function::run(Notifier::from_env(), Notifier::handle).await
}
