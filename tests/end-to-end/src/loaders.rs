//! Several loader processes, as many events at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;
use tokio::sync::{Mutex, Semaphore};
use tokio::task::JoinSet;

use crate::function::{Function, InvocationError};

/// Loaders that wait for events. Each takes one at a time, as on Lambda.
pub struct Loaders {
    idle: Mutex<Vec<Function>>,
    places: Semaphore,
    busy: AtomicUsize,
    most_busy: AtomicUsize,
}

impl Loaders {
    /// Starts so many, with these settings.
    pub async fn start(count: usize, environment: &[(String, String)]) -> Arc<Self> {
        let mut idle = Vec::new();
        for _ in 0..count {
            idle.push(Function::start("loader", environment).await);
        }
        let places = Semaphore::new(count);
        let (busy, most_busy) = (AtomicUsize::default(), AtomicUsize::default());
        Arc::new(Self { idle: Mutex::new(idle), places, busy, most_busy })
    }

    /// Hands an event to the first loader that is free.
    ///
    /// # Errors
    /// If the loader reports an error.
    pub async fn invoke(&self, event: Value) -> Result<Value, InvocationError> {
        let _place = self.places.acquire().await.unwrap();
        let mut loader = self.idle.lock().await.pop().expect("there is a loader for every place");
        let busy = self.busy.fetch_add(1, Ordering::Relaxed) + 1;
        self.most_busy.fetch_max(busy, Ordering::Relaxed);
        let answer = loader.invoke(event).await;
        self.busy.fetch_sub(1, Ordering::Relaxed);
        self.idle.lock().await.push(loader);
        answer
    }

    /// Hands over events of one object each, in their order as loaders become free, and returns what became of the
    /// objects.
    ///
    /// # Panics
    /// If a load fails.
    pub async fn deliver(self: &Arc<Self>, events: Vec<Value>) -> Vec<Value> {
        let mut deliveries = JoinSet::new();
        for event in events {
            let loaders = Arc::clone(self);
            deliveries.spawn(async move { loaders.invoke(event).await.unwrap()["objects"][0].take() });
        }
        deliveries.join_all().await
    }

    /// How many were at work together at most.
    #[must_use]
    pub fn most_busy(&self) -> usize {
        self.most_busy.load(Ordering::Relaxed)
    }
}
