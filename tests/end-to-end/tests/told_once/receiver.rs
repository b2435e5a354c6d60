//! A webhook that loses answers. As it should, it drops a message that comes again under the same key.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode, Uri};
use fastrand::Rng;
use notifier::outbound::{AddressRules, Outbound};
use serde_json::Value;
use tokio::net::TcpListener;

#[derive(Clone)]
pub(super) struct Receiver {
    inbox: Arc<Mutex<Inbox>>,
    url: String,
    /// The way to it.
    pub(super) outbound: Arc<Outbound>,
}

pub(super) struct Inbox {
    random: Rng,
    /// Requests to other paths are of histories before.
    path: String,
    /// The items of all messages that it took, by their keys, each with its message's key.
    pub(super) items: BTreeMap<String, (String, Value)>,
    pub(super) messages: BTreeMap<String, Value>,
    pub(super) faults: Vec<String>,
    pub(super) came_again: usize,
    pub(super) answers_lost: usize,
    pub(super) refused: usize,
}

impl Receiver {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let inbox = Arc::new(Mutex::new(Inbox::new(0)));
        let kept = Arc::clone(&inbox);
        let answer = move |uri: Uri, headers: HeaderMap, body: Bytes| async move {
            let key = headers["idempotency-key"].to_str().unwrap().to_owned();
            kept.lock().unwrap().take(uri.path(), key, serde_json::from_slice(&body).unwrap())
        };
        tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await });
        let outbound = Outbound::new(AddressRules { allow_private: true });
        Self { inbox, url, outbound: Arc::new(outbound) }
    }

    /// Empties it for another history, and returns where that one sends to.
    pub(super) fn begin(&self, history: u64) -> String {
        *self.inbox() = Inbox::new(history);
        format!("{}/{history}", self.url)
    }

    pub(super) fn inbox(&self) -> MutexGuard<'_, Inbox> {
        self.inbox.lock().unwrap()
    }
}

impl Inbox {
    fn new(history: u64) -> Self {
        Self {
            random: Rng::with_seed(history),
            path: format!("/{history}"),
            items: BTreeMap::new(),
            messages: BTreeMap::new(),
            faults: Vec::new(),
            came_again: 0,
            answers_lost: 0,
            refused: 0,
        }
    }

    fn take(&mut self, path: &str, key: String, message: Value) -> StatusCode {
        if path != self.path {
            return StatusCode::GONE;
        }
        if self.random.u8(..12) == 0 {
            self.refused += 1;
            return StatusCode::SERVICE_UNAVAILABLE;
        }
        if message["key"] != key.as_str() {
            self.faults.push(format!("header and body name two keys: {message}"));
        }
        match self.messages.get(&key) {
            Some(before) => {
                self.came_again += 1;
                if told(before) != told(&message) {
                    self.faults.push(format!("one key stands for {before} and {message}"));
                }
            }
            None => {
                for item in message["items"].as_array().unwrap() {
                    let name = item["key"].as_str().unwrap().to_owned();
                    if let Some((other, _)) = self.items.insert(name, (key.clone(), item.clone())) {
                        self.faults.push(format!("told twice, under {other} and {key}: {item}"));
                    }
                }
                self.messages.insert(key, message);
            }
        }
        if self.random.u8(..10) == 0 {
            self.answers_lost += 1;
            return StatusCode::BAD_GATEWAY;
        }
        StatusCode::NO_CONTENT
    }
}

/// What a message tells. The rest of an item is how its listing stands, which may change before a second try.
fn told(message: &Value) -> Vec<[&Value; 3]> {
    let items = message["items"].as_array().unwrap();
    items.iter().map(|item| [&item["key"], &item["price"], &item["price_before"]]).collect()
}
