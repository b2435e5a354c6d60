//! Object keys in S3 events are URL-encoded.

use percent_encoding::percent_decode_str;

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
}
