//! The handler: one event, one migration.

use std::fmt;
use std::time::{Duration, SystemTime};

use causes::with_causes;
use credentials::StartError;
use lambda_runtime::LambdaEvent;
use runtime::{Class, Classed, DatabaseSettings, Failure, time_left};
use serde::Serialize;
use tokio::time::{sleep, timeout};
use warehouse::SCHEMA_VERSION;

use crate::answer::{self, ANSWER_TIME, StackAnswer};
use crate::error::Error;
use crate::event::{Action, Event, StackRequest};
use crate::migrated::Migrated;

/// A deployment is tried this often in all if Postgres does not answer: a failure undoes the whole deployment.
const TRIES: u32 = 3;
/// Pause before the second try; it doubles with every further one.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// What an invocation did.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum Response {
    /// Migrated, for a person.
    Migrated(Migrated),
    /// Answered `CloudFormation`, well or not.
    Answered(StackAnswer),
}

/// Migrates the warehouse. Built once, at start; connects to Postgres for each migration.
pub struct Migrator {
    /// What is wrong with them does not end the process: somebody must answer `CloudFormation`.
    database: Result<DatabaseSettings, StartError>,
}

impl fmt::Debug for Migrator {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Migrator").finish_non_exhaustive()
    }
}

impl Migrator {
    /// Builds the migrator from the environment; nothing is connected yet. A wrong setting fails each migration.
    #[must_use]
    pub fn from_env() -> Self {
        Self { database: database() }
    }

    /// Answers one invocation.
    ///
    /// # Errors
    /// If a person action and the migration failed, or if `CloudFormation` could not be answered: Lambda then invokes the
    /// function again. A failed migration of which `CloudFormation` knows is no error of the invocation, because
    /// another try would come after the deployment was undone.
    pub async fn handle(&self, event: LambdaEvent<Event>) -> Result<Response, Failure> {
        let LambdaEvent { payload, context } = event;
        let left = time_left(context.deadline(), SystemTime::now());
        Ok(match payload.action()? {
            Action::ByHand => Response::Migrated(within(left, self.migrate()).await?),
            Action::ByStack(request) => Response::Answered(self.answer(request, left).await?),
        })
    }

    /// Brings schema, roles and grants up to date.
    ///
    /// # Errors
    /// If Postgres cannot be reached or refuses, or its schema is not one that this software can go on from.
    pub async fn migrate(&self) -> Result<Migrated, Error> {
        let database = self.database.as_ref().map_err(|error| Error::Start(with_causes(error)))?;
        let applied = credentials::warehouse(database)?.migrate().await?;
        tracing::info!(?applied, schema_version = SCHEMA_VERSION, "migrated the warehouse");
        Ok(Migrated { applied, schema_version: SCHEMA_VERSION })
    }

    /// Carries out a request, and answers it however that ends.
    async fn answer(&self, request: StackRequest, left: Duration) -> Result<StackAnswer, Error> {
        let url = request.response_url.parse();
        let url = url.ok_or_else(|| Error::ResponseUrl { request: request.request_id.clone() })?;
        // Before the migration, so that none is done that nobody can answer for.
        let http = answer::client().map_err(Error::Http)?;
        let outcome = within(left, self.carry_out(&request.request_type)).await;
        if let Err(error) = &outcome {
            let failure = Failure::of(error);
            tracing::error!(
                request = request.request_id, class = %failure.class, error = %failure, "the migration failed"
            );
        }
        let answer = StackAnswer::new(request, outcome.as_ref().cloned());
        answer::send(&http, &url, &answer).await?;
        Ok(answer)
    }

    /// Migrates, unless the resource is to be deleted: the warehouse outlives its stack.
    async fn carry_out(&self, request_type: &str) -> Result<Option<Migrated>, Error> {
        match request_type {
            "Create" | "Update" => self.migrate_patiently().await.map(Some),
            "Delete" => Ok(None),
            other => Err(Error::RequestType(other.to_owned())),
        }
    }

    async fn migrate_patiently(&self) -> Result<Migrated, Error> {
        let mut pause = FIRST_PAUSE;
        for _ in 1..TRIES {
            match self.migrate().await {
                Err(error) if error.class() == Class::Retry => {
                    tracing::warn!(error = %Failure::of(&error), "the migration is tried again");
                }
                outcome => return outcome,
            }
            sleep(pause).await;
            pause *= 2;
        }
        self.migrate().await
    }
}

/// The settings of the warehouse, tried out as far as that needs no connection.
fn database() -> Result<DatabaseSettings, StartError> {
    let database = DatabaseSettings::from_env()?;
    credentials::warehouse(&database)?;
    Ok(database)
}

/// Gives the migration up in time for an answer.
async fn within<T>(left: Duration, migration: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let limit = left.saturating_sub(ANSWER_TIME).max(left / 2);
    timeout(limit, migration).await.unwrap_or(Err(Error::Deadline))
}
