//! Secrets Manager with one secret.
//!
//! Source: AWS Secrets Manager API reference, "`GetSecretValue`", in the protocol AWS JSON 1.1.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// The secret's ARN.
pub const ARN: &str = "arn:aws:secretsmanager:eu-central-1:000000000000:secret:warehouse-AbCdEf";

#[derive(Default)]
struct Shared {
    secret: String,
    /// Status and code of the error that is answered instead.
    failing: Option<(u16, &'static str)>,
    reads: usize,
}

/// Secrets Manager.
pub struct SecretsManager {
    /// For `AWS_ENDPOINT_URL_SECRETS_MANAGER`.
    pub endpoint: String,
    shared: Arc<Mutex<Shared>>,
}

impl SecretsManager {
    /// Serves on a free port of this machine, for as long as the test lives.
    pub async fn start(secret: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new(Mutex::new(Shared { secret: secret.to_owned(), ..Shared::default() }));
        let routes = Router::new().route("/", post(get_secret_value)).with_state(Arc::clone(&shared));
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Self { endpoint, shared }
    }

    /// Gives the secret another value.
    pub fn rotate(&self, secret: &str) {
        secret.clone_into(&mut self.shared.lock().unwrap().secret);
    }

    /// Answers with this status and error code from now on; with the secret again if there is none.
    pub fn fail(&self, failing: Option<(u16, &'static str)>) {
        self.shared.lock().unwrap().failing = failing;
    }

    /// How often it was asked.
    #[must_use]
    pub fn reads(&self) -> usize {
        self.shared.lock().unwrap().reads
    }
}

async fn get_secret_value(
    State(shared): State<Arc<Mutex<Shared>>>,
    headers: HeaderMap,
    body: String,
) -> Response {
    let mut shared = shared.lock().unwrap();
    shared.reads += 1;
    assert_eq!(headers["x-amz-target"], "secretsmanager.GetSecretValue");
    let asked: Value = serde_json::from_str(&body).unwrap();
    let failing = shared.failing.or((asked["SecretId"] != ARN).then_some((400, "ResourceNotFoundException")));
    let (status, answer) = match failing {
        Some((status, code)) => (status, json!({ "__type": code, "Message": "as the test wants it" })),
        None => {
            let (name, version) = ("warehouse", "00000000-0000-0000-0000-000000000001");
            let stages = ["AWSCURRENT"];
            let answer = json!({
                "ARN": ARN, "Name": name, "VersionId": version, "VersionStages": stages,
                "SecretString": shared.secret, "CreatedDate": 1.764e9,
            });
            (200, answer)
        }
    };
    let kind = [("content-type", "application/x-amz-json-1.1")];
    (StatusCode::from_u16(status).unwrap(), kind, answer.to_string()).into_response()
}
