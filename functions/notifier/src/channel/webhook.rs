//! JSON to a URL, signed.

use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use sha2::Sha256;

use crate::channel::{Address, Secret, SendError, accepted, json, post_json, unsendable, wrong_secret};
use crate::message::{Message, hex};
use crate::outbound::Outbound;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const TIMESTAMP: HeaderName = HeaderName::from_static("x-cenovka-timestamp");
const SIGNATURE: HeaderName = HeaderName::from_static("x-cenovka-signature");

pub(super) async fn send(
    channel: &str,
    url: &Address,
    secret: Option<&Secret>,
    message: &Message,
    outbound: &Outbound,
) -> Result<(), SendError> {
    let body = json(channel, message)?;
    let seconds = Timestamp::now().as_second();
    let key = HeaderValue::from_bytes(message.key.as_bytes());
    let key = key.map_err(|_| unsendable(channel, "its key has letters that no header takes"))?;
    let mut headers = HeaderMap::from_iter([(IDEMPOTENCY_KEY, key), (TIMESTAMP, HeaderValue::from(seconds))]);
    if let Some(secret) = secret {
        let signature = signature(secret, seconds, &body).and_then(|text| HeaderValue::try_from(text).ok());
        headers
            .insert(SIGNATURE, signature.ok_or_else(|| wrong_secret(channel, "it is no key to sign with"))?);
    }
    accepted(channel, &post_json(channel, &url.0, headers, body, outbound).await?)
}

/// Of time and body, so that whoever overhears a request cannot send it again later.
fn signature(secret: &Secret, seconds: i64, body: &[u8]) -> Option<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.reveal().as_bytes()).ok()?;
    mac.update(format!("{seconds}.").as_bytes());
    mac.update(body);
    Some(format!("v1={}", hex(&mac.finalize().into_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed with Python's hmac: `hmac.new(b"key", b"1700000000.{}", "sha256").hexdigest()`.
    #[test]
    fn the_signature_is_an_hmac_of_time_and_body() {
        let expected = "v1=9d713ed406bb7076d4123f0dc2c39d2df5c654ed4b0cd56b52c8b4c940bd63ae";
        assert_eq!(signature(&Secret::from("key"), 1_700_000_000, b"{}").as_deref(), Some(expected));
        assert_ne!(signature(&Secret::from("key"), 1_700_000_001, b"{}").as_deref(), Some(expected));
    }
}
