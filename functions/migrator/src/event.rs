//! What an event asks for.

use std::fmt;

use reqwest::Url;
use serde::Deserialize;

use crate::error::Error;

/// A request of `CloudFormation` about the custom resource, or an empty event of a person.
///
/// Every field may be missing: an event that cannot be read is one that cannot be answered, and the stack would wait
/// for the answer.
///
/// Source: AWS `CloudFormation` user guide, "Custom resource request objects".
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Event {
    /// `Create`, `Update` or `Delete`.
    pub request_type: Option<String>,
    /// Where the answer goes.
    #[serde(rename = "ResponseURL")]
    pub response_url: Option<ResponseUrl>,
    /// The stack.
    pub stack_id: Option<String>,
    pub request_id: Option<String>,
    /// The resource's name in the template.
    pub logical_resource_id: Option<String>,
    /// What was answered when the resource was created.
    pub physical_resource_id: Option<String>,
}

/// A presigned URL: who holds it can answer, so it is shown without its query.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct ResponseUrl(String);

impl ResponseUrl {
    /// The URL itself.
    pub(crate) fn parse(&self) -> Option<Url> {
        self.0.parse().ok()
    }
}

impl fmt::Debug for ResponseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}?…", self.0.split('?').next().unwrap_or_default())
    }
}

/// Who asks.
#[derive(Debug)]
pub(crate) enum Action {
    /// A person, for a migration.
    ByHand,
    /// `CloudFormation`.
    ByStack(StackRequest),
}

/// A request of `CloudFormation`: what the answer repeats.
#[derive(Clone, Debug)]
pub(crate) struct StackRequest {
    /// What it asks for; checked when it is carried out, so that even a strange one is answered.
    pub(crate) request_type: String,
    pub(crate) response_url: ResponseUrl,
    pub(crate) stack_id: String,
    pub(crate) request_id: String,
    pub(crate) logical_resource_id: String,
    pub(crate) physical_resource_id: Option<String>,
}

impl Event {
    /// Who asks, if the event is whole.
    pub(crate) fn action(self) -> Result<Action, Error> {
        let Self {
            request_type,
            response_url,
            stack_id,
            request_id,
            logical_resource_id,
            physical_resource_id,
        } = self;
        if request_type.is_none() && response_url.is_none() {
            return Ok(Action::ByHand);
        }
        Ok(Action::ByStack(StackRequest {
            request_type: request_type.ok_or(Error::Incomplete("RequestType"))?,
            response_url: response_url.ok_or(Error::Incomplete("ResponseURL"))?,
            stack_id: stack_id.ok_or(Error::Incomplete("StackId"))?,
            request_id: request_id.ok_or(Error::Incomplete("RequestId"))?,
            logical_resource_id: logical_resource_id.ok_or(Error::Incomplete("LogicalResourceId"))?,
            physical_resource_id,
        }))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn action(event: serde_json::Value) -> Result<Action, Error> {
        serde_json::from_value::<Event>(event).unwrap().action()
    }

    /// The example of the `CloudFormation` user guide, "Custom resource request objects". Every property is a text.
    #[test]
    fn the_request_of_the_user_guide_is_understood() {
        let event = json!({
            "RequestType": "Update",
            "RequestId": "unique id for this create request",
            "ResponseURL": "https://cloudformation-custom-resource-response-useast1.s3.us-east-1.amazonaws.com/a?X-Amz-Signature=b",
            "ResourceType": "Custom::Schema",
            "LogicalResourceId": "Schema",
            "PhysicalResourceId": "cenovka-warehouse",
            "StackId": "arn:aws:cloudformation:us-east-2:123456789012:stack/mystack/5b918d10-cd98-11ea-90d5-0a9cd3354c10",
            "ServiceToken": "arn:aws:lambda:us-east-2:123456789012:function:cenovka-migrator",
            "ResourceProperties": {
                "ServiceToken": "arn:aws:lambda:us-east-2:123456789012:function:cenovka-migrator",
                "ServiceTimeout": "660",
                "Version": "0.2.0",
                "Migrations": "5",
            },
            "OldResourceProperties": {"Version": "0.1.0", "Migrations": "4"},
        });
        let Ok(Action::ByStack(request)) = action(event) else { panic!("it is a request") };
        assert_eq!(request.request_type, "Update");
        assert_eq!(request.physical_resource_id.as_deref(), Some("cenovka-warehouse"));
        assert!(request.response_url.parse().is_some());
    }

    #[test]
    fn an_empty_event_is_a_persons() {
        assert!(matches!(action(json!({})), Ok(Action::ByHand)));
    }

    #[test]
    fn a_request_that_could_not_be_answered_names_what_it_lacks() {
        for (event, lacks) in [
            (json!({"RequestType": "Create"}), "ResponseURL"),
            (json!({"RequestType": "Create", "ResponseURL": "https://a"}), "StackId"),
            (json!({"ResponseURL": "https://a"}), "RequestType"),
        ] {
            assert!(matches!(action(event), Err(Error::Incomplete(field)) if field == lacks), "{lacks}");
        }
    }

    #[test]
    fn the_credential_in_the_response_url_is_never_shown() {
        let event =
            json!({"RequestType": "Delete", "ResponseURL": "https://s3.example/answer?Signature=hunter2"});
        let event: Event = serde_json::from_value(event).unwrap();
        let shown = format!("{event:?}");
        assert!(shown.contains("https://s3.example/answer") && !shown.contains("hunter2"), "{shown}");
    }
}
