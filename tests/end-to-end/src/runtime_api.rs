//! A small Lambda Runtime API: hands events to one function process and takes its answers.
//!
//! Source: AWS Lambda developer guide, "Using the Lambda runtime API"; paths and headers of version
//! 2018-06-01.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{Notify, mpsc, oneshot};

/// The trace that every invocation belongs to, as Lambda names it.
pub const TRACE: &str = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";

/// How the function answered: its response, or its error as Lambda reports it.
pub type Answer = Result<Value, Value>;

struct Invocation {
    id: String,
    event: Value,
    deadline: Duration,
}

struct Shared {
    waiting: tokio::sync::Mutex<mpsc::UnboundedReceiver<Invocation>>,
    answers: Mutex<HashMap<String, oneshot::Sender<Answer>>>,
    asked: Notify,
}

/// The runtime API of one function process.
pub struct RuntimeApi {
    /// Host and port, for `AWS_LAMBDA_RUNTIME_API`.
    pub address: String,
    invocations: mpsc::UnboundedSender<Invocation>,
    shared: Arc<Shared>,
}

impl RuntimeApi {
    /// Serves on a free port of this machine, for as long as the test lives.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (invocations, waiting) = mpsc::unbounded_channel();
        let waiting = tokio::sync::Mutex::new(waiting);
        let shared = Arc::new(Shared { waiting, answers: Mutex::default(), asked: Notify::new() });
        let routes = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
            .with_state(Arc::clone(&shared));
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Self { address, invocations, shared }
    }

    /// Waits until the function asks for an event, unless it has asked before.
    pub async fn asked(&self) {
        self.shared.asked.notified().await;
    }

    /// Queues an event; the receiver gets the function's answer.
    pub fn invoke(&self, event: Value, timeout: Duration) -> oneshot::Receiver<Answer> {
        let id = uuid::Uuid::new_v4().to_string();
        let (sender, receiver) = oneshot::channel();
        self.shared.answers.lock().unwrap().insert(id.clone(), sender);
        let deadline = SystemTime::now().duration_since(UNIX_EPOCH).unwrap() + timeout;
        self.invocations.send(Invocation { id, event, deadline }).unwrap();
        receiver
    }
}

async fn next(State(shared): State<Arc<Shared>>) -> Response {
    shared.asked.notify_one();
    let Some(invocation) = shared.waiting.lock().await.recv().await else {
        return StatusCode::GONE.into_response();
    };
    let headers = [
        ("lambda-runtime-aws-request-id", invocation.id),
        ("lambda-runtime-deadline-ms", invocation.deadline.as_millis().to_string()),
        (
            "lambda-runtime-invoked-function-arn",
            "arn:aws:lambda:eu-central-1:000000000000:function:test".to_owned(),
        ),
        ("lambda-runtime-trace-id", TRACE.to_owned()),
        ("content-type", "application/json".to_owned()),
    ];
    (headers, invocation.event.to_string()).into_response()
}

async fn response(State(shared): State<Arc<Shared>>, Path(id): Path<String>, body: String) -> StatusCode {
    answer(&shared, &id, Ok(serde_json::from_str(&body).unwrap()))
}

async fn error(State(shared): State<Arc<Shared>>, Path(id): Path<String>, body: String) -> StatusCode {
    answer(&shared, &id, Err(serde_json::from_str(&body).unwrap()))
}

fn answer(shared: &Shared, id: &str, answer: Answer) -> StatusCode {
    if let Some(sender) = shared.answers.lock().unwrap().remove(id) {
        let _ = sender.send(answer);
    }
    StatusCode::ACCEPTED
}
