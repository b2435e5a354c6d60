//! The reconciler as it is deployed: the loader is another function.

use aws_sdk_lambda::Client;
use aws_sdk_lambda::operation::invoke::{InvokeError, InvokeOutput};
use aws_sdk_lambda::primitives::Blob;
use credentials::StartError;
use runtime::{Bucket, Class};
use serde::Deserialize;

use crate::error::Error;
use crate::handler::Reconciler;
use crate::loader_function::LoaderFunction;
use crate::settings::Settings;

impl Reconciler<RemoteLoader> {
    /// Builds the reconciler from the environment.
    ///
    /// # Errors
    /// If a setting is missing or wrong.
    pub async fn from_env() -> Result<Self, StartError> {
        let settings = Settings::from_env()?;
        let store = Bucket::new(runtime::bucket::s3_client().await, settings.raw_bucket);
        let warehouse = credentials::warehouse(&settings.database)?;
        Ok(Self::new(store, warehouse, RemoteLoader::new(settings.loader_function).await))
    }
}

/// The deployed loader. It is invoked synchronously, one object after the other: walks are loaded in their order, and a
/// rebuild takes no more of Postgres than one loader does.
#[derive(Debug)]
pub struct RemoteLoader {
    client: Client,
    function: String,
}

impl RemoteLoader {
    /// The loader of this name, with region, credentials and endpoint from the environment.
    pub async fn new(function: String) -> Self {
        Self { client: Client::new(runtime::aws::config().await), function }
    }

    fn invoke_error(&self, key: &str, error: &aws_sdk_lambda::error::SdkError<InvokeError>) -> Error {
        let class = match error.as_service_error() {
            Some(InvokeError::TooManyRequestsException(_) | InvokeError::ServiceException(_)) | None => {
                Class::Retry
            }
            Some(_) => match error.raw_response().map(|response| response.status().as_u16()) {
                Some(400..=499) => Class::Stop,
                _ => Class::Retry,
            },
        };
        let function = self.function.clone();
        let reason = runtime::aws::reason(error);
        Error::Invoke { function, key: key.to_owned(), reason, class }
    }
}

impl LoaderFunction for RemoteLoader {
    async fn load(&self, key: &str, event: serde_json::Value) -> Result<(), Error> {
        let request = self.client.invoke().function_name(&self.function);
        let answer = request.payload(Blob::new(event.to_string())).send().await;
        let answer = answer.map_err(|error| self.invoke_error(key, &error))?;
        match answer.function_error() {
            None => Ok(()),
            Some(_) => Err(load_error(key, &answer)),
        }
    }
}

/// What Lambda answers when a function failed.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FunctionError {
    #[serde(default)]
    error_type: String,
    #[serde(default)]
    error_message: String,
}

fn load_error(key: &str, answer: &InvokeOutput) -> Error {
    let payload = answer.payload().map(Blob::as_ref).unwrap_or_default();
    let (class, reason) = match serde_json::from_slice::<FunctionError>(payload) {
        Ok(error) => (class(&error.error_type), error.error_message),
        Err(_) => (Class::Retry, String::from_utf8_lossy(payload).into_owned()),
    };
    Error::Load { key: key.to_owned(), reason, class }
}

/// The class that the loader gave its failure; a crash or a timeout, which come from Lambda itself, may pass.
fn class(error_type: &str) -> Class {
    [Class::Retry, Class::Reject, Class::Stop]
        .into_iter()
        .find(|class| class.to_string() == error_type)
        .unwrap_or(Class::Retry)
}

#[cfg(test)]
mod tests {
    use runtime::Classed;

    use super::*;

    #[test]
    fn the_loaders_verdict_is_kept_and_a_crash_is_worth_another_try() {
        for (payload, expected) in [
            (r#"{"errorType": "stop", "errorMessage": "x"}"#, Class::Stop),
            (r#"{"errorType": "reject", "errorMessage": "x"}"#, Class::Reject),
            (r#"{"errorType": "Runtime.ExitError", "errorMessage": "exited"}"#, Class::Retry),
            ("timed out", Class::Retry),
        ] {
            let answer =
                InvokeOutput::builder().function_error("Unhandled").payload(Blob::new(payload)).build();
            assert_eq!(load_error("k", &answer).class(), expected, "{payload}");
        }
    }
}
