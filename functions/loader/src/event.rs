//! Which objects an event asks to load.

use aws_lambda_events::s3::S3Entity;
use raw_zone::{KeyError, ObjectKey, PREFIX};
use runtime::s3_event::decode_key;
use serde::Deserialize;

use crate::error::Error;

/// An S3 notification with any number of records, or the `s3:TestEvent` that S3 sends when notifications are
/// set up.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Event {
    /// What happened to which objects.
    #[serde(rename = "Records", default)]
    pub records: Vec<S3Record>,
    /// Set in a test event, which has no records.
    #[serde(rename = "Event", default)]
    pub event: Option<String>,
}

/// One record of a notification. Only what the loader needs: S3 and its likes differ in the rest.
#[derive(Clone, Debug, Deserialize)]
pub struct S3Record {
    /// What happened, for example `ObjectCreated:Put`.
    #[serde(rename = "eventName", default)]
    pub event_name: Option<String>,
    /// To which object.
    pub s3: S3Entity,
}

/// What a record asks for.
#[derive(Debug)]
pub enum Action {
    /// A raw object to load.
    Load(ObjectKey),
    /// An object that lies in the raw zone but cannot be a raw object.
    SetAside(KeyError),
    /// Something else, and why it does not concern the loader.
    Ignore(&'static str),
}

impl S3Record {
    /// What it asks of the loader of this bucket. The notification's own filter is not relied on: a wrong one must not make
    /// the loader read or load something else.
    ///
    /// # Errors
    /// If the key is not encoded as S3 encodes keys.
    pub fn action(&self, bucket: &str) -> Result<Action, Error> {
        let created = self.event_name.as_deref().is_some_and(|name| {
            let name = name.strip_prefix("s3:").unwrap_or(name);
            name.starts_with("ObjectCreated:")
        });
        if !created {
            return Ok(Action::Ignore("no object was created"));
        }
        if self.s3.bucket.name.as_deref() != Some(bucket) {
            return Ok(Action::Ignore("it happened in another bucket"));
        }
        let key = decode_key(self.s3.object.key.as_deref().unwrap_or_default())?;
        if !key.starts_with(PREFIX) {
            return Ok(Action::Ignore("the object lies outside of the raw zone"));
        }
        Ok(key.parse().map_or_else(Action::SetAside, Action::Load))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const KEY: &str = "raw/sreality/flats-sale/2026/11/22/20261122t050403.000000z-00000000-0000-0000-0000-000000000abc.jsonl.zst";

    fn record(event_name: &str, bucket: &str, key: &str) -> S3Record {
        let event = json!({"Records": [{
            "eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "eu-central-1",
            "eventTime": "2026-11-22T05:10:00.000Z", "eventName": event_name,
            "s3": {"s3SchemaVersion": "1.0", "bucket": {"name": bucket}, "object": {"key": key, "size": 1}},
        }]});
        serde_json::from_value::<Event>(event).unwrap().records.remove(0)
    }

    #[test]
    fn a_created_raw_object_is_loaded() {
        for name in ["ObjectCreated:Put", "ObjectCreated:CompleteMultipartUpload", "s3:ObjectCreated:Copy"] {
            let action = record(name, "raw", KEY).action("raw").unwrap();
            assert!(matches!(action, Action::Load(key) if key.to_string() == KEY), "{name}");
        }
    }

    #[test]
    fn what_does_not_concern_the_loader_is_ignored() {
        for (name, bucket, key) in [
            ("ObjectRemoved:Delete", "raw", KEY),
            ("ObjectCreated:Put", "other", KEY),
            ("ObjectCreated:Put", "raw", "reports/a+b.csv"),
        ] {
            assert!(
                matches!(record(name, bucket, key).action("raw"), Ok(Action::Ignore(_))),
                "{name} {bucket} {key}"
            );
        }
    }

    #[test]
    fn a_strange_key_in_the_raw_zone_is_set_aside() {
        let strange = |key| record("ObjectCreated:Put", "raw", key).action("raw");
        let set_aside = strange("raw/sreality/flats+sale/x").unwrap();
        assert!(matches!(set_aside, Action::SetAside(error) if error.key == "raw/sreality/flats sale/x"));
        assert!(matches!(strange("raw/sreality/%ff"), Err(Error::KeyEncoding(_))));
    }

    /// The example of the S3 user guide, "Event message structure", for an object of ours in a versioned bucket.
    fn notification_of_the_user_guide() -> serde_json::Value {
        json!({"Records": [{
            "eventVersion": "2.1",
            "eventSource": "aws:s3",
            "awsRegion": "us-west-2",
            "eventTime": "1970-01-01T00:00:00.000Z",
            "eventName": "ObjectCreated:Put",
            "userIdentity": {"principalId": "AIDAJDPLRKLG7UEXAMPLE"},
            "requestParameters": {"sourceIPAddress": "172.16.0.1"},
            "responseElements": {
                "x-amz-request-id": "C3D13FE58DE4C810",
                "x-amz-id-2": "FMyUVURIY8/IgAtTv8xRjskZQpcIZ9KG4V5Wp6S7S/JRWeUWerMUE5JgHvANOjpD",
            },
            "s3": {
                "s3SchemaVersion": "1.0",
                "configurationId": "testConfigRule",
                "bucket": {
                    "name": "amzn-s3-demo-bucket",
                    "ownerIdentity": {"principalId": "A3NL1KOZZKExample"},
                    "arn": "arn:aws:s3:::amzn-s3-demo-bucket",
                },
                "object": {
                    "key": KEY,
                    "size": 1024,
                    "eTag": "d41d8cd98f00b204e9800998ecf8427e",
                    "versionId": "096fKKXTRTtl3on89fVO.nfljtsv6qko",
                    "sequencer": "0055AED6DCD90281E5",
                },
            },
        }]})
    }

    fn asked_by(event: serde_json::Value) -> String {
        let event: Event = serde_json::from_value(event).unwrap();
        match event.records[0].action("amzn-s3-demo-bucket") {
            Ok(Action::Load(key)) => key.to_string(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_notification_of_the_user_guide_is_understood() {
        assert_eq!(asked_by(notification_of_the_user_guide()), KEY);
    }

    /// The form is that of the Lambda developer guide, "Capturing records of Lambda asynchronous invocations".
    #[test]
    fn the_event_in_the_record_of_a_failed_invocation_can_be_sent_again() {
        let record = json!({
            "version": "1.0",
            "timestamp": "2019-11-14T18:16:05.568Z",
            "requestContext": {
                "requestId": "e4b46cbf-b738-xmpl-8880-a18cdf61200e",
                "functionArn": "arn:aws:lambda:us-east-2:123456789012:function:cenovka-loader:$LATEST",
                "condition": "RetriesExhausted",
                "approximateInvokeCount": 3,
            },
            "requestPayload": notification_of_the_user_guide(),
            "responseContext": {
                "statusCode": 200,
                "executedVersion": "$LATEST",
                "functionError": "Unhandled",
            },
            "responsePayload": {"errorType": "retry", "errorMessage": "could not connect to Postgres"},
        });
        assert_eq!(asked_by(record["requestPayload"].clone()), KEY);
        let whole: Event = serde_json::from_value(record).unwrap();
        assert!(whole.records.is_empty() && whole.event.is_none(), "the record itself is no notification");
    }

    #[test]
    fn the_test_event_of_s3_has_no_records() {
        let event = json!({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "raw"});
        let event: Event = serde_json::from_value(event).unwrap();
        assert!(event.records.is_empty());
        assert_eq!(event.event.as_deref(), Some("s3:TestEvent"));
    }
}
