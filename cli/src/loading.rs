//! The loading side of simulated days: takes S3's events from their queue, as Lambda would.

use std::cell::Cell;
use std::time::{Duration, Instant};

use loader::{Event, LoadResult, Loader};
use runtime::s3_event::ObjectCreated;
use tokio::sync::Mutex;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::error::Error;
use crate::progress::Progress;

/// Loaders that load side by side, as Lambda has them: while one merges, the other reads.
#[derive(Debug)]
pub(crate) struct Loading {
    loaders: [Loader; 2],
    events: Mutex<UnboundedReceiver<ObjectCreated>>,
    rows: Cell<u64>,
    /// The time in which at least one loader was at work, but for the stretch that goes on.
    busy: Cell<Duration>,
    at_work: Cell<usize>,
    /// Since when at least one is.
    since: Cell<Instant>,
}

impl Loading {
    pub(crate) fn new(loaders: [Loader; 2], events: UnboundedReceiver<ObjectCreated>) -> Self {
        let since = Cell::new(Instant::now());
        let (rows, busy, at_work) = Default::default();
        Self { loaders, events: Mutex::new(events), rows, busy, at_work, since }
    }

    /// Rows loaded so far.
    pub(crate) fn rows(&self) -> u64 {
        self.rows.get()
    }

    /// The time in which at least one loader was at work.
    pub(crate) fn busy(&self) -> Duration {
        self.busy.get()
    }

    /// Loads so many objects, as they are stored.
    pub(crate) async fn load(&self, objects: usize, progress: &Progress) -> Result<(), Error> {
        let left = Cell::new(objects);
        let [one, other] = &self.loaders;
        tokio::try_join!(self.load_with(one, &left, progress), self.load_with(other, &left, progress))?;
        Ok(())
    }

    async fn load_with(&self, loader: &Loader, left: &Cell<usize>, progress: &Progress) -> Result<(), Error> {
        while let Some(others) = left.get().checked_sub(1) {
            left.set(others);
            let Some(created) = self.events.lock().await.recv().await else { break };
            let event: Event = serde_json::from_value(created.to_event())?;
            self.begin_work();
            let loaded = Box::pin(loader.load_event(&event, None)).await;
            self.end_work();
            for object in loaded.map_err(Error::Failed)?.objects {
                if let LoadResult::Loaded { rows_seen, .. } = object.result {
                    self.rows.set(self.rows.get() + rows_seen);
                }
                if let Some(segment) = &object.segment {
                    progress.loaded(segment);
                }
            }
        }
        Ok(())
    }

    fn begin_work(&self) {
        if self.at_work.get() == 0 {
            self.since.set(Instant::now());
        }
        self.at_work.set(self.at_work.get() + 1);
    }

    fn end_work(&self) {
        self.at_work.set(self.at_work.get() - 1);
        if self.at_work.get() == 0 {
            self.busy.set(self.busy.get() + self.since.get().elapsed());
        }
    }
}
