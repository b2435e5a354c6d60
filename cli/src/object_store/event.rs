//! The event that S3 sends when an object was put.

use jiff::Timestamp;
use serde_json::json;

use super::{ACCESS_KEY, REGION};

/// One object was put: what S3 would send to whoever listens to the bucket's `ObjectCreated` events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectCreated {
    /// The bucket's name.
    pub bucket: String,
    /// The object's key, as the client sent it.
    pub key: String,
    /// The object's size in bytes.
    pub size: u64,
    /// The object's entity tag without quotes: the MD5 of its bytes in hexadecimal.
    pub etag: String,
    /// When the put was done.
    pub time: Timestamp,
}

impl ObjectCreated {
    /// The event as AWS delivers it to a Lambda function: one record of version 2.1.
    pub fn to_s3_event(&self) -> serde_json::Value {
        json!({
            "Records": [{
                "eventVersion": "2.1",
                "eventSource": "aws:s3",
                "awsRegion": REGION,
                "eventTime": format!("{:.3}", self.time),
                "eventName": "ObjectCreated:Put",
                "userIdentity": { "principalId": ACCESS_KEY },
                "requestParameters": { "sourceIPAddress": "127.0.0.1" },
                "responseElements": {},
                "s3": {
                    "s3SchemaVersion": "1.0",
                    "configurationId": "local",
                    "bucket": {
                        "name": self.bucket,
                        "ownerIdentity": { "principalId": ACCESS_KEY },
                        "arn": format!("arn:aws:s3:::{}", self.bucket),
                    },
                    "object": {
                        "key": encode_key(&self.key),
                        "size": self.size,
                        "eTag": self.etag,
                        // Puts are done one after another, so time orders them, as a sequencer must.
                        "sequencer": format!("{:016X}", self.time.as_nanosecond()),
                    },
                },
            }]
        })
    }
}

/// Encodes a key as S3's events do: like a form's field, except that the slashes stay.
fn encode_key(key: &str) -> String {
    let mut encoded = String::with_capacity(key.len());
    for byte in key.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/' => {
                encoded.push(char::from(byte));
            }
            b' ' => encoded.push('+'),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn event_keys_are_encoded_as_a_form_field_with_slashes() {
        assert_eq!(
            encode_key("raw/sreality/flats-sale/2026-11-22T06.jsonl.zst"),
            "raw/sreality/flats-sale/2026-11-22T06.jsonl.zst"
        );
        assert_eq!(encode_key("a b+c=d/č%~_"), "a+b%2Bc%3Dd/%C4%8D%25~_");
    }

    #[test]
    fn the_event_has_the_shape_that_aws_sends() {
        let created = ObjectCreated {
            bucket: "raw-zone".to_owned(),
            key: "raw/a b".to_owned(),
            size: 5,
            etag: "5d41402abc4b2a76b9719d911017c592".to_owned(),
            time: Timestamp::UNIX_EPOCH,
        };
        let event = created.to_s3_event();
        let record = &event["Records"][0];
        assert_eq!(record["eventTime"], "1970-01-01T00:00:00.000Z");
        assert_eq!(record["eventName"], "ObjectCreated:Put");
        assert_eq!(record["s3"]["bucket"]["arn"], "arn:aws:s3:::raw-zone");
        assert_eq!(record["s3"]["object"]["key"], "raw/a+b");
        assert_eq!(record["s3"]["object"]["size"], 5);
    }
}
