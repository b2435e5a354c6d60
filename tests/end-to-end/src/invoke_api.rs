//! The side of Lambda that takes invocations: hands them to loader processes, and their answers back.
//!
//! Source: AWS Lambda API reference, "Invoke"; the path is of version 2015-03-31.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::loaders::Loaders;

/// The loader's name.
pub const LOADER: &str = "cenovka-loader";

struct Shared {
    loaders: Arc<Loaders>,
    delay: Mutex<Duration>,
    invocations: AtomicUsize,
    throttles: AtomicUsize,
}

/// Lambda with one function, the loader.
pub struct InvokeApi {
    /// For `AWS_ENDPOINT_URL_LAMBDA`.
    pub endpoint: String,
    shared: Arc<Shared>,
}

impl InvokeApi {
    /// Serves on a free port of this machine, for as long as the test lives.
    pub async fn start(loaders: Arc<Loaders>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new(Shared {
            loaders,
            delay: Mutex::default(),
            invocations: AtomicUsize::default(),
            throttles: AtomicUsize::default(),
        });
        let routes = Router::new()
            .route("/2015-03-31/functions/{name}/invocations", post(invoke))
            .with_state(Arc::clone(&shared));
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Self { endpoint, shared }
    }

    /// Makes every further invocation take at least so long.
    pub fn delay(&self, delay: Duration) {
        *self.shared.delay.lock().unwrap() = delay;
    }

    /// Makes so many further invocations find the loader's concurrency used up.
    pub fn throttle(&self, invocations: usize) {
        self.shared.throttles.store(invocations, Ordering::Relaxed);
    }

    /// How often the loader was invoked.
    #[must_use]
    pub fn invocations(&self) -> usize {
        self.shared.invocations.load(Ordering::Relaxed)
    }
}

async fn invoke(State(shared): State<Arc<Shared>>, Path(name): Path<String>, event: String) -> Response {
    if name != LOADER {
        let message = json!({ "Type": "User", "Message": format!("Function not found: {name}") });
        let kind = [("x-amzn-errortype", "ResourceNotFoundException")];
        return (StatusCode::NOT_FOUND, kind, message.to_string()).into_response();
    }
    let throttled =
        shared.throttles.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
    if throttled.is_ok() {
        let reason = json!({
            "Reason": "ReservedFunctionConcurrentInvocationLimitExceeded", "Type": "User", "message": "Rate Exceeded."
        });
        let kind = [("x-amzn-errortype", "TooManyRequestsException")];
        return (StatusCode::TOO_MANY_REQUESTS, kind, reason.to_string()).into_response();
    }
    shared.invocations.fetch_add(1, Ordering::Relaxed);
    let delay = *shared.delay.lock().unwrap();
    tokio::time::sleep(delay).await;
    let event: Value = serde_json::from_str(&event).unwrap();
    match shared.loaders.invoke(event).await {
        Ok(answer) => answer.to_string().into_response(),
        Err(error) => {
            let payload = json!({ "errorType": error.class, "errorMessage": error.message });
            ([("x-amz-function-error", "Unhandled")], payload.to_string()).into_response()
        }
    }
}
