//! The frame around a function: start once, then answer one invocation after the other.

use std::error::Error;
use std::future::Future;
use std::pin::Pin;
use std::process::ExitCode;

use lambda_runtime::{LambdaEvent, service_fn};
use serde::{Serialize, de::DeserializeOwned};

use crate::failure::{Failure, with_causes};
use crate::logs;

/// Starts a function under the Lambda Runtime API: `start` reads settings and builds clients once; `handle`
/// answers each invocation. A failure is logged here, once, and told to Lambda with its class.
pub async fn run<S, E, I, O>(
    start: impl Future<Output = Result<S, E>>,
    handle: impl AsyncFn(&S, LambdaEvent<I>) -> Result<O, Failure>,
) -> ExitCode
where
    E: Error,
    I: DeserializeOwned,
    O: Serialize,
{
    logs::init();
    let function = match start.await {
        Ok(function) => function,
        Err(error) => {
            tracing::error!(error = with_causes(&error), "the function cannot start");
            return ExitCode::FAILURE;
        }
    };
    let answer = service_fn(|event: LambdaEvent<I>| {
        let request = event.context.request_id.clone();
        let invocation = handle(&function, event);
        // On the heap and without its type, which is nested too deeply for the compiler.
        let invocation: Pin<Box<dyn Future<Output = Result<O, Failure>>>> = Box::pin(invocation);
        async move {
            invocation.await.inspect_err(|failure| {
                tracing::error!(request, class = %failure.class, error = %failure, "the invocation failed");
            })
        }
    });
    match lambda_runtime::run(answer).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = with_causes(&*error), "the Lambda runtime ended");
            ExitCode::FAILURE
        }
    }
}
