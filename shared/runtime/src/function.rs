//! The frame around a function: start once, then answer one invocation after the other.

use std::error::Error;
use std::future::Future;
use std::pin::Pin;
use std::process::ExitCode;
use std::sync::Arc;

use causes::with_causes;
use lambda_runtime::layers::TracingLayer;
use lambda_runtime::tower::util::MapFutureLayer;
use lambda_runtime::{LambdaEvent, Runtime, service_fn};
use serde::{Serialize, de::DeserializeOwned};
use tokio::sync::Mutex;

use crate::failure::Failure;
use crate::interrupt;
use crate::metrics::Metrics;
use crate::{logs, metrics, process};

/// Starts a function under the Lambda Runtime API: `start` reads settings and builds clients once; `handle`
/// answers each invocation. A failure is logged and counted here, once, and told to Lambda with its class.
///
/// Asked to end ([`interrupt`]), the process ends between two invocations, once the one under way was answered.
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
    metrics::init();
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
                let metrics = Metrics::default().also_by("Class", &failure.class).count("Failures", 1);
                metrics.field("request", request).write();
            })
        }
    });
    // Held from an invocation's arrival until Lambda has taken the answer.
    let busy = Arc::new(Mutex::new(()));
    let hold = |busy: Arc<Mutex<()>>| {
        MapFutureLayer::new(move |answered: _| {
            let busy = Arc::clone(&busy);
            async move {
                let _busy = busy.lock().await;
                answered.await
            }
        })
    };
    let runtime = Runtime::new(answer).layer(TracingLayer::new()).layer(hold(Arc::clone(&busy)));
    let interrupted = interrupt::on_signals();
    let asked_to_end = async {
        interrupted.cancelled().await;
        busy.lock().await
    };
    // The runtime asks for the first event as soon as it is run.
    if let Some(age) = process::age() {
        Metrics::default().milliseconds("ColdStartMilliseconds", age.as_secs_f64() * 1000.0).write();
    }
    tokio::select! {
        ended = runtime.run() => match ended {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                tracing::error!(error = with_causes(&*error), "the Lambda runtime ended");
                ExitCode::FAILURE
            }
        },
        _ = asked_to_end => {
            tracing::info!("the process was asked to end");
            ExitCode::SUCCESS
        }
    }
}
