//! A secret of Secrets Manager that holds the warehouse's URL.

use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, SystemTime};

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::Builder;
use aws_sdk_secretsmanager::config::timeout::TimeoutConfig;
use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueError;
use causes::with_causes;
use warehouse::{DatabaseUrl, UrlError, UrlSource};

use crate::form;

/// How long a URL is taken for valid without asking. That a password has changed shows sooner, since Postgres refuses
/// the old one; another host shows only so.
const KEPT_FOR: Duration = Duration::from_secs(300);
/// How long one try may take, and all of them. Where no way leads to Secrets Manager nobody says no.
const ONE_TRY: Duration = Duration::from_secs(3);
const ALL_TRIES: Duration = Duration::from_secs(10);

/// A secret, and what it held when it was read last.
#[derive(Debug)]
pub struct Secret {
    arn: String,
    kept_for: Duration,
    client: Option<Client>,
    kept: Option<(DatabaseUrl, SystemTime)>,
}

impl Secret {
    /// The secret of this ARN; not read yet.
    #[must_use]
    pub fn new(arn: String) -> Self {
        Self { arn, kept_for: KEPT_FOR, client: None, kept: None }
    }

    /// [`Secret::new`] with a client of one's own, and another time for which the URL is kept.
    #[must_use]
    pub fn from_parts(client: Client, arn: String, kept_for: Duration) -> Self {
        Self { kept_for, client: Some(client), ..Self::new(arn) }
    }

    async fn told(&mut self, anew: bool) -> Result<DatabaseUrl, UrlError> {
        let kept = self.kept.as_ref().filter(|_| !anew);
        // A clock that was set back tells no age.
        let is_fresh = |read_at: &SystemTime| read_at.elapsed().is_ok_and(|age| age < self.kept_for);
        let fresh = kept.filter(|(_, read_at)| is_fresh(read_at));
        if let Some((url, _)) = fresh {
            return Ok(url.clone());
        }
        let kept = kept.map(|(url, _)| url.clone());
        match (self.read().await, kept) {
            (Ok(url), _) => Ok(self.kept.insert((url, SystemTime::now())).0.clone()),
            (Err(error), Some(url)) if error.transient => {
                tracing::warn!(
                    error = with_causes(&error),
                    "the warehouse's URL is used as it was read before"
                );
                Ok(url)
            }
            (Err(error), _) => Err(error),
        }
    }

    async fn read(&mut self) -> Result<DatabaseUrl, UrlError> {
        let text = self.text().await?;
        form::url(&text).map_err(|reason| UrlError {
            message: format!("the secret {} holds no URL of the warehouse: {reason}", self.arn),
            transient: false,
        })
    }

    /// What the secret holds now.
    ///
    /// # Errors
    /// If Secrets Manager does not answer or refuses, or the secret is no text.
    pub async fn text(&mut self) -> Result<String, UrlError> {
        let client = match self.client.take() {
            Some(client) => client,
            None => client().await,
        };
        let client = self.client.insert(client);
        let answer = client.get_secret_value().secret_id(&self.arn).send().await;
        let secret = answer.map_err(|error| self.refusal(&error))?;
        secret.secret_string().map(str::to_owned).ok_or_else(|| UrlError {
            message: format!("the secret {} holds bytes instead of text", self.arn),
            transient: false,
        })
    }

    fn refusal(&self, error: &SdkError<GetSecretValueError>) -> UrlError {
        let (advice, transient) = match error.code() {
            Some(code) => verdict(code, error.raw_response().map(|answer| answer.status().as_u16())),
            None => (UNREACHABLE, true),
        };
        let reason = runtime::aws::reason(error);
        let message = format!("could not read the secret {}: {reason}; {advice}", self.arn);
        UrlError { message, transient }
    }
}

const UNREACHABLE: &str = "in a VPC the function needs an interface endpoint for Secrets Manager, or a NAT";

const LATER: &str = "it is asked again with the next event";

/// What to do about an error of Secrets Manager, and whether it passes by itself.
fn verdict(code: &str, status: Option<u16>) -> (&'static str, bool) {
    match code {
        "AccessDeniedException" => (
            "the function's role must be allowed secretsmanager:GetSecretValue on it, and kms:Decrypt on its key if \
             that is one of your own",
            false,
        ),
        "ResourceNotFoundException" => {
            ("DATABASE_URL_SECRET must be the ARN of a secret with a current value", false)
        }
        "DecryptionFailure" => {
            ("its KMS key must be enabled, and the function's role allowed kms:Decrypt on it", false)
        }
        "ThrottlingException" | "InternalServiceError" => (LATER, true),
        _ if status.is_none_or(|status| status >= 500) => (LATER, true),
        _ => ("DATABASE_URL_SECRET must be the ARN of a secret that the function's role may read", false),
    }
}

impl UrlSource for Secret {
    fn setting(&self) -> &'static str {
        "the secret of DATABASE_URL_SECRET"
    }

    fn url(
        &mut self,
        anew: bool,
    ) -> Pin<Box<dyn Future<Output = Result<DatabaseUrl, UrlError>> + Send + '_>> {
        Box::pin(self.told(anew))
    }
}

async fn client() -> Client {
    let limits = TimeoutConfig::builder().operation_attempt_timeout(ONE_TRY).operation_timeout(ALL_TRIES);
    let config = Builder::from(runtime::aws::config().await).timeout_config(limits.build());
    Client::from_conf(config.build())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_secrets_manager_cannot_do_now_is_tried_again_and_what_it_refuses_is_not() {
        for (code, status, transient) in [
            ("AccessDeniedException", 400, false),
            ("ResourceNotFoundException", 400, false),
            ("DecryptionFailure", 400, false),
            ("InvalidRequestException", 400, false),
            ("ThrottlingException", 400, true),
            ("InternalServiceError", 400, true),
            ("ServiceUnavailable", 503, true),
        ] {
            assert_eq!(verdict(code, Some(status)).1, transient, "{code}");
        }
    }
}
