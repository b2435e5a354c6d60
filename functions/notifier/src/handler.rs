//! The handler: one run over the outbox, whatever started it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use causes::with_causes;
use jiff::{SignedDuration, Timestamp};
use lambda_runtime::LambdaEvent;
use runtime::{Bucket, Failure, Metrics, StoreError, time_left};
use serde_json::Value;
use tokio::sync::Mutex;
use warehouse::Warehouse;

use crate::channel::{Channel, SendError};
use crate::drain::{Drain, Report};
use crate::error::{Error, StartError};
use crate::outbound::Outbound;
use crate::settings::{ChannelSecrets, SecretsSetting, Settings, channel_secrets};
use crate::watches::Watches;

/// Where the watches are, in the raw bucket.
pub const WATCHES: &str = "watches.toml";
/// No message is begun so long before the function's deadline: a mail takes 20 s at most, and is noted then.
const RESERVE: Duration = Duration::from_secs(30);

/// Tells people. Built once, at start; holds one connection to Postgres.
pub struct Notifier {
    store: Bucket,
    warehouse: Mutex<Warehouse>,
    secrets: ChannelSecrets,
    outbound: Arc<Outbound>,
    /// Whether the channels were looked at since the process started.
    checked: AtomicBool,
}

impl Notifier {
    /// Builds the notifier from its parts. The way out may be shared: it reads all root certificates once.
    #[must_use]
    pub fn new(
        store: Bucket,
        warehouse: Warehouse,
        secrets: ChannelSecrets,
        outbound: impl Into<Arc<Outbound>>,
    ) -> Self {
        let (warehouse, checked) = (Mutex::new(warehouse), AtomicBool::new(false));
        Self { store, warehouse, secrets, outbound: outbound.into(), checked }
    }

    /// Builds the notifier from the environment.
    ///
    /// # Errors
    /// If a setting is missing or wrong, or the secrets of channels cannot be read.
    pub async fn from_env() -> Result<Self, StartError> {
        let settings = Settings::from_env().map_err(credentials::StartError::from)?;
        let store = Bucket::new(runtime::bucket::s3_client().await, settings.raw_bucket);
        let warehouse = credentials::warehouse(&settings.database).map_err(credentials::StartError::from)?;
        let secrets = match settings.secrets {
            SecretsSetting::Here(secrets) => secrets,
            SecretsSetting::Secret(arn) => {
                let text = credentials::Secret::new(arn).text().await.map_err(StartError::ReadSecrets)?;
                channel_secrets(&text).map_err(StartError::WrongSecrets)?
            }
        };
        Ok(Self::new(store, warehouse, secrets, Outbound::new(settings.rules)))
    }

    /// Answers one invocation: by a schedule, or by Lambda after a load that succeeded. What the event holds does not matter,
    /// for what is to be told stands in the outbox.
    ///
    /// # Errors
    /// If the outbox, the raw bucket or the watches cannot be used. A channel that fails is no failure of the run.
    pub async fn handle(&self, event: LambdaEvent<Value>) -> Result<Report, Failure> {
        let left = time_left(event.context.deadline(), SystemTime::now()).saturating_sub(RESERVE);
        let left = SignedDuration::try_from(left).unwrap_or(SignedDuration::MAX);
        let report = self.notify(Timestamp::now().saturating_add(left).unwrap_or(Timestamp::MAX)).await?;
        let Report { events, matched, messages, told, ref failed, waiting, overdue, given_up, busy } = report;
        if !busy {
            Metrics::default()
                .count("Events", events)
                .count("Matched", matched)
                .count("Messages", messages)
                .count("Told", told)
                .count("FailedChannels", failed.len() as u64)
                .count("Waiting", waiting)
                .count("Overdue", overdue)
                .count("GivenUp", given_up)
                .write();
        }
        Ok(report)
    }

    /// Tells all that is due. No message is begun after `until`.
    ///
    /// # Errors
    /// As [`Notifier::handle`].
    pub async fn notify(&self, until: Timestamp) -> Result<Report, Error> {
        let Some(watches) = self.watches().await? else {
            tracing::info!("there are no watches: nobody is told anything");
            return Ok(Report::default());
        };
        if !self.checked.swap(true, Ordering::Relaxed) {
            for error in self.check(&watches) {
                tracing::warn!(error = with_causes(&error), "a channel cannot be used as it is");
            }
        }
        let mut warehouse = self.warehouse.lock().await;
        if !warehouse.lock_outbox().await? {
            return Ok(Report { busy: true, ..Report::default() });
        }
        let mut drain = Drain {
            store: &self.store,
            warehouse: &mut warehouse,
            watches: &watches,
            secrets: &self.secrets,
            outbound: &self.outbound,
            until,
        };
        let report = drain.run().await;
        // If even this fails, the connection is gone, and the lock with it.
        let unlocked = warehouse.unlock_outbox().await;
        let report = report?;
        unlocked?;
        Ok(report)
    }

    /// What speaks against channels before anything is sent: an address that is not allowed, a secret that is missing or
    /// wrong.
    #[must_use]
    pub fn check(&self, watches: &Watches) -> Vec<SendError> {
        let check = |(name, channel): (&String, &Channel)| {
            channel.check(name, self.secrets.get(name), self.outbound.rules()).err()
        };
        watches.channels().iter().filter_map(check).collect()
    }

    /// The watches beside the raw zone; `None` if nobody has written any.
    ///
    /// # Errors
    /// If they cannot be read, or have a fault.
    pub async fn watches(&self) -> Result<Option<Watches>, Error> {
        let text = match self.store.read(WATCHES).await {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(StoreError::Missing { .. }) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let watches = Watches::parse(&text).map_err(|source| Error::Watches {
            bucket: self.store.bucket().to_owned(),
            key: WATCHES,
            source,
        })?;
        Ok(Some(watches).filter(|watches| !watches.is_empty()))
    }
}
