//! The answer that a stack waits for: up to an hour, if it does not come.
//!
//! Source: AWS `CloudFormation` user guide, "Custom resource response objects".

use std::time::Duration;

use causes::with_causes;
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use reqwest::{Client, Url, redirect};
use serde::Serialize;

use crate::error::Error;
use crate::event::StackRequest;
use crate::migrated::Migrated;

/// The resource's id. It must never change: `CloudFormation` takes another one for another resource, and deletes
/// the old one.
const PHYSICAL_RESOURCE_ID: &str = "cenovka-warehouse";
/// Longest reason in bytes. The whole answer may have 4096, of which the three ids may take 1.5 kB, and JSON can double
/// the reason.
const LONGEST_REASON: usize = 1024;

/// An answer is sent this often in all before its error is final.
const TRIES: u32 = 4;
/// Pause before the second try; it doubles with every further one.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);
/// How long all tries may take.
pub(crate) const ANSWER_TIME: Duration = Duration::from_secs(25);

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Status {
    /// Well.
    Success,
    /// Not.
    Failed,
}

/// What `CloudFormation` is told.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct StackAnswer {
    /// How the request ended.
    pub status: Status,
    /// Why it failed; the stack's events show it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The resource.
    pub physical_resource_id: String,
    /// As in the request.
    pub stack_id: String,
    /// As in the request.
    pub request_id: String,
    /// As in the request.
    pub logical_resource_id: String,
    /// The resource's attributes, for `Fn::GetAtt`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<Data>,
}

/// The resource's attributes. `CloudFormation` knows only texts.
#[derive(Clone, Debug, Serialize)]
pub struct Data {
    /// Names of the migrations that were applied.
    pub applied: String,
    /// The schema's version.
    pub schema_version: String,
}

impl StackAnswer {
    /// The answer to a request that ended so; without a migration when the resource was deleted.
    pub(crate) fn new(request: StackRequest, outcome: Result<Option<Migrated>, &Error>) -> Self {
        let StackRequest { physical_resource_id, stack_id, request_id, logical_resource_id, .. } = request;
        let data = |migrated: Migrated| Data {
            applied: migrated.applied.join(", "),
            schema_version: migrated.schema_version.to_string(),
        };
        let (status, reason, data) = match outcome {
            Ok(migrated) => (Status::Success, None, migrated.map(data)),
            Err(error) => (Status::Failed, Some(shortened(&with_causes(error))), None),
        };
        let physical_resource_id = physical_resource_id.unwrap_or_else(|| PHYSICAL_RESOURCE_ID.to_owned());
        Self { status, reason, physical_resource_id, stack_id, request_id, logical_resource_id, data }
    }
}

/// A message on one line that fits into an answer.
fn shortened(message: &str) -> String {
    let line = message.replace(char::is_control, " ");
    line.get(..line.floor_char_boundary(LONGEST_REASON)).unwrap_or_default().to_owned()
}

/// The client that answers go through.
pub(crate) fn client() -> Result<Client, reqwest::Error> {
    // reqwest asks for a provider of the whole process; whoever comes second finds the same one there.
    let _ = rustls::crypto::ring::default_provider().install_default();
    #[expect(clippy::disallowed_methods, reason = "it asks no portal")]
    Client::builder()
        .redirect(redirect::Policy::none())
        .referer(false)
        .no_proxy()
        .timeout(REQUEST_TIMEOUT)
        .build()
}

/// Sends an answer, several times if need be.
pub(crate) async fn send(client: &Client, url: &Url, answer: &StackAnswer) -> Result<(), Error> {
    let body = serde_json::to_string(answer).unwrap_or_default();
    let mut pause = FIRST_PAUSE;
    let mut tries = 1;
    loop {
        let error = match put(client, url, body.clone()).await {
            Ok(()) => return Ok(()),
            Err(error) => error,
        };
        if tries == TRIES {
            return Err(error);
        }
        tracing::warn!(error = with_causes(&error), tries, "CloudFormation is answered again");
        tokio::time::sleep(pause).await;
        pause *= 2;
        tries += 1;
    }
}

/// Puts an answer. The URL is signed for an empty content type and no header of Amazon's.
async fn put(client: &Client, url: &Url, body: String) -> Result<(), Error> {
    let host = || url.host_str().unwrap_or_default().to_owned();
    let request =
        client.put(url.clone()).header(CONTENT_TYPE, HeaderValue::from_static("")).body(body).send().await;
    match request {
        Ok(response) if response.status().is_success() => Ok(()),
        Ok(response) => Err(Error::NotTaken { host: host(), status: response.status().as_u16() }),
        // With its URL, the error would show the credential.
        Err(error) => Err(Error::Unreachable { host: host(), reason: with_causes(&error.without_url()) }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Action, Event};

    fn request() -> StackRequest {
        let event = serde_json::json!({
            "RequestType": "Update", "ResponseURL": "https://s3.example/?x", "RequestId": "r".repeat(36),
            "StackId": "s".repeat(250), "LogicalResourceId": "l".repeat(255), "PhysicalResourceId": "p".repeat(1000),
        });
        let Action::ByStack(request) = serde_json::from_value::<Event>(event).unwrap().action().unwrap()
        else {
            panic!("it is a request");
        };
        request
    }

    #[test]
    fn the_longest_answer_is_shorter_than_what_cloudformation_takes() {
        for strange in ["\"", "\\", "\u{0}", "ž"] {
            let answer = StackAnswer::new(request(), Err(&Error::RequestType(strange.repeat(5000))));
            let body = serde_json::to_string(&answer).unwrap();
            assert!((1500..4096).contains(&body.len()), "{strange:?}: {}", body.len());
            assert!(answer.reason.unwrap().starts_with("unknown request type"));
        }
    }

    #[test]
    fn the_resource_stays_the_same_one() {
        let known = StackAnswer::new(request(), Ok(None));
        assert_eq!(known.physical_resource_id, "p".repeat(1000));
        let new = StackAnswer::new(StackRequest { physical_resource_id: None, ..request() }, Ok(None));
        assert_eq!(new.physical_resource_id, PHYSICAL_RESOURCE_ID);
    }
}
