//! The handler: one run over the outbox, whatever started it.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use jiff::{SignedDuration, Timestamp};
use lambda_runtime::LambdaEvent;
use runtime::{Failure, Metrics, RawStore, StoreError, time_left};
use serde_json::Value;
use tokio::sync::Mutex;
use warehouse::Warehouse;

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
    store: RawStore,
    warehouse: Mutex<Warehouse>,
    secrets: ChannelSecrets,
    outbound: Arc<Outbound>,
}

impl Notifier {
    /// Builds the notifier from its parts. The way out may be shared: it reads all root certificates once.
    #[must_use]
    pub fn new(
        store: RawStore,
        warehouse: Warehouse,
        secrets: ChannelSecrets,
        outbound: impl Into<Arc<Outbound>>,
    ) -> Self {
        Self { store, warehouse: Mutex::new(warehouse), secrets, outbound: outbound.into() }
    }

    /// Builds the notifier from the environment.
    ///
    /// # Errors
    /// If a setting is missing or wrong, or the secrets of channels cannot be read.
    pub async fn from_env() -> Result<Self, StartError> {
        let settings = Settings::from_env().map_err(credentials::StartError::from)?;
        let store = RawStore::new(runtime::raw_store::s3_client().await, settings.raw_bucket);
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

    /// The watches beside the raw zone; `None` if nobody has written any.
    async fn watches(&self) -> Result<Option<Watches>, Error> {
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
