//! The event files of `tests/events`.

use serde_json::Value;

use crate::binary::workspace;

/// Reads an event file.
#[must_use]
pub fn file(name: &str) -> Value {
    let path = workspace().join("tests/events").join(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The S3 event of the event file for another object.
#[must_use]
pub fn object_created(bucket: &str, key: &str) -> Value {
    let mut event = file("loader-object-created.json");
    event["Records"][0]["s3"]["bucket"]["name"] = bucket.into();
    event["Records"][0]["s3"]["object"]["key"] = key.into();
    event
}
