//! The side of `CloudFormation`: it asks for a custom resource, and takes answers at a presigned URL.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use serde_json::Value;
use tokio::net::TcpListener;

use crate::event;

/// Path and query of the response URL. The percent signs are part of the signed path.
const PATH: &str = "/arn%3Aaws%3Acloudformation%3Astack/cenovka/x%7CSchema%7Cy?X-Amz-Signature=hunter2";

struct Shared {
    /// With what status the next answers are met; then with 200.
    statuses: Mutex<Vec<StatusCode>>,
    answers: Mutex<Vec<Value>>,
}

/// A stack that waits for answers.
pub struct Stack {
    address: String,
    shared: Arc<Shared>,
}

impl Stack {
    /// Serves the response URL on a free port of this machine, and meets the first answers with these statuses.
    pub async fn start(statuses: &[StatusCode]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let statuses = Mutex::new(statuses.iter().rev().copied().collect());
        let shared = Arc::new(Shared { statuses, answers: Mutex::default() });
        let routes = Router::new().fallback(take).with_state(Arc::clone(&shared));
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Self { address, shared }
    }

    /// The request of an event file.
    #[must_use]
    pub fn request(&self, file: &str) -> Value {
        let mut request = event::file(file);
        request["ResponseURL"] = format!("http://{}{PATH}", self.address).into();
        request
    }

    /// What was answered, whatever status that was met with.
    #[must_use]
    pub fn answers(&self) -> Vec<Value> {
        self.shared.answers.lock().unwrap().clone()
    }

    /// The one answer.
    ///
    /// # Panics
    /// If there are none or several.
    #[must_use]
    pub fn answer(&self) -> Value {
        let mut answers = self.answers();
        assert_eq!(answers.len(), 1, "{answers:?}");
        answers.remove(0)
    }
}

/// Takes an answer as S3 would: only under the URL as it was signed, without a content type.
async fn take(
    State(shared): State<Arc<Shared>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: String,
) -> StatusCode {
    let unsigned = headers.get("content-type").is_some_and(|value| !value.is_empty())
        || headers.keys().any(|name| name.as_str().starts_with("x-amz-"));
    let measured = headers.get("content-length").is_some_and(|length| length == &body.len().to_string());
    if method != Method::PUT || uri != PATH || unsigned || !measured || body.len() > 4096 {
        return StatusCode::FORBIDDEN;
    }
    shared.answers.lock().unwrap().push(serde_json::from_str(&body).unwrap());
    shared.statuses.lock().unwrap().pop().unwrap_or(StatusCode::OK)
}
