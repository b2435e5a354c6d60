//! S3's events: what they look like, and how they encode keys.

use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::json;

/// Why an event's key cannot be decoded.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the event's object key `{0}` does not decode to UTF-8")]
pub struct KeyDecodeError(pub String);

/// Decodes a key as S3 encodes it in events: a space arrives as `+`, everything else, `+` itself included, as
/// percent escapes of UTF-8. LocalStack sends `%20` for a space, which decodes just as well.
///
/// # Errors
/// If the escapes are not UTF-8.
pub fn decode_key(encoded: &str) -> Result<String, KeyDecodeError> {
    let spaced = encoded.replace('+', " ");
    let decoded = percent_decode_str(&spaced).decode_utf8();
    decoded.map(Into::into).map_err(|_| KeyDecodeError(encoded.to_owned()))
}

/// One object was put.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectCreated {
    /// The bucket's name.
    pub bucket: String,
    /// The object's key, as the client sent it.
    pub key: String,
    /// The object's size in bytes.
    pub size: u64,
    /// The object's entity tag without quotes.
    pub etag: String,
    /// When the put was done.
    pub time: Timestamp,
}

impl ObjectCreated {
    /// The event as S3 delivers it to a Lambda function: one record of version 2.1, without the fields that say who
    /// asked S3 from where, which nobody reads.
    /// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html>.
    #[must_use]
    pub fn to_event(&self) -> serde_json::Value {
        json!({
            "Records": [{
                "eventVersion": "2.1",
                "eventSource": "aws:s3",
                "eventTime": format!("{:.3}", self.time),
                "eventName": "ObjectCreated:Put",
                "s3": {
                    "s3SchemaVersion": "1.0",
                    "bucket": { "name": self.bucket, "arn": format!("arn:aws:s3:::{}", self.bucket) },
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

/// What S3's events escape in a key, the space apart.
const ESCAPED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b'/').remove(b' ');

/// Encodes a key as S3's events do: like a form's field, except that the slashes stay.
fn encode_key(key: &str) -> String {
    // A plus of the key is escaped, so each one here is a space.
    utf8_percent_encode(key, ESCAPED).to_string().replace(' ', "+")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_decoded_as_s3_encodes_them() {
        for (encoded, key) in [
            ("raw/sreality/flats-sale/a.jsonl.zst", "raw/sreality/flats-sale/a.jsonl.zst"),
            ("a+b", "a b"),
            ("a%20b", "a b"),
            ("a%2Bb", "a+b"),
            ("100%25", "100%"),
            ("byt%C5%AF+%C4%8D", "bytů č"),
        ] {
            assert_eq!(decode_key(encoded).as_deref(), Ok(key), "{encoded}");
        }
        assert!(decode_key("%ff").is_err());
    }

    #[test]
    fn event_keys_are_encoded_as_a_form_field_with_slashes() {
        for key in ["raw/sreality/flats-sale/2026-11-22T06.jsonl.zst", "a b+c=d/č%~_"] {
            assert_eq!(decode_key(&encode_key(key)).as_deref(), Ok(key));
        }
        assert_eq!(encode_key("a b+c=d/č%~_"), "a+b%2Bc%3Dd/%C4%8D%25~_");
    }

    #[test]
    fn the_event_has_the_shape_that_aws_sends() {
        let time = Timestamp::UNIX_EPOCH;
        let created = ObjectCreated {
            bucket: "raw-zone".to_owned(),
            key: "raw/a b".to_owned(),
            size: 5,
            etag: "5d41402a".to_owned(),
            time,
        };
        let event = created.to_event();
        let record = &event["Records"][0];
        assert_eq!(record["eventTime"], "1970-01-01T00:00:00.000Z");
        assert_eq!(record["eventName"], "ObjectCreated:Put");
        assert_eq!(record["s3"]["bucket"]["arn"], "arn:aws:s3:::raw-zone");
        assert_eq!(record["s3"]["object"]["key"], "raw/a+b");
        assert_eq!(record["s3"]["object"]["size"], 5);
    }
}
